import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '@/api/client';
import { useFormat } from '@/i18n/format';
import { Badge, Tile, Tiles } from '@/kit';
import { sizeOf } from '../usage/quotas';
import { SOON } from './expiry';
import { nodeQuery } from './queries';

type Sample = { at: number; cpuSeconds: number };

/** What a node takes of its machine, and how long its certificate is good for. */
export function NodeUsage({ chain, node }: { chain: string; node: string }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { data, dataUpdatedAt } = useQuery(nodeQuery(chain, node));
  const cores = useCores(data?.usage, dataUpdatedAt);
  if (!data) return null;
  const { usage, certificateDaysLeft: days } = data;
  const rounded = (value: number) => format.number(Math.round(value * 100) / 100);
  const size = (bytes: number | null | undefined) => {
    if (bytes == null) return '–';
    const [number, unit] = sizeOf(bytes);
    return `${rounded(number)} ${unit}`;
  };
  return (
    <section className="stack-s">
      <h3>{t('chain.nodes.usage')}</h3>
      <Tiles>
        <Tile
          label={t('chain.nodes.cpu')}
          note={
            usage.cpuSeconds != null &&
            t('chain.nodes.cpuTotal', { time: format.duration(usage.cpuSeconds * 1000) })
          }
        >
          {cores === undefined ? '–' : format.percent(cores)}
        </Tile>
        <Tile label={t('chain.nodes.memory')} isWords>
          {size(usage.memoryBytes)}
        </Tile>
        <Tile label={t('chain.nodes.disk')} isWords>
          {size(usage.diskBytes)}
        </Tile>
        <Tile
          label={t('chain.nodes.certificateDays')}
          extra={days != null && days < SOON && <Badge tone="warn">{t('chain.figures.soon')}</Badge>}
        >
          {days == null ? '–' : format.number(days)}
        </Tile>
      </Tiles>
    </section>
  );
}

/** Processors that were busy between the last two answers; unknown before the second, and while the node starts anew. */
function useCores(usage: Schemas['NodeUsage'] | undefined, at: number): number | undefined {
  const [samples, setSamples] = useState<Sample[]>([]);
  const cpuSeconds = usage?.cpuSeconds;
  useEffect(() => {
    if (cpuSeconds != null) setSamples((before) => [...before, { at, cpuSeconds }].slice(-2));
  }, [cpuSeconds, at]);
  const [first, second] = samples;
  if (!first || !second || second.at <= first.at || second.cpuSeconds < first.cpuSeconds) return undefined;
  return ((second.cpuSeconds - first.cpuSeconds) * 1000) / (second.at - first.at);
}
