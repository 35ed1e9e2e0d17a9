/** What the console says one writes to call a contract, taken from the page and run as it stands there. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { look } from './browser';
import { EXECUTABLE } from './platform';
import { scene } from './scene';

const CONNECT = '/chains/transfer-payments/connect';
/** Every language reads this as it is written, or its guide does not quote it. */
const NOTE = `it's "so": $HOME \\ \`id\` 用`;

const here = scene({ demo: true });
let work: string;

beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'entente-connect-'));
});

afterAll(() => rmSync(work, { recursive: true, force: true }));

const GUIDES = [
  ['cli', 'bash'],
  ['curl', 'curl'],
  ['node', 'npm'],
  ['go', 'go'],
  ['java', 'mvn'],
  ['rust', 'cargo'],
] as const;

const isHere = (tool: string) => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0;

/** A machine that has none of the packages yet downloads and compiles them. */
const COLD = 400_000;

test.for(GUIDES)(
  'what is shown for %s writes to the ledger',
  { timeout: COLD },
  async ([language, tool], { skip }) => {
    skip(!isHere(tool), `there is no ${tool} on this machine`);
    const digest = createHash('sha256').update(language).digest('hex');
    await here.page.goto(`${CONNECT}?language=${language}&function=Certify&organization=city-finance`);
    await here.page.getByLabel('digest').fill(digest);
    await here.page.getByLabel('note').fill(NOTE);
    await here.page.locator(`.connect-steps[data-language=${language}]`, { hasText: digest }).waitFor();
    await look(here.page, `connect-${language}`);

    const output = await follow(await shown(), language);

    expect(output).toContain(digest);
    const { result } = await here.platform.api<{ result: { note: string } }>(
      'POST',
      'chains/transfer-payments/channels/main/contracts/evidence:evaluate',
      { function: 'Get', arguments: [digest] },
    );
    expect(result.note).toBe(NOTE);
  },
);

test('every contract has something to begin with', async () => {
  await here.page.goto(`${CONNECT}?language=curl`);
  await here.page.getByText('Every contract answers this one').waitFor();

  const output = await follow(await shown(), 'describe');

  expect(Object.keys(JSON.parse(output).result.contracts)).toEqual(['evidence']);
});

type Shown = { prepare: string; files: { name: string; text: string }[]; run: string };

/** The texts that the page's buttons copy. */
async function shown(): Promise<Shown> {
  const steps = await here.page.locator('.connect-steps > li').evaluateAll((items) =>
    items.map((item) => ({
      name: item.querySelector('h3 code')?.textContent ?? '',
      text: item.querySelector('pre')?.textContent ?? '',
    })),
  );
  const [prepare, run] = [steps.shift(), steps.pop()];
  return { prepare: prepare?.text ?? '', files: steps, run: run?.text ?? '' };
}

/** Does what is shown in an empty folder, and gives what the last command has written. */
async function follow({ prepare, files, run }: Shown, name: string): Promise<string> {
  const folder = join(work, name);
  mkdirSync(folder);
  for (const file of files) {
    mkdirSync(dirname(join(folder, file.name)), { recursive: true });
    writeFileSync(join(folder, file.name), file.text);
  }
  const child = spawn('bash', ['-euc', `${prepare}\n${run}\n`], {
    cwd: folder,
    env: {
      ...process.env,
      PATH: [dirname(EXECUTABLE), process.env.PATH].join(delimiter),
      ENTENTE_TOKEN: readFileSync(join(here.platform.data, 'admin-token'), 'utf8').trim(),
      // What is downloaded is kept by the tools themselves; what cargo makes of it is kept here.
      CARGO_TARGET_DIR: join(homedir(), '.cache/entente/connect/rust'),
    },
  });
  let [output, said] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    said += text;
  });
  const code = await new Promise((done) => child.once('close', done));
  expect(code, `${run}\n${output}\n${said}`).toBe(0);
  return output;
}
