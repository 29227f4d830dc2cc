/**
 * What a revocation costs with three live nodes on one PostgreSQL, and whether any of them accepts the token
 * afterwards.
 *
 * Each trial: the token is used on every node, so that all of them remember it; it is revoked; it is used on every node
 * again. Set `BENCH_TRIALS` for more than the usual number.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { Agent, get } from 'node:http';
import { join } from 'node:path';
import { addUser } from '../packages/latchkey/dist/actions/accounts/accounts.js';
import { operatorPermit } from '../packages/latchkey/dist/actions/decision/authorize.js';
import { type OpenContext, openContext } from '../packages/latchkey/dist/actions/instance/open.js';
import { addRepository } from '../packages/latchkey/dist/actions/repositories/repositories.js';
import { revokeToken } from '../packages/latchkey/dist/actions/tokens/tokens.js';
import { makeLog } from '../packages/latchkey/dist/base/log.js';
import { digestOf } from '../packages/latchkey/dist/base/secret.js';
import { loadSettings } from '../packages/latchkey/dist/base/settings/settings.js';
import { mintTokenText } from '../packages/latchkey/dist/rules/token-text.js';
import { insertToken } from '../packages/latchkey/dist/store/tokens.js';
import type { Row } from './measure.ts';
import { startPostgres } from './postgres.ts';

const NODES = 3;
const TRIALS = Number(process.env['BENCH_TRIALS'] ?? 1_000);
const WARM_UP = 20;
const MAIN = join(import.meta.dirname, '../packages/latchkey/dist/cli/main.js');

export async function benchRevocation(folder: string): Promise<Row[]> {
  const postgres = await startPostgres();
  const flags = { data: join(folder, 'cluster'), database: postgres.url };
  const ctx = await openContext(loadSettings({ flags, env: {} }), makeLog('silent'));
  const nodes: { child: ChildProcess; url: string }[] = [];
  const agent = new Agent({ keepAlive: true });
  try {
    await addUser(ctx, operatorPermit(), {
      login: 'ada',
      email: 'ada@example.org',
      verified: true,
      admin: false,
      password: null,
    });
    await addRepository(ctx, operatorPermit(), { owner: 'ada', name: 'work', visibility: 'private' });
    for (let n = 0; n < NODES; n++) nodes.push(await startNode(flags));
    const took: number[] = [];
    let accepted = 0;
    for (const [trial, { id, text }] of (await makeTokens(ctx, TRIALS + WARM_UP)).entries()) {
      const everywhere = (): Promise<number[]> => Promise.all(nodes.map(({ url }) => check(agent, url, text)));
      if ((await everywhere()).some((status) => status !== 200)) throw new Error('a node refuses a token that lives');
      const startedAt = performance.now();
      await revokeToken(ctx, operatorPermit(), id);
      if (trial >= WARM_UP) took.push(performance.now() - startedAt);
      accepted += (await everywhere()).filter((status) => status !== 401).length;
    }
    return [
      rowOf(
        took.sort((a, b) => a - b),
        accepted,
      ),
    ];
  } finally {
    agent.destroy();
    for (const { child } of nodes) child.kill('SIGKILL');
    await ctx.close();
    await postgres.stop();
  }
}

function rowOf(took: readonly number[], accepted: number): Row {
  const at = (share: number): number => took[Math.floor(took.length * share)]!;
  return {
    suite: 'revocation',
    what: `a revocation with ${NODES} live nodes on PostgreSQL`,
    figure: `p50 ${at(0.5).toFixed(1)} ms, p99 ${at(0.99).toFixed(1)} ms; ${accepted} later acceptances`,
    goal: 'p99 ≤ 50 ms, 0 accepted',
    reached: at(0.99) <= 50 && accepted === 0,
    detail:
      `${took.length} trials, each checked on every node; audit and mail of the same transaction are in it; ` +
      `highest ${took.at(-1)!.toFixed(1)} ms`,
    plot: {
      title: `A revocation with ${NODES} live nodes on PostgreSQL`,
      unit: 'ms',
      bars: [
        ['median', 0.5],
        ['90th percentile', 0.9],
        ['99th percentile', 0.99],
      ].map(([label, share]) => ({ label: String(label), value: at(Number(share)) })),
    },
  };
}

async function makeTokens(ctx: OpenContext, count: number): Promise<{ id: number; text: string }[]> {
  const { id: userId } = await ctx.store.db
    .selectFrom('accounts')
    .select('id')
    .where('login', '=', 'ada')
    .executeTakeFirstOrThrow();
  return ctx.store.transaction(async (tx) => {
    const tokens = [];
    for (let n = 0; n < count; n++) {
      const text = mintTokenText('classic', randomBytes, null);
      tokens.push({
        text,
        id: await insertToken(tx, {
          userId,
          kind: 'classic',
          name: `token ${n}`,
          secret: { digest: digestOf(text), lastEight: text.slice(-8) },
          scopes: ['repo'],
          expiresAt: null,
          at: ctx.clock.now(),
        }),
      });
    }
    return tokens;
  });
}

function check(agent: Agent, url: string, token: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Basic ${Buffer.from(`ada:${token}`).toString('base64')}`,
      'git-protocol': 'version=2',
    };
    get(`${url}/ada/work.git/info/refs?service=git-upload-pack`, { agent, headers }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode!));
    }).on('error', reject);
  });
}

async function startNode({
  data,
  database,
}: {
  data: string;
  database: string;
}): Promise<{ child: ChildProcess; url: string }> {
  const flags = ['--data', data, '--database', database, '--port', '0', '--failed-credential-limit', '0'];
  const child = spawn(process.execPath, [MAIN, 'serve', ...flags], { stdio: ['ignore', 'pipe', 'ignore'] });
  let said = '';
  for await (const chunk of child.stdout!) {
    said += String(chunk);
    const url = /ready at (\S+)[\s\S]*Stop it with/.exec(said)?.[1];
    if (url !== undefined) return { child, url };
  }
  throw new Error(`a node did not start: ${said}`);
}
