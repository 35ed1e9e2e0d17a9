import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { packageOf, tarGz } from '../../../tests/archive';
import { MOST_BYTES, readPackage, WrongPackage } from './packageFile';

const connection = { address: '127.0.0.1:9999', dial_timeout: '10s', tls_required: false };
const metadata = { name: 'metadata.json', content: JSON.stringify({ type: 'ccaas', label: 'kpi_1.0' }) };

async function refusal(file: Uint8Array<ArrayBuffer>) {
  const error = await readPackage(new Blob([file])).catch((caught: unknown) => caught);
  return error instanceof WrongPackage ? [error.reason, error.about] : error;
}

test('a package that stock peers have installed is read, with the id that they gave it', async () => {
  const golden = new URL('../../../../tests/golden/lifecycle/ops_1.tar.gz', import.meta.url);

  const read = await readPackage(new Blob([readFileSync(golden)]));

  expect(read).toMatchObject({
    label: 'ops_1',
    id: 'ops_1:b011e69d66b000ca9eab4ada498514914d8f442af89ad2e9384f373aa417103d',
    connection: { address: '127.0.0.1:27901', isTls: false, isMutual: false },
  });
  expect(read.files.map(({ name }) => name)).toEqual([
    'metadata.json',
    'code.tar.gz',
    'code.tar.gz › connection.json',
  ]);
});

test('the keys that a package holds are not part of what is shown', async () => {
  const secret = { ...connection, tls_required: true, client_auth_required: true, client_key: 'SECRET' };

  const read = await readPackage(new Blob([packageOf('kpi_1.0', secret)]));

  expect(read.connection).toEqual({
    address: '127.0.0.1:9999',
    timeout: '10s',
    isTls: true,
    isMutual: true,
  });
  expect(JSON.stringify(read)).not.toContain('SECRET');
});

test('what is no package is refused with the reason', async () => {
  const code = (content: Uint8Array) => ({ name: 'code.tar.gz', content });

  expect(await refusal(randomBytes(MOST_BYTES + 1))).toEqual(['large', '']);
  expect(await refusal(Buffer.from('no archive'))).toEqual(['gzip', '']);
  expect(await refusal(tarGz([]))).toEqual(['noMetadata', '']);
  expect(await refusal(tarGz([{ name: './metadata.json', content: '{}' }]))).toEqual([
    'noMetadata',
    './metadata.json',
  ]);
  expect(await refusal(tarGz([{ name: 'src', content: '', type: '5' }]))).toEqual(['irregular', 'src']);
  expect(await refusal(tarGz([{ name: 'metadata.json', content: '[]' }]))).toEqual(['badMetadata', '']);
  expect(await refusal(packageOf('-kpi', connection))).toEqual(['label', '-kpi']);
  expect(await refusal(packageOf('kpi', connection, 'golang'))).toEqual(['type', 'golang']);
  expect(await refusal(tarGz([metadata]))).toEqual(['noCode', 'metadata.json']);
  expect(await refusal(tarGz([metadata, code(Buffer.from('x'))]))).toEqual(['badCode', '']);
  expect(await refusal(tarGz([metadata, code(tarGz([{ name: 'main.go', content: '' }]))]))).toEqual([
    'noConnection',
    'main.go',
  ]);
  expect(await refusal(packageOf('kpi', {}))).toEqual(['address', '']);
});

test('an archive that grows without end is not read to it', async () => {
  const zeros = { name: 'zeros', content: Buffer.alloc(17 << 20) };

  expect(await refusal(tarGz([zeros]))).toEqual(['unpacked', '']);
});
