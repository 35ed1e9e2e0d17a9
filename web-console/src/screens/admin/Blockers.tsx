import type { Schemas } from '@/api/client';

/** What stands in the way of a deletion, and what to do about each. */
export function Blockers({ blockers }: { blockers: Schemas['Blocker'][] }) {
  return (
    <ul className="effects">
      {blockers.map(({ code, detail, hint }) => (
        <li key={`${code} ${detail}`}>
          {detail} {hint && <span className="muted">{hint}</span>}
        </li>
      ))}
    </ul>
  );
}
