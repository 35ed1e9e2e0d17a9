/** What several screens ask for. A screen's own questions stand beside the screen. */
import { type InfiniteData, infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api, call, type Schemas } from './client';

/** A list as the server pages it. */
export type Page<T> = { items: T[]; nextPageToken?: string | null };

/** Options of a list that is fetched page by page, by the server's own tokens. */
export function listOptions<T>(
  key: readonly unknown[],
  fetchPage: (pageToken: string | undefined) => Promise<Page<T>>,
) {
  return infiniteQueryOptions<Page<T>, Error, InfiniteData<Page<T>>, readonly unknown[], string | undefined>({
    queryKey: key,
    queryFn: ({ pageParam }) => fetchPage(pageParam),
    initialPageParam: undefined,
    getNextPageParam: (page) => page.nextPageToken ?? undefined,
  });
}

/** What a list of resources may be narrowed by; each stands in the URL under its own name. */
export type ResourceFilter = { q?: string | undefined; state?: Schemas['State'] | undefined };

/** Every state of a resource, in the order of its life. */
export const RESOURCE_STATES = [
  'pending',
  'provisioning',
  'ready',
  'updating',
  'degraded',
  'failed',
  'rejected',
  'suspended',
  'deleting',
] as const satisfies Schemas['State'][];

/** The parameters of a query that have a value. */
export const present = <T extends object>(values: T) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && value !== '')) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };

export const chainsQuery = (filter: ResourceFilter = {}) =>
  listOptions(['chains', filter], (pageToken) =>
    call(api.GET('/v1/chains', { params: { query: present({ ...filter, pageToken }) } })),
  );

export const chainQuery = (name: string) =>
  queryOptions({
    queryKey: ['chains', name],
    queryFn: () => call(api.GET('/v1/chains/{name}', { params: { path: { name } } })),
  });

/** The tenant that one works in, with its quotas and what is used of them. */
export const tenantQuery = queryOptions({ queryKey: ['tenant'], queryFn: () => call(api.GET('/v1/tenant')) });

export const organizationsQuery = (filter: ResourceFilter = {}) =>
  listOptions(['organizations', filter], (pageToken) =>
    call(api.GET('/v1/organizations', { params: { query: present({ ...filter, pageToken }) } })),
  );

export type OperationFilter = {
  targetKind?: string;
  targetName?: string;
  running?: boolean;
  pageSize?: number;
};

export const operationsQuery = (filter: OperationFilter = {}) =>
  listOptions(['operations', filter], (pageToken) =>
    call(api.GET('/v1/operations', { params: { query: present({ ...filter, pageToken }) } })),
  );

export const operationQuery = (operation: string) =>
  queryOptions({
    queryKey: ['operations', operation],
    queryFn: () => call(api.GET('/v1/operations/{operation}', { params: { path: { operation } } })),
  });

export type Chain = Schemas['Chain'];
export type Organization = Schemas['Organization'];
export type Operation = Schemas['Operation'];

/** Changes one parameter of a search; an empty value takes it away. */
export const narrowed =
  <K extends string>(name: K, value: string) =>
  <S extends object>(search: S): S => {
    const { [name as unknown as keyof S]: _, ...rest } = search;
    return { ...rest, ...(value && { [name]: value }) } as S;
  };
