/** How quick the console is: from an empty cache to a screen that one can use, and from a commit to its block on the page. */
import type { Page } from 'playwright-core';
import { test } from 'vitest';
import { open, signIn } from './browser';
import { scene } from './scene';
import { words } from './words';

const LOADS = 7;
const COMMITS = 15;

const t = words('en');

const here = scene({ demo: true, signedIn: false });

const say = (what: string, values: number[]) => {
  const sorted = values.map(Math.round).sort((one, other) => one - other);
  process.stdout.write(
    `${what}: median ${sorted[Math.floor(sorted.length / 2)]} ms, worst ${sorted.at(-1)} ms\n`,
  );
};

/** Kept by the page itself, from the navigation's start on, in milliseconds. */
type Marks = { shown?: number; busyUntil: number };

/** Notes when the first heading is drawn, and when the last task ended that kept the page from answering (50 ms or more). */
const note = (page: Page) =>
  page.addInitScript(() => {
    const marks: Marks = { busyUntil: 0 };
    Object.assign(window, { marks });
    new PerformanceObserver((list) => {
      for (const task of list.getEntries()) marks.busyUntil = task.startTime + task.duration;
    }).observe({ type: 'longtask', buffered: true });
    const look = () => {
      if (document.querySelector('h1')) marks.shown = performance.now();
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });

const marksOf = (page: Page) => page.evaluate(() => (window as unknown as { marks: Marks }).marks);

test('time to interactive, with a cold cache', async () => {
  for (const [address, isInside] of [
    ['/sign-in', false],
    ['/overview', true],
    ['/chains/transfer-payments/explorer/main', true],
  ] as const) {
    const took: number[] = [];
    for (let at = 0; at < LOADS; at += 1) {
      const page = await open(here.browser, here.platform);
      if (isInside) await signIn(page, here.platform);
      await note(page);
      await page.goto(address);
      await page.locator('h1').first().waitFor();
      // Whatever the first screen still does after it is drawn counts.
      await page.waitForTimeout(1_000);
      const { shown, busyUntil } = await marksOf(page);
      took.push(Math.max(shown ?? Number.NaN, busyUntil));
      await page.context().close();
    }
    say(`interactive, ${address}`, took);
  }
});

test('from a commit to its block in the explorer', async () => {
  const page = await open(here.browser, here.platform);
  await signIn(page, here.platform);
  await page.goto('/chains/transfer-payments/explorer/main');
  await page.getByText(t('explorer.live'), { exact: true }).waitFor();
  const [asked, committed]: number[][] = [[], []];
  for (let at = 0; at < COMMITS; at += 1) {
    const began = Date.now();
    const { blockNumber } = await here.platform.api<{ blockNumber: number }>(
      'POST',
      'chains/transfer-payments/channels/main/contracts/evidence:submit',
      { function: 'Certify', arguments: [at.toString(16).padStart(64, 'e'), 'measured'] },
    );
    const answered = Date.now();
    const seen = await page.waitForFunction(
      (number) =>
        [...document.querySelectorAll('tbody a')].some((link) => link.textContent === number) && Date.now(),
      blockNumber.toLocaleString('en-GB'),
    );
    const shown = Number(await seen.jsonValue());
    asked?.push(shown - began);
    committed?.push(Math.max(0, shown - answered));
  }
  say('visible after it was asked for', asked ?? []);
  say('visible after the platform had said that it is committed', committed ?? []);
});
