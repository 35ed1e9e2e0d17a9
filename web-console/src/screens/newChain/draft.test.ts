import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { chainOf, curlOf, EMPTY, nameOf, sizeOf, withPlan, withPreset, yamlOf } from './draft';

const draft = { ...EMPTY, displayName: 'Transfer payments', members: [{ organization: 'bank', peers: 1 }] };

test('a name for programs is made of one for people, whatever script it is in', () => {
  expect(nameOf('Transfer payments: 2027!', 'x')).toBe('transfer-payments-2027');
  expect(nameOf('转移支付', 'chain-7k2q')).toBe('chain-7k2q');
  expect(nameOf('a'.repeat(60), 'x')).toHaveLength(40);
});

test('what equals the default is not in the request', () => {
  expect(chainOf(draft, 'x')).toEqual({
    name: 'transfer-payments',
    spec: {
      displayName: 'Transfer payments',
      ordering: { replicas: 3 },
      storage: { size: '50Gi' },
      members: [{ organization: 'bank', peers: 1 }],
      channels: [{ name: 'main' }],
    },
  });
});

test('a plan sets peers of members that were chosen before', () => {
  const chosen = withPlan(draft, 'production');

  expect(sizeOf(chosen)).toEqual({ orderers: 5, peers: 2, gibibytes: 700 });
  expect(chosen.deletionProtection).toBe(true);
});

test('the YAML says the same as the request, also where words look like something else', () => {
  const odd = {
    ...withPreset(draft, 'finance'),
    description: 'yes: "to all"\n- and more',
    displayName: 'true',
  };
  const chain = chainOf(odd, 'x');

  const resource = parse(yamlOf(chain));

  expect(resource).toEqual({
    apiVersion: 'entente.dev/v1alpha1',
    kind: 'Chain',
    metadata: { name: chain.name },
    spec: chain.spec,
  });
});

test('a quote in a text does not end the argument of curl', () => {
  expect(curlOf(chainOf({ ...draft, description: "bank's" }, 'x'), 'https://e.example')).toContain(
    "bank'\\''s",
  );
});
