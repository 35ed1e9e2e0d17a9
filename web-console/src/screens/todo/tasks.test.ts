import { expect, test } from 'vitest';
import type { Schemas } from '@/api/client';
import type { Operation } from '@/api/queries';
import { awaited, ending, failing } from './tasks';

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

test('a decision is awaited of those who may still take it', () => {
  const standing = (organization: string, word: string) => ({ organization, mspId: '', standing: word });
  const member = (organization: string, mayDecide = true, decision?: object) => ({
    organization,
    mayDecide,
    ...(decision && { decision }),
  });
  const approvals = {
    awaitsApproval: true,
    proposal: {
      digest: 'sha256:2',
      organizations: ['a', 'b', 'c']
        .map((name) => standing(name, 'waiting'))
        .concat(standing('d', 'approved')),
    },
    members: [
      member('a', true, { definition: 'sha256:1' }),
      member('b', true, { definition: 'sha256:2' }),
      member('c', false),
      member('d'),
    ],
  } as unknown as Schemas['ContractApprovals'];

  expect(awaited(approvals)).toEqual(['a']);
  expect(awaited({ ...approvals, awaitsApproval: false })).toEqual([]);
});
