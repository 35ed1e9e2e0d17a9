import { useTranslation } from 'react-i18next';
import type { Schemas } from '@/api/client';
import { Badge, Copy, Time } from '@/kit';

export type Record = Schemas['Record'];

const TONES = { submitted: 'busy', approved: 'ok', refused: 'bad' } as const;

export function RecordBadge({ state }: { state: Record['state'] }) {
  const { t } = useTranslation();
  return <Badge tone={TONES[state]}>{t(`organizations.record.${state}`)}</Badge>;
}

/** What somebody has said of an organization, and what was decided about it. */
export function RecordFacts({ record }: { record: Record }) {
  const { t } = useTranslation();
  const { contact, documents, decidedBy, decideTime } = record;
  return (
    <dl className="facts">
      <dt>{t('organizations.record.legalName')}</dt>
      <dd>{record.legalName}</dd>
      <dt>{t('organizations.record.number')}</dt>
      <dd className="mono">{record.registrationNumber}</dd>
      <dt>{t('organizations.record.contact')}</dt>
      <dd>{[contact.name, contact.email, contact.phone].filter(Boolean).join(' · ')}</dd>
      <dt>{t('organizations.record.documents')}</dt>
      <dd>
        <ul className="stack-s">
          {documents.map(({ name, digest }) => (
            <li key={`${name} ${digest}`}>
              {name}
              {/* Whole: it is compared with that of the document at hand. */}
              <div className="mono small">
                {digest} <Copy text={digest} />
              </div>
            </li>
          ))}
        </ul>
      </dd>
      <dt>{t('organizations.record.submittedAt')}</dt>
      <dd>
        <Time value={record.submitTime} /> · {record.submittedBy}
      </dd>
      {decideTime && (
        <>
          <dt>{t('organizations.record.decidedAt')}</dt>
          <dd>
            <Time value={decideTime} /> · {decidedBy}
          </dd>
        </>
      )}
    </dl>
  );
}
