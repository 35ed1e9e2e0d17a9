// What an application and a registrar see of an authority through the official client.
import assert from 'node:assert/strict';
import { X509Certificate, randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { before, test } from 'node:test';

import { enroll, file, services, settings } from './authority.mjs';

let ca, registrar;
const read = (user) => new X509Certificate(user.getIdentity()._certificate);
// Units of one name stand in one set, which Node prints with plus signs and in the order of DER.
const units = (certificate) => [...certificate.subject.matchAll(/OU=([^+\n]+)/g)].map(([, unit]) => unit.trim()).sort();
/** The attributes extension: JSON behind its object identifier. */
const attributes = (certificate) => JSON.parse(/\{"attrs":\{.*?\}\}/.exec(certificate.raw.toString('latin1'))[0]).attrs;
const unique = (word) => `${word}-${randomUUID().slice(0, 8)}`;

before(async () => {
  ca = services();
  registrar = await enroll(ca, settings.id, settings.secret);
  // There already, where the authority's configuration names it.
  const lending = { name: 'lending.retail', caname: settings.name, force: true };
  await ca.newAffiliationService().create(lending, registrar).catch((error) => assert.equal(error.errors[0].code, 60));
});

async function register(options = {}) {
  const enrollmentID = unique('alice');
  const secret = await ca.register({ enrollmentID, role: 'client', affiliation: '', maxEnrollments: -1, ...options }, registrar);
  return { enrollmentID, secret };
}

test('the authority tells its name and its chain', async () => {
  const info = await ca.getCaInfo(registrar);

  assert.equal(info.caName, settings.name);
  assert.ok(read(registrar).checkIssued(new X509Certificate(info.caChain)));
});

test('a wrong secret is refused without a reason', async () => {
  const refused = await enroll(ca, settings.id, 'wrong').catch((error) => error);

  assert.match(refused.message, /code: 20, message: 'Authentication failure'/);
});

test('a registered identity enrols for a certificate with its type, affiliation and attributes', async () => {
  const { enrollmentID, secret } = await register({
    affiliation: 'lending.retail',
    attrs: [{ name: 'level', value: '3', ecert: true }, { name: 'hidden', value: '1' }],
  });

  const alice = await enroll(ca, enrollmentID, secret);

  const certificate = read(alice);
  assert.match(certificate.subject, new RegExp(`CN=${enrollmentID}`));
  assert.deepEqual(units(certificate), ['client', 'lending', 'retail']);
  assert.deepEqual(attributes(certificate), {
    'hf.Affiliation': 'lending.retail',
    'hf.EnrollmentID': enrollmentID,
    'hf.Type': 'client',
    level: '3',
  });
  // For the test that submits a transaction with it.
  writeFileSync(join(dirname(file), 'enrollment-id'), enrollmentID);
  writeFileSync(join(dirname(file), 'certificate.pem'), certificate.toString());
  writeFileSync(join(dirname(file), 'key.pem'), alice.getSigningIdentity()._signer._key.toBytes());
});

test('attributes that are asked for stand alone, and missing ones are named', async () => {
  const { enrollmentID, secret } = await register({ attrs: [{ name: 'level', value: '3' }] });

  const alice = await enroll(ca, enrollmentID, secret, { attr_reqs: [{ name: 'level' }, { name: 'other', optional: true }] });
  const refused = await enroll(ca, enrollmentID, secret, { attr_reqs: [{ name: 'other' }] }).catch((error) => error);

  assert.deepEqual(attributes(read(alice)), { level: '3' });
  assert.match(refused.message, /required attributes are missing.*other/);
});

test('the profile tls gives a certificate of the TLS authority', async () => {
  const { enrollmentID, secret } = await register();

  const enrollment = await ca.enroll({ enrollmentID, enrollmentSecret: secret, profile: 'tls' });

  const certificate = new X509Certificate(enrollment.certificate);
  assert.ok(certificate.checkIssued(new X509Certificate(enrollment.rootCertificate)));
  assert.ok(!certificate.checkIssued(new X509Certificate((await ca.getCaInfo(registrar)).caChain)));
  assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
});

test('a secret is good for as many certificates as it was registered for', async () => {
  const { enrollmentID, secret } = await register({ maxEnrollments: 2 });

  await enroll(ca, enrollmentID, secret);
  await enroll(ca, enrollmentID, secret);
  const refused = await enroll(ca, enrollmentID, secret).catch((error) => error);

  assert.match(refused.message, /Authentication failure/);
});

test('a certificate renews itself with another key', async () => {
  const { enrollmentID, secret } = await register();
  const alice = await enroll(ca, enrollmentID, secret);

  const renewed = new X509Certificate((await ca.reenroll(alice)).certificate);

  const before = read(alice);
  assert.notEqual(renewed.serialNumber, before.serialNumber);
  assert.ok(!renewed.publicKey.equals(before.publicKey));
  assert.deepEqual(attributes(renewed), attributes(before));
});

test('who is no registrar registers nobody', async () => {
  const { enrollmentID, secret } = await register();
  const alice = await enroll(ca, enrollmentID, secret);

  const refused = await ca.register({ enrollmentID: unique('bob'), affiliation: '' }, alice).catch((error) => error);

  assert.deepEqual(refused.errors, [{ code: 71, message: 'Authorization failure' }]);
});

test('an identity is registered once', async () => {
  const { enrollmentID } = await register();

  const refused = await ca.register({ enrollmentID, affiliation: '' }, registrar).catch((error) => error);

  assert.deepEqual(refused.errors, [{ code: 74, message: `Identity '${enrollmentID}' is already registered` }]);
});

test('a revoked identity renews nothing, and stands in the revocation list', async () => {
  const { enrollmentID, secret } = await register();
  const alice = await enroll(ca, enrollmentID, secret);

  const answer = await ca.revoke({ enrollmentID, reason: 'keycompromise', gencrl: true }, registrar);
  const refused = await ca.reenroll(alice).catch((error) => error);
  const list = await ca.generateCRL({}, registrar);

  const serial = read(alice).serialNumber.toLowerCase().replace(/^0+/, '');
  assert.deepEqual(answer.result.RevokedCerts.map((one) => one.Serial), [serial]);
  assert.deepEqual(refused.errors, [{ code: 20, message: 'Authentication failure' }]);
  for (const pem of [answer.result.CRL, list]) {
    const text = Buffer.from(pem, 'base64').toString();
    assert.match(text, /^-----BEGIN X509 CRL-----/);
    const der = Buffer.from(text.replace(/-----.*-----/g, ''), 'base64');
    assert.ok(der.includes(Buffer.from(serial.padStart(serial.length + (serial.length % 2), '0'), 'hex')));
  }
});

test('one certificate is revoked by its number, and the others stay good', async () => {
  const { enrollmentID, secret } = await register();
  const first = await enroll(ca, enrollmentID, secret);
  const second = await enroll(ca, enrollmentID, secret);
  const { certs } = (await ca.newCertificateService().getCertificates({ id: enrollmentID }, registrar)).result;
  assert.equal(certs.length, 2);

  const serial = read(first).serialNumber;
  await ca.revoke({ serial, aki: await authorityKey() }, registrar);

  await ca.reenroll(second);
  const refused = await ca.reenroll(first).catch((error) => error);
  assert.match(refused.message, /Authentication failure/);
  const good = await ca.newCertificateService().getCertificates({ id: enrollmentID, notrevoked: true }, registrar);
  assert.equal(good.result.certs.length, 2);
});

/** The authority's key identifier, as its own certificate has it: behind the identifier 2.5.29.14. */
async function authorityKey() {
  const { raw } = new X509Certificate((await ca.getCaInfo(registrar)).caChain);
  const at = raw.indexOf(Buffer.from('0603551d0e', 'hex'));
  const start = raw.indexOf(Buffer.from([0x04]), at + 7) + 2;
  return raw.subarray(start, start + raw[start - 1]).toString('hex');
}

test('identities are created, read, changed and removed', async () => {
  const service = ca.newIdentityService();
  const enrollmentID = unique('bob');

  const created = await service.create(
    { enrollmentID, enrollmentSecret: 'bobpw', affiliation: 'lending', type: 'peer', caname: settings.name },
    registrar,
  );
  assert.equal(created, 'bobpw');

  await service.update(enrollmentID, { attrs: [{ name: 'level', value: '4' }], type: 'client' }, registrar);
  const { result } = await service.getOne(enrollmentID, registrar);
  assert.deepEqual([result.id, result.type, result.affiliation, result.caname], [enrollmentID, 'client', 'lending', settings.name]);
  assert.equal(result.attrs.find(({ name }) => name === 'level').value, '4');
  const all = await service.getAll(registrar);
  assert.ok(all.result.identities.some(({ id }) => id === enrollmentID));

  await service.delete(enrollmentID, registrar);
  const gone = await service.getOne(enrollmentID, registrar).catch((error) => error);
  assert.equal(gone.errors[0].code, 63);
});

test('affiliations are created, read, renamed and removed', async () => {
  const service = ca.newAffiliationService();
  const top = unique('branch');

  const orphan = await service.create({ name: `${top}.desk`, caname: settings.name }, registrar).catch((error) => error);
  assert.equal(orphan.errors[0].code, 60);
  await service.create({ name: `${top}.desk`, caname: settings.name, force: true }, registrar);
  const { result } = await service.getOne(top, registrar);
  assert.deepEqual(result, { name: top, affiliations: [{ name: `${top}.desk` }], caname: settings.name });

  await service.update(top, { name: `${top}-two`, caname: settings.name }, registrar);
  const all = await service.getAll(registrar);
  assert.ok(all.result.affiliations.some(({ name }) => name === `${top}-two`));

  await service.delete({ name: `${top}-two`, force: true }, registrar);
  const gone = await service.getOne(`${top}-two`, registrar).catch((error) => error);
  assert.equal(gone.errors[0].code, 63);
});
