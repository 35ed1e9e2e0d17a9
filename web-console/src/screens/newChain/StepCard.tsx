import type { ReactNode } from 'react';
import { Card } from '@/kit';
import type { Draft } from './draft';

/** What every step gets. */
export type StepProps = {
  draft: Draft;
  change: (draft: Draft) => void;
  /** What the platform says about a field. */
  wrong: (pointer: string) => string | undefined;
};

/** The frame of a step. */
export function StepCard({ title, text, children }: { title: string; text: string; children: ReactNode }) {
  return (
    <Card title={title}>
      <div className="stack">
        <p className="muted">{text}</p>
        {children}
      </div>
    </Card>
  );
}
