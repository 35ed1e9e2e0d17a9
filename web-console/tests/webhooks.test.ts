/** A program is told what happens, by a webhook made in the console. */
import { spawn } from 'node:child_process';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, look, open, signIn } from './browser';
import { Platform } from './platform';
import { until } from './until';

type Received = { headers: IncomingHttpHeaders; body: string };

/** What listens at the webhook's address; answers with the status that it is told to. */
class Receiver {
  readonly received: Received[] = [];
  status = 204;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<Receiver> {
    const server = createServer();
    const receiver = new Receiver(server);
    server.on('request', async (request, response) => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part);
      receiver.received.push({ headers: request.headers, body: Buffer.concat(parts).toString() });
      response.writeHead(receiver.status).end();
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return receiver;
  }

  get url() {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hooks/entente`;
  }

  stop() {
    this.#server.close();
  }
}

let platform: Platform;
let browser: Browser;
let receiver: Receiver;
let page: Page;
let secret: string;

beforeAll(async () => {
  const env = { ENTENTE_WEBHOOKS_TO_PRIVATE_ADDRESSES: 'true' };
  [platform, browser, receiver] = await Promise.all([Platform.start({ env }), launch(), Receiver.start()]);
  page = await open(browser, platform);
  await signIn(page, platform);
});

afterAll(async () => {
  await browser?.close();
  await platform?.stop();
  receiver?.stop();
});

test('a webhook is made of the events that the platform names, and its secret is shown once', async () => {
  await page.goto('/developers/webhooks');
  await page.getByText('No webhook yet').waitFor();
  await page.getByRole('button', { name: 'New webhook' }).first().click();
  const drawer = page.getByRole('dialog');
  await drawer.getByLabel('Address').fill('https://ledger.bank.example/hooks/entente');
  await drawer.getByLabel('What it is for').fill('Settlement desk');
  await drawer.getByLabel('operation.succeeded').check();
  await look(page, 'webhook-new');
  await drawer.getByLabel('Address').fill('ftp://nowhere.example');
  await drawer.getByRole('button', { name: 'New webhook' }).click();
  await drawer.locator('.field-error').waitFor();
  await drawer.getByLabel('Address').fill(receiver.url);
  await drawer.getByRole('button', { name: 'New webhook' }).click();

  await page.getByText('it is shown this once').waitFor();

  secret = ((await page.locator('dialog pre').textContent()) ?? '').trim();
  expect(secret).toMatch(/^whsec_/);
  await page.getByRole('button', { name: 'I have it' }).click();
  await page.getByRole('heading', { name: 'Settlement desk' }).waitFor();
  await page.getByText('Nothing delivered yet').waitFor();
});

test('a test arrives, and the programs that the page shows find it genuine', async () => {
  await page.getByRole('button', { name: 'Send a test' }).click();
  const drawer = page.getByRole('dialog');
  await drawer.getByText('Delivered', { exact: true }).waitFor();
  await look(page, 'webhook-delivery');
  await drawer.getByRole('button', { name: 'Close' }).click();
  await look(page, 'webhook');

  const [delivery] = receiver.received;
  if (!delivery) throw new Error('nothing has arrived');
  const check = page.getByRole('region', { name: 'Check the signature' });
  const shown = () => check.locator('pre').textContent() as Promise<string>;

  const source = Buffer.from(await shown()).toString('base64');
  const { isGenuine } = await import(`data:text/javascript;base64,${source}`);
  expect(isGenuine(delivery.headers, delivery.body, secret)).toBe(true);
  expect(isGenuine(delivery.headers, `${delivery.body} `, secret)).toBe(false);
  await check.getByLabel('Python').check();
  expect(await inPython(await shown(), delivery)).toBe('True False');
});

test('what the receiver refuses is tried again, and sent again by hand', async () => {
  receiver.status = 503;
  const before = receiver.received.length;
  await platform.api('POST', 'chains', { name: 'ledger', spec: { members: [{ organization: 'bank' }] } });

  await page.getByText('Retrying').first().waitFor({ timeout: 60_000 });
  await page.getByText('503').first().waitFor();
  await look(page, 'webhook-failing');
  receiver.status = 200;
  await page.getByRole('row', { name: 'chain.ready' }).getByRole('button', { name: 'Details' }).click();
  await page.getByRole('dialog').getByText('Delivered', { exact: true }).waitFor();
  const sent = receiver.received.length;
  await page.getByRole('dialog').getByRole('button', { name: 'Send again' }).click();

  await until('the delivery to arrive once more', async () => receiver.received.length > sent);

  const ids = receiver.received.slice(before).map(({ headers }) => headers['webhook-id']);
  expect(new Set(ids).size).toBeLessThan(ids.length);
  await page.keyboard.press('Escape');
});

test('a webhook is changed, paused and deleted', async () => {
  await page.getByRole('button', { name: 'Change' }).click();
  await page.getByRole('dialog').getByLabel('What it is for').fill('Settlement desk, second floor');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await page.getByRole('heading', { name: 'Settlement desk, second floor' }).waitFor();

  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByText('Paused', { exact: true }).waitFor();
  await page.goto('/developers/webhooks');
  await page.getByText('Paused', { exact: true }).waitFor();
  await look(page, 'webhooks-paused');
  await page.getByRole('link', { name: 'Settlement desk, second floor' }).click();

  await page.getByRole('button', { name: 'Delete' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox').fill(new URL(receiver.url).host);
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await page.getByText('No webhook yet').waitFor();
});

/** What the shown Python says of a delivery, and of one that somebody has changed. */
function inPython(source: string, { headers, body }: Received): Promise<string> {
  const program = `${source}
import json, sys
given = json.load(sys.stdin)
print(*(is_genuine(given["headers"], (given["body"] + more).encode(), given["secret"]) for more in ("", " ")))`;
  return new Promise((done, failed) => {
    const python = spawn('python3', ['-c', program], { stdio: ['pipe', 'pipe', 'inherit'] });
    let said = '';
    python.stdout.on('data', (part) => {
      said += part;
    });
    python.once('error', failed);
    python.once('close', () => done(said.trim()));
    python.stdin.end(JSON.stringify({ headers, body, secret }));
  });
}
