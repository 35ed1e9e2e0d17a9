import { expect, test } from 'vitest';
import { newestOf, rateOf } from './rate';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const block = (ago: number, transactionCount: number) => ({
  createTime: new Date(NOW - ago * 1000).toISOString(),
  transactionCount,
});

test('what was committed in the last minute counts, whatever came before', () => {
  expect(rateOf([block(1, 20), block(30, 10), block(90, 1000)], NOW)).toBe(0.5);
});

test('blocks that do not reach back a minute are taken over the time that they span', () => {
  expect(rateOf([block(1, 60), block(10, 40)], NOW)).toBe(10);
});

test('a chain at rest has no rate, and its newest block is its newest one', () => {
  expect(rateOf([block(600, 5)], NOW)).toBe(0);
  expect(newestOf([block(600, 5), block(60, 1)])).toBe(block(60, 1).createTime);
  expect(newestOf([{ transactionCount: 1 }])).toBeUndefined();
});
