/** How people come in. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, look, open } from './browser';
import { EMAIL, PASSWORD, Platform } from './platform';

let platform: Platform;
let browser: Browser;

beforeAll(async () => {
  [platform, browser] = await Promise.all([Platform.start(), launch()]);
});

afterAll(async () => {
  await browser?.close();
  await platform?.stop();
});

test('the first administrator chooses a password, and is where they wanted to go the next time', async () => {
  const page = await open(browser, platform);
  await page.goto('/chains?q=ledger');
  await page.getByLabel('E-mail address').fill(EMAIL);
  await page.getByLabel('Password').fill(platform.oneTimePassword());
  await look(page, 'sign-in');
  await page.getByRole('button', { name: 'Sign in' }).click();

  await page.getByLabel('One-time password').fill(platform.oneTimePassword());
  await page.getByLabel('New password', { exact: true }).fill(PASSWORD);
  await page.getByLabel('New password again').fill(PASSWORD);
  await look(page, 'first-password');
  await page.getByRole('button', { name: 'Set the password' }).click();
  await page.getByRole('heading', { name: 'Overview' }).waitFor();

  const again = await open(browser, platform);
  await again.goto('/chains?q=ledger');
  await again.getByLabel('E-mail address').fill(EMAIL);
  await again.getByLabel('Password').fill(PASSWORD);
  await again.getByRole('button', { name: 'Sign in' }).click();
  await again.getByRole('heading', { name: 'Chains' }).waitFor();

  expect(new URL(again.url()).pathname + new URL(again.url()).search).toBe('/chains?q=ledger');
});

test('a wrong password is told in words, and the page leads to no other site', async () => {
  const page = await open(browser, platform);
  await page.goto('/sign-in?returnTo=//evil.example');
  await page.getByLabel('E-mail address').fill('nobody@bank.example');
  await page.getByLabel('Password').fill('not the password');
  await page.getByRole('button', { name: 'Sign in' }).click();

  await page.getByText('E-mail address or password is wrong.').waitFor();

  await look(page, 'sign-in-refused');
});
