/** Every screen that can be reached by its address, as it looks with the demo chain. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, look, open, signIn } from './browser';
import { Platform } from './platform';

let platform: Platform;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  [platform, browser] = await Promise.all([Platform.start({ demo: true }), launch()]);
  page = await open(browser, platform);
  await signIn(page, platform);
});

afterAll(async () => {
  await browser?.close();
  await platform?.stop();
});

/** Address, name of its pictures, and a text that is there once it has loaded. */
const SCREENS = [
  ['/overview', 'overview', 'Create transfer-payments'],
  ['/chains', 'chains', 'transfer-payments'],
  ['/contracts', 'contracts', 'evidence'],
  ['/library', 'library', 'What can be set'],
  ['/contracts/new', 'contract-deploy', 'On what terms'],
  ['/contracts/transfer-payments.main.evidence', 'contract', 'ProvinceFinanceMSP'],
  ['/contracts/transfer-payments.main.evidence?tab=console', 'contract-console', 'Certify'],
  ['/organizations', 'organizations', 'ProvinceFinanceMSP'],
  ['/organizations/province-finance', 'organization', 'Certificate authority'],
  ['/identities', 'identities', 'No identity yet'],
  ['/identities?tab=certificates', 'certificates', 'What breaks'],
  ['/developers', 'api-keys', 'No API key yet'],
  ['/developers/webhooks', 'webhooks', 'No webhook yet'],
  ['/developers/reference', 'reference', 'The same for a terminal'],
  ['/developers/reference?operation=chain_create', 'reference-operation', 'Create a chain'],
  ['/usage', 'usage', 'When a quota is used up'],
  ['/admin/alliance', 'alliance-demo', 'Lanting Commercial Bank'],
  ['/people', 'people', 'admin@entente.local'],
  ['/audit', 'audit', 'alliance_put'],
  ['/chains/transfer-payments', 'chain', 'Who takes part'],
  ['/chains/transfer-payments/nodes?node=orderer0', 'node', 'Health and metrics'],
  ['/chains/transfer-payments/channels', 'channels', 'orderer1'],
  ['/chains/transfer-payments/members', 'members', 'CityFinanceMSP'],
  ['/chains/transfer-payments/connect?language=go&function=Certify', 'connect', 'main.go'],
  ['/chains/transfer-payments/settings', 'chain-settings', 'Danger zone'],
  ['/chains/transfer-payments/explorer/main', 'blocks', 'Block hash'],
  ['/chains/transfer-payments/explorer/main/blocks/0', 'block', 'This is how the channel began.'],
  ['/chains/transfer-payments/explorer/main/transactions', 'transactions', 'evidence.Certify'],
  ['/chains/transfer-payments/explorer/main/state', 'state', 'owner'],
  ['/chains/transfer-payments/explorer/main/statistics', 'statistics', 'By organization'],
  ['/account', 'account', 'admin@entente.local'],
] as const;

test.each(SCREENS)('%s is readable in both themes, wide and narrow', async (address, name, text) => {
  await page.goto(address);
  await page.getByRole('main').getByText(text).first().waitFor();

  await look(page, name);
});

test('every screen has its strings in Chinese', async () => {
  const chinese = await open(browser, platform, { locale: 'zh-CN' });
  await signIn(chinese, platform);

  await chinese.goto('/overview');
  await chinese.getByRole('heading', { name: '总览' }).waitFor();

  await look(chinese, 'overview-zh-CN');
  expect(await chinese.locator('html').getAttribute('lang')).toBe('zh-CN');
});

test('a filter stands in the address, and one that leaves nothing says so', async () => {
  await page.goto('/chains?q=transfer');
  await page.getByText('transfer-payments').waitFor();

  await page.getByRole('searchbox').fill('no such chain');

  await page.getByText('Nothing matches').waitFor();
  expect(new URL(page.url()).searchParams.get('q')).toBe('no such chain');
});
