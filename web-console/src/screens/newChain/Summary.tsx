import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { ApiError } from '@/api/problem';
import { operationsQuery, tenantQuery } from '@/api/queries';
import { useFormat } from '@/i18n/format';
import { Card } from '@/kit';
import { median, took } from '../operation/steps';
import { type Draft, sizeOf } from './draft';

type SummaryProps = { draft: Draft; name: string; objection: ApiError | undefined };

/** What the draft amounts to, as one goes: nodes, disk, what is left of the quota, how long it will take. */
export function Summary({ draft, name, objection }: SummaryProps) {
  const { t } = useTranslation();
  const format = useFormat();
  const size = sizeOf(draft);
  const { data: tenant } = useQuery(tenantQuery);
  const quotas = tenant?.spec.quotas;
  const usage = tenant?.status?.usage;
  const { data: past } = useInfiniteQuery(operationsQuery({ targetKind: 'Chain', running: false }));
  const made =
    past?.pages[0]?.items.filter(({ type, state }) => type === 'create' && state === 'succeeded') ?? [];
  const usual = median(made.map((operation) => took(operation, 0)));
  const shortage = objection?.problem.quota;
  return (
    <aside className="wizard-side">
      <Card title={t('newChain.summary.title')}>
        <dl className="facts">
          <dt>{t('newChain.purpose.displayName')}</dt>
          <dd>
            {draft.displayName || '–'}
            <div className="muted mono small">{name}</div>
          </dd>
          <dt>{t('newChain.summary.organizations')}</dt>
          <dd>{format.number(draft.members.length)}</dd>
          <dt>{t('newChain.network.orderers')}</dt>
          <dd>{format.number(size.orderers)}</dd>
          <dt>{t('newChain.members.peers')}</dt>
          <dd>{format.number(size.peers)}</dd>
          {size.gibibytes !== undefined && (
            <>
              <dt>{t('newChain.summary.disk')}</dt>
              <dd>{format.number(size.gibibytes)} Gi</dd>
            </>
          )}
          {quotas?.chains != null && (
            <>
              <dt>{t('newChain.summary.chainsLeft')}</dt>
              <dd>
                {t('newChain.summary.left', {
                  left: quotas.chains - (usage?.chains ?? 0),
                  limit: quotas.chains,
                })}
              </dd>
            </>
          )}
          {quotas?.peers != null && (
            <>
              <dt>{t('newChain.summary.peersLeft')}</dt>
              <dd>
                {t('newChain.summary.left', {
                  left: quotas.peers - (usage?.peers ?? 0),
                  limit: quotas.peers,
                })}
              </dd>
            </>
          )}
          {usual !== undefined && (
            <>
              <dt>{t('newChain.summary.time')}</dt>
              <dd>{t('newChain.summary.about', { time: format.duration(usual) })}</dd>
            </>
          )}
        </dl>
        {shortage && objection && (
          <p className="field-error" role="alert">
            {objection.message}
          </p>
        )}
      </Card>
    </aside>
  );
}
