/** How people come in. */
import { expect, test } from 'vitest';
import { look, open } from './browser';
import { EMAIL, PASSWORD } from './platform';
import { scene } from './scene';

const here = scene({ signedIn: false });

test('the first administrator chooses a password, and is where they wanted to go the next time', async () => {
  const page = await open(here.browser, here.platform);
  await page.goto('/chains?q=ledger');
  await page.getByLabel('E-mail address').fill(EMAIL);
  await page.getByLabel('Password').fill(here.platform.oneTimePassword());
  await look(page, 'sign-in');
  await page.getByRole('button', { name: 'Sign in' }).click();

  await page.getByLabel('New password', { exact: true }).fill(PASSWORD);
  await look(page, 'first-password');
  await page.getByRole('button', { name: 'Set the password' }).click();
  await page.getByRole('heading', { name: 'Overview' }).waitFor();

  const again = await open(here.browser, here.platform);
  await again.goto('/chains?q=ledger');
  await again.getByLabel('E-mail address').fill(EMAIL);
  await again.getByLabel('Password').fill(PASSWORD);
  await again.getByRole('button', { name: 'Sign in' }).click();
  await again.getByRole('heading', { name: 'Chains' }).waitFor();

  expect(new URL(again.url()).pathname + new URL(again.url()).search).toBe('/chains?q=ledger');
});

test('a wrong password is told in words, and the page leads to no other site', async () => {
  const page = await open(here.browser, here.platform);
  await page.goto('/sign-in?returnTo=//evil.example');
  await page.getByLabel('E-mail address').fill('nobody@bank.example');
  await page.getByLabel('Password').fill('not the password');
  await page.getByRole('button', { name: 'Sign in' }).click();

  await page.getByText('E-mail address or password is wrong.').waitFor();

  await look(page, 'sign-in-refused');
});
