import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '@/api/client';
import { type Chain, chainQuery } from '@/api/queries';
import { type Column, Empty, Loaded, StateBadge, Table } from '@/kit';
import { ContractTable, DeployButton } from '../contracts/ContractTable';

const route = getRouteApi('/shell/chains/$chain/contracts');

/** The contracts on a chain's channels, and the way to another one. */
export function ChainContracts() {
  const { t } = useTranslation();
  const { chain: name } = route.useParams();
  const query = useQuery(chainQuery(name));
  return (
    <Loaded query={query}>
      {(chain) =>
        chain.owner ? (
          <OfAnother chain={chain} />
        ) : (
          <div className="stack">
            <div className="row row-apart">
              <p className="muted">{t('chain.contracts.text')}</p>
              <DeployButton chain={name} />
            </div>
            <ContractTable chain={name} />
          </div>
        )
      }
    </Loaded>
  );
}

/** On a chain that another tenant shares, contracts are deployed by that tenant; what is committed is known to all members. */
function OfAnother({ chain: { name: chain, owner, status } }: { chain: Chain }) {
  const { t } = useTranslation();
  const contracts = status?.contracts ?? [];
  const columns: Column<Schemas['ContractSummary']>[] = [
    {
      id: 'name',
      head: t('contracts.name'),
      cell: ({ name, channel }) => (
        <Link to="/chains/$chain/contracts/$channel/$contract" params={{ chain, channel, contract: name }}>
          <strong>{name}</strong>
        </Link>
      ),
    },
    { id: 'channel', head: t('contracts.channel'), cell: ({ channel }) => channel },
    {
      id: 'state',
      head: t('contracts.state'),
      cell: ({ state }) => (state ? <StateBadge state={state} /> : '–'),
    },
    { id: 'version', head: t('contracts.version'), cell: ({ version }) => version ?? '–' },
    { id: 'sequence', head: t('contracts.sequence'), align: 'end', cell: ({ sequence }) => sequence ?? '–' },
  ];
  if (contracts.length === 0)
    return <Empty title={t('contracts.empty.title')} text={t('chain.contracts.elsewhere', { owner })} />;
  return (
    <div className="stack">
      <p className="muted">{t('chain.contracts.elsewhere', { owner })}</p>
      <Table
        label={t('chain.tabs.contracts')}
        columns={columns}
        rows={contracts}
        rowKey={({ channel, name }) => `${channel} ${name}`}
      />
    </div>
  );
}
