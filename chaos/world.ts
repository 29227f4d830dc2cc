/**
 * A real server for chaos: its folder, its database, the proxies of our own in front of it and of its database, and the
 * few people and tokens that the load needs.
 */
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { run } from '../bench/command.ts';
import { MAIN, type Served, serve } from '../bench/server.ts';
import { childrenOf } from '../packages/latchkey/test/engines/child-processes.ts';
import { type CuttableProxy, cuttableProxy } from '../packages/latchkey/test/engines/cuttable-proxy.ts';
import { freePort } from '../packages/latchkey/test/engines/free-port.ts';
import { type RunningServer, startPostgres } from '../packages/latchkey/test/engines/postgres-server.ts';
import { statusOf } from './ask.ts';

export type Engine = 'sqlite' | 'postgres';

/** How long the server may take to recover after the cause has ended. */
const BACK_LIMIT_MS = 120_000;
const LOOK_EVERY_MS = 20;

export interface Tokens {
  /** Can read the audit log of the instance. */
  readonly auditor: string;
  /** Makes, renews and revokes ada's tokens. */
  readonly manager: string;
  /** Makes ada's repositories and pushes to them. */
  readonly pusher: string;
}

export interface WorldOptions {
  readonly engine: Engine;
  /** The folder for everything. */
  readonly folder: string;
  readonly workers: number;
  /** True when its data has a disk to itself. */
  readonly ownDisk: boolean;
  readonly flags?: readonly string[];
}

export class World {
  readonly options: WorldOptions;
  readonly data: string;
  /** Null with SQLite. */
  readonly postgres: RunningServer | null;
  readonly #databaseProxy: CuttableProxy | null;
  readonly #clientProxy: CuttableProxy;
  /** The options that point an administration command to the same data, past our proxies. */
  readonly operatorOptions: readonly string[];
  readonly #flags: readonly string[];
  readonly #tokens: Tokens;
  #served: Served;

  private constructor(options: WorldOptions, parts: Parts) {
    this.options = options;
    this.data = join(options.folder, 'data');
    this.postgres = parts.postgres;
    this.#databaseProxy = parts.databaseProxy;
    this.#tokens = parts.tokens;
    this.#served = parts.served;
    this.#clientProxy = parts.clientProxy;
    this.operatorOptions = parts.operatorOptions;
    this.#flags = parts.flags;
    // However this program ends, it must not leave a server behind.
    process.once('exit', () => {
      for (const pid of this.isAlive ? [this.pid, ...this.answering()] : []) process.kill(pid, 'SIGKILL');
    });
  }

  /** Starts everything. */
  static async start(options: WorldOptions): Promise<World> {
    const data = join(options.folder, 'data');
    await mkdir(data, { recursive: true });
    const postgres = options.engine === 'postgres' ? await startPostgres() : null;
    const direct = postgres === null ? null : new URL(postgres.url);
    const databaseProxy = direct === null ? null : await cuttableProxy(() => Number(direct.port));
    // Always the same port: a server whose workers have all died opens its port again.
    const port = await freePort();
    const flags = ['--port', String(port), ...serverFlags(options, direct, databaseProxy)];
    const operatorOptions = ['--data', data, ...(direct === null ? [] : ['--database', direct.href])];
    const world = new World(options, {
      postgres,
      databaseProxy,
      clientProxy: await cuttableProxy(() => port),
      tokens: await makePeople(operatorOptions),
      operatorOptions,
      flags,
      served: await serve(data, flags),
    });
    await world.untilWhole();
    return world;
  }

  get tokens(): Tokens {
    return this.#tokens;
  }

  /** The address for clients: our proxy. */
  get url(): string {
    return `http://127.0.0.1:${this.#clientProxy.port}`;
  }

  get clients(): CuttableProxy {
    return this.#clientProxy;
  }

  /** Null with SQLite. */
  get database(): CuttableProxy | null {
    return this.#databaseProxy;
  }

  /** The process that was started. */
  get pid(): number {
    return pidOf(this.#served);
  }

  /** The processes that answer: the workers, or the only process. */
  answering(): number[] {
    return this.options.workers > 1 ? childrenOf(this.pid) : [this.pid];
  }

  /** Kills the process that was started. Workers end when they notice. */
  async kill(): Promise<void> {
    const { child } = this.#served;
    child.kill('SIGKILL');
    if (this.isAlive) await once(child, 'exit');
  }

  async startAgain(): Promise<void> {
    this.#served = await serve(this.data, this.#flags);
  }

  /** True while the process that was started runs. */
  get isAlive(): boolean {
    const { child } = this.#served;
    return child.exitCode === null && child.signalCode === null;
  }

  /**
   * Waits until this many workers exist (by default all) and requests are answered; returns how many milliseconds that
   * took.
   * @throws Error when it does not happen
   */
  async untilWhole(workers = this.options.workers): Promise<number> {
    const startedAt = performance.now();
    for (;;) {
      const answers = await statusOf(this.url, { method: 'GET', path: '/user', token: this.#tokens.manager });
      if (answers === 200 && this.answering().length >= workers) return performance.now() - startedAt;
      if (!this.isAlive) throw new Error('the server has ended, though nobody killed it');
      if (performance.now() - startedAt > BACK_LIMIT_MS)
        throw new Error(`the server is not whole again after ${BACK_LIMIT_MS / 1000} s (last answer: ${answers})`);
      await pause(LOOK_EVERY_MS);
    }
  }

  /** Ends everything that was started. */
  async stop(): Promise<void> {
    this.#served.child.kill('SIGCONT');
    for (const pid of this.answering()) process.kill(pid, 'SIGCONT');
    await this.#served.stop();
    this.#clientProxy.close();
    this.#databaseProxy?.close();
    await this.postgres?.stop();
  }
}

interface Parts {
  readonly postgres: RunningServer | null;
  readonly databaseProxy: CuttableProxy | null;
  readonly clientProxy: CuttableProxy;
  readonly tokens: Tokens;
  readonly operatorOptions: readonly string[];
  readonly flags: readonly string[];
  readonly served: Served;
}

/** Limits must not slow the load down. */
const NO_LIMITS = ['--api-rate-limit', '0', '--anonymous-rate-limit', '0', '--failed-credential-limit', '0'];

function serverFlags({ workers, flags = [] }: WorldOptions, direct: URL | null, proxy: CuttableProxy | null): string[] {
  const all = ['--workers', String(workers), ...NO_LIMITS, ...flags];
  if (direct === null || proxy === null) return all;
  const through = new URL(direct);
  through.port = String(proxy.port);
  return [...all, '--database', through.href];
}

/** Ada's password, for signing in. */
export const PASSWORD = 'a long enough password';

async function makePeople(options: readonly string[]): Promise<Tokens> {
  const admin = async (line: string, input = ''): Promise<string> =>
    (await run(process.execPath, [MAIN, 'admin', ...line.split(' '), ...options], { input })).stdout.trim();
  await admin('user add root --email root@example.org --verified --admin');
  await admin('user add ada --email ada@example.org --verified --password-stdin', PASSWORD);
  return {
    auditor: await admin(
      'token add root --name auditor --owner instance --all-repos --permission instance_audit_log=read',
    ),
    manager: await admin(
      'token add ada --name manager --all-repos --permission personal_access_tokens=write --permission contents=write',
    ),
    pusher: await admin('token add ada --name pusher --classic --scope repo --scope workflow'),
  };
}

function pidOf({ child }: Served): number {
  if (child.pid === undefined) throw new Error('the server has no process');
  return child.pid;
}

/** A separate folder below the system's temporary one, and a function that removes it. */
export async function temporaryFolder(): Promise<{ folder: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-chaos-'));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}
