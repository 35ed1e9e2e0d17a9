/** What a text may mean anywhere in the tenant. */
import { queryOptions } from '@tanstack/react-query';
import { api, call, type Schemas } from '@/api/client';

/** Of each kind, as many as fit a page; a narrower text finds the others. */
const MOST = 10;
/** Pages of certificates that are read for a serial number: the API has no search for one. */
const PAGES = 20;

export const NAMED = ['chains', 'contracts', 'organizations', 'identities'] as const;
export type Named = { kind: (typeof NAMED)[number]; name: string; displayName?: string | null };
export type OnLedger = { chain: string; channel: string; hit: Schemas['Hit'] };

/** Whether a text can be a block's number, or a hash or an id or how it begins. */
export const isOfLedger = (q: string) => /^(\d+|[0-9a-f]{6,})$/i.test(q);

/** A serial number as the API has it, from how tools print it; `undefined` where it can be none. */
export function serialOf(q: string): string | undefined {
  const digits = q.replace(/[\s:]|^0x/gi, '').toLowerCase();
  return /^[0-9a-f]{6,}$/.test(digits) ? digits.replace(/^0+/, '') : undefined;
}

/** What is called so. What the caller may not read is not asked for. */
export const namedQuery = (q: string, scopes: string[]) =>
  queryOptions({
    queryKey: ['search', 'named', q],
    enabled: q !== '',
    queryFn: async (): Promise<Named[]> => {
      const found = await Promise.all(
        NAMED.filter((kind) => scopes.includes(`${kind}:read`)).map(async (kind) => {
          const { items } = await call(api.GET(`/v1/${kind}`, { params: { query: { q, pageSize: MOST } } }));
          return items.map(({ name, spec }) => ({
            kind,
            name,
            ...('displayName' in spec && { displayName: spec.displayName }),
          }));
        }),
      );
      return found.flat();
    },
  });

/** What is so on the tenant's ledgers; one that does not answer now is named. */
export const ledgerQuery = (q: string) =>
  queryOptions({
    queryKey: ['search', 'ledger', q],
    enabled: isOfLedger(q),
    queryFn: async (): Promise<{ found: OnLedger[]; silent: string[] }> => {
      const { items } = await call(api.GET('/v1/chains', { params: { query: { pageSize: 50 } } }));
      const places = items.flatMap(({ name, status }) =>
        (status?.channels ?? []).map((channel) => ({ chain: name, channel: channel.name })),
      );
      const answers = await Promise.allSettled(
        places.map((path) =>
          call(api.GET('/v1/chains/{chain}/channels/{channel}/search', { params: { path, query: { q } } })),
        ),
      );
      const found = places.flatMap((place, at) => {
        const answer = answers[at];
        return answer?.status === 'fulfilled' ? answer.value.items.map((hit) => ({ ...place, hit })) : [];
      });
      const silent = places.filter((_, at) => answers[at]?.status === 'rejected');
      return { found: found.slice(0, MOST * 2), silent: silent.map((of) => `${of.chain}/${of.channel}`) };
    },
  });

/** The certificates whose serial number is this or begins so. */
export const serialQuery = (q: string) =>
  queryOptions({
    queryKey: ['search', 'serial', q],
    enabled: serialOf(q) !== undefined,
    queryFn: async () => {
      const serial = serialOf(q) ?? '';
      const found: Schemas['CertificateView'][] = [];
      let pageToken: string | undefined;
      for (let page = 0; page < PAGES; page += 1) {
        const query = { pageSize: 100, ...(pageToken && { pageToken }) };
        const { items, nextPageToken } = await call(api.GET('/v1/certificates', { params: { query } }));
        found.push(
          ...items.filter(({ serialNumber }) =>
            serialNumber?.toLowerCase().replace(/^0+/, '').startsWith(serial),
          ),
        );
        if (!nextPageToken) break;
        pageToken = nextPageToken;
      }
      return found.slice(0, MOST);
    },
  });
