import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, call, type Schemas } from '@/api/client';
import { listOptions, narrowed } from '@/api/queries';
import { useFormat } from '@/i18n/format';
import { Age, type Column, DataTable, Empty, StateBadge } from '@/kit';
import { NodeDrawer } from './NodeDrawer';

export type Node = Schemas['NodeStatus'];

const route = getRouteApi('/shell/chains/$chain/nodes');

const POLL = 5_000;

const nodesQuery = (chain: string) =>
  listOptions(['chains', chain, 'nodes'], (pageToken) =>
    call(
      api.GET('/v1/chains/{chain}/nodes', {
        params: { path: { chain }, query: pageToken === undefined ? {} : { pageToken } },
      }),
    ),
  );

/** The orderers and peers of a chain; one of them in a drawer, which the address remembers. */
export function Nodes() {
  const { t } = useTranslation();
  const format = useFormat();
  const { chain } = route.useParams();
  const { node: chosen } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useInfiniteQuery({ ...nodesQuery(chain), refetchInterval: POLL });
  const columns: Column<Node>[] = [
    {
      id: 'name',
      head: t('chain.nodes.name'),
      cell: ({ name }) => (
        <Link to="/chains/$chain/nodes" params={{ chain }} search={{ node: name }}>
          <strong>{name}</strong>
        </Link>
      ),
    },
    {
      id: 'role',
      head: t('chain.nodes.role'),
      cell: ({ role }) => (role === 'orderer' ? t('chain.nodes.orderer') : t('chain.nodes.peer')),
    },
    { id: 'organization', head: t('chain.organization'), cell: ({ organization }) => organization },
    {
      id: 'state',
      head: t('chain.state'),
      cell: ({ state, reason }) => (
        <div className="stack-s">
          <span>{state ? <StateBadge state={state} /> : '–'}</span>
          {reason && <span className="muted small">{reason}</span>}
        </div>
      ),
    },
    {
      id: 'since',
      head: t('chain.nodes.since'),
      cell: ({ startTime }) => (startTime ? <Age value={startTime} /> : '–'),
    },
    {
      id: 'restarts',
      head: t('chain.nodes.restarts'),
      align: 'end',
      cell: ({ restarts }) => format.number(restarts ?? 0),
    },
    {
      id: 'expires',
      head: t('chain.nodes.expires'),
      cell: ({ certificateExpireTime }) =>
        certificateExpireTime ? <Age value={certificateExpireTime} /> : '–',
    },
  ];
  const found = query.data?.pages.flatMap(({ items }) => items).find(({ name }) => name === chosen);
  return (
    <>
      <DataTable
        label={t('chain.tabs.nodes')}
        query={query}
        columns={columns}
        rowKey={({ name }) => name}
        empty={<Empty title={t('chain.nodes.none')} text={t('chain.nodes.noneText')} />}
      />
      {found && (
        <NodeDrawer
          key={found.name}
          chain={chain}
          node={found}
          onClose={() => navigate({ search: narrowed('node', '') })}
        />
      )}
    </>
  );
}
