import { expect, test } from 'vitest';
import type { Schemas } from '@/api/client';
import type { Chain } from '@/api/queries';
import { memberOf, withTerms } from './membership';

const chain = (parts: Partial<Chain>) => ({ name: 'ledger', spec: {}, ...parts }) as Chain;

test("a chain's own member is changed in the chain, and the others stay as they are", () => {
  const members = [{ organization: 'bank', namespace: 'bank', peers: 3 }, { organization: 'bank' }];

  expect(withTerms(chain({ spec: { members } }), 'default', 'bank', { peers: 2 })).toEqual({
    members: [members[0], { organization: 'bank', peers: 2 }],
    pointer: '/spec/members/1',
    before: members[1],
  });
});

test("on another tenant's chain, the Member of one's own says how many peers there are", () => {
  const shared = chain({ name: 'ledger.default', owner: 'default' });
  const own = { spec: { chain: 'ledger', chainNamespace: 'default', organization: 'bank' } };
  const other = { spec: { chain: 'ledger', organization: 'bank' } };

  expect(withTerms(shared, 'bank', 'bank', { peers: 2 })).toBe(undefined);
  expect(memberOf([other, own] as Schemas['Member'][], shared, 'bank')).toBe(own);
});
