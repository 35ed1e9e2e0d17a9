import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { Age, Badge, type Column, Copy, DataTable, Empty } from '@/kit';
import { type KeyVersion, keyHistoryQuery } from './ledger';
import { BlockLink, KeyName, TransactionLink, Value } from './parts';

const route = getRouteApi('/shell/chains/$chain/explorer/$channel/state/$contract');

/** What became of a key, newest first. */
export function KeyHistory() {
  const { t } = useTranslation();
  const { contract, ...of } = route.useParams();
  const { key = '' } = route.useSearch();
  const query = useInfiniteQuery(keyHistoryQuery(of, contract, key));
  const columns: Column<KeyVersion>[] = [
    {
      id: 'block',
      head: t('explorer.blocks.number'),
      cell: ({ blockNumber }) => <BlockLink of={of} number={blockNumber} />,
    },
    {
      id: 'value',
      head: t('explorer.state.value'),
      cell: ({ isDelete, value }) =>
        isDelete ? (
          <Badge tone="bad">{t('explorer.deleted')}</Badge>
        ) : (
          value && <Value bytes={value} label={t('explorer.state.value')} />
        ),
    },
    {
      id: 'function',
      head: t('explorer.function'),
      cell: ({ function: called }) => <span className="mono">{called ?? '–'}</span>,
    },
    {
      id: 'creator',
      head: t('explorer.transactions.creator'),
      cell: ({ creator }) => creator?.mspId ?? '–',
    },
    {
      id: 'transaction',
      head: t('explorer.transactions.id'),
      cell: ({ transactionId, blockNumber }) => (
        <TransactionLink of={of} id={transactionId} block={blockNumber} />
      ),
    },
    {
      id: 'time',
      head: t('explorer.time'),
      cell: ({ createTime }) => (createTime ? <Age value={createTime} /> : '–'),
    },
  ];
  return (
    <div className="stack">
      <div>
        <h2 className="explorer-heading">{t('explorer.state.history')}</h2>
        <p className="row">
          <span className="muted mono">{contract}</span>
          <KeyName value={key} />
          <Copy text={key} />
        </p>
      </div>
      <DataTable
        label={t('explorer.state.history')}
        query={query}
        columns={columns}
        rowKey={({ blockNumber, index }) => `${blockNumber} ${index}`}
        empty={<Empty title={t('explorer.state.never')} text={t('explorer.state.neverText')} />}
      />
    </div>
  );
}
