import type { Chain } from '@/api/queries';

/** The organizations of a chain that belong to a tenant: members first, then whoever else runs nodes, such as its orderers. */
export function ownOrganizations(
  { spec, status, owner }: Chain,
  tenant: string | null | undefined,
): string[] {
  const members = spec.members ?? [];
  // A member without a namespace belongs to the chain's own tenant.
  const isOwn = (namespace: string | null | undefined) => (namespace ?? owner ?? tenant) === tenant;
  const elsewhere = new Set(
    members.filter(({ namespace }) => !isOwn(namespace)).map(({ organization }) => organization),
  );
  const own = members.filter(({ namespace }) => isOwn(namespace)).map(({ organization }) => organization);
  const running = (status?.nodes ?? []).map(({ organization }) => organization);
  return [...new Set([...own, ...running])].filter((name) => own.includes(name) || !elsewhere.has(name));
}
