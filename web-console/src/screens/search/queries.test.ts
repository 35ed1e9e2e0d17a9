import { expect, test } from 'vitest';
import { isOfLedger, serialOf } from './queries';

test('numbers, hashes and how they begin are looked for on ledgers, names are not', () => {
  expect(['7', '9f86d0', 'evidence', 'bad'].map(isOfLedger)).toEqual([true, true, false, false]);
});

test('a serial number is known however a tool prints it', () => {
  expect(['1F:0A:3C:7b', '0x1f0a3c7b', '001f0a3c7b', 'ledger'].map(serialOf)).toEqual([
    '1f0a3c7b',
    '1f0a3c7b',
    '1f0a3c7b',
    undefined,
  ]);
});
