import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { narrowed } from '@/api/queries';
import { useMay } from '@/api/session';
import {
  Age,
  type Column,
  DataTable,
  Empty,
  LinkButton,
  PageHead,
  SearchFilter,
  StateBadge,
  StateFilter,
} from '@/kit';
import { type Contract, calledName, contractsQuery, sourceOf } from './queries';

const route = getRouteApi('/shell/contracts');

/** Every contract on the tenant's chains. */
export function ContractList() {
  const { t } = useTranslation();
  const filter = route.useSearch();
  const navigate = route.useNavigate();
  const query = useInfiniteQuery(contractsQuery(filter));
  const mayDeploy = useMay('contracts:deploy');
  const deploy = mayDeploy && (
    <LinkButton to="/contracts/new" look="primary">
      {t('contracts.deploy')}
    </LinkButton>
  );
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
    { id: 'chain', head: t('contracts.chain'), cell: (contract) => contract.spec.chain },
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
      align: 'end',
      cell: (contract) => contract.status?.approvals?.length ?? 0,
    },
    {
      id: 'created',
      head: t('contracts.created'),
      cell: (contract) => contract.createTime && <Age value={contract.createTime} />,
    },
  ];
  return (
    <>
      <PageHead title={t('contracts.title')} text={t('contracts.text')}>
        <LinkButton to="/library">{t('library.title')}</LinkButton>
        {deploy}
      </PageHead>
      <div className="stack">
        <search className="row">
          <SearchFilter
            label={t('contracts.search')}
            value={filter.q}
            onChange={(value) => navigate({ search: narrowed('q', value), replace: true })}
          />
          <StateFilter
            value={filter.state}
            onChange={(value) => navigate({ search: narrowed('state', value) })}
          />
        </search>
        <DataTable
          label={t('contracts.title')}
          query={query}
          columns={columns}
          rowKey={(contract) => contract.uid}
          empty={
            <Empty title={t('contracts.empty.title')} text={t('contracts.empty.text')}>
              {deploy}
            </Empty>
          }
          onClearFilter={filter.q || filter.state ? () => navigate({ search: {} }) : undefined}
        />
      </div>
    </>
  );
}
