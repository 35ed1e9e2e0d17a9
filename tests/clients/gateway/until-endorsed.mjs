// Repeats a transaction of `notes` until it commits: then every organization's endorsers are known to the gateway.
//
//   node until-endorsed.mjs --seconds 60
import { parseArgs } from 'node:util';

import { dial, gateway, read } from './connection.mjs';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' } } });
const settings = read();
const client = dial(settings);
const session = gateway(settings, client);
const contract = session.getNetwork(settings.channel).getContract(settings.contract);
const end = Date.now() + Number(values.seconds) * 1000;
for (;;) {
  try {
    await contract.submitTransaction('put', 'until-endorsed', 'x');
    break;
  } catch (error) {
    if (Date.now() > end) throw error;
    await new Promise((done) => setTimeout(done, 200));
  }
}
session.close();
client.close();
