import { useTranslation } from 'react-i18next';
import { useMay } from '@/api/session';
import { Forbidden, PageHead } from '@/kit';
import { AuditTable, useAuditFilter } from './AuditTable';
import { asked } from './queries';

/** What was done, what was refused, by whom. */
export function Audit() {
  const { t } = useTranslation();
  const mayRead = useMay('audit:read');
  return (
    <>
      <PageHead title={t('audit.title')} text={t('audit.text')}>
        {mayRead && <Export />}
      </PageHead>
      {mayRead ? <AuditTable /> : <Forbidden scope="audit:read" />}
    </>
  );
}

function Export() {
  const { t } = useTranslation();
  const filter = asked(useAuditFilter().filter);
  const address = (format: string) => `/v1/audit-events:export?${new URLSearchParams({ ...filter, format })}`;
  return (
    <>
      <a className="button" href={address('csv')} download="audit.csv">
        {t('audit.csv')}
      </a>
      <a className="button" href={address('jsonl')} download="audit.jsonl">
        {t('audit.jsonl')}
      </a>
    </>
  );
}
