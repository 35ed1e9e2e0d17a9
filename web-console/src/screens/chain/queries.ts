import { queryOptions } from '@tanstack/react-query';
import { api, call, type Schemas } from '@/api/client';

export type NodeDetail = Schemas['NodeDetail'];
export type Metric = Schemas['NodeMetric'];

/** How often a node is asked while somebody looks at it, and a chain's health. */
const POLL = 5_000;

/** What a node says about itself: how far it has come, what has happened to it, what it uses. */
export const nodeQuery = (chain: string, node: string) =>
  queryOptions({
    queryKey: ['chains', chain, 'node', node],
    queryFn: () => call(api.GET('/v1/chains/{chain}/nodes/{node}', { params: { path: { chain, node } } })),
    refetchInterval: POLL,
  });

export const metricsQuery = (chain: string, node: string, language: string) =>
  queryOptions({
    queryKey: ['chains', chain, 'node', node, 'metrics', language],
    queryFn: () =>
      call(api.GET('/v1/chains/{chain}/nodes/{node}/metrics', { params: { path: { chain, node } } })),
    refetchInterval: POLL,
  });

export const healthQuery = (chain: string, language: string) =>
  queryOptions({
    queryKey: ['chains', chain, 'health', language],
    queryFn: () => call(api.GET('/v1/chains/{chain}/health', { params: { path: { chain } } })),
    refetchInterval: POLL,
  });
