import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Chain, Page } from '@/api/queries';
import { Card, Loaded, StateBadge } from '@/kit';

/** How urgent a state is; what is not listed needs no look. */
const URGENT = ['failed', 'rejected', 'degraded', 'deleting', 'updating', 'provisioning', 'pending'];
const MOST = 8;

const rank = (chain: Chain) => URGENT.indexOf(chain.state);

/** Chains that are not as they should be, the worst first. */
export function Attention({ query }: { query: UseInfiniteQueryResult<InfiniteData<Page<Chain>>> }) {
  const { t } = useTranslation();
  return (
    <Card
      title={t('overview.attention.title')}
      actions={<Link to="/chains">{t('overview.attention.all')}</Link>}
    >
      <Loaded query={query}>
        {({ pages }) => {
          const chains = pages
            .flatMap((page) => page.items)
            .filter((chain) => rank(chain) >= 0)
            .sort((a, b) => rank(a) - rank(b))
            .slice(0, MOST);
          if (chains.length === 0) return <p className="muted">{t('overview.attention.none')}</p>;
          return (
            <ul className="overview-list">
              {chains.map((chain) => (
                <li key={chain.uid}>
                  <div className="row">
                    <Link className="grow" to="/chains" search={{ q: chain.name }}>
                      {chain.spec.displayName ?? chain.name}
                    </Link>
                    <StateBadge state={chain.state} />
                  </div>
                  <p className="muted small">{reason(chain)}</p>
                </li>
              ))}
            </ul>
          );
        }}
      </Loaded>
    </Card>
  );
}

/** Why a chain is not ready, in the operator's words. */
const reason = ({ status }: Chain) =>
  status?.conditions?.find(({ type, status: holds }) => type === 'Ready' && holds !== 'True')?.message;
