/** Somebody new makes a chain by the wizard. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, look, open, signIn } from './browser';
import { Platform } from './platform';

let platform: Platform;
let browser: Browser;

beforeAll(async () => {
  [platform, browser] = await Promise.all([Platform.start(), launch()]);
});

afterAll(async () => {
  await browser?.close();
  await platform?.stop();
});

const next = (page: Page) => page.getByRole('button', { name: 'Next' }).click();

test('from an empty platform to a ready chain', async () => {
  const page = await open(browser, platform);
  await signIn(page, platform);
  await page.goto('/overview');
  await page.getByText('Your first chain is one form away').waitFor();
  await look(page, 'overview-empty');
  await page.goto('/chains');
  await page.getByText('No chain yet').waitFor();
  await look(page, 'chains-empty');
  await page.getByRole('main').getByRole('link', { name: 'Create a chain' }).first().click();

  await page.getByLabel('Finance bureaus').check();
  await page.getByLabel('Name', { exact: false }).first().fill('Transfer payments 2027');
  await look(page, 'new-chain-purpose');
  await next(page);

  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByText('Choose one organization or more.').waitFor();
  for (const name of ['Province of Hebei', 'City of Shijiazhuang']) {
    await page.getByLabel('Its name', { exact: true }).fill(name);
    await page.getByRole('button', { name: 'Create the organization' }).click();
    await page.getByRole('checkbox', { name }).and(page.locator(':checked')).waitFor();
  }
  await look(page, 'new-chain-members');
  await next(page);

  await page.getByLabel('Sandbox').check();
  await look(page, 'new-chain-network');
  await next(page);

  await page.getByText('What cannot be changed later').waitFor();
  await page.getByText('name: transfer-payments-2027').waitFor();
  await look(page, 'new-chain-review');
  await page.getByRole('button', { name: 'Create the chain' }).click();

  await page.getByText('It is there and ready.').waitFor({ timeout: 60_000 });
  const chain = await platform.api<{ state: string; spec: { ordering: object } }>(
    'GET',
    'chains/transfer-payments-2027',
  );
  expect([chain.state, chain.spec.ordering]).toEqual(['ready', { replicas: 1 }]);
});

test('a name that is taken is told while it is typed, and the draft outlives a reload', async () => {
  const page = await open(browser, platform);
  await signIn(page, platform);
  await platform.api('POST', 'chains', { name: 'taken', spec: { members: [{ organization: 'bank' }] } });
  await page.goto('/chains/new');

  await page.getByLabel('Name', { exact: false }).first().fill('Taken');
  await page.getByText('The name taken is taken.').waitFor();
  await page.reload();

  await page.getByText('The name taken is taken.').waitFor();
});
