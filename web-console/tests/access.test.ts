/** Who sees what: two tenants side by side, and every role of one of them. */
import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, look, open, quietness, signIn } from './browser';
import { ask, enter } from './people';
import { Platform } from './platform';
import { until } from './until';
import { words } from './words';

const t = words('en');

/** What the API's document says about who may do what; the console must say the same. */
const OPERATIONS: Record<string, string[]> = Object.fromEntries(
  Object.values(JSON.parse(readFileSync(new URL('../../api/openapi.json', import.meta.url), 'utf8')).paths)
    .flatMap((path) => Object.values(path as Record<string, Record<string, unknown>>))
    .filter((operation) => Array.isArray(operation['x-entente-roles']))
    .map((operation) => [operation.operationId, operation['x-entente-roles']]),
);
const ROLES = ['owner', 'admin', 'operator', 'developer', 'auditor', 'signer'] as const;
type Role = (typeof ROLES)[number];

let platform: Platform;
let browser: Browser;
/** The owner of the tenant `default`, which has founded the chain `ledger`, and the one of `bank`, a member of it. */
let founder: Page;
let bank: Page;

beforeAll(async () => {
  [platform, browser] = await Promise.all([Platform.start(), launch()]);
  await finish(await platform.api('POST', 'admin/tenants', { name: 'bank', spec: {} }));
  [founder, bank] = await Promise.all([
    open(browser, platform),
    enter(browser, platform, 'owner', { tenant: 'bank' }),
  ]);
  await signIn(founder, platform);
  await ask(bank, 'POST', 'organizations', { name: 'bank-of-hebei', spec: { displayName: 'Bank of Hebei' } });
  await platform.api('POST', 'organizations', { name: 'treasury', spec: { displayName: 'The Treasury' } });
  const members = [{ organization: 'treasury' }, { organization: 'bank-of-hebei', namespace: 'bank' }];
  const contracts = [{ name: 'evidence', template: 'evidence' }];
  const [ledger] = await Promise.all([
    platform.api<Accepted>('POST', 'chains', { name: 'ledger', spec: { members, contracts } }),
    ask(bank, 'POST', 'chains', { name: 'vault', spec: { members: [{ organization: 'bank-of-hebei' }] } }),
  ]);
  await finish(ledger);
  await ask(bank, 'POST', 'members', {
    name: 'in-ledger',
    spec: { chain: 'ledger', chainNamespace: 'default', organization: 'bank-of-hebei' },
  });
});

afterAll(async () => {
  await browser?.close();
  await platform?.stop();
});

type Accepted = { operation: { id: string } };

async function finish({ operation }: Accepted) {
  const { state } = await platform.api<{ state: string }>(
    'GET',
    `operations/${operation.id}:wait?timeout=60s`,
  );
  expect(state).toBe('succeeded');
}

/** What stands in the middle of a screen once nothing loads any more. */
async function content(page: Page, address: string): Promise<string> {
  const isQuiet = quietness(page);
  await page.goto(address);
  await page.locator('main :is(h1, h2)').first().waitFor();
  await until(`${address} to be loaded`, async () => isQuiet());
  return (await page.getByRole('main').textContent()) ?? '';
}

test('each of two tenants sees what is its own, and nothing of the other', async () => {
  const seen = await Promise.all(
    [founder, bank].map(async (page) => {
      await page.goto('/chains');
      const names = page.locator('tbody tr td:first-child');
      await names.first().waitFor();
      const chains = await names.allTextContents();
      await page.goto('/organizations');
      await names.first().waitFor();
      return [chains, await names.allTextContents()].map((each) => each.join(' '));
    }),
  );

  expect(seen[0]).toEqual(['ledger', expect.stringContaining('The Treasury')]);
  // The founder shares its chain with the bank, which sees whose it is.
  expect(seen[1]).toEqual(['ledger.default vault', expect.stringContaining('Bank of Hebei')]);
  expect(JSON.stringify(seen[0])).not.toMatch(/vault|Hebei/);
  expect(JSON.stringify(seen[1])).not.toMatch(/Treasury/);
});

test('an address of another tenant leads to the same screen as one of nothing', async () => {
  const { items } = await ask<{ items: { id: string }[] }>(bank, 'GET', 'operations?targetKind=Chain');
  const addresses = [
    '/chains/vault',
    '/chains/vault/nodes',
    '/chains/vault/settings',
    '/chains/vault/explorer/main',
    '/organizations/bank-of-hebei',
    `/operations/${items[0]?.id}`,
  ];
  for (const address of addresses) {
    const text = await content(founder, address);

    expect(text, address).toContain(t('kit.error.notFound'));
    expect(text, address).not.toMatch(/Bank of Hebei|peer0|orderer0/);
  }
  await look(founder, 'not-found');
});

test('an address of no screen keeps the ways to all others in sight', async () => {
  const text = await content(founder, '/chains/ledger/nothing');

  expect(text).toContain(t('shell.notFound.title'));
  await look(founder, 'nowhere');
});

test("a chain that two tenants share is the founder's to see, with the member of the other", async () => {
  const members = await content(founder, '/chains/ledger/members');
  const own = await content(bank, '/chains/ledger');

  expect(members).toContain('bank-of-hebei');
  expect(own).toContain(t('kit.error.notFound'));
});

/** Addresses of sections, and the operation without which there is nothing to see in them. */
const SECTIONS = [
  ['/chains', 'chain_list'],
  ['/chains/new', 'chain_create'],
  ['/contracts', 'contract_list'],
  ['/organizations', 'organization_list'],
  ['/identities', 'identity_list'],
  ['/developers', 'api_key_list'],
  ['/people', 'user_list'],
  ['/audit', 'audit_event_list'],
] as const;

/** What has no entry in the menu, or one for everybody: behind that of the keys is the reference of the API, too. */
const WITHOUT_ENTRY = new Set(['/chains/new', '/developers']);

/** What a role may change: where the button for it is, what it says, and the operation behind it. */
const CONTROLS = [
  ['/chains', t('newChain.title'), 'chain_create'],
  ['/contracts', t('contracts.deploy'), 'contract_create'],
  ['/contracts/new', t('contracts.deploy'), 'contract_create'],
  ['/organizations', t('organizations.new.button'), 'organization_create'],
  ['/identities', t('identities.issue.button'), 'identity_create'],
  ['/developers', t('developers.new.button'), 'api_key_create'],
  ['/people', t('people.invite.button'), 'invitation_create'],
  ['/chains/ledger/nodes?node=orderer0', t('chain.nodes.restart'), 'node_restart'],
  ['/chains/ledger/settings', t('chain.settings.protectionOn'), 'chain_patch'],
  ['/chains/ledger/settings', t('chain.settings.delete'), 'chain_delete'],
  ['/contracts/ledger.main.evidence', t('contracts.upgrade.button'), 'contract_patch'],
  ['/contracts/ledger.main.evidence?tab=console', t('contracts.call.submit'), 'contract_submit'],
  ['/contracts/ledger.main.evidence?tab=console', t('contracts.call.evaluate'), 'contract_evaluate'],
] as const;

const may = (role: Role, operation: string) => {
  const roles = OPERATIONS[operation];
  if (!roles) throw new Error(`the document has no operation ${operation}`);
  return roles.includes(role);
};

/** The roles that may, as the console names them. */
const named = (operation: string) =>
  new Intl.ListFormat('en', { type: 'conjunction' }).format(
    (OPERATIONS[operation] ?? []).map((role) => t(`kit.role.${role as Role}`)),
  );

/** Why a button cannot be used. */
const refusal = (operation: string) => t('kit.forbidden.button', { roles: named(operation) });

test.each(ROLES)('the console lets a person do what the document lets the role %s', async (role) => {
  const page = await enter(browser, platform, role, role === 'signer' ? { organization: 'treasury' } : {});
  const refused: string[] = [];
  page.on('response', (answer) => {
    if (answer.status() === 403) refused.push(`${answer.request().method()} ${answer.url()}`);
  });
  const addresses = new Set<string>([...SECTIONS, ...CONTROLS].map(([address]) => address));
  for (const address of addresses) {
    const text = await content(page, address);
    const section = SECTIONS.find(([at]) => at === address);
    if (section) {
      const [, operation] = section;
      const isForbidden = text.includes(t('kit.forbidden.title'));
      expect([address, isForbidden]).toEqual([address, !may(role, operation)]);
      if (isForbidden) expect(text, address).toContain(named(operation));
      const entry = page
        .getByRole('navigation', { name: t('shell.nav.main') })
        .locator(`a[href="${address}"]`);
      if (!WITHOUT_ENTRY.has(address))
        expect([address, await entry.count()]).toEqual([address, may(role, operation) ? 1 : 0]);
    }
    for (const [, label, operation] of CONTROLS.filter(([at]) => at === address)) {
      const control = page
        .getByRole('button', { name: label, exact: true })
        .or(page.getByRole('main').getByRole('link', { name: label, exact: true }))
        .first();
      const isThere = (await control.count()) > 0;
      const reason = isThere ? ((await control.getAttribute('title')) ?? '') : '';
      if (may(role, operation)) {
        expect([address, label, isThere]).toEqual([address, label, true]);
        expect([address, label, reason]).not.toEqual([address, label, refusal(operation)]);
      } else if (isThere) {
        expect(await control.getAttribute('aria-disabled'), `${label} of ${address}`).toBe('true');
        expect([address, label, reason]).toEqual([address, label, refusal(operation)]);
      }
    }
  }

  // What the role may not have is not even asked for.
  expect(refused).toEqual([]);
});

test('an operator of the platform without a tenant is not led to what there is none of', async () => {
  const { items } = await ask<{ items: { id: string; email: string }[] }>(founder, 'GET', 'users');
  const administrator = items.find(({ email }) => email === 'admin@entente.local');
  await platform.api('DELETE', `users/${administrator?.id}`);
  const page = await open(browser, platform);
  await signIn(page, platform);
  const refused: string[] = [];
  page.on('response', (answer) => {
    if (answer.status() >= 400) refused.push(`${answer.status()} ${answer.url()}`);
  });

  const text = await content(page, '/');

  expect(refused).toEqual([]);
  await look(page, 'overview-platform-operator');
  expect(text).toContain(t('overview.title'));
  const entries = page.getByRole('navigation', { name: t('shell.nav.main') }).getByRole('link');
  const names = await entries.allTextContents();
  const ofTenants = ['chains', 'contracts', 'organizations', 'identities', 'people', 'audit'] as const;
  expect(names).toContain(t('shell.nav.overview'));
  expect(names.filter((name) => ofTenants.some((entry) => name === t(`shell.nav.${entry}`)))).toEqual([]);
});
