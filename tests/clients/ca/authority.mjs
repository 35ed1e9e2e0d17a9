// Reaches the authority that CONNECTION describes:
//   {url, name, trust, id, secret}
// where `trust` is the TLS root in PEM, as a path relative to the file, and `id` and `secret` are those of the registrar.
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

import FabricCAServices from 'fabric-ca-client';
import common from 'fabric-common';

const { User, Utils } = common;

export const file = process.env.CONNECTION;
export const settings = JSON.parse(readFileSync(file, 'utf8'));

export function services(name = settings.name) {
  const suite = Utils.newCryptoSuite();
  suite.setCryptoKeyStore(Utils.newCryptoKeyStore(undefined, mkdtempSync(join(tmpdir(), 'entente-ca-'))));
  const trustedRoots = [readFileSync(resolve(dirname(file), settings.trust))];
  return new FabricCAServices(settings.url, { trustedRoots, verify: true }, name, suite);
}

/** Somebody who has enrolled, as the client wants to see him. */
export async function user(ca, id, enrollment) {
  const user = new User(id);
  user.setCryptoSuite(ca.getCryptoSuite());
  await user.setEnrollment(enrollment.key, enrollment.certificate, 'BankMSP');
  return user;
}

export async function enroll(ca, enrollmentID, enrollmentSecret, options = {}) {
  return user(ca, enrollmentID, await ca.enroll({ enrollmentID, enrollmentSecret, ...options }));
}
