/** What is on a ledger, found and explained. */
import { expect, test } from 'vitest';
import { look, open, signIn } from './browser';
import { scene } from './scene';

const EXPLORER = '/chains/transfer-payments/explorer/main';

const here = scene({ demo: true });

/** Puts a digest on the ledger, and answers the transaction's id. */
async function certify(digest: string, note: string): Promise<string> {
  const { transactionId } = await here.platform.api<{ transactionId: string }>(
    'POST',
    'chains/transfer-payments/channels/main/contracts/evidence:submit',
    { function: 'Certify', arguments: [digest, note] },
  );
  return transactionId;
}

test('a block that comes is on the open page within three seconds', async () => {
  await here.page.goto(EXPLORER);
  await here.page.locator('.tile', { hasText: /Height\d/ }).waitFor();
  await here.page.getByText('live', { exact: true }).waitFor();
  const height = here.page.locator('.tile', { hasText: 'Height' }).locator('dd').first();
  const before = Number(await height.textContent());

  await certify('ab'.repeat(32), 'seen live');

  await here.page.getByRole('link', { name: String(before), exact: true }).waitFor({ timeout: 3_000 });
  expect(await height.textContent()).toBe(String(before + 1));
});

test('eight tabs on live pages leave connections for everything else, and one that is looked at again is live', async () => {
  const others = await Promise.all(
    Array.from({ length: 7 }, async () => {
      const other = await here.page.context().newPage();
      await other.goto(EXPLORER);
      await other.getByText('Block hash').waitFor();
      return other;
    }),
  );
  await here.page.getByText('Live updates paused').waitFor();

  await here.page.evaluate(() => window.dispatchEvent(new Event('focus')));

  await here.page.getByText('live', { exact: true }).waitFor();
  await Promise.all(others.map((other) => other.close()));
});

test('a transaction is found by the beginning of its id, with what it wrote and who endorsed it', async () => {
  const id = await certify('cd'.repeat(32), 'to be found');
  await here.page.goto(EXPLORER);
  await here.page.getByRole('searchbox', { name: 'Search this channel' }).fill(id.slice(0, 12));
  await here.page.keyboard.press('Enter');

  await here.page.getByText('It passed every check').waitFor();

  const main = here.page.getByRole('main');
  expect(new URL(here.page.url()).pathname).toBe(`${EXPLORER}/transactions/${id}`);
  for (const text of ['evidence.Certify', 'to be found', 'Event “Certified”', 'Endorsed by 2 peers', id]) {
    expect(await main.getByText(text).count(), text).toBeGreaterThan(0);
  }
  await look(here.page, 'transaction');
});

test('a key leads from a transaction to its history', async () => {
  await here.page
    .locator('.key-name', { hasText: 'cd'.repeat(32) })
    .first()
    .click();

  await here.page.getByRole('heading', { name: 'History of a key' }).waitFor();

  await here.page.getByRole('cell', { name: 'Certify' }).waitFor();
  await look(here.page, 'key-history');
});

test('what is invalid is explained in the language of the reader', async () => {
  const digest = 'ef'.repeat(32);
  await Promise.allSettled(Array.from({ length: 6 }, (_, at) => certify(digest, `at once ${at}`)));
  const chinese = await open(here.browser, here.platform, { locale: 'zh-CN' });
  await signIn(chinese, here.platform);
  await chinese.goto(`${EXPLORER}/transactions?code=MVCC_READ_CONFLICT`);
  await chinese.getByRole('cell', { name: 'evidence.Certify' }).first().waitFor();
  await chinese.locator('tbody a').first().click();

  await chinese.getByText('提交前，它所读取的数据已被另一笔交易修改。').waitFor();

  await look(chinese, 'transaction-invalid-zh-CN');
});

test('a number in an address is searched for as one', async () => {
  await here.page.goto(`${EXPLORER}/search?q=1`);

  await here.page.getByRole('heading', { name: 'Block 1' }).waitFor();

  expect(new URL(here.page.url()).pathname).toBe(`${EXPLORER}/blocks/1`);
});

test('what is nowhere is said to be nowhere', async () => {
  await here.page.goto(`${EXPLORER}/search?q=nowhere`);

  await here.page.getByText('Nothing found').waitFor();

  await look(here.page, 'search-nothing');
});
