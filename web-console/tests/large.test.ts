/**
 * Long lists: real chains and real blocks, put in over the API. `CHAINS` and `BLOCKS` say how many; without them there are as
 * many as it takes for the first rows to leave the document. docs/console.md has what 500 and 10,000 gave.
 */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, open, signIn } from './browser';
import { Platform } from './platform';
import { words } from './words';

const CHAINS = Number(process.env.CHAINS ?? 210);
const BLOCKS = Number(process.env.BLOCKS ?? 120);
/** Rows that stand in the document at most: four pages of the API's. And elements of a screen with so many. */
const ROWS = 200;
const ELEMENTS = 6_000;
const HOUR = 3_600_000;

const t = words('en');

let platform: Platform;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  [platform, browser] = await Promise.all([Platform.start(), launch()]);
  await Promise.all([fillChains(), fillBlocks()]);
  page = await open(browser, platform);
  await signIn(page, platform);
}, HOUR);

afterAll(async () => {
  await browser?.close();
  await platform?.stop();
});

/** Does a thing so many times, a few at once. */
async function times(count: number, atOnce: number, work: (at: number) => Promise<unknown>) {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

const members = [{ organization: 'bank' }];

/** Chains that rest: they are all that a chain is, and run no nodes. */
const fillChains = () =>
  times(CHAINS, 4, (at) =>
    platform.api('POST', 'chains', {
      name: `archive-${String(at).padStart(4, '0')}`,
      spec: { displayName: `Archive of ${1500 + at}`, members, suspended: true },
    }),
  );

/** A chain whose every transaction is a block. */
async function fillBlocks() {
  const spec = {
    members,
    ordering: { replicas: 1 },
    batch: { maxMessageCount: 1 },
    contracts: [{ name: 'evidence', template: 'evidence' }],
  };
  const made = await platform.api<{ operation: { id: string } }>('POST', 'chains', { name: 'ledger', spec });
  await platform.api('GET', `operations/${made.operation.id}:wait?timeout=60s`);
  await times(BLOCKS, 16, (at) =>
    platform.api('POST', 'chains/ledger/channels/main/contracts/evidence:submit', {
      function: 'Certify',
      arguments: [at.toString(16).padStart(64, '0'), 'filler'],
    }),
  );
}

/** Reads a list to its end: how long a page took from the click to its rows, and how large the document became. */
async function readOn() {
  const more = page.getByRole('button', { name: t('kit.more') });
  const rows = page.locator('tbody tr');
  const took: number[] = [];
  let most = 0;
  while (await more.isVisible()) {
    const last = await rows.last().textContent();
    const began = Date.now();
    await more.click();
    await page.waitForFunction(
      (before) => [...document.querySelectorAll('tbody tr')].at(-1)?.textContent !== before,
      last,
    );
    took.push(Date.now() - began);
    most = Math.max(most, await page.evaluate(() => document.querySelectorAll('*').length));
  }
  took.sort((one, other) => one - other);
  const [median, worst] = [took[Math.floor(took.length / 2)], took.at(-1)];
  process.stdout.write(
    `${page.url()}: ${took.length} pages more, ${median} ms a page, ${worst} ms at most; ${most} elements at most\n`,
  );
  return { most, rows: await rows.count() };
}

test(
  `${CHAINS} chains are read to the end in a document that stays small, and narrowed to one`,
  async () => {
    await page.goto('/chains');
    await page.getByText('archive-0000').waitFor();

    const read = await readOn();

    expect(read.rows).toBeLessThanOrEqual(ROWS);
    expect(read.most).toBeLessThan(ELEMENTS);
    await page.getByRole('button', { name: t('kit.earlier') }).click();
    expect(await page.locator('tbody tr').count()).toBe(ROWS);
    await page
      .getByRole('main')
      .getByRole('searchbox')
      .fill(`archive-${String(CHAINS - 1).padStart(4, '0')}`);
    await page.locator('tbody tr').nth(1).waitFor({ state: 'detached' });
    expect(await page.locator('tbody tr').textContent()).toContain(`Archive of ${1500 + CHAINS - 1}`);
  },
  HOUR,
);

test(
  `${BLOCKS} blocks are read to the first in a document that stays small`,
  async () => {
    await page.goto('/chains/ledger/explorer/main');
    await page.locator('tbody tr').first().waitFor();

    const read = await readOn();

    expect(read.rows).toBeLessThanOrEqual(ROWS);
    expect(read.most).toBeLessThan(ELEMENTS);
    await page.locator('tbody').getByRole('link', { name: '0', exact: true }).waitFor();
  },
  HOUR,
);

test('a block in the middle is one search away', async () => {
  const number = Math.floor(BLOCKS / 2);
  const shown = number.toLocaleString('en-GB');
  await page.getByRole('searchbox', { name: t('explorer.search.label') }).fill(String(number));
  await page.keyboard.press('Enter');

  await page
    .getByRole('heading', { name: t('explorer.block.title', { number: shown }) })
    .or(page.getByRole('main').getByRole('link', { name: shown, exact: true }))
    .first()
    .waitFor();
});
