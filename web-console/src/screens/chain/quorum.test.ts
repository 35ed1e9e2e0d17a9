import { expect, test } from 'vitest';
import { margin } from './quorum';

test('three orderers survive the loss of one, and no more', () => {
  expect([margin(3, 3), margin(2, 3), margin(1, 3), margin(1, 1)]).toEqual([1, 0, -1, 0]);
});
