import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { chainQuery, type Operation, operationsQuery } from '@/api/queries';
import { useMay } from '@/api/session';
import {
  Age,
  Card,
  ChoiceFilter,
  type Column,
  DataTable,
  OperationBadge,
  OperationName,
  useFilter,
} from '@/kit';
import { AuditTable } from '../audit/AuditTable';

const route = getRouteApi('/shell/chains/$chain/activity');

const POLL = 5_000;
/** Operations that are shown before one asks for more: the audit's rows stand below them. */
const FIRST = 10;

/** What was asked for on a chain, how it went, and who asked. */
export function Activity() {
  const { t } = useTranslation();
  const { chain } = route.useParams();
  const mayAudit = useMay('audit:read');
  return (
    <div className="stack">
      <Card title={t('chain.activity.operations')}>
        <Operations chain={chain} />
      </Card>
      {mayAudit && (
        <Card title={t('chain.activity.audit')}>
          <Rows chain={chain} />
        </Card>
      )}
    </div>
  );
}

/** An operation is on the chain itself or on one of its contracts, which the address names after a slash. */
const CONTRACT = 'contract/';

function Operations({ chain }: { chain: string }) {
  const { t } = useTranslation();
  const { filter, isFiltered, choose, clear } = useFilter('on', 'running');
  const { data } = useQuery(chainQuery(chain));
  const contracts = data?.status?.contracts ?? [];
  const nameOf = new Map(
    contracts.map(({ resource, name, channel }) => [
      CONTRACT + resource,
      t('chain.activity.onContract', { name, channel }),
    ]),
  );
  const contract = filter.on?.startsWith(CONTRACT) ? filter.on.slice(CONTRACT.length) : undefined;
  const query = useInfiniteQuery({
    ...operationsQuery({
      targetKind: contract === undefined ? 'Chain' : 'Contract',
      targetName: contract ?? chain,
      ...(filter.running && { running: filter.running === 'true' }),
      pageSize: FIRST,
    }),
    refetchInterval: POLL,
  });
  const columns: Column<Operation>[] = [
    {
      id: 'what',
      head: t('chain.activity.what'),
      cell: (each) => (
        <Link to="/operations/$operation" params={{ operation: each.id }}>
          <OperationName operation={each} />
        </Link>
      ),
    },
    { id: 'state', head: t('chain.state'), cell: (each) => <OperationBadge state={each.state} /> },
    { id: 'why', head: t('chain.activity.why'), cell: ({ error }) => error?.detail ?? '–' },
    { id: 'time', head: t('chain.activity.when'), cell: ({ createTime }) => <Age value={createTime} /> },
  ];
  return (
    <div className="stack">
      <search className="row">
        <ChoiceFilter
          label={t('chain.activity.on')}
          any={t('chain.activity.onChain')}
          choices={contracts.map(({ resource }) => CONTRACT + resource)}
          words={(each) => nameOf.get(each) ?? each}
          value={filter.on}
          onChange={(value) => choose('on', value)}
        />
        <ChoiceFilter
          label={t('chain.state')}
          any={t('chain.activity.any')}
          choices={['true', 'false']}
          words={(each) => (each === 'true' ? t('chain.activity.running') : t('chain.activity.ended'))}
          value={filter.running}
          onChange={(value) => choose('running', value)}
        />
      </search>
      <DataTable
        label={t('chain.tabs.activity')}
        query={query}
        columns={columns}
        rowKey={({ id }) => id}
        empty={<p className="muted">{t('overview.noOperations')}</p>}
        onClearFilter={isFiltered ? clear : undefined}
      />
    </div>
  );
}

/** Rows about the chain, its nodes and its ledgers, or about the contract that is chosen above. */
function Rows({ chain }: { chain: string }) {
  const { filter } = useFilter('on');
  const isContract = filter.on?.startsWith(CONTRACT);
  return (
    <AuditTable of={isContract ? `contracts/${filter.on?.slice(CONTRACT.length)}` : `chains/${chain}`} />
  );
}
