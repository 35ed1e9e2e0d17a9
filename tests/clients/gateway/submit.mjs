// Submits one transaction and waits until it is committed: node submit.mjs FUNCTION ARGUMENT…
import { dial, gateway, read } from './connection.mjs';

const settings = read();
const client = dial(settings);
const session = gateway(settings, client);
try {
  const [name, ...args] = process.argv.slice(2);
  const result = await session
    .getNetwork(settings.channel)
    .getContract(settings.contract)
    .submitTransaction(name, ...args);
  console.log(Buffer.from(result).toString());
} finally {
  session.close();
  client.close();
}
