/** The health of a chain, layer by layer, from what the platform tells about it. */
import type { Chain } from '@/api/queries';

export const LAYERS = ['network', 'data', 'consensus', 'contract', 'application'] as const;
export type LayerName = (typeof LAYERS)[number];
export type Health = 'ok' | 'warn' | 'bad' | 'quiet';
export type Layer = { name: LayerName; health: Health; good: number; all: number };

const isReady = ({ state }: { state?: string }) => state === 'ready';

/** How many of a Raft group's members may still fail; negative when it has lost its quorum. */
export const margin = (ready: number, all: number) => ready - (Math.floor(all / 2) + 1);

export function layersOf({ status }: Chain): Layer[] {
  const nodes = status?.nodes ?? [];
  const channels = status?.channels ?? [];
  const contracts = status?.contracts ?? [];
  const orderers = nodes.filter(({ role }) => role === 'orderer');
  const ordering = orderers.filter(isReady).length;
  const spare = margin(ordering, orderers.length);
  const probe = status?.steps?.find(({ name }) => name === 'probe')?.state;
  return [
    part('network', nodes.filter(isReady).length, nodes.length),
    part('data', channels.filter(isReady).length, channels.length),
    {
      name: 'consensus',
      good: ordering,
      all: orderers.length,
      // One orderer alone has nothing to spare by its owner's choice; a group without any has lost what it had.
      health:
        orderers.length === 0 ? 'quiet' : spare < 0 ? 'bad' : ordering < orderers.length ? 'warn' : 'ok',
    },
    part('contract', contracts.filter(isReady).length, contracts.length),
    {
      name: 'application',
      good: probe === 'succeeded' ? 1 : 0,
      all: 1,
      health: probe === 'succeeded' ? 'ok' : probe === 'failed' ? 'bad' : 'quiet',
    },
  ];
}

function part(name: LayerName, good: number, all: number): Layer {
  return { name, good, all, health: all === 0 ? 'quiet' : good === all ? 'ok' : good === 0 ? 'bad' : 'warn' };
}
