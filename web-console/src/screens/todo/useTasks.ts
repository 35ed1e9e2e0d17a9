import { type UseQueryOptions, useQueries } from '@tanstack/react-query';
import { api, call } from '@/api/client';
import { ApiError } from '@/api/problem';
import { useSession } from '@/api/session';
import type { Place } from '../contracts/queries';
import { awaited, ending, failing, type Task } from './tasks';

/** How often the bar asks what waits. */
const POLL = 30_000;
/** As many as are looked at of each: whoever has more begins with these. */
const MOST = 100;
/** Organizations whose records are looked at; each is a request of its own. */
const RECORDS = 20;

const source = (name: string, find: () => Promise<Task[]>, every = POLL): UseQueryOptions<Task[]> => ({
  queryKey: ['todo', name],
  queryFn: find,
  refetchInterval: every,
  staleTime: every / 2,
});

const operations = source('operations', async () => {
  const { items } = await call(api.GET('/v1/operations', { params: { query: { pageSize: MOST } } }));
  return failing(items).map((operation) => ({ kind: 'operation', key: operation.id, operation }));
});

const certificates = source('certificates', async () => {
  const query = { expiresWithin: '30d', pageSize: MOST };
  const { items } = await call(api.GET('/v1/certificates', { params: { query } }));
  return ending(items).map((certificate) => ({
    kind: 'certificate',
    key: `${certificate.type} ${certificate.name} ${certificate.serialNumber}`,
    certificate,
  }));
});

const invitations = source('invitations', async () => {
  const { items } = await call(api.GET('/v1/invitations', { params: { query: { pageSize: MOST } } }));
  return items.map((invitation) => ({ kind: 'invitation', key: invitation.id, invitation }));
});

const decisions = source('decisions', async () => {
  const query = { state: 'submitted', pageSize: MOST } as const;
  const { items } = await call(api.GET('/v1/admin/organization-records', { params: { query } }));
  return items.map((record) => ({ kind: 'decision', key: record.uid, record }));
});

const records = source(
  'records',
  async () => {
    const { items } = await call(
      api.GET('/v1/organizations', { params: { query: { view: 'basic', pageSize: RECORDS } } }),
    );
    const found = await Promise.all(items.map(({ name }) => recordOf(name)));
    return found
      .filter((record) => record !== undefined)
      .filter(({ state }) => state === 'refused')
      .map((record) => ({ kind: 'record', key: record.uid, record }));
  },
  10 * POLL,
);

async function recordOf(name: string) {
  try {
    return await call(api.GET('/v1/organizations/{name}/record', { params: { path: { name } } }));
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}

/** Contracts whose definition is not committed: of the tenant's own chains, and of those that others share with it. */
async function uncommitted(): Promise<Place[]> {
  const query = { pageSize: MOST };
  const [contracts, chains] = await Promise.all([
    call(api.GET('/v1/contracts', { params: { query } })),
    call(api.GET('/v1/chains', { params: { query } })),
  ]);
  const own = contracts.items
    .filter(({ status }) => status?.proposal?.committed === false)
    .map(({ name, spec, status }) => ({
      chain: spec.chain,
      channel: status?.channel ?? '',
      contract: status?.name ?? spec.name ?? name,
    }));
  const shared = chains.items
    .filter(({ owner }) => owner)
    .flatMap(({ name, status }) =>
      (status?.contracts ?? [])
        .filter(({ state }) => state !== 'ready')
        .map((contract) => ({ chain: name, channel: contract.channel, contract: contract.name })),
    );
  return [...own, ...shared];
}

const approvals = source('approvals', async () => {
  const found = await Promise.all(
    (await uncommitted()).map((path) =>
      call(api.GET('/v1/chains/{chain}/channels/{channel}/contracts/{contract}', { params: { path } })),
    ),
  );
  return found
    .map((each) => ({ each, organizations: awaited(each) }))
    .filter(({ organizations }) => organizations.length > 0)
    .map(({ each, organizations }) => ({
      kind: 'approval',
      key: `${each.chain} ${each.channel} ${each.contract}`,
      approvals: each,
      organizations,
    }));
});

/** What has to be asked for, and the scope without which it is nobody's business. */
const SOURCES = [
  [operations, 'operations:read'],
  [certificates, 'identities:read'],
  [invitations, 'users:manage'],
  [approvals, 'governance:vote'],
  [records, 'organizations:write'],
  [decisions, 'platform:records'],
] as const;

/** Everything that waits for whoever is signed in, and what could not be asked. */
export function useTasks() {
  const { scopes, tenant } = useSession();
  const answers = useQueries({
    queries: SOURCES.filter(
      ([, scope]) => scopes.includes(scope) && (tenant != null || scope.startsWith('platform:')),
    ).map(([query]) => query),
  });
  return {
    tasks: answers.flatMap(({ data }) => data ?? []),
    isLoading: answers.some(({ isPending }) => isPending),
    failed: answers.find(({ error, data }) => error && !data),
  };
}
