import { expect, test } from 'vitest';
import { bytesOf, sizeOf } from './quotas';

test('sizes of resources are read in binary units', () => {
  expect(['500Gi', '1.5Ti', '42', 'plenty'].map(bytesOf)).toEqual([
    536_870_912_000,
    1_649_267_441_664,
    42,
    undefined,
  ]);
});

test('bytes are told in the largest unit of which there is a whole one', () => {
  expect([536_870_912_000, 1536, 42].map(sizeOf)).toEqual([
    [500, 'GiB'],
    [1.5, 'KiB'],
    [42, 'B'],
  ]);
});
