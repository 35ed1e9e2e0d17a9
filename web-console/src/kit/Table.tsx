import type { ReactNode } from 'react';

export type Column<T> = {
  id: string;
  head: ReactNode;
  cell: (row: T) => ReactNode;
  /** Numbers stand at the end. */
  align?: 'end';
};

type TableProps<T> = {
  /** What the table holds, for those who do not see it. */
  label: string;
  columns: Column<T>[];
  rows: T[];
  rowKey: (row: T) => string | number;
  /** What leads to the rows before the first one, and behind the last one. */
  before?: ReactNode;
  after?: ReactNode;
};

/** Rows that are all there. It scrolls by itself where it is wider than its place. */
export function Table<T>({ label, columns, rows, rowKey, before, after }: TableProps<T>) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
    <section className="table-frame" tabIndex={0} aria-label={label}>
      {before && <div className="table-more">{before}</div>}
      <table className="table">
        <thead>
          <tr>
            {columns.map(({ id, head, align }) => (
              <th key={id} scope="col" className={align && `align-${align}`}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={rowKey(row)}>
              {columns.map(({ id, cell, align }) => (
                <td key={id} className={align && `align-${align}`}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {after && <div className="table-more">{after}</div>}
    </section>
  );
}
