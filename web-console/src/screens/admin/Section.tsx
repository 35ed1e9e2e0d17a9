import type { ReactNode } from 'react';

/** One list of the platform, with what can be done to all of it. */
export function Section({
  title,
  text,
  actions,
  children,
}: {
  title: ReactNode;
  text?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) {
  return (
    <div className="stack">
      <div className="row row-apart">
        <div className="grow">
          <h2>{title}</h2>
          {text && <p className="muted">{text}</p>}
        </div>
        {actions}
      </div>
      {children}
    </div>
  );
}
