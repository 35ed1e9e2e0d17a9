import { expect, test } from 'vitest';
import { examples } from './example';
import type { Parameter } from './metadata';

const parameter = (name: string, rest: Partial<Parameter> = {}): Parameter => ({
  name,
  description: undefined,
  isRequired: true,
  type: 'string',
  ...rest,
});

test('every required parameter has a value that its type allows', () => {
  const parameters = [
    parameter('id'),
    parameter('amount', { type: 'integer' }),
    parameter('tags', { type: 'array' }),
    parameter('currency', { example: 'CNY' }),
    parameter('note', { isRequired: false }),
  ];

  expect(examples(parameters, { note: 'mine' })).toEqual({
    id: 'id-1',
    amount: '1',
    tags: '[]',
    currency: 'CNY',
    note: 'mine',
  });
});

test('a digest is another one each time, because it is certified once', () => {
  const digest = [
    parameter('digest', { description: 'SHA-256 of the document: 64 hexadecimal characters.' }),
  ];

  const [one, other] = [examples(digest, {}), examples(digest, {})];

  expect(one.digest).toMatch(/^[0-9a-f]{64}$/);
  expect(other.digest).not.toBe(one.digest);
});
