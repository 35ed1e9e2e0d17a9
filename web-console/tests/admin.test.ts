/** The platform's operators and an owner, each at their own screen. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, look, open, signIn } from './browser';
import { Platform } from './platform';

const OWNER = 'li@hebei.example';
const OWN = 'four brown foxes sleep';
/** SHA-256 of `abc`. */
const DIGEST = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';

let platform: Platform;
let browser: Browser;
let operator: Page;
let owner: Page;

beforeAll(async () => {
  [platform, browser] = await Promise.all([Platform.start(), launch()]);
  operator = await open(browser, platform);
  await signIn(operator, platform);
});

afterAll(async () => {
  await browser?.close();
  await platform?.stop();
});

const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
const within = (page: Page) => page.getByRole('dialog');

test('an operator makes a tenant and invites its first owner', async () => {
  await operator.goto('/admin/tenants');
  await operator.getByRole('link', { name: 'default' }).waitFor();
  await look(operator, 'tenants');
  await press(operator, 'New tenant');
  await within(operator).getByLabel('Name', { exact: false }).first().fill('hebei-finance');
  await within(operator).getByLabel('Name for people').fill('Hebei Department of Finance');
  await within(operator).getByLabel('Chains').fill('4');
  await look(operator, 'tenant-new');
  await within(operator).getByRole('button', { name: 'New tenant' }).click();

  await operator.getByRole('heading', { name: 'Hebei Department of Finance' }).waitFor();
  await operator.getByText('0 of 4').waitFor();
  await look(operator, 'tenant');
  await press(operator, 'Invite an owner');
  await within(operator).getByLabel('E-mail').fill(OWNER);
  await within(operator).getByRole('button', { name: 'Invite' }).click();
  await within(operator).locator('pre').waitFor();
  const link = ((await within(operator).locator('pre').textContent()) ?? '').trim();
  await press(operator, 'I have it');

  owner = await open(browser, platform);
  await owner.goto(link);
  await owner.getByLabel('E-mail address').fill(OWNER);
  await owner.getByLabel('Your name').fill('Li Wei');
  await owner.getByLabel('Password').fill(OWN);
  await press(owner, 'Accept');
  await owner.getByText('You are now Owner in hebei-finance.').waitFor();
});

test('an owner submits a record, and a chosen file does not leave the browser', async () => {
  await signIn(owner, platform, OWNER, OWN);
  await owner.goto('/admin');
  await owner.getByText('Only operators of the platform see this').waitFor();
  await look(owner, 'admin-forbidden');
  await owner.goto('/organizations');
  await owner.getByRole('button', { name: 'New organization' }).first().click();
  await within(owner).getByLabel('Name', { exact: false }).first().fill('bank-of-hebei');
  await within(owner).getByRole('button', { name: 'New organization' }).click();
  await owner.getByText('Nobody has submitted a record').waitFor();
  const sent: string[] = [];
  owner.on('request', (request) => sent.push(request.postData() ?? ''));

  await press(owner, 'Submit for approval');
  await within(owner).getByLabel('Legal name').fill('Bank of Hebei Co., Ltd.');
  await within(owner).getByLabel('Registration number').fill('91130000104321234X');
  await within(owner).getByLabel('Whom to ask').fill('Li Wei');
  await within(owner).getByLabel('E-mail address').fill(OWNER);
  const files = [{ name: 'licence.pdf', mimeType: 'application/pdf', buffer: Buffer.from('abc') }];
  await within(owner).locator('input[type=file]').setInputFiles(files);
  await within(owner).locator(`input[value="sha256:${DIGEST}"]`).waitFor();
  await look(owner, 'record-new');
  await within(owner).getByRole('button', { name: 'Submit for approval' }).click();

  await owner.getByText('Waiting for a decision').waitFor();
  const bodies = sent.filter(Boolean);
  expect(bodies).toHaveLength(1);
  expect(JSON.parse(bodies[0] ?? '').documents).toEqual([
    { name: 'licence.pdf', digest: `sha256:${DIGEST}` },
  ]);
});

test('an operator refuses a record with a reason, and approves the next one', async () => {
  await operator.goto('/admin/records');
  await operator.getByText('Bank of Hebei Co., Ltd.').waitFor();
  await look(operator, 'records');
  await press(operator, 'Look');
  await look(operator, 'record');
  await press(operator, 'Refuse');
  await within(operator).getByLabel('Why it is refused').fill('The licence has expired.');
  await press(operator, 'Refuse');
  await operator.getByText('Nothing waits for you').waitFor();

  await owner.reload();
  await owner.getByText('Refused: The licence has expired.').waitFor();
  await look(owner, 'record-refused');
  await press(owner, 'Submit another one');
  await within(owner).getByRole('button', { name: 'Submit for approval' }).click();
  await owner.getByText('Waiting for a decision').waitFor();
  await operator.reload();
  await press(operator, 'Look');
  await press(operator, 'Approve');
  await operator.getByText('Nothing waits for you').waitFor();

  await owner.reload();
  await owner.getByText('Approved', { exact: true }).waitFor();
});

test('an operator limits, suspends and lets in a tenant, and is told what keeps it from being deleted', async () => {
  await operator.goto('/admin/tenants/hebei-finance');
  await press(operator, 'Change the quotas');
  await within(operator).getByLabel('Organizations').fill('1');
  await within(operator).getByRole('button', { name: 'Save' }).click();
  await operator.getByText('1 of 1').waitFor();
  await operator.getByText('It still has chains (0) or organizations (1).').waitFor();
  await look(operator, 'tenant-full');

  await press(operator, 'Suspend');
  await within(operator).getByRole('button', { name: 'Suspend' }).click();
  await operator.getByRole('button', { name: 'Let in again' }).waitFor();
  const refused = await owner.request.get('/v1/organizations');
  expect(refused.status()).toBe(403);
  await press(operator, 'Let in again');
  await operator.getByRole('button', { name: 'Suspend' }).waitFor();
});

test('an operator publishes a release with an end of life, and withdraws it', async () => {
  await operator.goto('/admin/releases');
  await operator.getByText('Default').first().waitFor();
  await press(operator, 'New release');
  await within(operator).getByLabel('Version').fill('0.0.9');
  await within(operator).getByLabel('Name', { exact: false }).first().fill('native-0-0-9');
  await within(operator).getByLabel('End of life').fill('2026-01-31');
  await look(operator, 'release-new');
  await within(operator).getByRole('button', { name: 'New release' }).click();
  const row = operator.getByRole('row', { name: 'native-0-0-9' });
  await row.getByText('Ended').waitFor();
  await look(operator, 'releases');

  await row.getByRole('button', { name: 'Delete' }).click();
  await within(operator).getByRole('textbox').fill('native-0-0-9');
  await within(operator).getByRole('button', { name: 'Delete' }).click();

  await row.waitFor({ state: 'detached' });
});

test('an operator replaces the directory of the alliance, and sees first what that changes', async () => {
  const institution = { displayName: 'Lanting Bank', sector: 'bank', region: 'Zhejiang', level: 'city' };
  const institutions = [{ name: 'lanting-bank', ...institution }];
  await operator.goto('/admin/alliance');
  await operator.getByText('The directory is empty').waitFor();
  await operator.getByRole('button', { name: 'Replace the directory' }).first().click();
  const buffer = Buffer.from(JSON.stringify({ institutions }));
  await within(operator)
    .locator('input[type=file]')
    .setInputFiles([{ name: 'alliance.json', mimeType: 'application/json', buffer }]);
  await within(operator).getByText('Lanting Bank').waitFor();
  await look(operator, 'alliance-replace');
  await within(operator).getByRole('button', { name: 'Replace the directory' }).click();

  await operator.getByRole('cell', { name: 'Lanting Bank' }).waitFor();
  await look(operator, 'alliance');
  await operator.getByLabel('Level').selectOption('county');
  await operator.getByText('Nothing matches').waitFor();
});

test('an operator sees how the platform is, and the chains and operations of all tenants', async () => {
  const { operation } = await platform.api<{ operation: { id: string } }>('POST', 'chains', {
    name: 'ledger',
    spec: { members: [{ organization: 'bank' }] },
  });
  await operator.goto('/admin');
  await operator.getByText('Last heard of').waitFor();
  await look(operator, 'health');

  await operator.goto(`/admin/operations?operation=${operation.id}`);
  await within(operator).getByText('Create ledger').waitFor();
  await look(operator, 'platform-operation');
  await within(operator).getByRole('button', { name: 'Close' }).click();
  await operator.getByRole('cell', { name: 'hebei-finance' }).first().waitFor();
  await look(operator, 'platform-operations');

  await operator.goto('/admin/fleet');
  await operator
    .getByRole('row', { name: 'ledger' })
    .getByText('Ready', { exact: true })
    .waitFor({ timeout: 60_000 });
  await look(operator, 'fleet');
  await operator.getByRole('searchbox', { name: 'Tenant' }).fill('nobody');
  await operator.getByText('Nothing matches').waitFor();
});

test('an owner sees which quota is used up, and what to do', async () => {
  await owner.goto('/usage');

  await owner.getByText('Used up: Organizations.').waitFor();

  await look(owner, 'usage-full');
});
