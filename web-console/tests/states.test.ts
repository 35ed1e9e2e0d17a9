/** What a screen says when it is not simply there: old, in part, in trouble, or without its own program. */
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { look } from './browser';
import { scene } from './scene';
import { until } from './until';

const CHAIN = 'transfer-payments';

const here = scene({ demo: true });

/** A screen's program, as the build names it. */
const isGone = (screen: string) => new RegExp(`/assets/${screen}-[^/]*\\.js$`);

/** What a browser tells a page that one comes back to: what is old is asked for anew. */
const comeBack = (page: Page) =>
  page.evaluate(() => document.dispatchEvent(new Event('visibilitychange', { bubbles: true })));

test('a screen whose program is gone since an upgrade is read anew, and says so where that does not help', async () => {
  let asked = 0;
  await here.page.goto('/overview');
  await here.page.route(isGone('Usage'), (route) => {
    asked += 1;
    return asked === 1 ? route.fulfill({ status: 404 }) : route.fallback();
  });

  await here.page.getByRole('link', { name: 'Usage' }).click();

  await here.page.getByRole('heading', { name: 'Usage' }).waitFor();
  expect(asked).toBeGreaterThan(1);

  // As if that had just been tried, for as long as one looks.
  await here.page.evaluate(() => {
    sessionStorage.setItem('entente.readAnew', String(Date.now() + 3_600_000));
  });
  await here.page.route(isGone('People'), (route) => route.fulfill({ status: 404 }));
  await here.page.getByRole('link', { name: 'Users and roles' }).click();
  await here.page.getByRole('heading', { name: 'This screen could not be loaded' }).waitFor();
  await look(here.page, 'state-missing');
  await here.page.evaluate(() => sessionStorage.removeItem('entente.readAnew'));
  await here.page.unroute(isGone('People'));
  await here.page.getByRole('button', { name: 'Load the page again' }).click();
  await here.page.getByRole('heading', { name: 'Users and roles' }).waitFor();
});

test('a node that does not answer is named, and everything else is shown', async () => {
  await here.page.goto(`/chains/${CHAIN}`);
  const health = here.page.getByRole('region', { name: 'Health' });
  await health.getByText('Consensus').waitFor();

  await until('the page to name the node', async () => {
    here.platform.killNode(CHAIN, 'peer0-city-finance');
    await comeBack(here.page);
    return health.getByText('No answer from: peer0-city-finance').isVisible();
  });

  await health.getByText('Consensus').waitFor();
  await health.scrollIntoViewIfNeeded();
  await look(here.page, 'state-partial');
});

test('what is old says how old it is while the platform does not answer, and is refreshed when it does', async () => {
  await here.page.goto('/chains');
  await here.page.getByRole('link', { name: CHAIN }).waitFor();
  await here.platform.kill();

  // Five seconds long, an answer counts as new.
  await until('the list to be old', async () => {
    await comeBack(here.page);
    return here.page.getByText('The platform does not answer at the moment').isVisible();
  });
  await here.page.getByRole('link', { name: CHAIN }).waitFor();
  await look(here.page, 'state-stale');

  await here.page.getByRole('navigation').getByRole('link', { name: 'Contracts' }).click();
  await here.page.getByRole('heading', { name: 'The platform does not answer' }).waitFor();
  await look(here.page, 'state-error');

  await here.platform.resume();
  await here.page.getByRole('link', { name: 'evidence' }).waitFor();
});
