import { queryOptions } from '@tanstack/react-query';
import { api, call, type Schemas } from '@/api/client';
import { listOptions, present, type ResourceFilter } from '@/api/queries';

import { GET_METADATA } from './metadata';

export type Contract = Schemas['Contract'];

/** States in which nothing is under way. */
const SETTLED = new Set<Schemas['State']>(['ready', 'failed', 'rejected', 'suspended', 'degraded']);

export const contractsQuery = (filter: ResourceFilter & { chain?: string | undefined } = {}) =>
  listOptions(['contracts', filter], (pageToken) =>
    call(api.GET('/v1/contracts', { params: { query: present({ ...filter, pageToken }) } })),
  );

/** One contract, asked for again every second until it has come to rest. */
export const contractQuery = (name: string) =>
  queryOptions({
    queryKey: ['contracts', name],
    queryFn: () => call(api.GET('/v1/contracts/{name}', { params: { path: { name } } })),
    refetchInterval: ({ state: { data } }) => (data && !SETTLED.has(data.state) ? 1000 : false),
  });

/** Name of a contract on its channel, which clients call. */
export const calledName = (contract: Contract) =>
  contract.status?.name ?? contract.spec.name ?? contract.name;

/** What serves a contract. */
export type Source = 'template' | 'external' | 'image' | 'package';

export function sourceOf(spec: Schemas['ContractSpec']): { kind: Source; text: string } {
  if (spec.template) return { kind: 'template', text: spec.template };
  if (spec.external) return { kind: 'external', text: spec.external.address };
  if (spec.image) return { kind: 'image', text: spec.image };
  return { kind: 'package', text: '' };
}

/** A contract where it can be called. */
export type Place = { chain: string; channel: string; contract: string };

export type Proposal = Schemas['ContractProposal'];
export type Approvals = Schemas['ContractApprovals'];

/** What is proposed for a contract and who has decided what; asked for again while somebody's decision is awaited. */
export const approvalsQuery = (place: Place) =>
  queryOptions({
    queryKey: ['contracts', place, 'approvals'],
    queryFn: () =>
      call(
        api.GET('/v1/chains/{chain}/channels/{channel}/contracts/{contract}', { params: { path: place } }),
      ),
    refetchInterval: ({ state: { data } }) => (data?.proposal?.committed === false ? 2_000 : false),
  });

/** What a contract says about itself; each committed sequence may say something else. */
export const metadataQuery = (place: Place, sequence: number) =>
  queryOptions({
    queryKey: ['contracts', place, 'metadata', sequence],
    queryFn: () =>
      call(
        api.POST('/v1/chains/{chain}/channels/{channel}/contracts/{contract}:evaluate', {
          params: { path: place },
          body: { function: GET_METADATA },
        }),
      ),
    retry: false,
  });
