import { type Guide, literals, type Target } from './target';

export const node = (target: Target): Guide => ({
  files: [
    {
      name: 'app.mjs',
      text: `import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as grpc from '@grpc/grpc-js';
import { connect, hash, signers } from '@hyperledger/fabric-gateway';

const file = (name) => readFileSync(\`my-app/\${name}\`);
const here = JSON.parse(file('connection.json'));

const client = new grpc.Client(here.endpoint, grpc.credentials.createSsl(file(here.tlsRootCertificate)));
const gateway = connect({
  client,
  identity: { mspId: here.mspId, credentials: file(here.certificate) },
  signer: signers.newPrivateKeySigner(createPrivateKey(file(here.privateKey))),
  hash: hash.sha256,
});
try {
  const contract = gateway.getNetwork(here.channel).getContract(here.contract);
  const answer = await contract.${target.isSubmit ? 'submit' : 'evaluate'}Transaction(${literals(target)});
  console.log(Buffer.from(answer).toString());
} finally {
  gateway.close();
  client.close();
}
`,
    },
  ],
  run: `npm install @hyperledger/fabric-gateway @grpc/grpc-js
node app.mjs`,
});
