/** How many peers an organization has on a chain: where that stands, and what a change of it does. */
import type { Schemas } from '@/api/client';
import type { Chain } from '@/api/queries';

/** The API takes no more of one member. */
export const MOST_PEERS = 9;

type Named = NonNullable<Chain['spec']['members']>;

/** The members of a chain with another number of peers for one of its own; `undefined` where the chain does not say it. */
export function withPeers(
  chain: Chain,
  tenant: string | null | undefined,
  organization: string,
  peers: number,
) {
  const members: Named = chain.spec.members ?? [];
  const index = members.findIndex(
    (member) => member.organization === organization && (member.namespace ?? tenant) === tenant,
  );
  if (chain.owner || index < 0) return undefined;
  return {
    members: members.map((member, at) => (at === index ? { ...member, peers } : member)),
    pointer: `/spec/members/${index}/peers`,
    peers: members[index]?.peers ?? 1,
  };
}

/** The Member of an organization in a chain, as its tenant sees both. */
export function memberOf(members: Schemas['Member'][], chain: Chain, organization: string) {
  return members.find(({ spec }) => {
    const seen = spec.chainNamespace && chain.owner ? `${spec.chain}.${spec.chainNamespace}` : spec.chain;
    return spec.organization === organization && seen === chain.name;
  });
}

/** Names of the peers that a change makes or takes away. */
export function difference(organization: string, before: number, after: number): string[] {
  const [low, high] = before < after ? [before, after] : [after, before];
  return Array.from({ length: high - low }, (_, index) => `peer${low + index}-${organization}`);
}
