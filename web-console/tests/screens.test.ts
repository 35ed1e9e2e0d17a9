/** Every screen that can be reached by its address, as it looks with the demo chain. */
import { expect, test } from 'vitest';
import { look, open, signIn } from './browser';
import { scene } from './scene';

const here = scene({ demo: true });

/** Address, name of its pictures, and a text that is there once it has loaded. */
const SCREENS = [
  ['/overview', 'overview', 'Create transfer-payments'],
  ['/search?q=finance', 'search', 'Province'],
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
  ['/admin/security', 'admin-security', 'TLS to the API'],
  ['/people', 'people', 'admin@entente.local'],
  ['/audit', 'audit', 'alliance_put'],
  ['/chains/transfer-payments', 'chain', 'Who takes part'],
  ['/chains/transfer-payments/nodes?node=orderer0', 'node', 'Health and metrics'],
  ['/chains/transfer-payments/channels', 'channels', 'orderer1'],
  ['/chains/transfer-payments/members', 'members', 'CityFinanceMSP'],
  ['/chains/transfer-payments/contracts', 'chain-contracts', 'evidence'],
  ['/chains/transfer-payments/identities', 'chain-identities', 'No identity yet'],
  ['/chains/transfer-payments/identities?tab=certificates', 'chain-certificates', 'What breaks'],
  ['/chains/transfer-payments/activity', 'chain-activity', 'Who did what'],
  ['/chains/transfer-payments/nodes?node=peer0-city-finance', 'node-peer', 'Use of the machine'],
  ['/todo', 'todo', 'Nothing waits for you'],
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
  await here.page.goto(address);
  await here.page.getByRole('main').getByText(text).first().waitFor();

  await look(here.page, name);
});

test('every screen has its strings in Chinese', async () => {
  const chinese = await open(here.browser, here.platform, { locale: 'zh-CN' });
  await signIn(chinese, here.platform);

  await chinese.goto('/overview');
  await chinese.getByRole('heading', { name: '总览' }).waitFor();

  await look(chinese, 'overview-zh-CN');
  expect(await chinese.locator('html').getAttribute('lang')).toBe('zh-CN');
});

test('a filter stands in the address, and one that leaves nothing says so', async () => {
  await here.page.goto('/chains?q=transfer');
  await here.page.getByText('transfer-payments').waitFor();

  await here.page.getByRole('main').getByRole('searchbox').fill('no such chain');

  await here.page.getByText('Nothing matches').waitFor();
  expect(new URL(here.page.url()).searchParams.get('q')).toBe('no such chain');
});
