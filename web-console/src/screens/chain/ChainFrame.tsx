import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, Outlet } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { chainQuery } from '@/api/queries';
import { Loaded, PageHead, StateBadge } from '@/kit';
import './chain.css';

const route = getRouteApi('/shell/chains/$chain');

/** How often a chain's condition is asked for while one looks at it. */
const POLL = 5_000;

/** The frame of everything about one chain. */
export function ChainFrame() {
  const { t } = useTranslation();
  const { chain: name } = route.useParams();
  const query = useQuery({ ...chainQuery(name), refetchInterval: POLL });
  const tabs = [
    ['/chains/$chain', t('chain.tabs.overview'), true],
    ['/chains/$chain/explorer', t('chain.tabs.explorer'), false],
    ['/chains/$chain/channels', t('chain.tabs.channels'), false],
    ['/chains/$chain/contracts', t('chain.tabs.contracts'), false],
    ['/chains/$chain/nodes', t('chain.tabs.nodes'), false],
    ['/chains/$chain/members', t('chain.tabs.members'), false],
    ['/chains/$chain/identities', t('chain.tabs.identities'), false],
    ['/chains/$chain/activity', t('chain.tabs.activity'), false],
    ['/chains/$chain/connect', t('chain.tabs.connect'), false],
    ['/chains/$chain/settings', t('chain.tabs.settings'), false],
  ] as const;
  return (
    <Loaded query={query} lines={8} isPage>
      {(chain) => (
        <>
          <PageHead
            title={chain.spec.displayName ?? chain.name}
            {...(chain.spec.displayName && { text: <span className="mono">{chain.name}</span> })}
            crumbs={<Link to="/chains">{t('chains.title')}</Link>}
          >
            <StateBadge state={chain.state} />
          </PageHead>
          <nav className="tabs" aria-label={t('chain.tabs.label')}>
            {tabs.map(([to, label, exact]) => (
              <Link key={to} to={to} params={{ chain: name }} activeOptions={{ exact, includeSearch: false }}>
                {label}
              </Link>
            ))}
          </nav>
          <Outlet />
        </>
      )}
    </Loaded>
  );
}
