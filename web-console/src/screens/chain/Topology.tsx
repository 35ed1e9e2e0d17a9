import { useQueries } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type CSSProperties, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '@/api/client';
import type { Chain } from '@/api/queries';
import { useFormat } from '@/i18n/format';
import { Badge, Button, Card, Icon, StateBadge } from '@/kit';
import { nodeQuery } from './queries';
import { margin } from './quorum';
import { type Node, type Place, type Rail, type Topology as Shape, topologyOf } from './topology';
import './topology.css';

/** Places that are shown at once; the rest on demand. */
const MOST = 12;

/** A chain as a picture that is a list as well: channels as rails, and who stands at each with which nodes. */
export function Topology({ chain }: { chain: Chain }) {
  const { t } = useTranslation();
  const [isWhole, setWhole] = useState(false);
  const leaders = useLeaders(chain);
  const shape = topologyOf(chain);
  const { channels, places, rails } = shape;
  if (places.length === 0) return null;
  const shown = isWhole ? places : places.slice(0, MOST);
  return (
    <Card title={t('chain.topology.title')} actions={<Legend />}>
      <div className="topology">
        <ul aria-label={t('chain.tabs.channels')}>
          {channels.map((name, row) => (
            <li key={name} className="topology-row">
              <Rails rails={rails[row]} />
              <ChannelHead chain={chain} name={name} />
            </li>
          ))}
        </ul>
        <ul aria-label={t('chain.topology.places')}>
          {shown.map((place, row) => (
            <li key={`${place.kind} ${place.name}`} className="topology-row topology-place">
              <Rails rails={rails[channels.length + row]} />
              <PlaceBox chain={chain} place={place} shape={shape} leaders={leaders} />
            </li>
          ))}
        </ul>
      </div>
      {shown.length < places.length && (
        <Button look="quiet" onClick={() => setWhole(true)}>
          {t('chain.topology.more', { count: places.length - shown.length })}
        </Button>
      )}
    </Card>
  );
}

/** The orderers that lead a channel, as each tells when it is asked. */
function useLeaders({ name, status }: Chain): string[] {
  const orderers = status?.nodes?.filter(({ role }) => role === 'orderer') ?? [];
  return useQueries({
    queries: orderers.map((orderer) => nodeQuery(name, orderer.name)),
    combine: (answers) =>
      answers.flatMap(({ data }) => (data?.channels.some(({ leader }) => leader) ? [data.name] : [])),
  });
}

/** For eyes alone: the words beside it say on which channels a place stands. */
function Rails({ rails = [] }: { rails: Rail[] | undefined }) {
  return (
    <div className="rails" aria-hidden="true">
      {rails.map((rail, index) => (
        <i
          // biome-ignore lint/suspicious/noArrayIndexKey: a rail is its place
          key={index}
          className={`rail rail-${rail}`}
          style={{ '--rail': `var(--rail-${(index % 4) + 1})` } as CSSProperties}
        />
      ))}
    </div>
  );
}

function ChannelHead({ chain, name }: { chain: Chain; name: string }) {
  const { t } = useTranslation();
  const format = useFormat();
  const channel = chain.status?.channels?.find((each) => each.name === name);
  const contracts = chain.status?.contracts?.filter((each) => each.channel === name) ?? [];
  return (
    <div className="topology-channel">
      <Link to="/chains/$chain/explorer/$channel" params={{ chain: chain.name, channel: name }}>
        <strong>{name}</strong>
      </Link>
      {channel?.state && channel.state !== 'ready' && <StateBadge state={channel.state} />}
      {channel?.height != null && (
        <span className="muted small">
          {t('chain.topology.height', { height: format.number(channel.height) })}
        </span>
      )}
      {contracts.map((contract) => (
        <ContractLink key={contract.name} contract={contract} />
      ))}
    </div>
  );
}

function ContractLink({
  contract: { resource, name, version, state },
}: {
  contract: Schemas['ContractSummary'];
}) {
  return (
    <Link
      className="topology-contract small"
      to="/contracts/$contract"
      params={{ contract: resource ?? name }}
    >
      {version ? `${name} ${version}` : name}
      {state && state !== 'ready' && <StateBadge state={state} />}
    </Link>
  );
}

type PlaceProps = { chain: Chain; place: Place; shape: Shape; leaders: string[] };

function PlaceBox({ chain, place, shape, leaders }: PlaceProps) {
  const { t } = useTranslation();
  const format = useFormat();
  const isOrdering = place.kind === 'ordering';
  return (
    <section className="topology-box" data-kind={place.kind}>
      <div className="topology-head">
        {isOrdering ? (
          <strong>{t('chain.topology.ordering')}</strong>
        ) : (
          <Link to="/organizations/$organization" params={{ organization: place.name }}>
            <strong>{place.name}</strong>
          </Link>
        )}
        <span className="muted small">
          {isOrdering ? (
            <Spare nodes={place.nodes} />
          ) : place.channels.length === 0 ? (
            t('chain.topology.noChannel')
          ) : (
            t('chain.topology.on', {
              channels:
                place.channels.length === shape.channels.length && shape.channels.length > 1
                  ? t('chain.topology.all')
                  : format.list(place.channels),
            })
          )}
        </span>
      </div>
      {place.nodes.length > 0 ? (
        <ul className="topology-nodes">
          {place.nodes.map((node) => (
            <li key={node.name}>
              <NodeLink chain={chain.name} node={node} leads={leaders.includes(node.name)} />
            </li>
          ))}
        </ul>
      ) : (
        <p className="muted small">
          {place.isElsewhere ? t('chain.topology.elsewhere') : t('chain.topology.noNodes')}
        </p>
      )}
    </section>
  );
}

function Spare({ nodes }: { nodes: Node[] }) {
  const { t } = useTranslation();
  const spare = margin(nodes.filter(({ state }) => state === 'ready').length, nodes.length);
  return spare < 0 ? t('chain.topology.noQuorum') : t('chain.topology.spare', { count: spare });
}

const GLYPHS = {
  orderer: <path d="M8 1.500 13.600 4.800v6.400L8 14.500l-5.600-3.300V4.800z" />,
  peer: (
    <path d="M2.500 4c0-1.400 2.500-2.200 5.500-2.200s5.500.8 5.500 2.200-2.500 2.200-5.500 2.200S2.500 5.400 2.500 4Zm0 0v8c0 1.400 2.500 2.200 5.500 2.200s5.500-.8 5.500-2.200V4M2.500 8c0 1.400 2.500 2.200 5.500 2.200s5.500-.8 5.500-2.200" />
  ),
};

function NodeLink({ chain, node, leads }: { chain: string; node: Node; leads: boolean }) {
  const { t } = useTranslation();
  return (
    <Link
      to="/chains/$chain/nodes"
      params={{ chain }}
      search={{ node: node.name }}
      className="topology-node"
      data-state={node.state ?? 'pending'}
    >
      <Icon>{node.role === 'orderer' ? GLYPHS.orderer : GLYPHS.peer}</Icon>
      <span>{node.name}</span>
      {leads && <Badge plain>{t('chain.topology.leads')}</Badge>}
      {node.state !== 'ready' && <StateBadge state={node.state ?? 'pending'} />}
    </Link>
  );
}

function Legend() {
  const { t } = useTranslation();
  return (
    <ul className="topology-legend small muted">
      <li>
        <Icon>{GLYPHS.orderer}</Icon>
        {t('chain.nodes.orderer')}
      </li>
      <li>
        <Icon>{GLYPHS.peer}</Icon>
        {t('chain.nodes.peer')}
      </li>
      <li>
        <i className="rail rail-stop topology-legend-rail" aria-hidden="true" />
        {t('chain.topology.isOn')}
      </li>
    </ul>
  );
}
