import { queryOptions } from '@tanstack/react-query';
import { api, call, type Schemas } from '@/api/client';
import { listOptions, present, type ResourceFilter } from '@/api/queries';

export type Tenant = Schemas['Tenant'];
export type Quotas = Schemas['Quotas'];
export type NodeRelease = Schemas['NodeRelease'];

/** Others work on the platform, too. */
const POLL = 10_000;

export const tenantsQuery = (filter: ResourceFilter) => ({
  ...listOptions(['admin', 'tenants', filter], (pageToken) =>
    call(api.GET('/v1/admin/tenants', { params: { query: present({ ...filter, pageToken }) } })),
  ),
  refetchInterval: POLL,
});

export const tenantByNameQuery = (name: string) =>
  queryOptions({
    queryKey: ['admin', 'tenants', name],
    queryFn: () => call(api.GET('/v1/admin/tenants/{name}', { params: { path: { name } } })),
    refetchInterval: ({ state: { data } }) => (data?.state === 'ready' ? POLL : 1_000),
  });

export const tenantDeletableQuery = (name: string) =>
  queryOptions({
    queryKey: ['admin', 'tenants', name, 'deletable'],
    queryFn: () => call(api.GET('/v1/admin/tenants/{name}:deletable', { params: { path: { name } } })),
  });

/** Changes a tenant's spec; the parts that are absent stay. */
export const patchTenant = ({ name, etag }: Tenant, spec: Partial<Tenant['spec']>) =>
  call(
    api.PATCH('/v1/admin/tenants/{name}', {
      params: { path: { name }, header: { 'If-Match': etag } },
      // The document cannot say that a patch has the fields of the spec.
      body: { spec: spec as Record<string, never> },
      headers: { 'Content-Type': 'application/merge-patch+json' },
    }),
  );

export type RecordState = Schemas['RecordState'];

export const recordsQuery = (state: RecordState | undefined) => ({
  ...listOptions(['admin', 'records', state], (pageToken) =>
    call(api.GET('/v1/admin/organization-records', { params: { query: present({ state, pageToken }) } })),
  ),
  refetchInterval: POLL,
});

export const releasesQuery = (filter: ResourceFilter) => ({
  ...listOptions(['admin', 'releases', filter], (pageToken) =>
    call(api.GET('/v1/node-releases', { params: { query: present({ ...filter, pageToken }) } })),
  ),
  refetchInterval: POLL,
});

type FleetFilter = ResourceFilter & { tenant?: string | undefined; release?: string | undefined };

export const fleetQuery = (filter: FleetFilter) => ({
  ...listOptions(['admin', 'fleet', filter], (pageToken) =>
    call(api.GET('/v1/admin/fleet', { params: { query: present({ ...filter, pageToken }) } })),
  ),
  refetchInterval: POLL,
});

export const OPERATION_STATES = [
  'pending',
  'running',
  'succeeded',
  'failed',
  'cancelled',
] as const satisfies Schemas['OperationState'][];

type AllOperationsFilter = { tenant?: string | undefined; state?: Schemas['OperationState'] | undefined };

export const allOperationsQuery = (filter: AllOperationsFilter) => ({
  ...listOptions(['admin', 'operations', filter], (pageToken) =>
    call(api.GET('/v1/admin/operations', { params: { query: present({ ...filter, pageToken }) } })),
  ),
  refetchInterval: 3_000,
});

export const securityQuery = (language: string) =>
  queryOptions({
    queryKey: ['admin', 'security', language],
    queryFn: () => call(api.GET('/v1/admin/security')),
    refetchInterval: POLL,
  });

export const healthQuery = queryOptions({
  queryKey: ['admin', 'health'],
  queryFn: () => call(api.GET('/v1/admin/health')),
  refetchInterval: 5_000,
});
