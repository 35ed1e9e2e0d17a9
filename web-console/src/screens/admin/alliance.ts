import { api, call, type Schemas } from '@/api/client';
import { listOptions, present } from '@/api/queries';

export type Institution = Schemas['Institution'];

export const SECTORS = [
  'bank',
  'securities',
  'insurance',
  'fund',
  'regionalEquityExchange',
  'technology',
] as const satisfies Schemas['Sector'][];
export const LEVELS = ['national', 'province', 'city', 'county'] as const satisfies Schemas['Level'][];

type Filter = {
  text?: string | undefined;
  region?: string | undefined;
  sector?: Schemas['Sector'] | undefined;
  level?: Schemas['Level'] | undefined;
};

export const allianceQuery = (filter: Filter) =>
  listOptions(['admin', 'alliance', filter], (pageToken) =>
    call(api.GET('/v1/alliance', { params: { query: present({ ...filter, pageToken }) } })),
  );

/** Every institution that the directory has now. */
export async function wholeDirectory(): Promise<Institution[]> {
  const all: Institution[] = [];
  let pageToken: string | undefined;
  do {
    const query = present({ pageSize: 200, pageToken });
    const page = await call(api.GET('/v1/alliance', { params: { query } }));
    all.push(...page.items);
    pageToken = page.nextPageToken ?? undefined;
  } while (pageToken);
  return all;
}

/** What a file says, read as a directory; `undefined` when it is none. What each institution lacks, the platform says. */
export function directoryOf(text: string): Schemas['Directory'] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isDirectory =
      typeof value === 'object' &&
      value !== null &&
      'institutions' in value &&
      Array.isArray(value.institutions);
    return isDirectory ? (value as Schemas['Directory']) : undefined;
  } catch {
    return undefined;
  }
}

/** How one directory differs from another. */
export function difference(before: Institution[], after: Institution[]) {
  const known = new Map(before.map((each) => [each.name, each]));
  const names = new Set(after.map(({ name }) => name));
  const isSame = (left: Institution, right: Institution) =>
    (['displayName', 'sector', 'region', 'level'] as const).every((part) => left[part] === right[part]);
  return {
    added: after.filter(({ name }) => !known.has(name)),
    changed: after.filter((each) => {
      const old = known.get(each.name);
      return old !== undefined && !isSame(old, each);
    }),
    removed: before.filter(({ name }) => !names.has(name)),
  };
}
