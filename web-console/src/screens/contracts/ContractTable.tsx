import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { present, RESOURCE_STATES } from '@/api/queries';
import { useMay } from '@/api/session';
import {
  Age,
  type Column,
  DataTable,
  Empty,
  LinkButton,
  SearchFilter,
  StateBadge,
  StateFilter,
  useFilter,
} from '@/kit';
import { ApprovalCount } from './Proposal';
import { type Contract, calledName, contractsQuery, sourceOf } from './queries';

/** Leads to the form; whoever may not deploy does not see it. */
export function DeployButton({ chain }: { chain?: string | undefined }) {
  const { t } = useTranslation();
  if (!useMay('contracts:deploy')) return null;
  return (
    <LinkButton to="/contracts/new" search={present({ chain })} look="primary">
      {t('contracts.deploy')}
    </LinkButton>
  );
}

/** Contracts of the tenant, or those of one of its chains. */
export function ContractTable({ chain }: { chain?: string }) {
  const { t } = useTranslation();
  const { filter, isFiltered, type, choose, clear } = useFilter('q', 'state');
  const state = RESOURCE_STATES.find((each) => each === filter.state);
  const query = useInfiniteQuery(contractsQuery({ q: filter.q, state, chain }));
  const ofChain: Column<Contract> = {
    id: 'chain',
    head: t('contracts.chain'),
    cell: (contract) => contract.spec.chain,
  };
  const columns: Column<Contract>[] = [
    {
      id: 'name',
      head: t('contracts.name'),
      cell: (contract) => (
        <Link to="/contracts/$contract" params={{ contract: contract.name }}>
          <strong>{calledName(contract)}</strong>
          <div className="muted mono">{contract.name}</div>
        </Link>
      ),
    },
    { id: 'state', head: t('contracts.state'), cell: (contract) => <StateBadge state={contract.state} /> },
    ...(chain === undefined ? [ofChain] : []),
    {
      id: 'channel',
      head: t('contracts.channel'),
      cell: (contract) => contract.status?.channel ?? contract.spec.channel ?? '–',
    },
    {
      id: 'source',
      head: t('contracts.servedBy'),
      cell: (contract) => t(`contracts.source.${sourceOf(contract.spec).kind}.name`),
    },
    {
      id: 'version',
      head: t('contracts.version'),
      cell: (contract) => contract.status?.version ?? contract.spec.version ?? '–',
    },
    {
      id: 'sequence',
      head: t('contracts.sequence'),
      align: 'end',
      cell: (contract) => contract.status?.sequence ?? '–',
    },
    {
      id: 'approvals',
      head: t('contracts.approvals'),
      cell: ({ status }) =>
        status?.proposal ? <ApprovalCount proposal={status.proposal} /> : (status?.approvals?.length ?? 0),
    },
    {
      id: 'created',
      head: t('contracts.created'),
      cell: (contract) => contract.createTime && <Age value={contract.createTime} />,
    },
  ];
  return (
    <div className="stack">
      <search className="row">
        <SearchFilter label={t('contracts.search')} value={filter.q} onChange={(value) => type('q', value)} />
        <StateFilter value={filter.state} onChange={(value) => choose('state', value)} />
      </search>
      <DataTable
        label={t('contracts.title')}
        query={query}
        columns={columns}
        rowKey={(contract) => contract.uid}
        empty={
          <Empty title={t('contracts.empty.title')} text={t('contracts.empty.text')}>
            <DeployButton chain={chain} />
          </Empty>
        }
        onClearFilter={isFiltered ? clear : undefined}
      />
    </div>
  );
}
