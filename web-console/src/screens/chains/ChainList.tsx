import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { type Chain, chainsQuery, narrowed } from '@/api/queries';
import { useFormat } from '@/i18n/format';
import { Age, type Column, DataTable, Empty, PageHead, SearchFilter, StateBadge, StateFilter } from '@/kit';
import { CreateChain } from './CreateChain';
import { TrySandbox } from './TrySandbox';

const route = getRouteApi('/shell/chains');

/** Every chain that the tenant founded. */
export function ChainList() {
  const { t } = useTranslation();
  const format = useFormat();
  const filter = route.useSearch();
  const navigate = route.useNavigate();
  const query = useInfiniteQuery(chainsQuery(filter));
  const columns: Column<Chain>[] = [
    {
      id: 'name',
      head: t('chains.name'),
      cell: (chain) => (
        <Link to="/chains/$chain" params={{ chain: chain.name }}>
          <strong>{chain.spec.displayName ?? chain.name}</strong>
          {chain.spec.displayName && <div className="muted mono">{chain.name}</div>}
        </Link>
      ),
    },
    { id: 'state', head: t('chains.state'), cell: (chain) => <StateBadge state={chain.state} /> },
    {
      id: 'members',
      head: t('chains.members'),
      align: 'end',
      cell: (chain) => format.number(chain.status?.memberCount ?? chain.spec.members?.length ?? 0),
    },
    { id: 'engine', head: t('chains.engine'), cell: (chain) => chain.status?.engine ?? '–' },
    {
      id: 'height',
      head: t('chains.height'),
      align: 'end',
      cell: (chain) => (chain.status?.height == null ? '–' : format.number(chain.status.height)),
    },
    {
      id: 'created',
      head: t('chains.created'),
      cell: (chain) => chain.createTime && <Age value={chain.createTime} />,
    },
  ];
  const isFiltered = Boolean(filter.q || filter.state);
  return (
    <>
      <PageHead title={t('chains.title')} text={t('chains.text')}>
        <CreateChain />
      </PageHead>
      <div className="stack">
        <search className="row">
          <SearchFilter
            label={t('chains.search')}
            value={filter.q}
            onChange={(value) => navigate({ search: narrowed('q', value), replace: true })}
          />
          <StateFilter
            value={filter.state}
            onChange={(value) => navigate({ search: narrowed('state', value) })}
          />
        </search>
        <DataTable
          label={t('chains.title')}
          query={query}
          columns={columns}
          rowKey={(chain) => chain.uid}
          empty={
            <Empty title={t('chains.empty.title')} text={t('chains.empty.text')}>
              <TrySandbox />
              <CreateChain look="plain" />
            </Empty>
          }
          onClearFilter={isFiltered ? () => navigate({ search: {} }) : undefined}
        />
      </div>
    </>
  );
}
