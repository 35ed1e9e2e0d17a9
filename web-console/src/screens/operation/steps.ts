/** The steps of an operation in groups: what belongs to one channel, one member, one contract stands together. */
import type { Schemas } from '@/api/client';

export type Step = Schemas['Step'];
export type Group = { kind: 'chain' | 'channel' | 'member' | 'contract'; name: string; steps: Step[] };

/** Words of `operation.step`, in the order in which they are looked for; the rest of a name is its object. */
const KNOWN = [
  'organizations',
  'orderers',
  'genesis',
  'join-orderers',
  'configure',
  'peers',
  'join',
  'service',
  'install',
  'approve',
  'commit',
  'answer',
  'probe',
  'authorities',
  'namespace',
  'enrol',
  'members',
  'nodes',
] as const;
export type KnownStep = (typeof KNOWN)[number];

/** Which step it is, by its name without what it is about; `undefined` for one that this console does not know. */
export function knownStep(name: string): KnownStep | undefined {
  const words = new Set(name.split('/'));
  return KNOWN.find((word) => words.has(word));
}

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
