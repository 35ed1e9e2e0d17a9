import { queryOptions, useQueries } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, call } from '@/api/client';
import type { Chain } from '@/api/queries';
import { useMay } from '@/api/session';
import { useFormat } from '@/i18n/format';
import { Badge, Tile, Tiles, useNow } from '@/kit';
import { SOON } from './expiry';
import { margin } from './quorum';
import { newestOf, rateOf } from './rate';

const POLL = 3_000;
/** Channels whose blocks are looked at; the figures of chains with more are of these. */
const MOST = 6;

const recentQuery = (chain: string, channel: string) =>
  queryOptions({
    queryKey: ['ledger', chain, channel, 'recent'],
    queryFn: () =>
      call(
        api.GET('/v1/chains/{chain}/channels/{channel}/blocks', {
          params: { path: { chain, channel }, query: { pageSize: 50 } },
        }),
      ),
    refetchInterval: POLL,
  });

/** How much happens on a chain, and how much it can still take. */
export function Figures({ chain }: { chain: Chain }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { status, spec } = chain;
  const nodes = status?.nodes ?? [];
  const isReady = ({ state }: { state?: string }) => state === 'ready';
  const orderers = nodes.filter(({ role }) => role === 'orderer');
  const spare = margin(orderers.filter(isReady).length, orderers.length);
  const ready = nodes.filter(isReady).length;
  return (
    <div className="chain-figures">
      <Tiles>
        <Pace chain={chain} />
        <Tile label={t('chain.figures.height')}>
          {status?.height == null ? (
            '–'
          ) : (
            <Link to="/chains/$chain/explorer" params={{ chain: chain.name }}>
              {format.number(status.height)}
            </Link>
          )}
        </Tile>
        <Tile
          label={t('chain.figures.nodes')}
          extra={
            nodes.length > 0 &&
            ready < nodes.length && <Badge tone="warn">{t('chain.figures.missing')}</Badge>
          }
        >
          {nodes.length === 0 ? '–' : t('chain.members.of', { ready, all: nodes.length })}
        </Tile>
        <Tile label={t('chain.figures.margin')} note={t('chain.figures.marginNote')}>
          {orderers.length === 0 ? '–' : spare < 0 ? t('chain.figures.noQuorum') : format.number(spare)}
        </Tile>
        <Tile label={t('chain.figures.members')}>
          <Link to="/chains/$chain/members" params={{ chain: chain.name }}>
            {format.number(status?.memberCount ?? spec.members?.length ?? 0)}
          </Link>
        </Tile>
        <Tile label={t('chain.figures.contracts')}>{format.number(status?.contracts?.length ?? 0)}</Tile>
        <Expiry chain={chain} />
      </Tiles>
    </div>
  );
}

/** Transactions a second, and the age of the newest block. */
function Pace({ chain }: { chain: Chain }) {
  const { t } = useTranslation();
  const format = useFormat();
  const mayRead = useMay('ledger:read');
  const now = useNow(1_000);
  const channels = (chain.status?.channels ?? []).slice(0, MOST);
  const answers = useQueries({
    queries: channels.map(({ name }) => ({ ...recentQuery(chain.name, name), enabled: mayRead })),
  });
  const known = answers.flatMap(({ data }) => (data ? [data.items] : []));
  const rate = known.reduce((sum, blocks) => sum + rateOf(blocks, now), 0);
  const newest = newestOf(known.flat());
  return (
    <>
      <Tile label={t('chain.figures.rate')} note={t('chain.figures.rateNote')}>
        {known.length === 0 ? '–' : format.number(Math.round(rate * 10) / 10)}
      </Tile>
      <Tile label={t('chain.figures.newest')} isWords>
        {/* A block never comes from the future, whatever the clocks of its maker and its reader say. */}
        {newest ? format.ago(newest, Math.max(now, Date.parse(newest))) : '–'}
      </Tile>
    </>
  );
}

const DAY = 86_400_000;

function Expiry({ chain }: { chain: Chain }) {
  const { t } = useTranslation();
  const format = useFormat();
  const [next] = (chain.status?.nodes ?? [])
    .flatMap(({ name, certificateExpireTime: time }) => (time ? [{ name, time }] : []))
    .sort((a, b) => a.time.localeCompare(b.time));
  const days = next && Math.floor((Date.parse(next.time) - Date.now()) / DAY);
  return (
    <Tile
      label={t('chain.figures.expiry')}
      isWords
      note={next?.name}
      extra={days !== undefined && days < SOON && <Badge tone="warn">{t('chain.figures.soon')}</Badge>}
    >
      {next ? <time dateTime={next.time}>{format.ago(next.time)}</time> : '–'}
    </Tile>
  );
}
