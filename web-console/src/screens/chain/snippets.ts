/** What one writes to use a contract of a chain, in several languages. */

export type Place = {
  server: string;
  chain: string;
  organization: string;
  channel: string;
  contract: string;
};

export type Language = 'shell' | 'curl' | 'node';

/** A word of a shell, quoted where it needs to be. */
const word = (text: string) => (/^[\w./:-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

export const SNIPPETS: Record<Language, (place: Place) => string> = {
  shell: ({ chain, organization, channel, contract }) =>
    [
      '# enrols an application, and writes its certificate, its key and the connection profile to my-app',
      `entente chain connect ${word(chain)} --organization ${word(organization)} --channel ${word(channel)} --contract ${word(contract)} --out my-app`,
      '',
    ].join('\n'),

  curl: ({ server, chain, organization, channel, contract }) =>
    [
      '# ENTENTE_TOKEN is an API key; FUNCTION is a function of the contract',
      `curl -sS ${word(`${server}/v1/chains/${chain}/channels/${channel}/contracts/${contract}:evaluate`)} \\`,
      '  -H "Authorization: Bearer $ENTENTE_TOKEN" -H \'Content-Type: application/json\' \\',
      `  -d ${word(JSON.stringify({ function: 'FUNCTION', arguments: [], organization }))}`,
      '',
    ].join('\n'),

  node: () => `// npm install @hyperledger/fabric-gateway @grpc/grpc-js
// my-app is what "entente chain connect" wrote; FUNCTION is a function of the contract
import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as grpc from '@grpc/grpc-js';
import { connect, hash, signers } from '@hyperledger/fabric-gateway';

const c = JSON.parse(readFileSync('my-app/connection.json'));
const file = (name) => readFileSync(\`my-app/\${name}\`);

const client = new grpc.Client(c.endpoint, grpc.credentials.createSsl(file(c.tlsRootCertificate)));
const gateway = connect({
  client,
  identity: { mspId: c.mspId, credentials: file(c.certificate) },
  signer: signers.newPrivateKeySigner(createPrivateKey(file(c.privateKey))),
  hash: hash.sha256,
});
const contract = gateway.getNetwork(c.channel).getContract(c.contract);
const answer = await contract.evaluateTransaction('FUNCTION');
console.log(Buffer.from(answer).toString());
gateway.close();
client.close();
`,
};
