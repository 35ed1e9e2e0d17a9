import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { Age, Badge, type Column, DataTable, Empty, Hash } from '@/kit';
import { type Block, blocksQuery } from './ledger';
import { BlockLink } from './parts';

const route = getRouteApi('/shell/chains/$chain/explorer/$channel/lists/');

/** The blocks of a channel, newest first. */
export function Blocks() {
  const { t } = useTranslation();
  const format = useFormat();
  const of = route.useParams();
  const query = useInfiniteQuery(blocksQuery(of));
  const columns: Column<Block>[] = [
    {
      id: 'number',
      head: t('explorer.blocks.number'),
      cell: ({ number }) => <BlockLink of={of} number={number} />,
    },
    {
      id: 'time',
      head: t('explorer.time'),
      cell: ({ createTime }) => (createTime ? <Age value={createTime} /> : '–'),
    },
    {
      id: 'transactions',
      head: t('explorer.transactions.title'),
      align: 'end',
      cell: ({ transactionCount, invalidCount }) => (
        <>
          {invalidCount > 0 && (
            <Badge tone="bad">{t('explorer.blocks.invalid', { count: invalidCount })}</Badge>
          )}{' '}
          {format.number(transactionCount)}
        </>
      ),
    },
    {
      id: 'size',
      head: t('explorer.blocks.size'),
      align: 'end',
      cell: ({ size }) => t('explorer.bytes', { size: format.number(size) }),
    },
    { id: 'hash', head: t('explorer.blocks.hash'), cell: ({ hash }) => <Hash value={hash} /> },
    {
      id: 'previous',
      head: t('explorer.blocks.previous'),
      cell: ({ previousHash }) => (previousHash ? <Hash value={previousHash} /> : '–'),
    },
  ];
  return (
    <DataTable
      label={t('explorer.blocks.title')}
      query={query}
      columns={columns}
      rowKey={({ number }) => String(number)}
      empty={<Empty title={t('explorer.blocks.none')} text={t('explorer.blocks.noneText')} />}
    />
  );
}
