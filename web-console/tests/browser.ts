/** Debian's Chromium, and what every screen must stand up to. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { AxeResults, RunOptions } from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page, type Request } from 'playwright-core';
import { expect } from 'vitest';
import { EMAIL, PASSWORD, type Platform } from './platform';

const SCREENSHOTS = process.env.ENTENTE_SCREENSHOTS ?? join(import.meta.dirname, 'screenshots');
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Where Chromium is; `tests/run` installs it. */
function executable(): string {
  const places = [process.env.ENTENTE_CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser'];
  const found = places.find((place) => place && existsSync(place));
  if (!found) throw new Error('there is no Chromium: apt-get install chromium, or set ENTENTE_CHROMIUM');
  return found;
}

/** Starts a browser. As root, which containers are, Chromium runs without its sandbox. */
export function launch(): Promise<Browser> {
  const isRoot = process.getuid?.() === 0;
  return chromium.launch({ executablePath: executable(), args: isRoot ? ['--no-sandbox'] : [] });
}

/** A page in a browser profile of its own. What goes wrong in it fails the test that looks at it. */
export async function open(
  browser: Browser,
  platform: Platform,
  options: BrowserContextOptions = {},
): Promise<Page> {
  const context = await browser.newContext({
    baseURL: platform.url,
    viewport: { width: 1280, height: 800 },
    locale: 'en-GB',
    reducedMotion: 'reduce',
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const wrong: string[] = [];
  page.on('pageerror', (error) => wrong.push(String(error)));
  page.on('console', (message) => {
    // An answer that is no success is logged by the browser itself, a part that did not come by the router; the screen shows both
    // in words.
    const isShown = /^Failed to load resource|a part of the console did not come/.test(message.text());
    if (message.type() === 'error' && !isShown) wrong.push(message.text());
  });
  errors.set(page, wrong);
  return page;
}

const errors = new WeakMap<Page, string[]>();

/** Tells, from now on, whether the page has had everything that it asked the API for; streams of events never end. */
export function quietness(page: Page): () => boolean {
  const open = new Set<Request>();
  let changed = Date.now();
  const note = (change: (request: Request) => unknown) => (request: Request) => {
    if (!request.url().includes('/v1/') || request.url().endsWith('/events')) return;
    change(request);
    changed = Date.now();
  };
  page.on(
    'request',
    note((request) => open.add(request)),
  );
  page.on(
    'requestfinished',
    note((request) => open.delete(request)),
  );
  page.on(
    'requestfailed',
    note((request) => open.delete(request)),
  );
  // One answer may lead to the next question.
  return () => open.size === 0 && Date.now() - changed > 100;
}

/** Signs in as the administrator; changes the one-time password where it still stands. */
export async function signIn(page: Page, platform: Platform, email = EMAIL, password = PASSWORD) {
  const begin = (given: string) => page.request.post('/v1/session', { data: { email, password: given } });
  let answer = await begin(password);
  if (!answer.ok() && email === EMAIL) {
    const current = platform.oneTimePassword();
    answer = await begin(current);
    const { csrfToken } = await answer.json();
    const headers = { 'X-CSRF-Token': csrfToken };
    const changed = await page.request.post('/v1/session:changePassword', {
      headers,
      data: { current, new: password },
    });
    expect(changed.ok(), await changed.text()).toBe(true);
  }
  expect(answer.ok(), await answer.text()).toBe(true);
}

/** Looks at the screen in both themes, wide and narrow: pictures, axe's rules, nothing cut off, nothing wrong in the console. */
export async function look(page: Page, name: string): Promise<void> {
  mkdirSync(SCREENSHOTS, { recursive: true });
  const wide = page.viewportSize() ?? { width: 1280, height: 800 };
  for (const theme of ['light', 'dark'] as const) {
    await page.evaluate((chosen) => {
      document.documentElement.dataset.theme = chosen;
    }, theme);
    await page.screenshot({ path: join(SCREENSHOTS, `${name}-${theme}.png`) });
    expect(await violations(page, theme === 'light' ? 'all' : 'colours'), `axe on ${name}, ${theme}`).toEqual(
      [],
    );
  }
  await page.setViewportSize({ width: 390, height: 844 });
  await page.screenshot({ path: join(SCREENSHOTS, `${name}-narrow.png`) });
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(overflow, `${name} is wider than a telephone`).toBeLessThanOrEqual(0);
  await page.setViewportSize(wide);
  await page.evaluate(() => {
    document.documentElement.dataset.theme = 'light';
  });
  expect(errors.get(page), `the browser's console on ${name}`).toEqual([]);
}

/**
 * What axe objects to. Themes differ in nothing but colours, so that one of them has every rule asked and the other those of
 * contrast.
 */
async function violations(page: Page, rules: 'all' | 'colours'): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(AXE);
  const options: RunOptions = rules === 'all' ? {} : { runOnly: ['color-contrast', 'link-in-text-block'] };
  const results = await page.evaluate(
    (chosen) =>
      (window as unknown as { axe: { run(options: RunOptions): Promise<AxeResults> } }).axe.run({
        ...chosen,
        resultTypes: ['violations'],
      }),
    options,
  );
  return results.violations.flatMap(({ id, help, nodes }) =>
    nodes.map((node) => `${id}: ${help}: ${node.target} ${node.failureSummary ?? ''}`),
  );
}
