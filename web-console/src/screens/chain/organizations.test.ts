import { expect, test } from 'vitest';
import type { Chain } from '@/api/queries';
import { ownOrganizations } from './organizations';

const node = (organization: string) => ({
  name: `peer0-${organization}`,
  role: 'peer',
  organization,
  endpoint: '',
});
const chain = (parts: Partial<Chain>) => ({ spec: {}, ...parts }) as Chain;

test("the organizations of one's own chain are all but those of other tenants", () => {
  const members = [{ organization: 'treasury' }, { organization: 'bank', namespace: 'bank' }];
  const nodes = [node('ledger-ordering'), node('treasury'), node('joined-later'), node('bank')];

  expect(ownOrganizations(chain({ spec: { members }, status: { nodes } }), 'default')).toEqual([
    'treasury',
    'ledger-ordering',
    'joined-later',
  ]);
});

test("on another tenant's chain one's own are those that it names by the tenant", () => {
  const members = [{ organization: 'treasury' }, { organization: 'bank', namespace: 'bank' }];

  expect(ownOrganizations(chain({ owner: 'default', spec: { members } }), 'bank')).toEqual(['bank']);
});
