/**
 * A store of a thousand tokens against one of many: what a check costs when the token is remembered and when it is not,
 * what a remembered token takes, and how long a start takes, in time and in processor time. `BENCH_TOKENS` says how
 * many are many.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { addUser } from '../packages/latchkey/dist/actions/accounts/accounts.js';
import { authorize, operatorPermit } from '../packages/latchkey/dist/actions/decision/authorize.js';
import { type OpenContext, openContext } from '../packages/latchkey/dist/actions/instance/open.js';
import { addRepository } from '../packages/latchkey/dist/actions/repositories/repositories.js';
import { makeLog } from '../packages/latchkey/dist/base/log.js';
import { digestOf, Secret } from '../packages/latchkey/dist/base/secret.js';
import { loadSettings, type Settings } from '../packages/latchkey/dist/base/settings/settings.js';
import { mintTokenText } from '../packages/latchkey/dist/rules/token-text.js';
import { type Figure, figureOf, type Row, ratioOf, spread, takeTurns } from './measure.ts';
import { benchRemembered } from './remembered.ts';
import { processorSeconds } from './token-check.ts';

const FEW = 1_000;
const MANY = Number(process.env['BENCH_TOKENS'] ?? 1_000_000);
const PER_PERSON = 10;
/** Tokens to check: those of the same number of people in both stores, spread over the whole store. */
const SAMPLE = FEW / PER_PERSON;
/** How often a run of checks of remembered tokens goes through the sample. */
const TIMES = 50;
const PER_STATEMENT = 1_000;
/** The server as it is installed: `npm run build:server`. */
const MAIN = join(import.meta.dirname, '../packages/latchkey/dist/server/lib/server/main.js');
/** How often the memory after a start is read, and how long after: when nothing changes it any more. */
const SETTLED = { starts: 3, ms: 12_000 };

export async function benchScale(folder: string, rounds: number): Promise<Row[]> {
  const stores = { few: await makeStore(join(folder, 'few'), FEW), many: await makeStore(join(folder, 'many'), MANY) };
  const runs = { few: [] as Run[], many: [] as Run[] };
  const both = (side: 'few' | 'many') => async (): Promise<number> => runs[side].push(await measure(stores[side]));
  await takeTurns(rounds, { few: both('few'), many: both('many') });
  // Without the warm-up round.
  const [few, many] = [figures(runs.few.slice(1)), figures(runs.many.slice(1))];
  const count = MANY.toLocaleString('en');
  const cold = ratioOf(many.cold, few.cold);
  const warm = ratioOf(many.warm, few.warm);
  return [
    {
      suite: 'scale',
      what: `check of a remembered token, ${count} against ${FEW} in the store`,
      figure: spread(warm, 2, '×'),
      goal: '≤ 1.2×',
      reached: warm.median <= 1.2,
      detail: `${spread(few.warm, 1, ' µs')} and ${spread(many.warm, 1, ' µs')} in the process, SQLite`,
      plot: {
        title: 'A check in the process (SQLite)',
        unit: 'µs',
        bars: [
          [`remembered, ${FEW} in the store`, few.warm],
          [`remembered, ${count}`, many.warm],
          [`first use, ${FEW} in the store`, few.cold],
          [`first use, ${count}`, many.cold],
        ].map(([label, figure]) => ({ label: String(label), value: (figure as Figure).median })),
      },
    },
    {
      suite: 'scale',
      what: 'the same, not remembered: the first use',
      figure: spread(cold, 2, '×'),
      goal: '≤ 1.2×',
      reached: cold.median <= 1.2,
      detail: `${spread(few.cold, 0, ' µs')} and ${spread(many.cold, 0, ' µs')}`,
    },
    ...(await benchRemembered(folder)),
    {
      suite: 'scale',
      what: `start to the first answer with ${count} tokens`,
      figure: spread(many.startMs, 0, ' ms'),
      goal: '≤ 250 ms',
      reached: many.startMs.median <= 250,
      detail:
        `with ${FEW}: ${spread(few.startMs, 0, ' ms')}; a process of its own, until a token was accepted; ` +
        `${spread(many.startProcessorMs, 0, ' ms')} of processor time`,
    },
    await memoryAfterStart(stores.many),
  ];
}

async function memoryAfterStart({ settings, texts }: FilledStore): Promise<Row> {
  const mib: number[] = [];
  for (let i = 0; i < SETTLED.starts; i++)
    mib.push(
      await started(settings.data, texts[0]!, async (pid) => {
        await setTimeout(SETTLED.ms);
        return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
      }),
    );
  const figure = figureOf(mib);
  return {
    suite: 'scale',
    what: 'memory after a start',
    figure: spread(figure, 0, ' MiB'),
    goal: '≤ 110 MiB',
    reached: figure.median <= 110,
    detail: `resident, ${SETTLED.ms / 1000} s after the first answer`,
  };
}

/** For one round: microseconds per check, and milliseconds per start. */
interface Run {
  readonly cold: number;
  readonly warm: number;
  readonly startMs: number;
  readonly startProcessorMs: number;
}

interface FilledStore {
  readonly settings: Settings;
  readonly texts: readonly string[];
}

export async function makeStore(data: string, count: number): Promise<FilledStore> {
  const settings = loadSettings({ flags: { data }, env: {} });
  const ctx = await openContext(settings, makeLog('silent'));
  const texts = await fill(ctx, count);
  await ctx.close();
  return { settings, texts };
}

async function measure({ settings, texts }: FilledStore): Promise<Run> {
  const ctx = await openContext(settings, makeLog('silent'));
  const cold = await perCheck(ctx, texts, 1);
  await perCheck(ctx, texts, TIMES);
  const warm = await perCheck(ctx, texts, TIMES);
  await ctx.close();
  const { ms: startMs, processorMs: startProcessorMs } = await start(settings.data, texts[0]!);
  return { cold, warm, startMs, startProcessorMs };
}

function figures(runs: readonly Run[]): Record<keyof Run, Figure> {
  const of = (key: keyof Run): Figure => figureOf(runs.map((run) => run[key]));
  return { cold: of('cold'), warm: of('warm'), startMs: of('startMs'), startProcessorMs: of('startProcessorMs') };
}

/** Returns the texts of the first tokens of some people from all over the table. */
async function fill(ctx: OpenContext, count: number): Promise<string[]> {
  const { id: ada } = await addUser(ctx, operatorPermit(), {
    login: 'ada',
    email: 'ada@example.org',
    verified: true,
    admin: false,
    password: null,
  });
  await addRepository(ctx, operatorPermit(), { owner: 'ada', name: 'work', visibility: 'public' });
  const at = ctx.clock.now();
  const texts: string[] = [];
  const sampleEvery = Math.floor(count / SAMPLE);
  for (let made = 0; made < count; made += PER_STATEMENT) {
    await ctx.store.transaction(async (tx) => {
      const people = await tx
        .insertInto('accounts')
        .values(
          Array.from({ length: PER_STATEMENT / PER_PERSON }, (_, i) => ({
            kind: 'user' as const,
            login: `user-${made + i}`,
            login_key: `user-${made + i}`,
            name: '',
            created_at: at,
          })),
        )
        .returning('id')
        .execute();
      const rows = Array.from({ length: PER_STATEMENT }, (_, i) => ({
        user_id: people[Math.floor(i / PER_PERSON)]?.id ?? ada,
        kind: 'classic' as const,
        name: `token ${made + i}`,
        name_key: `token ${made + i}`,
        last_eight: 'abcdefgh',
        scopes_json: '["repo"]',
        created_at: at,
        updated_at: at,
        issued_at: at,
      }));
      const ids = await tx.insertInto('tokens').values(rows).returning('id').execute();
      const secrets = ids.map(({ id }, i) => {
        if ((made + i) % sampleEvery !== 0) return { token_id: id, digest: randomBytes(32).toString('base64url') };
        const text = mintTokenText('classic', randomBytes, null);
        texts.push(text);
        return { token_id: id, digest: digestOf(text) };
      });
      await tx
        .insertInto('token_secrets')
        .values(
          secrets.map((secret) => ({ ...secret, last_eight: 'abcdefgh', state: 'current' as const, created_at: at })),
        )
        .execute();
    });
  }
  return texts;
}

async function perCheck(ctx: OpenContext, texts: readonly string[], times: number): Promise<number> {
  const startedAt = performance.now();
  for (let i = 0; i < texts.length * times; i++) {
    const verdict = await authorize(ctx, {
      credential: { form: 'bearer', secret: new Secret(texts[i % texts.length]!) },
      need: { sets: [{ git: 'read' }], publicRead: true, writes: false },
      target: { kind: 'repository', owner: 'ada', name: 'work' },
      address: '192.0.2.7',
      userAgent: null,
      purpose: 'bench',
    });
    if (!verdict.allowed) throw new Error(`refused: ${verdict.explanation.sentence}`);
  }
  return ((performance.now() - startedAt) * 1000) / (texts.length * times);
}

/** Milliseconds from the start of the process until it accepted a token, and how many of them kept a processor busy. */
function start(data: string, text: string): Promise<{ ms: number; processorMs: number }> {
  const startedAt = performance.now();
  return started(data, text, async (pid) => ({
    ms: performance.now() - startedAt,
    processorMs: processorSeconds(pid) * 1000,
  }));
}

/** Starts a server, and does something when it has accepted a token. It ends by itself, which keeps compiled code. */
async function started<Result>(data: string, text: string, look: (pid: number) => Promise<Result>): Promise<Result> {
  const child = spawn(process.execPath, [MAIN, 'serve', '--data', data, '--port', '0'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit');
  try {
    let said = '';
    for await (const chunk of child.stderr!.iterator({ destroyOnReturn: false })) {
      said += String(chunk);
      const url = /"url":"(http:[^"]+)"/.exec(said)?.[1];
      if (url === undefined) continue;
      const answer = await fetch(`${url}/ada/work.git/info/refs?service=git-upload-pack`, {
        headers: { authorization: `Basic ${Buffer.from(`x:${text}`).toString('base64')}`, 'git-protocol': 'version=2' },
      });
      if (answer.status !== 200) throw new Error(`the first answer was ${answer.status}`);
      return await look(child.pid!);
    }
    throw new Error(`the server did not start: ${said}`);
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
}
