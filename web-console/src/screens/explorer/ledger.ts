/** What the explorer asks of a channel's ledger. */
import { queryOptions } from '@tanstack/react-query';
import { api, call, type Schemas } from '@/api/client';
import { listOptions } from '@/api/queries';

export type Block = Schemas['Block'];
export type Transaction = Schemas['Transaction'];
export type TransactionSummary = Schemas['TransactionSummary'];
export type Key = Schemas['Key'];
export type KeyVersion = Schemas['KeyVersion'];
export type Bytes = Schemas['Bytes'];

/** The transaction that had written what was read. */
export const writtenBy = ({ version }: Schemas['Read']) => version ?? undefined;

/** A channel of a chain. */
export type Channel = { chain: string; channel: string };

/** What transactions may be narrowed by; each stands in the URL under its own name. */
export const TRANSACTION_FILTERS = ['creator', 'contract', 'function', 'code', 'from', 'to'] as const;
export type TransactionFilter = { [name in (typeof TRANSACTION_FILTERS)[number]]?: string };

/** Everything that grows with the ledger; asked again when a block comes. */
export const growing = ({ chain, channel }: Channel) => ['ledger', chain, channel, 'growing'] as const;

const page = (pageToken: string | undefined) => (pageToken === undefined ? {} : { pageToken });

export const blocksQuery = (of: Channel) =>
  listOptions([...growing(of), 'blocks'], (pageToken) =>
    call(
      api.GET('/v1/chains/{chain}/channels/{channel}/blocks', {
        params: { path: of, query: { pageSize: 25, ...page(pageToken) } },
      }),
    ),
  );

/** A block by its number, its hash, or `newest`. */
export const blockQuery = (of: Channel, block: string) =>
  queryOptions({
    queryKey: ['ledger', of.chain, of.channel, 'block', block],
    queryFn: () =>
      call(
        api.GET('/v1/chains/{chain}/channels/{channel}/blocks/{block}', {
          params: { path: { ...of, block } },
        }),
      ),
  });

export const transactionsQuery = (of: Channel, filter: TransactionFilter) =>
  listOptions([...growing(of), 'transactions', filter], (pageToken) =>
    call(
      api.GET('/v1/chains/{chain}/channels/{channel}/transactions', {
        params: { path: of, query: { pageSize: 25, ...filter, ...page(pageToken) } },
      }),
    ),
  );

export const transactionQuery = (of: Channel, transaction: string) =>
  queryOptions({
    queryKey: ['ledger', of.chain, of.channel, 'transaction', transaction],
    queryFn: () =>
      call(
        api.GET('/v1/chains/{chain}/channels/{channel}/transactions/{transaction}', {
          params: { path: { ...of, transaction } },
        }),
      ),
  });

/** How often to look again while the index has not caught up. */
const INDEXING = 1_000;

export const statisticsQuery = (of: Channel) =>
  queryOptions({
    queryKey: [...growing(of), 'statistics'],
    queryFn: () =>
      call(api.GET('/v1/chains/{chain}/channels/{channel}/statistics', { params: { path: of } })),
    refetchInterval: ({ state }) =>
      state.data && state.data.index.indexed < state.data.index.height ? INDEXING : false,
  });

export const searchQuery = (of: Channel, q: string) =>
  queryOptions({
    queryKey: ['ledger', of.chain, of.channel, 'search', q],
    queryFn: () =>
      call(api.GET('/v1/chains/{chain}/channels/{channel}/search', { params: { path: of, query: { q } } })),
    enabled: q !== '',
  });

export const keysQuery = (of: Channel, contract: string, prefix: string) =>
  listOptions([...growing(of), 'keys', contract, prefix], (pageToken) =>
    call(
      api.GET('/v1/chains/{chain}/channels/{channel}/contracts/{contract}/keys', {
        params: { path: { ...of, contract }, query: { pageSize: 50, prefix, ...page(pageToken) } },
      }),
    ),
  );

export const keyHistoryQuery = (of: Channel, contract: string, key: string) =>
  listOptions([...growing(of), 'history', contract, key], (pageToken) =>
    call(
      api.GET('/v1/chains/{chain}/channels/{channel}/contracts/{contract}/key-history', {
        params: { path: { ...of, contract }, query: { key, pageSize: 25, ...page(pageToken) } },
      }),
    ),
  );
