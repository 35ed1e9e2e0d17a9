import { expect, test } from 'vitest';
import { difference } from './peers';

test('peers are made and taken away at the end', () => {
  expect(difference('bank', 1, 3)).toEqual(['peer1-bank', 'peer2-bank']);
  expect(difference('bank', 3, 2)).toEqual(['peer2-bank']);
  expect(difference('bank', 2, 2)).toEqual([]);
});
