import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { type Chain, chainQuery } from '@/api/queries';
import { Card, Loaded, Time } from '@/kit';
import { ConnectCard } from './connect/ConnectCard';
import { Figures } from './Figures';
import { Health } from './Health';
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
          <Health chain={chain.name} />
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
