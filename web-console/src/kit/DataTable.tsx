import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Page } from '@/api/queries';
import { Button } from './Button';
import { Failure, Loading, NoMatch, Stale } from './states';

export type Column<T> = {
  id: string;
  head: ReactNode;
  cell: (row: T) => ReactNode;
  /** Numbers stand at the end. */
  align?: 'end';
};

type DataTableProps<T> = {
  /** What the table holds, for those who do not see it. */
  label: string;
  query: UseInfiniteQueryResult<InfiniteData<Page<T>>>;
  columns: Column<T>[];
  rowKey: (row: T) => string;
  /** What is shown when there is nothing and no filter. */
  empty: ReactNode;
  /** Takes the filter away; given only while there is one. */
  onClearFilter?: (() => void) | undefined;
};

/** A list that the server pages: rows so far, and the next page by its token. */
export function DataTable<T>({ label, query, columns, rowKey, empty, onClearFilter }: DataTableProps<T>) {
  const { t } = useTranslation();
  const { data, error, isPending, dataUpdatedAt, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } =
    query;
  if (data === undefined) {
    return isPending ? <Loading lines={6} /> : <Failure error={error} onRetry={() => refetch()} />;
  }
  const rows = data.pages.flatMap((page) => page.items);
  if (rows.length === 0) return onClearFilter ? <NoMatch onClear={onClearFilter} /> : empty;
  return (
    <div className="stack">
      {error && <Stale since={dataUpdatedAt} onRefresh={() => refetch()} />}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard */}
      <section className="table-frame" tabIndex={0} aria-label={label}>
        <table className="table">
          <thead>
            <tr>
              {columns.map((column) => (
                <th key={column.id} scope="col" className={column.align && `align-${column.align}`}>
                  {column.head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={rowKey(row)}>
                {columns.map((column) => (
                  <td key={column.id} className={column.align && `align-${column.align}`}>
                    {column.cell(row)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
        {hasNextPage && (
          <div className="table-more">
            <Button look="quiet" busy={isFetchingNextPage} onClick={() => fetchNextPage()}>
              {t('kit.more')}
            </Button>
          </div>
        )}
      </section>
    </div>
  );
}
