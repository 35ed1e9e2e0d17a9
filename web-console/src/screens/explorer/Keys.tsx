import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { chainQuery, narrowed } from '@/api/queries';
import { type Column, DataTable, Empty, Loaded, SearchFilter } from '@/kit';
import { type Channel, type Key, keysQuery } from './ledger';
import { BlockLink, KeyLink } from './parts';

const route = getRouteApi('/shell/chains/$chain/explorer/$channel/lists/state');

/** Fabric's own contract that keeps the definitions of all others. */
const LIFECYCLE = '_lifecycle';

/** The present state of a channel: the keys of each contract that have a value. */
export function Keys() {
  const { t } = useTranslation();
  const of = route.useParams();
  const { contract, prefix = '' } = route.useSearch();
  const navigate = route.useNavigate();
  const chain = useQuery(chainQuery(of.chain));
  return (
    <Loaded query={chain}>
      {({ status }) => {
        const contracts = (status?.contracts ?? [])
          .filter(({ channel }) => channel === of.channel)
          .map(({ name }) => name);
        const names = [...new Set([...contracts, ...(contract ? [contract] : []), LIFECYCLE])];
        const chosen = contract ?? names[0] ?? LIFECYCLE;
        return (
          <div className="stack">
            <search className="row">
              <select
                className="input filter"
                aria-label={t('explorer.contract')}
                value={chosen}
                onChange={({ target }) => navigate({ search: { contract: target.value } })}
              >
                {names.map((name) => (
                  <option key={name}>{name}</option>
                ))}
              </select>
              <SearchFilter
                label={t('explorer.state.prefix')}
                value={prefix}
                onChange={(value) => navigate({ search: narrowed('prefix', value), replace: true })}
              />
            </search>
            <Table
              of={of}
              contract={chosen}
              prefix={prefix}
              onClear={() => navigate({ search: narrowed('prefix', '') })}
            />
          </div>
        );
      }}
    </Loaded>
  );
}

type TableProps = { of: Channel; contract: string; prefix: string; onClear: () => void };

function Table({ of, contract, prefix, onClear }: TableProps) {
  const { t } = useTranslation();
  const query = useInfiniteQuery(keysQuery(of, contract, prefix));
  const columns: Column<Key>[] = [
    {
      id: 'key',
      head: t('explorer.state.key'),
      cell: ({ key }) => <KeyLink of={of} contract={contract} value={key} />,
    },
    {
      id: 'block',
      head: t('explorer.state.writtenIn'),
      align: 'end',
      cell: ({ blockNumber }) => <BlockLink of={of} number={blockNumber} />,
    },
  ];
  return (
    <DataTable
      label={t('explorer.state.title')}
      query={query}
      columns={columns}
      rowKey={({ key }) => key}
      empty={<Empty title={t('explorer.state.none')} text={t('explorer.state.noneText')} />}
      onClearFilter={prefix ? onClear : undefined}
    />
  );
}
