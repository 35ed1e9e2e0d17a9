/** The platform's operators and an owner, each at their own screen. */
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { look, open, signIn } from './browser';
import { scene } from './scene';

const OWNER = 'li@hebei.example';
const OWN = 'four brown foxes sleep';
/** SHA-256 of `abc`. */
const DIGEST = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';

const here = scene();
let owner: Page;

const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
const within = (page: Page) => page.getByRole('dialog');

test('an operator makes a tenant and invites its first owner', async () => {
  await here.page.goto('/admin/tenants');
  await here.page.getByRole('link', { name: 'default' }).waitFor();
  await look(here.page, 'tenants');
  await press(here.page, 'New tenant');
  await within(here.page).getByLabel('Name', { exact: false }).first().fill('hebei-finance');
  await within(here.page).getByLabel('Name for people').fill('Hebei Department of Finance');
  await within(here.page).getByLabel('Chains').fill('4');
  await look(here.page, 'tenant-new');
  await within(here.page).getByRole('button', { name: 'New tenant' }).click();

  await here.page.getByRole('heading', { name: 'Hebei Department of Finance' }).waitFor();
  await here.page.getByText('0 of 4').waitFor();
  await look(here.page, 'tenant');
  await press(here.page, 'Invite an owner');
  await within(here.page).getByLabel('E-mail').fill(OWNER);
  await within(here.page).getByRole('button', { name: 'Invite' }).click();
  await within(here.page).locator('pre').waitFor();
  const link = ((await within(here.page).locator('pre').textContent()) ?? '').trim();
  await press(here.page, 'I have it');

  owner = await open(here.browser, here.platform);
  await owner.goto(link);
  await owner.getByLabel('E-mail address').fill(OWNER);
  await owner.getByLabel('Your name').fill('Li Wei');
  await owner.getByLabel('Password').fill(OWN);
  await press(owner, 'Accept');
  await owner.getByText('You are now Owner in hebei-finance.').waitFor();
});

test('an owner submits a record, and a chosen file does not leave the browser', async () => {
  await signIn(owner, here.platform, OWNER, OWN);
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
  await here.page.goto('/admin/records');
  await here.page.getByText('Bank of Hebei Co., Ltd.').waitFor();
  await look(here.page, 'records');
  await press(here.page, 'Look');
  await look(here.page, 'record');
  await press(here.page, 'Refuse');
  await within(here.page).getByLabel('Why it is refused').fill('The licence has expired.');
  await press(here.page, 'Refuse');
  await here.page.getByText('Nothing waits for you').waitFor();

  await owner.reload();
  await owner.getByText('Refused: The licence has expired.').waitFor();
  await look(owner, 'record-refused');
  await press(owner, 'Submit another one');
  await within(owner).getByRole('button', { name: 'Submit for approval' }).click();
  await owner.getByText('Waiting for a decision').waitFor();
  await here.page.reload();
  await press(here.page, 'Look');
  await press(here.page, 'Approve');
  await here.page.getByText('Nothing waits for you').waitFor();

  await owner.reload();
  await owner.getByText('Approved', { exact: true }).waitFor();
});

test('an operator limits, suspends and lets in a tenant, and is told what keeps it from being deleted', async () => {
  await here.page.goto('/admin/tenants/hebei-finance');
  await press(here.page, 'Change the quotas');
  await within(here.page).getByLabel('Organizations').fill('1');
  await within(here.page).getByRole('button', { name: 'Save' }).click();
  await here.page.getByText('1 of 1').waitFor();
  await here.page.getByText('It still has chains (0) or organizations (1).').waitFor();
  await look(here.page, 'tenant-full');

  await press(here.page, 'Suspend');
  await within(here.page).getByRole('button', { name: 'Suspend' }).click();
  await here.page.getByRole('button', { name: 'Let in again' }).waitFor();
  const refused = await owner.request.get('/v1/organizations');
  expect(refused.status()).toBe(403);
  await press(here.page, 'Let in again');
  await here.page.getByRole('button', { name: 'Suspend' }).waitFor();
});

test('an operator publishes a release with an end of life, and withdraws it', async () => {
  await here.page.goto('/admin/releases');
  await here.page.getByText('Default').first().waitFor();
  await press(here.page, 'New release');
  await within(here.page).getByLabel('Version').fill('0.0.9');
  await within(here.page).getByLabel('Name', { exact: false }).first().fill('native-0-0-9');
  await within(here.page).getByLabel('End of life').fill('2026-01-31');
  await look(here.page, 'release-new');
  await within(here.page).getByRole('button', { name: 'New release' }).click();
  const row = here.page.getByRole('row', { name: 'native-0-0-9' });
  await row.getByText('Ended').waitFor();
  await look(here.page, 'releases');

  await row.getByRole('button', { name: 'Delete' }).click();
  await within(here.page).getByRole('textbox').fill('native-0-0-9');
  await within(here.page).getByRole('button', { name: 'Delete' }).click();

  await row.waitFor({ state: 'detached' });
});

test('an operator replaces the directory of the alliance, and sees first what that changes', async () => {
  const institution = { displayName: 'Lanting Bank', sector: 'bank', region: 'Zhejiang', level: 'city' };
  const institutions = [{ name: 'lanting-bank', ...institution }];
  await here.page.goto('/admin/alliance');
  await here.page.getByText('The directory is empty').waitFor();
  await here.page.getByRole('button', { name: 'Replace the directory' }).first().click();
  const buffer = Buffer.from(JSON.stringify({ institutions }));
  await within(here.page)
    .locator('input[type=file]')
    .setInputFiles([{ name: 'alliance.json', mimeType: 'application/json', buffer }]);
  await within(here.page).getByText('Lanting Bank').waitFor();
  await look(here.page, 'alliance-replace');
  await within(here.page).getByRole('button', { name: 'Replace the directory' }).click();

  await here.page.getByRole('cell', { name: 'Lanting Bank' }).waitFor();
  await look(here.page, 'alliance');
  await here.page.getByLabel('Level').selectOption('county');
  await here.page.getByText('Nothing matches').waitFor();
});

test('an operator sees how the platform is, and the chains and operations of all tenants', async () => {
  const { operation } = await here.platform.api<{ operation: { id: string } }>('POST', 'chains', {
    name: 'ledger',
    spec: { members: [{ organization: 'bank' }] },
  });
  await here.page.goto('/admin');
  await here.page.getByText('Last heard of').waitFor();
  await look(here.page, 'health');

  await here.page.goto(`/admin/operations?operation=${operation.id}`);
  await within(here.page).getByText('Create ledger').waitFor();
  await look(here.page, 'platform-operation');
  await within(here.page).getByRole('button', { name: 'Close' }).click();
  await here.page.getByRole('cell', { name: 'hebei-finance' }).first().waitFor();
  await look(here.page, 'platform-operations');

  await here.page.goto('/admin/fleet');
  await here.page
    .getByRole('row', { name: 'ledger' })
    .getByText('Ready', { exact: true })
    .waitFor({ timeout: 60_000 });
  await look(here.page, 'fleet');
  await here.page.getByRole('main').getByRole('searchbox', { name: 'Tenant' }).fill('nobody');
  await here.page.getByText('Nothing matches').waitFor();
});

test('an owner sees which quota is used up, and what to do', async () => {
  await owner.goto('/usage');

  await owner.getByText('Used up: Organizations.').waitFor();

  await look(owner, 'usage-full');
});
