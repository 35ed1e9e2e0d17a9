/** A platform of a test's own: `entente up` on an empty folder and a free port. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { until } from './until';

/** The executable of the build under test; `tests/tests/console.rs` names it. */
export const EXECUTABLE =
  process.env.ENTENTE_BIN ??
  resolve(process.env.CARGO_TARGET_DIR ?? join(import.meta.dirname, '../../target'), 'debug/entente');

/** The administrator's password once the first one has been changed. */
export const PASSWORD = 'seven calm herons wait';
export const EMAIL = 'admin@entente.local';

export class Platform {
  readonly url: string;
  readonly data: string;
  readonly #home: string;
  readonly #port: number;
  #process: ChildProcess | undefined;

  private constructor(home: string, port: number) {
    this.#home = home;
    this.#port = port;
    this.data = join(home, 'data');
    this.url = `http://127.0.0.1:${port}`;
  }

  /** Starts one; with `demo`, it has the demo chain when this returns. */
  static async start({ demo = false, env = {} }: { demo?: boolean; env?: Record<string, string> } = {}) {
    if (!existsSync(EXECUTABLE)) throw new Error(`${EXECUTABLE} is not built: run cargo build --bins first`);
    const platform = new Platform(mkdtempSync(join(tmpdir(), 'entente-console-')), await freePort());
    await platform.resume({ DEMO: demo ? '1' : '0', ...env });
    if (demo) await until('the demo chain', async () => /^ready:/m.test(platform.log()));
    return platform;
  }

  /** Starts it again on what it left. */
  async resume(env: Record<string, string> = {}) {
    const log = openSync(join(this.#home, 'platform.log'), 'a');
    this.#process = spawn(EXECUTABLE, ['up'], {
      env: { ...process.env, DEMO: '0', ...env, DATA: this.data, PORT: String(this.#port) },
      stdio: ['ignore', log, log],
    });
    await until('the platform to answer', async () => (await fetch(`${this.url}/healthz`)).ok);
  }

  /** Ends the process as a power cut would. Its nodes live on, and are found again. */
  async kill() {
    await this.#end('SIGKILL');
  }

  async stop() {
    await this.#end('SIGTERM');
    rmSync(this.#home, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals) {
    const running = this.#process;
    this.#process = undefined;
    if (!running || running.exitCode !== null) return;
    const ended = new Promise((done) => running.once('exit', done));
    running.kill(signal);
    await ended;
  }

  /** Ends a node's process as a crash would, where it runs; the platform starts it anew, later with each time. */
  killNode(chain: string, node: string) {
    const config = join(this.data, 'nodes/default', chain, node, 'node.json');
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      try {
        if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(config))
          process.kill(Number(pid), 'SIGKILL');
      } catch {
        // It has ended meanwhile.
      }
    }
  }

  log(): string {
    return readFileSync(join(this.#home, 'platform.log'), 'utf8');
  }

  oneTimePassword(): string {
    return readFileSync(join(this.data, 'admin-password'), 'utf8').trim();
  }

  /** Asks the API as the installation's administrator. */
  async api<T = unknown>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${this.url}/v1/${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${readFileSync(join(this.data, 'admin-token'), 'utf8').trim()}`,
        'Content-Type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} /v1/${path}: ${response.status} ${text}`);
    return (text ? JSON.parse(text) : undefined) as T;
  }
}

/** A port that nobody listens on. */
export function freePort(): Promise<number> {
  return new Promise((done, failed) => {
    const server = createServer();
    server.once('error', failed);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (typeof address === 'object' && address ? done(address.port) : failed(address)));
    });
  });
}
