// Connects to a chain from the files that `entente chain connect` writes.
//
// CONNECTION names a JSON file:
//   {endpoint, tlsRootCertificate, mspId, certificate, privateKey, channel, contract}
// where the certificates and the key are paths relative to that file.
import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import * as grpc from '@grpc/grpc-js';
import { connect, hash, signers } from '@hyperledger/fabric-gateway';

export function read(file = process.env.CONNECTION) {
  if (!file) throw new Error('CONNECTION must name the connection file');
  const settings = JSON.parse(readFileSync(file, 'utf8'));
  const pem = (name) => readFileSync(resolve(dirname(file), settings[name]));
  return {
    ...settings,
    tlsRoot: pem('tlsRootCertificate'),
    credentials: pem('certificate'),
    key: createPrivateKey(pem('privateKey')),
  };
}

/** A gRPC channel to the peer; one may carry many gateways. */
export function dial(settings) {
  return new grpc.Client(settings.endpoint, grpc.credentials.createSsl(settings.tlsRoot), {
    'grpc.ssl_target_name_override': settings.hostOverride,
    'grpc.max_receive_message_length': 100 << 20,
  });
}

export function gateway(settings, client, options = {}) {
  const seconds = (n) => () => ({ deadline: Date.now() + n * 1000 });
  return connect({
    client,
    identity: { mspId: settings.mspId, credentials: settings.credentials },
    signer: signers.newPrivateKeySigner(settings.key),
    hash: hash.sha256,
    evaluateOptions: seconds(10),
    endorseOptions: seconds(20),
    submitOptions: seconds(10),
    commitStatusOptions: seconds(60),
    ...options,
  });
}
