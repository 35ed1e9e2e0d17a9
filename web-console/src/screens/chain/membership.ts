/** What is said of an organization in a chain: where that stands, and how it is changed there. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, call, type Schemas } from '@/api/client';
import { type Chain, chainQuery } from '@/api/queries';
import { useSession } from '@/api/session';

type Named = NonNullable<Chain['spec']['members']>[number];
type Member = Schemas['Member'];

/** What both the chain and a Member say of an organization. */
export type Terms = Partial<Pick<Named, 'peers' | 'contractApproval'>>;

const MERGE = { 'Content-Type': 'application/merge-patch+json' };

/** The members of a chain with other terms for one of its own; `undefined` where the chain does not name it. */
export function withTerms(
  chain: Chain,
  tenant: string | null | undefined,
  organization: string,
  terms: Terms,
) {
  const members = chain.spec.members ?? [];
  const index = members.findIndex(
    (member) => member.organization === organization && (member.namespace ?? tenant) === tenant,
  );
  if (chain.owner || index < 0) return undefined;
  return {
    members: members.map((member, at) => (at === index ? { ...member, ...terms } : member)),
    pointer: `/spec/members/${index}`,
    before: members[index] as Named,
  };
}

/** The Member of an organization in a chain, as its tenant sees both. */
export function memberOf(members: Member[], chain: Chain, organization: string) {
  return members.find(({ spec }) => {
    const seen = spec.chainNamespace && chain.owner ? `${spec.chain}.${spec.chainNamespace}` : spec.chain;
    return spec.organization === organization && seen === chain.name;
  });
}

const ownMembersQuery = (organization: string) => ({
  queryKey: ['members', 'of', organization],
  queryFn: () =>
    call(api.GET('/v1/members', { params: { query: { q: organization, view: 'basic', pageSize: 200 } } })),
});

/** The chain says it for its own members, a Member for all others. `undefined` while unknown, and for who is another tenant's. */
export function useMembership(chain: string, organization: string) {
  const { tenant } = useSession();
  const queries = useQueryClient();
  const { data: whole } = useQuery(chainQuery(chain));
  const named = whole && withTerms(whole, tenant, organization, {});
  const { data: members } = useQuery({
    ...ownMembersQuery(organization),
    enabled: whole !== undefined && !named,
  });
  const member = whole && memberOf(members?.items ?? [], whole, organization);
  const change = useMutation({
    mutationFn: async (terms: Terms) => {
      const changed = whole && withTerms(whole, tenant, organization, terms);
      // The document cannot say that a patch has the fields of the spec.
      const body = { spec: (changed ? { members: changed.members } : terms) as Record<string, never> };
      return changed
        ? call(
            api.PATCH('/v1/chains/{name}', {
              params: { path: { name: whole.name }, header: { 'If-Match': whole.etag } },
              body,
              headers: MERGE,
            }),
          )
        : call(
            api.PATCH('/v1/members/{name}', {
              params: { path: { name: member?.name ?? '' } },
              body,
              headers: MERGE,
            }),
          );
    },
    onSuccess: () =>
      Promise.all([
        queries.invalidateQueries({ queryKey: ['chains'] }),
        queries.invalidateQueries({ queryKey: ['members'] }),
      ]),
  });
  const before = named?.before ?? member?.spec;
  return before && { before, change, pointer: named?.pointer ?? '/spec' };
}
