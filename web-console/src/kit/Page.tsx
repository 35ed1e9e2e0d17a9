import { type ReactNode, useEffect, useId } from 'react';

/** The head of a screen. The title is the document's title too. */
export function PageHead({
  title,
  heading,
  text,
  crumbs,
  children,
}: {
  title: string;
  /** What stands in place of the title where it is more than words. */
  heading?: ReactNode;
  text?: ReactNode;
  crumbs?: ReactNode;
  children?: ReactNode;
}) {
  useEffect(() => {
    document.title = `${title} · Entente`;
  }, [title]);
  return (
    <div className="page-head">
      <div className="grow">
        {crumbs && <div className="crumbs">{crumbs}</div>}
        <h1>{heading ?? title}</h1>
        {text && <p>{text}</p>}
      </div>
      {children && <div className="row">{children}</div>}
    </div>
  );
}

export function Card({
  title,
  actions,
  children,
}: {
  title?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) {
  const id = useId();
  return (
    <section className="card" {...(title !== undefined && { 'aria-labelledby': id })}>
      {title !== undefined && (
        <div className="card-head">
          <h2 id={id}>{title}</h2>
          {actions}
        </div>
      )}
      {children}
    </section>
  );
}

/** How much of something is used. `label` is for those who do not see the bar. */
export function Meter({
  value,
  max,
  label,
  neutral,
}: {
  value: number;
  max: number;
  label: string;
  /** Being full is no danger: for progress. */
  neutral?: boolean;
}) {
  const fraction = max > 0 ? Math.min(1, value / max) : 1;
  const tone = neutral ? '' : fraction >= 1 ? ' meter-bad' : fraction >= 0.8 ? ' meter-warn' : '';
  return (
    // biome-ignore lint/a11y/useSemanticElements: browsers draw <meter> in colours of their own
    <div
      className={`meter${tone}`}
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={max}
      aria-valuenow={value}
    >
      <i style={{ width: `${fraction * 100}%` }} />
    </div>
  );
}
