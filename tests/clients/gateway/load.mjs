// Puts load on a contract through the official client and prints what came of it as one JSON line.
//
//   node load.mjs submit|evaluate --in-flight 100 --seconds 10
//
// submit: each call certifies a new digest and waits for its commit status. evaluate: each call reads one digest.
import { createHash, randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';

import { dial, gateway, read } from './connection.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'in-flight': { type: 'string', default: '100' },
    seconds: { type: 'string', default: '10' },
  },
});
const [kind] = positionals;
if (!['submit', 'evaluate'].includes(kind)) throw new Error('say submit or evaluate');

const settings = read();
const client = dial(settings);
const session = gateway(settings, client);
const contract = session.getNetwork(settings.channel).getContract(settings.contract);
const digest = () => createHash('sha256').update(randomBytes(16)).digest('hex');

const known = digest();
await contract.submitTransaction('Certify', known, 'load');

const calls = {
  submit: () => contract.submitTransaction('Certify', digest(), 'load'),
  evaluate: () => contract.evaluateTransaction('Get', known),
};

const latencies = [];
const failures = new Map();
const began = performance.now();
const end = began + Number(values.seconds) * 1000;
async function worker() {
  while (performance.now() < end) {
    const start = performance.now();
    try {
      await calls[kind]();
      latencies.push(performance.now() - start);
    } catch (error) {
      const cause = error.details?.[0]?.message ?? error.message;
      failures.set(cause, (failures.get(cause) ?? 0) + 1);
    }
  }
}
await Promise.all(Array.from({ length: Number(values['in-flight']) }, worker));
const seconds = (performance.now() - began) / 1000;

latencies.sort((a, b) => a - b);
const percentile = (p) => latencies[Math.min(latencies.length - 1, Math.floor((latencies.length * p) / 100))] ?? 0;
console.log(
  JSON.stringify({
    kind,
    calls: latencies.length,
    perSecond: latencies.length / seconds,
    p50: percentile(50),
    p99: percentile(99),
    failures: Object.fromEntries(failures),
  }),
);
session.close();
client.close();
