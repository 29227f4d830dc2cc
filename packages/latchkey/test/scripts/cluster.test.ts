/**
 * Three real servers on one real PostgreSQL, under load, with cuts and a crash: what was revoked is refused everywhere
 * once the revocation has returned.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { addUser } from '../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../src/actions/decision/authorize.ts';
import { type OpenContext, openContext } from '../../src/actions/instance/open.ts';
import { addRepository } from '../../src/actions/repositories/repositories.ts';
import { createToken, revokeToken } from '../../src/actions/tokens/tokens.ts';
import { makeLog } from '../../src/base/log.ts';
import { loadSettings } from '../../src/base/settings/settings.ts';
import { BEAT_MS, LEASE_MS, SETTLE_MS } from '../../src/store/cluster.ts';
import { cuttableProxy } from '../engines/cuttable-proxy.ts';
import { readyDatabase } from '../engines/engines.ts';
import { type Serving, serveUntilReady } from './latchkey-process.ts';

const LOOPS_PER_NODE = 4;
/** The pause between two questions of a loop, so that the nodes and the revocations get processor time, too. */
const BREATH_MS = 15;
/** Every other question is about one of this many tokens that were revoked last. */
const LATELY = 5;

interface TestToken {
  readonly id: number;
  readonly header: string;
  /** When its revocation had returned. */
  revokedAt: number | null;
}

/** A check over HTTP, with the cheapest request: the first one of a clone. */
function check(agent: Agent, url: string, token: TestToken): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = get(
      `${url}/ada/notes.git/info/refs?service=git-upload-pack`,
      { agent, headers: { authorization: token.header, 'git-protocol': 'version=2' } },
      (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode!));
      },
    );
    request.setTimeout(20_000, () => request.destroy(new Error('no answer')));
    request.on('error', reject);
  });
}

/**
 * Asks all nodes all the time, in turn about any token and about one that was just revoked, and records every yes to a
 * request that was sent after the revocation had returned.
 */
class Load {
  readonly late: string[] = [];
  readonly statuses = new Map<string, number>();
  #stopped = false;
  readonly #loops: Promise<void>[] = [];
  readonly #agent = new Agent({ keepAlive: true });

  constructor(nodes: readonly Serving[], tokens: readonly TestToken[]) {
    nodes.forEach((node, place) => {
      for (let loop = 0; loop < LOOPS_PER_NODE; loop++) this.#loops.push(this.#ask(node, place, tokens));
    });
  }

  async #ask(node: Serving, place: number, tokens: readonly TestToken[]): Promise<void> {
    for (let asked = 0; !this.#stopped; asked++) {
      // They are revoked in the order in which they were made.
      const revoked = tokens.findIndex(({ revokedAt }) => revokedAt === null);
      const lately = tokens.slice(Math.max(0, revoked - LATELY), revoked);
      const among = asked % 2 === 0 && lately.length > 0 ? lately : tokens;
      const token = among[Math.floor(Math.random() * among.length)]!;
      const sentAfterReturn = token.revokedAt !== null;
      const status = await check(this.#agent, node.url, token).catch(() => 0);
      const key = `node ${place + 1}: ${status}`;
      this.statuses.set(key, (this.statuses.get(key) ?? 0) + 1);
      if (sentAfterReturn && status === 200) this.late.push(`node ${place + 1} accepted token ${token.id}`);
      await pause(status === 0 ? 20 : BREATH_MS);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#loops);
    this.#agent.destroy();
  }
}

async function makeTokens(context: OpenContext, count: number): Promise<TestToken[]> {
  const tokens: TestToken[] = [];
  for (let n = 0; n < count; n++) {
    const { token, secret } = await createToken(context, operatorPermit(), {
      userLogin: 'ada',
      kind: 'classic',
      name: `token ${n}`,
      description: '',
      scopes: ['repo'],
      grants: [],
    });
    tokens.push({
      id: token.id,
      header: `Basic ${Buffer.from(`ada:${secret.reveal()}`).toString('base64')}`,
      revokedAt: null,
    });
  }
  return tokens;
}

async function revoke(context: OpenContext, token: TestToken): Promise<number> {
  const startedAt = performance.now();
  await revokeToken(context, operatorPermit(), token.id);
  token.revokedAt = performance.now();
  return token.revokedAt - startedAt;
}

async function startCluster(size: 1 | 3) {
  const database = await readyDatabase('postgres');
  onTestFinished(database.remove);
  const repositories = await mkdtemp(join(tmpdir(), 'latchkey-cluster-'));
  onTestFinished(() => rm(repositories, { recursive: true, force: true }));
  const direct = new URL(database.databaseUrl!);
  const proxy = await cuttableProxy(() => Number(direct.port));
  onTestFinished(proxy.close);
  const proxied = new URL(direct);
  proxied.port = String(proxy.port);
  const settings = loadSettings({ flags: { data: database.dataDir, database: direct.href, repositories }, env: {} });
  const context = await openContext(settings, makeLog('silent'));
  onTestFinished(() => context.close());
  await addUser(context, operatorPermit(), {
    login: 'ada',
    email: 'ada@example.org',
    password: null,
    admin: false,
    verified: true,
  });
  await addRepository(context, operatorPermit(), { owner: 'ada', name: 'notes', visibility: 'private' });
  const start = (url: URL): Promise<Serving> =>
    serveUntilReady(['--data', database.dataDir, '--repositories', repositories, '--database', url.href]);
  const nodes = await Promise.all([direct, direct, proxied].slice(0, size).map(start));
  const nodesOnBoard = async (): Promise<number> =>
    (await context.store.db.selectFrom('nodes').select('id').execute()).length;
  await vi.waitFor(async () => expect(await nodesOnBoard()).toBe(size), { timeout: 30_000 });
  return { context, proxy, nodes };
}

describe('nodes on one PostgreSQL', () => {
  test('refuse a revoked token everywhere once the revocation returned, also with one node cut off or crashed', {
    timeout: 180_000,
  }, async () => {
    const { context, proxy, nodes } = await startCluster(3);
    const tokens = await makeTokens(context, 200);
    const load = new Load(nodes, tokens);
    onTestFinished(() => load.stop());
    await vi.waitFor(() => expect([...load.statuses.values()].filter((count) => count > 100)).toHaveLength(3), {
      timeout: 60_000,
    });
    const next = (): TestToken => tokens.find((token) => token.revokedAt === null)!;

    for (let n = 0; n < 60; n++) await revoke(context, next());
    expect(load.late).toEqual([]);

    for (const how of ['silently', 'loudly'] as const) {
      proxy.cut(how);
      const first = await revoke(context, next());
      expect(first).toBeLessThan(SETTLE_MS + 5_000);
      for (let n = 0; n < 20; n++) await revoke(context, next());
      proxy.mend();
      await vi.waitFor(async () => expect(await check(new Agent(), nodes[2]!.url, next())).toBe(200), {
        timeout: 60_000,
        interval: 200,
      });
      for (let n = 0; n < 10; n++) await revoke(context, next());
      expect(load.late).toEqual([]);
    }

    nodes[1]!.child.kill('SIGKILL');
    for (let n = 0; n < 10; n++) await revoke(context, next());
    await pause(LEASE_MS + BEAT_MS);
    await load.stop();
    expect(load.late).toEqual([]);
    for (const node of ['node 1', 'node 2', 'node 3']) expect(load.statuses.get(`${node}: 200`)).toBeGreaterThan(50);
    expect(load.statuses.get('node 1: 401')).toBeGreaterThan(50);
  });

  test('go on answering from memory about everything that a revocation was not about', {
    timeout: 90_000,
  }, async () => {
    const { context, nodes } = await startCluster(1);
    const [kept, ...others] = await makeTokens(context, 12);
    const agent = new Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    expect(await check(agent, nodes[0]!.url, kept!)).toBe(200);
    // Nobody can read a token from the store any more: what still works comes from memory.
    for (const token of others) await revoke(context, token);
    await context.store.db.schema.alterTable('token_secrets').renameTo('hidden_secrets').execute();
    expect(await check(agent, nodes[0]!.url, kept!)).toBe(200);
    expect(await check(agent, nodes[0]!.url, others[0]!)).toBe(500);
  });
});
