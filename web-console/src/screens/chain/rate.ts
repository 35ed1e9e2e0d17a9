/** How fast a chain is, from its newest blocks. */
import type { Schemas } from '@/api/client';

type Block = Pick<Schemas['Block'], 'createTime' | 'transactionCount'>;

/** Seconds that are looked back. */
const WINDOW = 60;

/** Transactions a second over the last minute; over less where the blocks at hand do not reach back that far. */
export function rateOf(blocks: Block[], now: number): number {
  const ages = blocks.flatMap(({ createTime, transactionCount }) =>
    createTime ? [{ age: Math.max(0, (now - Date.parse(createTime)) / 1000), transactionCount }] : [],
  );
  const recent = ages.filter(({ age }) => age <= WINDOW);
  const reaches = recent.length < blocks.length ? WINDOW : Math.max(1, ...recent.map(({ age }) => age));
  return recent.reduce((sum, { transactionCount }) => sum + transactionCount, 0) / reaches;
}

/** The newest time that one of the blocks gives. */
export function newestOf(blocks: Block[]): string | undefined {
  return blocks
    .flatMap(({ createTime }) => createTime ?? [])
    .sort()
    .at(-1);
}
