/** Somebody new, with nothing but the console: from the one-time password to a transaction that they find again. */
import { readFileSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Language } from '@/i18n';
import { launch, look, open, signIn } from './browser';
import { Hand } from './hand';
import { EMAIL, PASSWORD, Platform } from './platform';
import { words } from './words';

/** A chain of the finance bureaus, as its founders would name it. */
type Founders = { chain: string; name: string; organizations: { displayName: string; name: string }[] };

const ENGLISH: Founders = {
  chain: 'Transfer payments 2027',
  name: 'transfer-payments-2027',
  organizations: [
    { displayName: 'Province of Hebei', name: 'province-of-hebei' },
    { displayName: 'City of Shijiazhuang', name: 'city-of-shijiazhuang' },
  ],
};
// No Latin letter in a name: the one for programs is typed.
const CHINESE: Founders = {
  chain: '转移支付存证',
  name: 'zhuanyi-zhifu',
  organizations: [
    { displayName: '河北省财政厅', name: 'hebei' },
    { displayName: '石家庄市财政局', name: 'shijiazhuang' },
  ],
};
const DIGEST = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';

let platforms: Platform[];
let browser: Browser;

beforeAll(async () => {
  [platforms, browser] = await Promise.all([Promise.all([Platform.start(), Platform.start()]), launch()]);
});

afterAll(async () => {
  await browser?.close();
  await Promise.all((platforms ?? []).map((platform) => platform.stop()));
});

test.each([
  ['en', ENGLISH, 0],
  ['zh-CN', CHINESE, 1],
] as const)(
  'from the one-time password to a transaction that is found again, in %s',
  async (language, founders, at) => {
    const platform = platforms[at] as Platform;
    const page = await open(browser, platform, { locale: language, acceptDownloads: true });
    const hand = new Hand(page);
    const walk = new Walk(hand, language);

    await walk.signIn(platform.oneTimePassword());
    await walk.createChain(founders);
    await walk.deploy('receipts');
    const id = await walk.certify(DIGEST);
    await walk.find(founders.chain, id);
    const took = hand.report();
    const profile = await walk.downloadProfile();

    process.stdout.write(
      `newcomer, ${language}: found after ${took.waited} s, ${took.clicks} clicks and ${took.keys} keys: ` +
        `about ${took.byHand} s by hand\n`,
    );
    expect(profile.name).toBe(`${founders.name}-${founders.organizations[0]?.name}.json`);
    expect(Object.keys(profile.content.peers)).not.toEqual([]);
    expect(JSON.stringify(profile.content)).not.toContain('PRIVATE KEY');
  },
);

test('a name that is taken is told while it is typed, and the draft outlives a reload', async () => {
  const platform = platforms[0] as Platform;
  const page = await open(browser, platform);
  await signIn(page, platform);
  await page.goto('/chains/new');

  await page.getByLabel('Name', { exact: false }).first().fill(ENGLISH.chain);
  await page.getByText(`The name ${ENGLISH.name} is taken.`).waitFor();
  await page.reload();

  await page.getByText(`The name ${ENGLISH.name} is taken.`).waitFor();
});

/** The way of a newcomer. Every step begins where the one before has led, and goes on by what is on the page. */
class Walk {
  readonly #t;
  readonly #page;
  readonly #hand;
  readonly #language;

  constructor(hand: Hand, language: Language) {
    this.#hand = hand;
    this.#page = hand.page;
    this.#language = language;
    this.#t = words(language);
  }

  async signIn(oneTimePassword: string) {
    const [page, hand, t] = [this.#page, this.#hand, this.#t];
    await page.goto('/');
    await hand.type(page.getByLabel(t('signIn.email')), EMAIL);
    await hand.paste(page.getByLabel(t('signIn.password')), oneTimePassword);
    await this.#press(t('signIn.submit'));
    await hand.paste(page.getByLabel(t('signIn.first.current')), oneTimePassword);
    await hand.type(page.getByLabel(t('signIn.first.next'), { exact: true }), PASSWORD);
    await hand.type(page.getByLabel(t('signIn.first.again')), PASSWORD);
    await this.#press(t('signIn.first.submit'));
    await page.getByText(t('overview.empty.title')).waitFor();
    await this.#picture('overview-empty');
  }

  async createChain({ chain, name, organizations }: Founders) {
    const [page, hand, t] = [this.#page, this.#hand, this.#t];
    await hand.click(
      page
        .getByRole('main')
        .getByRole('link', { name: t('newChain.title') })
        .first(),
    );
    await hand.click(page.getByLabel(t('newChain.preset.finance')));
    await hand.type(page.getByLabel(t('newChain.purpose.displayName')).first(), chain);
    await this.#named(t('newChain.purpose.name'), name);
    await this.#picture('new-chain-purpose');
    await this.#press(t('newChain.next'));

    await hand.aside(async () => {
      await page.getByRole('button', { name: t('newChain.next') }).click();
      await page.getByText(t('newChain.members.none')).waitFor();
    });
    for (const organization of organizations) {
      await hand.type(
        page.getByLabel(t('newChain.members.newName'), { exact: true }),
        organization.displayName,
      );
      await this.#named(t('newChain.members.newId'), organization.name);
      await this.#press(t('newChain.members.make'));
      await page
        .getByRole('checkbox', { name: organization.displayName })
        .and(page.locator(':checked'))
        .waitFor();
    }
    await this.#picture('new-chain-members');
    await this.#press(t('newChain.next'));

    await hand.click(page.getByLabel(t('newChain.plan.sandbox')));
    await this.#picture('new-chain-network');
    await this.#press(t('newChain.next'));

    await page.getByText(t('newChain.review.fixed')).waitFor();
    await page.getByText(`name: ${name}`).waitFor();
    await this.#picture('new-chain-review');
    await this.#press(t('newChain.create'));
    await page.getByText(t('operation.succeeded.create')).waitFor({ timeout: 60_000 });
  }

  async deploy(contract: string) {
    const [page, hand, t] = [this.#page, this.#hand, this.#t];
    await this.#go(t('shell.nav.contracts'));
    await hand.click(
      page
        .getByRole('main')
        .getByRole('link', { name: t('contracts.deploy') })
        .first(),
    );
    await hand.type(page.getByLabel(t('contracts.name')), contract);
    await this.#press(t('contracts.deploy'));
    await page
      .getByRole('heading', { level: 1, name: t('state.resource.ready') })
      .waitFor({ timeout: 60_000 });
  }

  /** Puts a digest on the ledger by the contract's own form; answers the transaction's id. */
  async certify(digest: string): Promise<string> {
    const [page, hand, t] = [this.#page, this.#hand, this.#t];
    await hand.click(page.getByRole('link', { name: t('contracts.tabs.console'), exact: true }));
    await hand.click(page.getByRole('link', { name: /^Certify/ }));
    await hand.paste(page.getByLabel('digest'), digest);
    await hand.type(page.getByLabel('note'), '2027-001');
    await this.#press(t('contracts.call.submit'));
    const answer = page.getByRole('status').filter({ hasText: t('contracts.answer.transaction') });
    const id = await answer.locator('.hash span').first().getAttribute('title');
    await this.#picture('contract-answer');
    return id ?? '';
  }

  async find(chain: string, id: string) {
    const [page, hand, t] = [this.#page, this.#hand, this.#t];
    await this.#go(t('shell.nav.chains'));
    await hand.click(page.getByRole('link', { name: chain }));
    await this.#tab(t('chain.tabs.explorer'));
    await hand.paste(page.getByRole('searchbox', { name: t('explorer.search.label') }), id);
    await this.#press(t('explorer.search.submit'));
    await page.getByText(t('explorer.code.VALID')).waitFor();
    await page.getByRole('main').getByText(id).first().waitFor();
    await page.getByRole('main').getByText(DIGEST).first().waitFor();
  }

  async downloadProfile(): Promise<{ name: string; content: { peers: object } }> {
    const [page, t] = [this.#page, this.#t];
    await this.#tab(t('chain.tabs.overview'));
    const coming = page.waitForEvent('download');
    await this.#press(t('chain.connect.download'));
    const file = await coming;
    return {
      name: file.suggestedFilename(),
      content: JSON.parse(readFileSync(await file.path(), 'utf8')),
    };
  }

  async #press(name: string) {
    await this.#hand.click(this.#page.getByRole('button', { name, exact: true }));
  }

  async #go(name: string) {
    await this.#hand.click(this.#page.getByRole('navigation').getByRole('link', { name, exact: true }));
  }

  /** Goes to a part of the chain that is shown. */
  async #tab(name: string) {
    const tabs = this.#page.getByRole('navigation', { name: this.#t('chain.tabs.label') });
    await this.#hand.click(tabs.getByRole('link', { name, exact: true }));
  }

  /** Types a name for programs where none could be made from the one for people. */
  async #named(label: string, name: string) {
    const field = this.#page.getByLabel(label, { exact: true });
    if ((await field.getAttribute('placeholder')) !== name) await this.#hand.type(field, name);
  }

  async #picture(name: string) {
    const own = this.#language === 'en' ? name : `${name}-${this.#language}`;
    await this.#hand.aside(() => look(this.#page, own));
  }
}
