import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, call, type Schemas } from '@/api/client';
import { chainQuery, listOptions } from '@/api/queries';
import { useSession } from '@/api/session';
import { useFormat } from '@/i18n/format';
import { Age, Card, type Column, DataTable, Empty, StateBadge } from '@/kit';
import { ApprovesContracts } from './ApprovesContracts';

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
  const { tenant } = useSession();
  const { data: whole } = useQuery(chainQuery(chain));
  const elsewhere = (whole?.spec.members ?? []).filter(({ namespace }) => namespace && namespace !== tenant);
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
      id: 'approval',
      head: t('chain.members.approves'),
      cell: ({ spec }) => (
        <ApprovesContracts
          chain={chain}
          organization={spec.organization}
          approval={spec.contractApproval ?? 'automatic'}
        />
      ),
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
    <div className="stack">
      <DataTable
        label={t('chain.tabs.members')}
        query={query}
        columns={columns}
        rowKey={({ uid }) => uid}
        empty={<Empty title={t('chain.members.none')} text={t('chain.members.noneText')} />}
      />
      {elsewhere.length > 0 && (
        <Card title={t('chain.members.elsewhere')}>
          <p className="muted">{t('chain.members.elsewhereText')}</p>
          <dl className="facts">
            {elsewhere.map(({ organization, namespace }) => (
              <div key={`${namespace} ${organization}`} className="chain-fact">
                <dt>{namespace}</dt>
                <dd>
                  <strong>{organization}</strong>
                </dd>
              </div>
            ))}
          </dl>
        </Card>
      )}
    </div>
  );
}
