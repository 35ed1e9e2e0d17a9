/** How the platform serves the console. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Platform } from './platform';

let platform: Platform;

beforeAll(async () => {
  platform = await Platform.start();
});

afterAll(async () => {
  await platform?.stop();
});

const get = (path: string) => fetch(`${platform.url}${path}`, { headers: { 'Accept-Encoding': 'br' } });

test('any address of a screen answers the page, with a policy that allows nothing from elsewhere', async () => {
  const answer = await get('/chains/ledger/nodes');

  expect(answer.status).toBe(200);
  expect(await answer.text()).toContain('<div id="root">');
  const policy = answer.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toMatch(/unsafe|https?:/);
});

test('files with a hash in their name are kept for ever, and come compressed', async () => {
  const script = /src="(\/assets\/[^"]+\.js)"/.exec(await (await get('/')).text())?.[1] ?? '';

  const answer = await get(script);

  expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  expect(answer.headers.get('content-encoding')).toBe('br');
});

test("what is the API's stays the API's", async () => {
  for (const path of ['/v1', '/v1/nothing', '/.well-known/nothing', '/metrics']) {
    const answer = await get(path);

    expect([path, answer.headers.get('content-type')]).toEqual([path, 'application/problem+json']);
  }
});
