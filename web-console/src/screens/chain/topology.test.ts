import { expect, test } from 'vitest';
import type { Chain } from '@/api/queries';
import { topologyOf } from './topology';

const node = (name: string, role: string, organization: string) => ({ name, role, organization });
const chain = (spec: object, status: object) => ({ spec, status }) as unknown as Chain;

test("a channel's rail runs from its own row to the last organization that shares it", () => {
  const { channels, places, rails } = topologyOf(
    chain(
      { members: [{ organization: 'bank' }, { organization: 'audit' }, { organization: 'city' }] },
      {
        nodes: [node('orderer0', 'orderer', 'platform'), node('peer0-bank', 'peer', 'bank')],
        channels: [
          { name: 'main', members: ['bank', 'audit', 'city'] },
          { name: 'secret', members: ['bank'] },
        ],
      },
    ),
  );

  expect(channels).toEqual(['main', 'secret']);
  expect(places.map((place) => [place.kind, place.name, place.nodes.length, place.channels])).toEqual([
    ['ordering', '', 1, ['main', 'secret']],
    ['organization', 'bank', 1, ['main', 'secret']],
    ['organization', 'audit', 0, ['main']],
    ['organization', 'city', 0, ['main']],
  ]);
  expect(rails).toEqual([
    ['begin', 'none'],
    ['pass', 'begin'],
    ['stop', 'stop'],
    ['stop', 'end'],
    ['stop', 'none'],
    ['end', 'none'],
  ]);
});

test('an organization of another tenant is there without its nodes', () => {
  const { places } = topologyOf(
    chain(
      { members: [{ organization: 'rival', namespace: 'tenant-rival' }] },
      { channels: [{ name: 'main', members: ['rival'] }] },
    ),
  );

  expect(places).toEqual([
    { kind: 'organization', name: 'rival', nodes: [], channels: ['main'], isElsewhere: true },
  ]);
});
