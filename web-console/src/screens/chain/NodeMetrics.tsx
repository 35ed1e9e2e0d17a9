import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { language } from '@/i18n';
import { useFormat } from '@/i18n/format';
import { Loaded } from '@/kit';
import { type Metric, metricsQuery } from './queries';
import { Sparkline } from './Sparkline';

/** Samples that a line is made of: five minutes of them. */
const KEPT = 60;

const keyOf = ({ name, channel }: Metric) => `${channel ?? ''} ${name}`;

/** What a node counts, with a line of how it has moved since the drawer was opened. */
export function NodeMetrics({ chain, node }: { chain: string; node: string }) {
  const { t } = useTranslation();
  const format = useFormat();
  const query = useQuery(metricsQuery(chain, node, language()));
  const [series, setSeries] = useState<Record<string, number[]>>({});
  const { data } = query;
  useEffect(() => {
    if (!data) return;
    setSeries((before) =>
      Object.fromEntries(
        data.metrics.map((metric) => [
          keyOf(metric),
          [...(before[keyOf(metric)] ?? []), metric.value].slice(-KEPT),
        ]),
      ),
    );
  }, [data]);
  return (
    <section className="stack-s">
      <h3>{t('chain.nodes.metrics')}</h3>
      <Loaded query={query}>
        {({ metrics }) =>
          metrics.length === 0 ? (
            <p className="muted small">{t('chain.nodes.noMetrics')}</p>
          ) : (
            <dl className="node-metrics">
              {metrics.map((metric) => (
                <div key={keyOf(metric)} className="node-metric" title={metric.name}>
                  <dt className="small">
                    {metric.meaning}
                    {metric.channel && <span className="muted"> · {metric.channel}</span>}
                  </dt>
                  <dd className="number">
                    {format.number(Math.round(metric.value * 1000) / 1000)} {metric.unit}
                  </dd>
                  <dd>
                    <Sparkline values={series[keyOf(metric)] ?? [metric.value]} />
                  </dd>
                </div>
              ))}
            </dl>
          )
        }
      </Loaded>
    </section>
  );
}
