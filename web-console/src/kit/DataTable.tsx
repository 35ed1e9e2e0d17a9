import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
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
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard */}
      <section className="table-frame" tabIndex={0} aria-label={label}>
        {above > 0 && (
          <div className="table-more">
            <Button look="quiet" onClick={() => setPassed(above - 1)}>
              {t('kit.earlier')}
            </Button>
          </div>
        )}
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
        {(hasNextPage || !isAllDrawn) && (
          <div className="table-more">
            <Button look="quiet" busy={isFetchingNextPage} onClick={goOn}>
              {t('kit.more')}
            </Button>
          </div>
        )}
      </section>
    </div>
  );
}
