import { expect, test } from 'vitest';
import { difference, directoryOf, type Institution } from './alliance';

const bank = (name: string, region = 'Hebei'): Institution => ({
  name,
  displayName: name,
  sector: 'bank',
  region,
  level: 'province',
});

test('two directories differ in what came, what changed and what went', () => {
  const before = [bank('stays'), bank('moves'), bank('goes')];

  const found = difference(before, [bank('stays'), bank('moves', 'Zhejiang'), bank('comes')]);

  expect(found).toEqual({
    added: [bank('comes')],
    changed: [bank('moves', 'Zhejiang')],
    removed: [bank('goes')],
  });
});

test('a file that is no directory is not taken for one', () => {
  const files = ['{', '[]', '{"institutions": 3}', '{"institutions": []}'];

  expect(files.map(directoryOf)).toEqual([undefined, undefined, undefined, { institutions: [] }]);
});
