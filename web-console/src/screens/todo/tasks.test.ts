import { expect, test } from 'vitest';
import type { Schemas } from '@/api/client';
import type { Operation } from '@/api/queries';
import { ending, failing } from './tasks';

const operation = (id: string, uid: string, state: string, more: object = {}) =>
  ({ id, state, target: { kind: 'Chain', name: uid, uid, generation: 1, ...more } }) as Operation;

test('what has failed waits until a later operation has made it good', () => {
  const broken = { ...operation('5', 'c', 'running'), error: { code: 'step_failed', detail: 'no answer' } };
  const operations = [
    broken,
    operation('4', 'a', 'succeeded'),
    operation('3', 'a', 'failed', { node: 'peer0-bank' }),
    operation('2', 'b', 'failed'),
    operation('1', 'a', 'failed'),
    operation('0', 'd', 'running'),
  ];

  expect(failing(operations).map(({ id }) => id)).toEqual(['5', '3', '2']);
});

test('a certificate waits for a person when the platform does not renew it, or is late with that', () => {
  const certificate = (name: string, renewal: string, daysLeft: number) =>
    ({ name, renewal, daysLeft }) as Schemas['CertificateView'];
  const all = [
    certificate('late', 'automatic', 3),
    certificate('in time', 'automatic', 20),
    certificate('by hand', 'manual', 29),
  ];

  expect(ending(all).map(({ name }) => name)).toEqual(['late', 'by hand']);
});
