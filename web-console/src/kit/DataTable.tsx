import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Page } from '@/api/queries';
import { Button } from './Button';
import { Failure, Loading, NoMatch, Stale } from './states';
import { type Column, Table } from './Table';

type DataTableProps<T> = {
  /** What the table holds, for those who do not see it. */
  label: string;
  query: UseInfiniteQueryResult<InfiniteData<Page<T>>>;
  columns: Column<T>[];
  rowKey: (row: T) => string | number;
  /** What is shown when there is nothing and no filter. */
  empty: ReactNode;
  /** Takes the filter away; given only while there is one. */
  onClearFilter?: (() => void) | undefined;
};

/** Pages that are drawn at once: however far one reads, the document stays as quick as at the beginning. */
const DRAWN = 4;

/** A list that the server pages: the rows that were read last, and the next page by its token. */
export function DataTable<T>({ label, query, columns, rowKey, empty, onClearFilter }: DataTableProps<T>) {
  const { t } = useTranslation();
  const { data, error, isPending, dataUpdatedAt, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } =
    query;
  const [passed, setPassed] = useState(0);
  if (data === undefined) {
    return isPending ? <Loading lines={6} /> : <Failure error={error} onRetry={() => refetch()} />;
  }
  // Pages above those that are drawn. A list that is narrowed begins anew with fewer.
  const above = Math.min(passed, Math.max(0, data.pages.length - DRAWN));
  const isAllDrawn = above + DRAWN >= data.pages.length;
  const rows = data.pages.slice(above, above + DRAWN).flatMap((page) => page.items);
  const goOn = async () => {
    if (isAllDrawn) await fetchNextPage();
    setPassed(above + 1);
  };
  if (rows.length === 0) return onClearFilter ? <NoMatch onClear={onClearFilter} /> : empty;
  return (
    <div className="stack">
      {error && <Stale since={dataUpdatedAt} onRefresh={() => refetch()} />}
      <Table
        label={label}
        columns={columns}
        rows={rows}
        rowKey={rowKey}
        before={
          above > 0 && (
            <Button look="quiet" onClick={() => setPassed(above - 1)}>
              {t('kit.earlier')}
            </Button>
          )
        }
        after={
          (hasNextPage || !isAllDrawn) && (
            <Button look="quiet" busy={isFetchingNextPage} onClick={goOn}>
              {t('kit.more')}
            </Button>
          )
        }
      />
    </div>
  );
}
