import { expect, test } from 'vitest';
import type { Schemas } from '@/api/client';
import type { Chain } from '@/api/queries';
import { difference, memberOf, withPeers } from './peers';

const chain = (parts: Partial<Chain>) => ({ name: 'ledger', spec: {}, ...parts }) as Chain;

test("a chain's own member is changed in the chain, and the others stay as they are", () => {
  const members = [{ organization: 'bank', namespace: 'bank', peers: 3 }, { organization: 'bank' }];

  expect(withPeers(chain({ spec: { members } }), 'default', 'bank', 2)).toEqual({
    members: [members[0], { organization: 'bank', peers: 2 }],
    pointer: '/spec/members/1/peers',
    peers: 1,
  });
});

test("on another tenant's chain, the Member of one's own says how many peers there are", () => {
  const shared = chain({ name: 'ledger.default', owner: 'default' });
  const own = { spec: { chain: 'ledger', chainNamespace: 'default', organization: 'bank' } };
  const other = { spec: { chain: 'ledger', organization: 'bank' } };

  expect(withPeers(shared, 'bank', 'bank', 2)).toBe(undefined);
  expect(memberOf([other, own] as Schemas['Member'][], shared, 'bank')).toBe(own);
});

test('peers are made and taken away at the end', () => {
  expect(difference('bank', 1, 3)).toEqual(['peer1-bank', 'peer2-bank']);
  expect(difference('bank', 3, 2)).toEqual(['peer2-bank']);
  expect(difference('bank', 2, 2)).toEqual([]);
});
