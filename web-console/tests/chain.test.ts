/** What a chain's page gathers of it, its nodes as they are changed there, and what waits for somebody. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, look, open, signIn } from './browser';
import { Platform } from './platform';
import { until } from './until';
import { words } from './words';

const t = words('en');

let platform: Platform;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  [platform, browser] = await Promise.all([Platform.start(), launch()]);
  page = await open(browser, platform);
  const members = [{ organization: 'treasury' }, { organization: 'audit-office' }];
  const contracts = [{ name: 'evidence', template: 'evidence' }];
  const made = platform.api<Accepted>('POST', 'chains', { name: 'ledger', spec: { members, contracts } });
  await Promise.all([made.then(finish), signIn(page, platform)]);
});

afterAll(async () => {
  await browser?.close();
  await platform?.stop();
});

type Approving = { organization: string; contractApproval?: string };
type Accepted = { operation: { id: string } };

async function finish({ operation }: Accepted) {
  const path = `operations/${operation.id}:wait?timeout=60s`;
  const { state } = await platform.api<{ state: string }>('GET', path);
  expect(state).toBe('succeeded');
}

const main = () => page.getByRole('main');

test('there is nothing to do on a platform where all is well', async () => {
  await page.goto('/todo');

  await main().getByText(t('todo.empty.title')).waitFor();
  expect(await page.locator('.todo-count').count()).toBe(0);
});

test("a chain's own contracts are listed on its page, and another one is deployed from there", async () => {
  const [treasury] = [{ organization: 'treasury' }];
  const contracts = [{ name: 'elsewhere', template: 'evidence' }];
  await platform.api('POST', 'chains', { name: 'vault', spec: { members: [treasury], contracts } });

  await page.goto('/chains/ledger/contracts');
  await main().getByText('ledger.main.evidence').waitFor();
  const rows = await main().locator('tbody tr').count();
  await main()
    .getByRole('link', { name: t('contracts.deploy') })
    .click();
  await page.getByLabel(t('contracts.chain'), { exact: true }).waitFor();

  expect(rows).toBe(1);
  expect(await page.getByLabel(t('contracts.chain'), { exact: true }).inputValue()).toBe('ledger');
});

test('identities and certificates on the page are of the organizations that take part', async () => {
  await platform.api('POST', 'organizations', { name: 'stranger', spec: {} });
  for (const [name, organization] of [
    ['till', 'audit-office'],
    ['clerk', 'stranger'],
  ])
    await platform.api('POST', 'identities', { name, spec: { organization } });

  await page.goto('/chains/ledger/identities');
  const choice = page.getByLabel(t('identities.organization'), { exact: true });
  await choice.selectOption('audit-office');
  await main().getByRole('link', { name: 'till' }).waitFor();
  const organizations = await choice.locator('option').allTextContents();
  await page.getByRole('link', { name: t('identities.tabs.certificates'), exact: true }).click();
  await main().getByText('chains/ledger/nodes/peer0-treasury').waitFor();

  expect(organizations).toEqual(['treasury', 'audit-office', 'ledger.ordering']);
  expect(await main().textContent()).not.toContain('stranger');
  expect(await main().textContent()).not.toContain('chains/vault');
});

test("activity shows a chain's operations and who did what, the newest first", async () => {
  await platform.api('PATCH', 'chains/ledger', { spec: { description: 'Who owes what to whom' } });

  await page.goto('/chains/ledger/activity');
  const actions = main().locator('td code');
  await actions.first().waitFor();
  await main().getByText('Change ledger').first().waitFor();
  const seen = await actions.allTextContents();
  await page
    .getByLabel(t('chain.activity.on'), { exact: true })
    .selectOption('contract/ledger.main.evidence');
  await main().getByText(t('kit.noMatch.title')).first().waitFor();

  expect(seen).toEqual(['chain_patch', 'chain_create']);
  expect(new URL(page.url()).searchParams.get('on')).toBe('contract/ledger.main.evidence');
});

test('a quota that does not suffice is told at the field; with room, the peers are there soon', async () => {
  await platform.api('PATCH', 'admin/tenants/default', { spec: { quotas: { peers: 3 } } });
  await page.goto('/chains/ledger/nodes?node=peer0-treasury');
  const peers = page.getByLabel(t('chain.scale.peers', { organization: 'treasury' }));
  await peers.fill('2');
  await page.getByText('peer1-treasury will be made', { exact: false }).waitFor();
  await page.getByRole('button', { name: t('chain.scale.button'), exact: true }).click();
  const wrong = page.locator('.field-error');
  await wrong.waitFor();
  const told = await wrong.textContent();
  await look(page, 'scale-quota');

  await platform.api('PATCH', 'admin/tenants/default', { spec: { quotas: { peers: 4 } } });
  await page.getByRole('button', { name: t('chain.scale.button'), exact: true }).click();
  await page.getByRole('link', { name: t('chain.followOperation') }).waitFor();

  expect(told).toContain('peers');
  const ready = async () => {
    const { items } = await platform.api<{ items: { name: string; state: string }[] }>(
      'GET',
      'chains/ledger/nodes',
    );
    return items.some(({ name, state }) => name === 'peer1-treasury' && state === 'ready');
  };
  await until('the second peer', ready);
  await page.goto('/chains/ledger/nodes?node=peer1-treasury');
  await peers.waitFor();
  expect(await peers.inputValue()).toBe('2');
});

test('an organization takes the approval of contracts into its own hands', async () => {
  await page.goto('/chains/ledger/members');
  const choice = page.getByLabel(t('chain.members.approvalOf', { organization: 'audit-office' }));
  await choice.selectOption('manual');

  await until('its Member to say so', async () => {
    const { items } = await platform.api<{ items: { spec: Approving }[] }>(
      'GET',
      'members?q=audit-office&label=entente.dev/chain=ledger',
    );
    return items[0]?.spec.contractApproval === 'manual';
  });
  expect(await choice.inputValue()).toBe('manual');
  const { spec } = await platform.api<{ spec: { members: Approving[] } }>('GET', 'chains/ledger');
  expect(spec.members.map(({ organization, contractApproval }) => [organization, contractApproval])).toEqual([
    ['treasury', undefined],
    ['audit-office', 'manual'],
  ]);
  await look(page, 'members-manual');
});

test('a node tells what it takes of the machine', async () => {
  await page.goto('/chains/ledger/nodes?node=orderer0');
  const use = page.locator('section', { hasText: t('chain.nodes.usage') }).locator('.tile');
  await until('two looks at the processor', async () =>
    /\d/.test((await use.first().locator('dd').first().textContent()) ?? ''),
  );

  const told = (await use.allTextContents()).join(' ');
  expect(told).toMatch(/Memory[\d.]+ MiB.*Disk[\d.]+ [KM]iB.*certificate\d{2,}/);
  expect(await page.getByLabel(/^Peers of/).count()).toBe(0);
});

test('what waits is counted in the bar, and each leads to where it is done', async () => {
  const spec = { chain: 'ledger', name: 'lost', image: `registry.example/lost@sha256:${'0'.repeat(64)}` };
  await platform.api('POST', 'contracts', { name: 'lost', spec });
  await platform.api('POST', 'admin/tenants/default/invitations', {
    email: 'li@bank.example',
    role: 'auditor',
  });
  await until('the platform to say that it runs no images', async () => {
    const path = 'operations?targetKind=Contract&targetName=lost';
    const { items } = await platform.api<{ items: { error?: object }[] }>('GET', path);
    return items[0]?.error != null;
  });
  await page.goto('/todo');

  await main().getByRole('link', { name: 'Create lost' }).waitFor();
  await main().getByText('li@bank.example').waitFor();
  await look(page, 'todo-full');
  const count = await page.locator('.todo-count').textContent();
  await main().getByRole('link', { name: 'Create lost' }).click();
  await page.getByRole('heading', { name: 'Creating lost' }).waitFor();

  expect(count).toMatch(/^2/);
});
