/** Contracts from packages, as somebody deploys and upgrades them at the console, and what members decide about them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packageOf } from './archive';
import { launch, look, open, signIn } from './browser';
import { enter } from './people';
import { EXECUTABLE, freePort, Platform } from './platform';
import { until } from './until';
import { words } from './words';

const t = words('en');
const DIGEST = '01'.repeat(32);

let platform: Platform;
let browser: Browser;
let page: Page;
const services: ChildProcess[] = [];

beforeAll(async () => {
  [platform, browser] = await Promise.all([Platform.start(), launch()]);
  page = await open(browser, platform);
  const members = [{ organization: 'treasury' }, { organization: 'audit-office' }];
  const made = platform.api<Accepted>('POST', 'chains', { name: 'ledger', spec: { members } });
  await Promise.all([made.then(finish), signIn(page, platform)]);
});

afterAll(async () => {
  for (const service of services) service.kill('SIGTERM');
  await browser?.close();
  await platform?.stop();
});

type Accepted = { operation: { id: string } };

async function finish({ operation }: Accepted) {
  const path = `operations/${operation.id}:wait?timeout=60s`;
  const { state } = await platform.api<{ state: string }>('GET', path);
  expect(state).toBe('succeeded');
}

const main = () => page.getByRole('main');
const file = (buffer: Buffer) => ({ name: 'contract.tar.gz', mimeType: 'application/gzip', buffer });

/** The package of a contract that runs from now on: the evidence contract, at an address of its own. */
async function served(label: string): Promise<{ id: string; bytes: Buffer }> {
  const address = `127.0.0.1:${await freePort()}`;
  const bytes = packageOf(label, { address, dial_timeout: '10s', tls_required: false });
  const id = `${label}:${createHash('sha256').update(bytes).digest('hex')}`;
  const env = { ...process.env, CHAINCODE_SERVER_ADDRESS: address, CHAINCODE_ID: id };
  services.push(
    spawn(join(dirname(EXECUTABLE), 'entente-contracts'), ['evidence'], { env, stdio: 'ignore' }),
  );
  return { id, bytes };
}

type Contract = { state: string; status?: { sequence?: number; version?: string; packageId?: string } };
const contract = (name: string) => platform.api<Contract>('GET', `contracts/${name}`);

test('a file that is no package is refused before it is sent, with the reason', async () => {
  await page.goto('/contracts/new?chain=ledger');
  await page.getByRole('radio', { name: t('contracts.source.package.name') }).check();
  const input = page.locator('input[type=file]');
  const refusal = page.locator('.field-error');

  await input.setInputFiles(file(Buffer.from('nothing of the kind')));
  await refusal.getByText(t('contracts.package.wrong.gzip')).waitFor();
  await input.setInputFiles(file(packageOf('kpi_1.0', { address: 'kpi:9999' }, 'golang')));
  await refusal.getByText(t('contracts.package.wrong.type', { about: 'golang' })).waitFor();
  await look(page, 'contract-package-refused');
  await page.getByRole('button', { name: t('contracts.deploy') }).click();

  expect(new URL(page.url()).pathname).toBe('/contracts/new');
  const { items } = await platform.api<{ items: unknown[] }>('GET', 'contracts');
  expect(items).toEqual([]);
});

test('a package is opened at the page, deployed, and called', async () => {
  const { id, bytes } = await served('kpi_1.0');
  await page.locator('input[type=file]').setInputFiles(file(bytes));
  await page.locator('.hash [title]', { hasText: 'kpi_1.0' }).waitFor();
  const inside = await page.getByRole('region', { name: t('contracts.package.inside') }).textContent();
  await look(page, 'contract-package');
  await page.getByLabel(t('contracts.name'), { exact: false }).first().fill('kpi');
  await page.getByRole('button', { name: t('contracts.deploy') }).click();
  await main().locator('h1').getByText(t('state.resource.ready')).waitFor();

  const { result } = await platform.api<{ result: { note: string } }>(
    'POST',
    'chains/ledger/channels/main/contracts/kpi:submit',
    { function: 'Certify', arguments: [DIGEST, 'from the page'] },
  );

  expect(inside).toContain('code.tar.gz › connection.json');
  expect(await contract('ledger-main-kpi')).toMatchObject({ status: { sequence: 1, packageId: id } });
  expect(result.note).toBe('from the page');
});

test('an image is asked for by its digest', async () => {
  await page.goto('/contracts/new?chain=ledger');
  await page.getByRole('radio', { name: t('contracts.source.image.name') }).check();
  await page
    .getByLabel(t('contracts.image.label'), { exact: false })
    .last()
    .fill('registry.example/kpi:latest');

  await page.locator('.field-error').getByText(t('contracts.image.form')).waitFor();
});

test('an upgrade shows what differs before it is sent', async () => {
  const { id, bytes } = await served('kpi_2.0');
  await page.goto('/contracts/ledger-main-kpi');
  await page.getByRole('button', { name: t('contracts.upgrade.button') }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(t('contracts.version')).first().fill('2.0');
  await dialog.getByLabel(t('contracts.policy.label')).fill("OR('TreasuryMSP.member')");
  await dialog.locator('input[type=file]').setInputFiles(file(bytes));
  await dialog.locator('ins [title]', { hasText: 'kpi_2.0' }).waitFor();
  const lines = await dialog
    .locator('.definition-diff tbody tr')
    .evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent?.trim())));
  await look(page, 'contract-upgrade');
  await dialog.getByRole('button', { name: t('contracts.upgrade.button') }).click();
  await until('the upgrade', async () => (await contract('ledger-main-kpi')).status?.packageId === id);

  expect(lines.slice(0, 2)).toEqual([
    ['Sequence', '1', '2'],
    ['Version', '1.0', '2.0'],
  ]);
  expect(lines.map(([name]) => name)).toEqual(['Sequence', 'Version', 'Package', 'Endorsement policy']);
});

test('an organization that decides by itself is asked, says no with a reason, and then yes', async () => {
  const members = [
    { organization: 'treasury' },
    { organization: 'audit-office', contractApproval: 'manual' },
  ];
  await finish(await platform.api<Accepted>('PATCH', 'chains/ledger', { spec: { members } }));
  const spec = { chain: 'ledger', name: 'proof', template: 'evidence' };
  await platform.api('POST', 'contracts', { name: 'proof', spec });
  type Asked = { awaitsApproval: boolean };
  const asked = () => platform.api<Asked>('GET', 'chains/ledger/channels/main/contracts/proof');
  await until('the decision to be awaited', async () => (await asked()).awaitsApproval);

  await page.goto('/todo');
  await main().getByRole('link', { name: 'proof 1.0 on ledger' }).click();
  await page.getByRole('button', { name: t('contracts.decide.reject') }).waitFor();
  await main().getByText('1 of 2 (needs 2)').waitFor();
  await look(page, 'contract-proposal');
  const developer = await enter(browser, platform, 'developer');
  await developer.goto('/contracts/proof');
  const closed = developer.getByRole('button', { name: t('contracts.decide.approve') });
  await closed.waitFor();
  const refusal = await closed.getAttribute('title');
  const isClosed = await closed.getAttribute('aria-disabled');
  const dialog = page.getByRole('dialog');
  await page.getByRole('button', { name: t('contracts.decide.reject') }).click();
  await dialog.getByLabel(t('contracts.decide.reason')).fill('It leaves us out.');
  await look(page, 'contract-reject');
  await dialog.getByRole('button', { name: t('contracts.decide.reject') }).click();
  await main().getByText('It leaves us out.').waitFor();
  await page.getByRole('button', { name: t('contracts.decide.approve') }).click();
  await dialog.getByRole('button', { name: t('contracts.decide.approve') }).click();
  await main().getByText(t('contracts.approved.committed'), { exact: true }).waitFor();
  await page.goto('/contracts');

  await main().getByText('2 of 2 (needs 2)').first().waitFor();
  expect(isClosed).toBe('true');
  expect(refusal).toContain(t('kit.role.signer'));
});
