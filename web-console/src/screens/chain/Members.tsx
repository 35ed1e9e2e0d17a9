import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, call, type Schemas } from '@/api/client';
import { listOptions } from '@/api/queries';
import { useFormat } from '@/i18n/format';
import { Age, type Column, DataTable, Empty, StateBadge } from '@/kit';

type Member = Schemas['Member'];

const route = getRouteApi('/shell/chains/$chain/members');

/** The members of this tenant in a chain; the operator labels each with its chain. */
const membersQuery = (chain: string) =>
  listOptions(['members', chain], (pageToken) =>
    call(
      api.GET('/v1/members', {
        params: {
          query: { label: `entente.dev/chain=${chain}`, ...(pageToken !== undefined && { pageToken }) },
        },
      }),
    ),
  );

/** Who takes part in a chain, and with how many peers. */
export function Members() {
  const { t } = useTranslation();
  const format = useFormat();
  const { chain } = route.useParams();
  const query = useInfiniteQuery(membersQuery(chain));
  const columns: Column<Member>[] = [
    {
      id: 'organization',
      head: t('chain.organization'),
      cell: ({ spec }) => <strong>{spec.organization}</strong>,
    },
    {
      id: 'msp',
      head: t('chain.members.msp'),
      cell: ({ status }) => <span className="mono">{status?.mspId ?? '–'}</span>,
    },
    { id: 'state', head: t('chain.state'), cell: ({ state }) => <StateBadge state={state} /> },
    {
      id: 'peers',
      head: t('chain.members.peers'),
      align: 'end',
      cell: ({ spec, status }) =>
        t('chain.members.of', { ready: status?.readyPeers ?? 0, all: spec.peers ?? 1 }),
    },
    {
      id: 'channels',
      head: t('chain.tabs.channels'),
      cell: ({ status }) => format.list(status?.channels ?? []),
    },
    {
      id: 'since',
      head: t('chain.members.since'),
      cell: ({ createTime }) => (createTime ? <Age value={createTime} /> : '–'),
    },
  ];
  return (
    <DataTable
      label={t('chain.tabs.members')}
      query={query}
      columns={columns}
      rowKey={({ uid }) => uid}
      empty={<Empty title={t('chain.members.none')} text={t('chain.members.noneText')} />}
    />
  );
}
