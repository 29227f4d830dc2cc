/**
 * `latchkey admin audit verify` over a long log, as a process of its own, on both engines: what an operator waits for.
 * `BENCH_ENTRIES` says how long the log is.
 */
import { join } from 'node:path';
import { chainAll } from '../packages/latchkey/dist/actions/audit/chain.js';
import { type OpenContext, openContext } from '../packages/latchkey/dist/actions/instance/open.js';
import { makeLog } from '../packages/latchkey/dist/base/log.js';
import { loadSettings } from '../packages/latchkey/dist/base/settings/settings.js';
import { appendAudit } from '../packages/latchkey/dist/store/audit.js';
import { run } from './command.ts';
import { type Row, spread, takeTurns, timed } from './measure.ts';
import { startPostgres } from './postgres.ts';

const ENTRIES = Number(process.env['BENCH_ENTRIES'] ?? 100_000);
const PER_TRANSACTION = 1_000;
const MAIN = join(import.meta.dirname, '../packages/latchkey/dist/cli/main.js');

export async function benchAudit(folder: string, rounds: number): Promise<Row[]> {
  const postgres = await startPostgres();
  const logs = {
    SQLite: { data: join(folder, 'sqlite') },
    PostgreSQL: { data: join(folder, 'postgres'), database: postgres.url },
  };
  try {
    for (const flags of Object.values(logs)) await fill(flags);
    const figures = await takeTurns(rounds, {
      SQLite: () => timed(() => verify(logs.SQLite)),
      PostgreSQL: () => timed(() => verify(logs.PostgreSQL)),
    });
    return Object.entries(figures).map(([engine, figure]) => ({
      suite: 'audit',
      what: `verify of ${ENTRIES.toLocaleString('en')} entries, ${engine}`,
      figure: spread(figure, 0, ' ms'),
      goal: null,
      reached: null,
      detail: 'latchkey admin audit verify from its start to its end, each run a new process',
    }));
  } finally {
    await postgres.stop();
  }
}

async function fill(flags: { readonly data: string; readonly database?: string }): Promise<void> {
  const ctx = await openContext(loadSettings({ flags, env: {} }), makeLog('silent'));
  try {
    for (let made = 0; made < ENTRIES; made += PER_TRANSACTION) await append(ctx, made);
    await chainAll(ctx);
  } finally {
    await ctx.close();
  }
}

/** Entries as a push writes them: about 400 bytes each. */
function append(ctx: OpenContext, from: number): Promise<void> {
  return ctx.store.transaction(async (tx) => {
    for (let n = from; n < Math.min(from + PER_TRANSACTION, ENTRIES); n++)
      await appendAudit(tx, {
        at: 1_790_000_000 + n,
        action: 'git.push',
        actorId: null,
        actorLogin: 'ada',
        userId: null,
        organizationId: null,
        repositoryId: null,
        tokenId: null,
        actorTokenId: null,
        address: '203.0.113.7',
        userAgent: 'git/2.39.5',
        data: {
          repo: 'acme/site',
          refs: [{ ref: 'refs/heads/main', before: 'a'.repeat(40), after: n.toString(16).padStart(40, '0') }],
        },
      });
  });
}

async function verify({ data, database }: { readonly data: string; readonly database?: string }): Promise<void> {
  const where = ['--data', data, ...(database === undefined ? [] : ['--database', database])];
  const { stderr } = await run(process.execPath, [MAIN, 'admin', 'audit', 'verify', ...where]);
  if (!stderr.includes(`as it was written: ${ENTRIES} entries`)) throw new Error(stderr);
}
