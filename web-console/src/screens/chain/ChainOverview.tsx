import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { type Chain, chainQuery } from '@/api/queries';
import { Badge, Card, Loaded, Time } from '@/kit';
import { ConnectCard } from './connect/ConnectCard';
import { Figures } from './Figures';
import { type Layer, layersOf, margin } from './layers';
import { Topology } from './Topology';

const route = getRouteApi('/shell/chains/$chain/');

/** How a chain is: its figures, who takes part with what, its health layer by layer, and how to connect to it. */
export function ChainOverview() {
  const { chain: name } = route.useParams();
  const query = useQuery(chainQuery(name));
  return (
    <Loaded query={query}>
      {(chain) => (
        <div className="stack">
          <Trouble chain={chain} />
          <Figures chain={chain} />
          <Topology chain={chain} />
          <Health chain={chain} />
          <ConnectCard chain={chain} />
          <About chain={chain} />
        </div>
      )}
    </Loaded>
  );
}

/** What is the matter, in the platform's words; nothing while all is well. */
function Trouble({ chain }: { chain: Chain }) {
  const wrong = chain.status?.conditions?.filter(
    ({ type, status }) => (type === 'Ready' || type === 'Accepted') && status === 'False',
  );
  if (!wrong?.length) return null;
  return wrong.map(({ type, reason, message }) => (
    <div key={type} className="notice notice-warn" role="status">
      <strong>{reason}</strong>
      <span className="grow">{message}</span>
    </div>
  ));
}

function Health({ chain }: { chain: Chain }) {
  const { t } = useTranslation();
  return (
    <Card title={t('chain.health.title')}>
      <ol className="layers">
        {layersOf(chain).map((layer) => (
          <li key={layer.name} className="layer stack-s">
            <strong>{t(`chain.health.${layer.name}`)}</strong>
            <span>
              <Badge tone={layer.health}>{t(`chain.health.state.${layer.health}`)}</Badge>
            </span>
            <span className="muted small">
              <LayerText layer={layer} />
            </span>
          </li>
        ))}
      </ol>
    </Card>
  );
}

function LayerText({ layer: { name, health, good, all } }: { layer: Layer }) {
  const { t } = useTranslation();
  if (name === 'application') return t(health === 'ok' ? 'chain.health.passes' : 'chain.health.notProbed');
  if (all === 0) return t('chain.health.none');
  if (name !== 'consensus') return t(`chain.health.${name}Text`, { good, all });
  const spare = margin(good, all);
  return spare < 0
    ? t('chain.health.noQuorum', { good, all })
    : t('chain.health.consensusText', { good, all, count: spare });
}

function About({ chain: { spec, status, createTime } }: { chain: Chain }) {
  const { t } = useTranslation();
  const facts: [string, ReactNode][] = [
    [t('chain.figures.release'), status?.release ?? spec.release ?? '–'],
    [t('chain.figures.engine'), status?.engine ?? '–'],
    [t('chain.figures.created'), createTime ? <Time key="created" value={createTime} /> : '–'],
  ];
  return (
    <Card title={t('chain.figures.title')}>
      {spec.description && <p className="chain-purpose">{spec.description}</p>}
      <dl className="facts">
        {facts.map(([name, value]) => (
          <div key={name} className="chain-fact">
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}
