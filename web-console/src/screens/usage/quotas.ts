import { useTranslation } from 'react-i18next';
import type { Schemas } from '@/api/client';
import { useFormat } from '@/i18n/format';

/** One quota of a tenant. `used` is absent where it is not known. */
export type QuotaUse = { quota: string; limit?: number | null | undefined; used?: number };

const COUNTED = ['chains', 'organizations', 'peers'] as const;
const UNITS: Record<string, number> = { Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50 };

/** Bytes of a size as resources have it, such as `500Gi`. */
export function bytesOf(size: string): number | undefined {
  const [, number, unit] = /^(\d+(?:\.\d+)?)([KMGTP]i)?$/.exec(size.trim()) ?? [];
  return number === undefined ? undefined : Number(number) * (unit ? (UNITS[unit] ?? 1) : 1);
}

/** A number of bytes in the unit that people would choose. */
export function sizeOf(bytes: number): [number, string] {
  const found = Object.entries(UNITS).findLast(([, size]) => bytes >= size);
  return found ? [bytes / found[1], `${found[0]}B`] : [bytes, 'B'];
}

/** What a tenant resource tells of its quotas; how much storage and how many requests are used it does not know. */
export function quotasOfTenant({ spec, status }: Schemas['Tenant']): QuotaUse[] {
  const { quotas = {} } = spec;
  return [
    ...COUNTED.map((quota) => ({ quota, limit: quotas[quota], used: status?.usage?.[quota] ?? 0 })),
    { quota: 'storage', limit: quotas.storage == null ? null : bytesOf(quotas.storage) },
    { quota: 'requestsPerSecond', limit: quotas.requestsPerSecond },
  ];
}

/** Names and amounts of quotas; one that this console does not know yet goes by its own name. */
export function useQuotaWords() {
  const { t, i18n } = useTranslation();
  const format = useFormat();
  const name = (quota: string) =>
    i18n.exists(`usage.kind.${quota}`) ? t(`usage.kind.${quota}` as 'usage.kind.chains') : quota;
  const amount = (quota: string, value: number) => {
    if (quota !== 'storage') return format.number(value);
    const [number, unit] = sizeOf(value);
    return `${format.number(number)} ${unit}`;
  };
  return { name, amount };
}
