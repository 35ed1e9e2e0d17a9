import type { ReactNode } from 'react';

/** Figures side by side. `isLive` says that they move by themselves. */
export function Tiles({ isLive, children }: { isLive?: boolean; children: ReactNode }) {
  return (
    <dl className="tiles" {...(isLive !== undefined && { 'data-live': isLive })}>
      {children}
    </dl>
  );
}

type TileProps = {
  label: string;
  /** Stands in the corner. */
  extra?: ReactNode;
  /** What the figure means, or what it is made of. */
  note?: ReactNode;
  isWords?: boolean;
  children: ReactNode;
};

export function Tile({ label, extra, note, isWords, children }: TileProps) {
  return (
    <div className="stat tile">
      <dt>{label}</dt>
      <dd {...(isWords && { className: 'tile-words' })}>{children}</dd>
      {note && <dd className="tile-note">{note}</dd>}
      {extra && <dd className="tile-extra">{extra}</dd>}
    </div>
  );
}
