import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { type Chain, chainsQuery, narrowed, RESOURCE_STATES } from '@/api/queries';
import { useFormat } from '@/i18n/format';
import { Age, type Column, DataTable, Empty, PageHead, StateBadge } from '@/kit';
import { CreateChain } from './CreateChain';

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
          <input
            className="input filter"
            type="search"
            aria-label={t('chains.search')}
            placeholder={t('chains.search')}
            value={filter.q ?? ''}
            onChange={(event) => navigate({ search: narrowed('q', event.target.value), replace: true })}
          />
          <select
            className="input filter"
            aria-label={t('chains.state')}
            value={filter.state ?? ''}
            onChange={(event) => navigate({ search: narrowed('state', event.target.value) })}
          >
            <option value="">{t('chains.anyState')}</option>
            {RESOURCE_STATES.map((state) => (
              <option key={state} value={state}>
                {t(`state.resource.${state}`)}
              </option>
            ))}
          </select>
        </search>
        <DataTable
          label={t('chains.title')}
          query={query}
          columns={columns}
          rowKey={(chain) => chain.uid}
          empty={
            <Empty title={t('chains.empty.title')} text={t('chains.empty.text')}>
              <CreateChain />
            </Empty>
          }
          onClearFilter={isFiltered ? () => navigate({ search: {} }) : undefined}
        />
      </div>
    </>
  );
}
