import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { tenantQuery } from '@/api/queries';
import { useFormat } from '@/i18n/format';
import { Loaded, Meter } from '@/kit';

const COUNTED = ['chains', 'organizations', 'peers'] as const;

/** How much the tenant has, and of how much, where it is limited. */
export function Counts() {
  const { t } = useTranslation();
  const format = useFormat();
  const query = useQuery({ ...tenantQuery, refetchInterval: 10_000 });
  return (
    <Loaded query={query} lines={2}>
      {({ spec, status }) => (
        <section className="overview-counts" aria-label={t('overview.counts.title')}>
          {COUNTED.map((kind) => {
            const used = status?.usage?.[kind] ?? 0;
            const limit = spec.quotas?.[kind];
            return (
              <div key={kind} className="card">
                <dl className="stat">
                  <dt>{t(`overview.counts.${kind}`)}</dt>
                  <dd>
                    {format.number(used)}{' '}
                    {limit != null && (
                      <span className="muted small">{t('overview.of', { limit: format.number(limit) })}</span>
                    )}
                  </dd>
                </dl>
                {limit != null && <Meter value={used} max={limit} label={t(`overview.counts.${kind}`)} />}
              </div>
            );
          })}
        </section>
      )}
    </Loaded>
  );
}
