/** The steps of an operation in groups: what belongs to one channel, one member, one contract stands together. */
import type { Schemas } from '@/api/client';

export type Step = Schemas['OperationStep'];
export type Group = { kind: 'chain' | 'channel' | 'member' | 'contract'; name: string; steps: Step[] };

/** What a step is called below the heading of its group, which names the object already. */
export function within(group: Group, { title, name }: Step): string {
  const words = title ?? name;
  const object = `${group.name}: `;
  return words.startsWith(object) ? words.slice(object.length) : words;
}

/** It has failed, or waits for a cause that it tells. */
export const isStuck = ({ state, cause }: Step) =>
  state === 'failed' || (state === 'running' && Boolean(cause));

export function groups(steps: Step[]): Group[] {
  const found = new Map<string, Group>();
  for (const step of steps) {
    const [kind, name] = step.name.split('/');
    const isObject = (kind === 'channel' || kind === 'member' || kind === 'contract') && name !== undefined;
    const key = isObject ? `${kind}/${name}` : 'chain';
    const group = found.get(key) ?? {
      kind: isObject ? kind : 'chain',
      name: isObject ? name : '',
      steps: [],
    };
    group.steps.push(step);
    found.set(key, group);
  }
  return [...found.values()];
}

/** Milliseconds from the first to the last moment of an operation; until `now` while it runs. */
export function took(
  { createTime, endTime }: { createTime?: string | null; endTime?: string | null },
  now: number,
): number {
  if (!createTime) return 0;
  return Math.max(0, (endTime ? Date.parse(endTime) : now) - Date.parse(createTime));
}

/** The middle of several durations. */
export function median(values: number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
