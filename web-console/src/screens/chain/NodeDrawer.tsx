import { useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, once } from '@/api/client';
import { useFormat } from '@/i18n/format';
import { Button, Copy, Dialog, Problem, StateBadge, Time, useRefusal } from '@/kit';
import { Logs } from './Logs';
import { NodeHealth } from './NodeHealth';
import { NodeMetrics } from './NodeMetrics';
import type { Node } from './Nodes';
import { NodeUsage } from './NodeUsage';
import { ScalePeers } from './ScalePeers';

/** One node: how it is, where it is, what it takes and says, a new start, and others beside it. */
export function NodeDrawer({ chain, node, onClose }: { chain: string; node: Node; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Dialog kind="drawer" title={node.name} onClose={onClose}>
      <div className="stack">
        <Facts node={node} />
        <Restart chain={chain} node={node} />
        {node.role === 'peer' && <ScalePeers chain={chain} organization={node.organization} />}
        <NodeUsage chain={chain} node={node.name} />
        <NodeHealth chain={chain} node={node.name} />
        <NodeMetrics chain={chain} node={node.name} />
        <Logs chain={chain} node={node.name} />
        <Link to="/chains/$chain/explorer" params={{ chain }} className="small">
          {t('chain.nodes.toExplorer')}
        </Link>
      </div>
    </Dialog>
  );
}

function Facts({ node }: { node: Node }) {
  const { t } = useTranslation();
  const format = useFormat();
  const address = (text: string) => (
    <span className="hash" key={text}>
      {text}
      <Copy text={text} />
    </span>
  );
  const facts: [string, ReactNode][] = [
    [t('chain.state'), node.state ? <StateBadge key="state" state={node.state} /> : '–'],
    [t('chain.organization'), node.organization],
    [t('chain.nodes.endpoint'), address(node.endpoint)],
  ];
  if (node.reason) facts.splice(1, 0, [t('chain.nodes.reason'), node.reason]);
  if (node.outsideEndpoint) facts.push([t('chain.nodes.outside'), address(node.outsideEndpoint)]);
  if (node.operationsEndpoint) facts.push([t('chain.nodes.operations'), address(node.operationsEndpoint)]);
  if (node.startTime) facts.push([t('chain.nodes.since'), <Time key="since" value={node.startTime} />]);
  facts.push([t('chain.nodes.restarts'), format.number(node.restarts ?? 0)]);
  if (node.certificateExpireTime)
    facts.push([t('chain.nodes.expires'), <Time key="expires" value={node.certificateExpireTime} />]);
  return (
    <dl className="facts">
      {facts.map(([name, value]) => (
        <div key={name} className="chain-fact">
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Starts the node anew, and leads to the operation that ends when it is ready again. */
function Restart({ chain, node }: { chain: string; node: Node }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const refusal = useRefusal('nodes:operate');
  const [operation, setOperation] = useState<string>();
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const restart = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const accepted = await call(
        api.POST('/v1/chains/{chain}/nodes/{node}:restart', {
          params: { path: { chain, node: node.name } },
          headers: once(),
        }),
      );
      setOperation(accepted.operation?.id);
      await queries.invalidateQueries({ queryKey: ['chains', chain] });
    } catch (caught) {
      setError(caught);
    }
    setBusy(false);
  };
  return (
    <div className="stack-s">
      <div className="row">
        <Button size="small" busy={isBusy} disabledReason={refusal} onClick={restart}>
          {t('chain.nodes.restart')}
        </Button>
        {operation && (
          <Link to="/operations/$operation" params={{ operation }}>
            {t('chain.followOperation')}
          </Link>
        )}
      </div>
      {error !== undefined && <Problem error={error} />}
    </div>
  );
}
