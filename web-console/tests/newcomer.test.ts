/** Somebody new, with nothing but the console: from the one-time password to a transaction that they find again. */
import { readFileSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Language } from '@/i18n';
import { launch, look, open, signIn } from './browser';
import { both, type Effort, Hand } from './hand';
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

test.for([
  ['en', ENGLISH, 0],
  ['zh-CN', CHINESE, 1],
] as const)(
  'from the one-time password to a transaction in the explorer, by a sandbox and by the wizard, in %s',
  async ([language, founders, at]) => {
    const platform = platforms[at] as Platform;
    const page = await open(browser, platform, { locale: language, acceptDownloads: true });
    const begin = () => new Walk(new Hand(page), language);

    const cameIn = begin();
    await cameIn.signIn(platform.oneTimePassword());
    const sandbox = begin();
    await sandbox.createSandbox();
    await sandbox.tryContract();
    await page.goto('/overview');
    const wizard = begin();
    await wizard.createChain(founders);
    await wizard.certify(DIGEST);
    tell(`by a sandbox, ${language}`, both(cameIn.effort, sandbox.effort));
    tell(`by the wizard, ${language}`, both(cameIn.effort, wizard.effort));

    const rest = begin();
    await rest.deploy('receipts');
    const profile = await rest.downloadProfile(founders.chain);
    expect(profile.name).toBe(`${founders.name}-${founders.organizations[0]?.name}.json`);
    expect(Object.keys(profile.content.peers)).not.toEqual([]);
    expect(JSON.stringify(profile.content)).not.toContain('PRIVATE KEY');
  },
);

/** What CI keeps of a way, and docs/console.md says. */
const tell = (way: string, { waited, clicks, keys, byHand }: Effort) =>
  process.stdout.write(
    `newcomer, ${way}: found after ${Math.round(waited)} s, ${clicks} clicks and ${keys} keys: ` +
      `about ${Math.round(byHand)} s by hand\n`,
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
  /** What the way took so far. */
  effort: Effort = { waited: 0, clicks: 0, keys: 0, byHand: 0 };

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
    await hand.type(page.getByLabel(t('signIn.first.next'), { exact: true }), PASSWORD);
    await this.#press(t('signIn.first.submit'));
    await page.getByText(t('overview.empty.title')).waitFor();
    this.effort = hand.report();
    await this.#picture('overview-empty');
  }

  /** Everything is filled in. */
  async createSandbox() {
    const [page, hand, t] = [this.#page, this.#hand, this.#t];
    await hand.click(
      page
        .getByRole('main')
        .getByRole('link', { name: t('newChain.sandbox.try') })
        .first(),
    );
    await page.getByText(t('newChain.review.fixed')).waitFor();
    await this.#picture('new-sandbox');
    await this.#create();
  }

  /** Calls the contract that came with the chain, with the values of the example, and follows the answer to the ledger. */
  async tryContract() {
    const [page, hand, t] = [this.#page, this.#hand, this.#t];
    await hand.click(page.getByRole('link', { name: t('operation.next.call', { contract: 'evidence' }) }));
    await this.#press(t('contracts.call.example'));
    const digest = await page.getByLabel('digest').inputValue();
    await this.#submit(digest);
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
    await this.#create();
  }

  async #create() {
    const [page, t] = [this.#page, this.#t];
    await this.#press(t('newChain.create'));
    await page.getByText(t('operation.succeeded.create')).waitFor({ timeout: 60_000 });
    await page.getByRole('link', { name: t('operation.next.call', { contract: 'evidence' }) }).waitFor();
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

  /** Puts a digest of one's own on the ledger by the contract's form. */
  async certify(digest: string) {
    const [page, hand, t] = [this.#page, this.#hand, this.#t];
    await hand.click(page.getByRole('link', { name: t('operation.next.call', { contract: 'evidence' }) }));
    await hand.paste(page.getByLabel('digest'), digest);
    await hand.type(page.getByLabel('note'), '2027-001');
    await this.#submit(digest);
  }

  async #submit(digest: string) {
    const [page, hand, t] = [this.#page, this.#hand, this.#t];
    await this.#press(t('contracts.call.submit'));
    const answer = page.getByRole('status').filter({ hasText: t('contracts.answer.transaction') });
    const id = (await answer.locator('.hash span').first().getAttribute('title')) ?? '';
    await this.#picture('contract-answer');
    await hand.click(page.getByRole('link', { name: t('contracts.answer.show') }));
    await page.getByText(t('explorer.code.VALID')).waitFor();
    await page.getByRole('main').getByText(id).first().waitFor();
    await page.getByRole('main').getByText(digest).first().waitFor();
    this.effort = hand.report();
  }

  async downloadProfile(chain: string): Promise<{ name: string; content: { peers: object } }> {
    const [page, hand, t] = [this.#page, this.#hand, this.#t];
    await this.#go(t('shell.nav.chains'));
    await hand.click(page.getByRole('link', { name: chain }));
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
    const main = this.#page.getByRole('navigation', { name: this.#t('shell.nav.main') });
    await this.#hand.click(main.getByRole('link', { name, exact: true }));
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
