/** How people come in by way of an OpenID provider: a real one (npm oidc-provider), with its own pages. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, look, open } from './browser';
import { freePort, Platform } from './platform';
import { until } from './until';
import { words } from './words';

const PROVIDER = resolve(import.meta.dirname, '../../tests/clients/oidc');
const SECRET = 'a secret: with + and %';
const NAME = 'Bank of Hebei';

const t = words('en');

let platform: Platform;
let browser: Browser;
let folder: string;
let issuer: string;
let provider: ChildProcess | undefined;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'entente-openid-'));
  const secret = join(folder, 'client-secret');
  writeFileSync(secret, SECRET);
  issuer = `http://127.0.0.1:${await freePort()}`;
  const env = {
    ENTENTE_OIDC_ISSUER: issuer,
    ENTENTE_OIDC_CLIENT_ID: 'entente',
    ENTENTE_OIDC_CLIENT_SECRET_FILE: secret,
    ENTENTE_OIDC_NAME: NAME,
  };
  [platform, browser] = await Promise.all([Platform.start({ env }), launch()]);
});

afterAll(async () => {
  await browser?.close();
  await platform?.stop();
  provider?.kill();
  rmSync(folder, { recursive: true, force: true });
});

async function startProvider() {
  provider = spawn(join(PROVIDER, 'node_modules/.bin/node'), ['provider.mjs'], {
    cwd: PROVIDER,
    env: {
      ...process.env,
      PORT: new URL(issuer).port,
      REDIRECT: `${platform.url}/v1/sign-in/oidc/callback`,
      SECRET,
    },
    stdio: 'ignore',
  });
  await until('the provider to answer', async () => {
    return (await fetch(`${issuer}/.well-known/openid-configuration`)).ok;
  });
}

/** Goes to the provider from the console's sign-in, and says there who one is. */
async function arrive(page: Page, login: string, t = words('en')) {
  await page.getByRole('link', { name: t('signIn.oidc', { name: NAME }) }).click();
  await page.locator('input[name=login]').fill(login);
  await page.locator('input[name=password]').fill('any');
  await page.locator('button[type=submit]').click();
  await page.getByRole('button', { name: 'Continue' }).click();
}

test('a provider that is away is told in words, on the page where one can try again', async () => {
  const page = await open(browser, platform);
  await page.goto('/sign-in');
  await page.getByRole('link', { name: t('signIn.oidc', { name: NAME }) }).click();

  await page.getByText(t('signIn.refused.sign_in_unavailable')).waitFor();

  await look(page, 'sign-in-provider-away');
});

test('somebody whom nobody has let in is told so, and once invited is where they wanted to go', async () => {
  await startProvider();
  const page = await open(browser, platform);
  await page.goto('/audit?outcome=denied');
  await arrive(page, 'li@bank.example');
  await page.getByText(t('signIn.refused.sign_in_not_admitted')).waitFor();
  await look(page, 'sign-in-not-admitted');

  await platform.api('POST', 'invitations', { email: 'li@bank.example', role: 'auditor' });
  const chinese = words('zh-CN');
  const again = await open(browser, platform, { locale: 'zh-CN' });
  await again.goto('/audit?outcome=denied');
  await again.getByRole('link', { name: chinese('signIn.oidc', { name: NAME }) }).waitFor();
  await look(again, 'sign-in-provider-zh-CN');
  await arrive(again, 'li@bank.example', chinese);

  await again.getByRole('heading', { name: chinese('audit.title'), level: 1 }).waitFor();
  const here = new URL(again.url());
  expect(here.pathname + here.search).toBe('/audit?outcome=denied');
});
