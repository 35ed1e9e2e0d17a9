import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link, Outlet } from '@tanstack/react-router';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { chainQuery } from '@/api/queries';
import { useFormat } from '@/i18n/format';
import { Badge, Tile, Tiles, useNow } from '@/kit';
import { blockQuery, type Channel, growing, statisticsQuery } from './ledger';
import { useLive } from './useLive';

const route = getRouteApi('/shell/chains/$chain/explorer/$channel/lists');

/** The lists of a channel, below what moves: its height, its newest block, how far the index reaches. */
export function Live() {
  const { t } = useTranslation();
  const of = route.useParams();
  const isLive = useLive(of);
  const tabs = [
    ['/chains/$chain/explorer/$channel', t('explorer.blocks.title')],
    ['/chains/$chain/explorer/$channel/transactions', t('explorer.transactions.title')],
    ['/chains/$chain/explorer/$channel/state', t('explorer.state.title')],
    ['/chains/$chain/explorer/$channel/statistics', t('explorer.statistics.title')],
  ] as const;
  return (
    <>
      <Figures of={of} isLive={isLive} />
      <IndexBar of={of} />
      <div>
        <nav className="tabs explorer-tabs" aria-label={t('explorer.title')}>
          {tabs.map(([to, label]) => (
            <Link key={to} to={to} params={of} activeOptions={{ exact: true, includeSearch: false }}>
              {label}
            </Link>
          ))}
        </nav>
        <Outlet />
      </div>
    </>
  );
}

function Figures({ of, isLive }: { of: Channel; isLive: boolean }) {
  const { t } = useTranslation();
  const format = useFormat();
  const now = useNow(1_000);
  const { data: chain } = useQuery(chainQuery(of.chain));
  const { data: newest } = useQuery(blockQuery(of, 'newest'));
  const { data: statistics } = useQuery(statisticsQuery(of));
  const number = (value: number | undefined) => (value === undefined ? '–' : format.number(value));
  const nodes = chain?.status?.nodes ?? [];
  const ready = nodes.filter(({ state }) => state === 'ready').length;
  const contracts = chain?.status?.contracts?.filter(({ channel }) => channel === of.channel);
  // The clocks of the one who made the block and of the reader may differ: a block never comes from the future.
  const age =
    newest?.createTime && format.ago(newest.createTime, Math.max(now, Date.parse(newest.createTime)));
  return (
    <Tiles isLive={isLive}>
      <Tile
        label={t('explorer.tile.height')}
        extra={
          <Badge tone={isLive ? 'ok' : 'warn'}>{isLive ? t('explorer.live') : t('explorer.paused')}</Badge>
        }
      >
        {number(newest && newest.number + 1)}
      </Tile>
      <Tile label={t('explorer.tile.transactions')}>{number(statistics?.transactionCount)}</Tile>
      <Tile label={t('explorer.tile.newest')} isWords>
        {age ?? '–'}
      </Tile>
      <Tile label={t('explorer.tile.nodes')}>
        {chain ? t('explorer.of', { part: ready, whole: nodes.length }) : '–'}
      </Tile>
      <Tile label={t('explorer.tile.contracts')}>{number(contracts?.length)}</Tile>
    </Tiles>
  );
}

/** How much of the ledger the lists know, while that is not all of it. */
function IndexBar({ of }: { of: Channel }) {
  const { t } = useTranslation();
  const format = useFormat();
  const queries = useQueryClient();
  const { chain, channel } = of;
  const { data } = useQuery(statisticsQuery(of));
  const { indexed, height } = data?.index ?? { indexed: 0, height: 0 };
  const isBehind = indexed < height;
  useEffect(() => {
    // What was listed while the index was on its way is asked again for each step that it takes.
    if (isBehind && indexed > 0)
      queries.invalidateQueries({ queryKey: [...growing({ chain, channel }), 'transactions'] });
  }, [isBehind, indexed, chain, channel, queries]);
  if (!isBehind) return null;
  const label = t('explorer.indexed', { indexed: format.number(indexed), height: format.number(height) });
  return (
    <div className="stack-s" role="status">
      <span className="small muted">{label}</span>
      <progress className="index-bar" aria-label={label} value={indexed} max={height} />
    </div>
  );
}
