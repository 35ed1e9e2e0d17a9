import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Page } from '@/api/queries';
import { Age, type Column, DataTable } from '@/kit';
import type { Channel, TransactionSummary } from './ledger';
import { BlockLink, TransactionLink, Verdict } from './parts';

/** Transactions, one a line: what was called, by whom, and what came of it. */
export function TransactionTable({
  of,
  query,
  empty,
  onClearFilter,
}: {
  of: Channel;
  query: UseInfiniteQueryResult<InfiniteData<Page<TransactionSummary>>>;
  empty: ReactNode;
  onClearFilter?: (() => void) | undefined;
}) {
  const { t } = useTranslation();
  const columns: Column<TransactionSummary>[] = [
    {
      id: 'id',
      head: t('explorer.transactions.id'),
      cell: ({ id, blockNumber }) => <TransactionLink of={of} id={id} block={blockNumber} />,
    },
    { id: 'code', head: t('explorer.transactions.verdict'), cell: ({ code }) => <Verdict code={code} /> },
    {
      id: 'call',
      head: t('explorer.transactions.call'),
      cell: (each) => <Called {...each} />,
    },
    {
      id: 'creator',
      head: t('explorer.transactions.creator'),
      cell: ({ creator }) => creator || <span className="muted">{t('explorer.nobody')}</span>,
    },
    {
      id: 'block',
      head: t('explorer.blocks.number'),
      align: 'end',
      cell: ({ blockNumber }) => <BlockLink of={of} number={blockNumber} />,
    },
    {
      id: 'time',
      head: t('explorer.time'),
      cell: ({ createTime }) => (createTime ? <Age value={createTime} /> : '–'),
    },
  ];
  return (
    <DataTable
      label={t('explorer.transactions.title')}
      query={query}
      columns={columns}
      rowKey={({ blockNumber, index }) => `${blockNumber} ${index}`}
      empty={empty}
      onClearFilter={onClearFilter}
    />
  );
}

type CalledProps = { contract?: string | null; function?: string | null; type: string };

/** What a transaction called; its kind where it called nothing. */
export function Called({ contract, function: called, type }: CalledProps) {
  if (!contract) return <TypeName type={type} />;
  return (
    <span className="mono">
      {contract}
      {called && <>.{called}</>}
    </span>
  );
}

/** What kind of transaction it is; kinds that this console has no word for are shown as the ledger says them. */
export function TypeName({ type }: { type: string }) {
  const { t } = useTranslation();
  if (type === 'transaction') return t('explorer.type.transaction');
  if (type === 'config') return t('explorer.type.config');
  return <span className="mono">{type}</span>;
}
