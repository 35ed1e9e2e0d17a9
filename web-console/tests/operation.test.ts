/** A chain is watched while it is made: live, over a restart of the server, and when it fails. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { look, open, signIn } from './browser';
import { freePort } from './platform';
import { scene } from './scene';
import { until } from './until';

const here = scene({ signedIn: false });

type Accepted = { operation: { id: string } };

const create = (name: string, spec: object = {}) =>
  here.platform.api<Accepted>('POST', 'chains', {
    name,
    spec: { members: [{ organization: 'bank' }], ...spec },
  });

test('the steps of a chain come in by themselves until it is ready', async () => {
  const page = await open(here.browser, here.platform);
  await signIn(page, here.platform);
  const { operation } = await create('ledger');
  await page.goto(`/operations/${operation.id}`);

  await page.getByText('It is there and ready.').waitFor();

  await page.getByRole('heading', { name: 'Creating ledger' }).waitFor();
  expect(await page.getByRole('img', { name: 'Done' }).count()).toBeGreaterThan(5);
  await look(page, 'operation-succeeded');
});

test('a node that ends while one looks says why, and is ready again, without a reload', async () => {
  const page = await open(here.browser, here.platform);
  await signIn(page, here.platform);
  await page.goto('/chains/ledger/nodes');
  const row = page.locator('tbody tr', { hasText: 'peer0-bank' });
  await row.getByText('Ready', { exact: true }).waitFor();
  await page.evaluate(() => {
    document.body.dataset.since = 'the beginning';
  });

  await until('the page to show the failure', async () => {
    here.platform.killNode('ledger', 'peer0-bank');
    return row.getByText('Failed', { exact: true }).isVisible();
  });
  await row.getByText(/signal|exit|killed/i).waitFor();
  await look(page, 'node-failing');

  await row.getByText('Ready', { exact: true }).waitFor({ timeout: 60_000 });
  expect(await row.getByRole('cell').nth(5).textContent()).not.toBe('0');
  expect(await page.locator('body').getAttribute('data-since')).toBe('the beginning');
});

test('the page recovers when the server ends and comes back while a chain is made', async () => {
  const page = await open(here.browser, here.platform);
  await signIn(page, here.platform);
  const { operation } = await create('second', { ordering: { replicas: 3 } });
  await page.goto(`/operations/${operation.id}`);
  await page.getByRole('heading', { name: 'Creating second' }).waitFor();

  await here.platform.kill();
  await page
    .getByText('Live updates are paused')
    .or(page.getByText('It is there and ready.'))
    .first()
    .waitFor();
  await here.platform.resume();

  await page.getByText('It is there and ready.').waitFor({ timeout: 60_000 });
});

test('a step that waits is tried again at once, and what is known of it can be handed on', async () => {
  const page = await open(here.browser, here.platform);
  await signIn(page, here.platform);
  const silent = await freePort();
  const contracts = [{ name: 'rates', external: { address: `127.0.0.1:${silent}` } }];
  const { operation } = await create('waiting', { contracts });
  await page.goto(`/operations/${operation.id}`);
  const again = page.getByRole('button', { name: 'Try again now' });
  await again.waitFor();
  await look(page, 'operation-waiting');

  const [bundle] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download support bundle' }).click(),
  ]);
  const known = JSON.parse(await readFile(await bundle.path(), 'utf8'));
  expect(Object.keys(known)).toEqual([
    'time',
    'page',
    'version',
    'operation',
    'chain',
    'health',
    'nodes',
    'logs',
  ]);
  expect([known.operation.id, known.chain.name, known.health.chain]).toEqual([
    operation.id,
    'waiting',
    'waiting',
  ]);

  const answer = page.waitForResponse((response) => response.url().endsWith(`${operation.id}:retry`));
  await again.click();
  expect((await answer).status()).toBe(202);
});

test('what fails says why and what to do, and can be removed', async () => {
  const page = await open(here.browser, here.platform);
  await signIn(page, here.platform);
  // Images run on a cluster only, and this is one machine.
  const image = `registry.example/kpi@sha256:${'e'.repeat(64)}`;
  const contracts = [{ name: 'kpi', image }];
  const { operation } = await create('broken', { contracts });
  await page.goto(`/operations/${operation.id}`);
  await page.getByText('It could not be done').waitFor();
  await page.getByText('images need Kubernetes').first().waitFor();
  await look(page, 'operation-failed');

  await page.getByRole('button', { name: 'Cancel and clean up' }).click();
  await look(page, 'clean-up');
  await page.getByRole('textbox').fill('broken');
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel and clean up' }).click();

  await page.getByText('It is gone.').waitFor();
});
