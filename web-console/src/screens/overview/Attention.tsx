import { useQueries } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, call } from '@/api/client';
import type { Chain } from '@/api/queries';
import { Card, Failure, Loading, StateBadge } from '@/kit';

/** States that somebody should look at, the worst first. Each is asked for by itself: of a thousand chains, few are in one. */
const URGENT = ['failed', 'rejected', 'degraded'] as const;
const MOST = 8;

/** Chains that are not as they should be. */
export function Attention() {
  const { t } = useTranslation();
  const answers = useQueries({
    queries: URGENT.map((state) => ({
      queryKey: ['chains', 'urgent', state],
      queryFn: () => call(api.GET('/v1/chains', { params: { query: { state, pageSize: MOST } } })),
      refetchInterval: 10_000,
    })),
  });
  const chains = answers.flatMap(({ data }) => data?.items ?? []).slice(0, MOST);
  const failed = answers.find(({ data, error }) => error && !data);
  return (
    <Card
      title={t('overview.attention.title')}
      actions={<Link to="/chains">{t('overview.attention.all')}</Link>}
    >
      {failed ? (
        <Failure error={failed.error} onRetry={() => failed.refetch()} />
      ) : answers.some(({ isPending }) => isPending) ? (
        <Loading />
      ) : chains.length === 0 ? (
        <p className="muted">{t('overview.attention.none')}</p>
      ) : (
        <ul className="overview-list">
          {chains.map((chain) => (
            <li key={chain.uid}>
              <div className="row">
                <Link className="grow" to="/chains/$chain" params={{ chain: chain.name }}>
                  {chain.spec.displayName ?? chain.name}
                </Link>
                <StateBadge state={chain.state} />
              </div>
              <p className="muted small">{reason(chain)}</p>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

/** Why a chain is not ready, in the operator's words. */
const reason = ({ status }: Chain) =>
  status?.conditions?.find(({ type, status: holds }) => type === 'Ready' && holds !== 'True')?.message;
