import { expect, test } from 'vitest';
import { groups, knownStep, median } from './steps';

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

test('a step is known by its act, not by its object', () => {
  expect(knownStep('member/bank/join/main')).toBe('join');
  expect(knownStep('channel/main/join-orderers')).toBe('join-orderers');
  expect(knownStep('something/new')).toBeUndefined();
});

test('the usual time is the middle one', () => {
  expect(median([900, 100, 200])).toBe(200);
  expect(median([])).toBeUndefined();
});
