import { expect, test } from 'vitest';
import { groups, median, within } from './steps';

const step = (name: string) => ({ name, state: 'succeeded' as const });

test('steps of one object stand together, in the order of their first', () => {
  const grouped = groups([
    step('orderers'),
    step('channel/main/genesis'),
    step('member/bank/peers'),
    step('channel/main/configure'),
  ]);

  expect(grouped.map(({ kind, name, steps }) => [kind, name, steps.length])).toEqual([
    ['chain', '', 1],
    ['channel', 'main', 2],
    ['member', 'bank', 1],
  ]);
});

test('a step is called by its title, without the object that its group names', () => {
  const join = { ...step('member/bank/join/main'), title: 'bank: Join the peers to main' };

  const titles = groups([join, step('something/new')]).map((group) =>
    group.steps.map((one) => within(group, one)),
  );

  expect(titles).toEqual([['Join the peers to main'], ['something/new']]);
});

test('the usual time is the middle one', () => {
  expect(median([900, 100, 200])).toBe(200);
  expect(median([])).toBeUndefined();
});
