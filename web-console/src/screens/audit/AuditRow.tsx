import { useTranslation } from 'react-i18next';
import { Badge, Code, Copy, Dialog, Hash, Time } from '@/kit';
import { type AuditEvent, OUTCOME_TONES } from './queries';

/** One row, whole: what the object was before and after, and its place in the chain of hashes. */
export function AuditRow({ event, onClose }: { event: AuditEvent; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Dialog kind="drawer" title={t('audit.row', { seq: event.seq })} onClose={onClose}>
      <div className="stack">
        <dl className="facts">
          <dt>{t('audit.time')}</dt>
          <dd>
            <Time value={event.time} />
          </dd>
          <dt>{t('audit.actor')}</dt>
          <dd>{event.actor}</dd>
          <dt>{t('audit.action')}</dt>
          <dd className="mono">{event.action}</dd>
          <dt>{t('audit.object')}</dt>
          <dd>{event.object}</dd>
          <dt>{t('audit.outcome')}</dt>
          <dd>
            <Badge tone={OUTCOME_TONES[event.outcome]}>{t(`audit.outcomes.${event.outcome}`)}</Badge>{' '}
            {event.status} {event.code}
          </dd>
          <dt>{t('audit.address')}</dt>
          <dd className="mono">{event.address}</dd>
          <dt>{t('audit.request')}</dt>
          <dd className="mono">
            {event.requestId} <Copy text={event.requestId} />
          </dd>
          <dt>{t('audit.hash')}</dt>
          <dd>
            <Hash value={event.hash} />
          </dd>
          <dt>{t('audit.previous')}</dt>
          <dd>{event.previous ? <Hash value={event.previous} /> : t('audit.first')}</dd>
        </dl>
        {event.before && (
          <section className="stack-s">
            <h3>{t('audit.before')}</h3>
            <Code text={JSON.stringify(event.before, null, 2)} label={t('audit.before')} />
          </section>
        )}
        {event.after && (
          <section className="stack-s">
            <h3>{t('audit.after')}</h3>
            <Code text={JSON.stringify(event.after, null, 2)} label={t('audit.after')} />
          </section>
        )}
      </div>
    </Dialog>
  );
}
