import { expect, test } from 'vitest';
import type { Chain } from '@/api/queries';
import { layersOf, margin } from './layers';

const orderer = (state: string) => ({ role: 'orderer', state });
const chain = (status: object) => ({ status }) as unknown as Chain;
const health = (status: object) =>
  Object.fromEntries(layersOf(chain(status)).map((one) => [one.name, one.health]));

test('three orderers survive the loss of one, and no more', () => {
  expect([margin(3, 3), margin(2, 3), margin(1, 3), margin(1, 1)]).toEqual([1, 0, -1, 0]);
});

test('each layer is told by its own facts', () => {
  const status = {
    nodes: [orderer('ready'), orderer('ready'), orderer('failed'), { role: 'peer', state: 'ready' }],
    channels: [{ name: 'main', state: 'ready' }],
    contracts: [{ name: 'evidence', state: 'failed' }],
    steps: [{ name: 'probe', state: 'succeeded' }],
  };

  expect(health(status)).toEqual({
    network: 'warn',
    data: 'ok',
    consensus: 'warn',
    contract: 'bad',
    application: 'ok',
  });
});

test('what is not there yet is neither well nor ill', () => {
  expect(new Set(Object.values(health({})))).toEqual(new Set(['quiet']));
});
