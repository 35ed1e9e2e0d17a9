/** Who takes part in a chain, with which nodes, on which channels: rows that rails of channels run along. */
import type { Schemas } from '@/api/client';
import type { Chain } from '@/api/queries';

export type Node = Schemas['NodeStatus'];

/** The ordering service, or an organization. */
export type Place = {
  kind: 'ordering' | 'organization';
  name: string;
  nodes: Node[];
  channels: string[];
  /** Its nodes are run for another tenant, which alone sees them. */
  isElsewhere: boolean;
};

export type Rail = 'none' | 'begin' | 'pass' | 'stop' | 'end';

export type Topology = {
  channels: string[];
  places: Place[];
  /** For each channel's own row, then for each place: what each channel's rail does there. */
  rails: Rail[][];
};

export function topologyOf({ spec, status }: Chain): Topology {
  const nodes = status?.nodes ?? [];
  const served = status?.channels ?? [];
  const channels = served.map(({ name }) => name);
  const of = (role: string, organization?: string) =>
    nodes.filter(
      (node) => node.role === role && (organization === undefined || node.organization === organization),
    );
  const members = spec.members ?? [];
  const names = new Set([
    ...members.map(({ organization }) => organization),
    ...of('peer').map(({ organization }) => organization),
    ...served.flatMap((channel) => channel.members ?? []),
  ]);
  const orderers = of('orderer');
  const places: Place[] = [
    ...(orderers.length > 0
      ? [{ kind: 'ordering' as const, name: '', nodes: orderers, channels, isElsewhere: false }]
      : []),
    ...[...names].map((name) => ({
      kind: 'organization' as const,
      name,
      nodes: of('peer', name),
      channels: served.filter((channel) => channel.members?.includes(name)).map((channel) => channel.name),
      isElsewhere: members.some((member) => member.organization === name && member.namespace),
    })),
  ];
  return { channels, places, rails: railsOf(channels, places) };
}

/** A channel's rail begins at the channel's own row and ends at the last place that shares it. */
function railsOf(channels: string[], places: Place[]): Rail[][] {
  const last = channels.map((channel) => places.findLastIndex((place) => place.channels.includes(channel)));
  return [
    ...channels.map((_, row) =>
      channels.map((_, rail): Rail => {
        if (rail === row) return (last[rail] ?? -1) < 0 ? 'none' : 'begin';
        return rail < row && (last[rail] ?? -1) >= 0 ? 'pass' : 'none';
      }),
    ),
    ...places.map((place, row) =>
      channels.map((channel, rail): Rail => {
        const end = last[rail] ?? -1;
        if (row > end) return 'none';
        if (row === end) return 'end';
        return place.channels.includes(channel) ? 'stop' : 'pass';
      }),
    ),
  ];
}
