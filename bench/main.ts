/**
 * `npm run bench [-- SUITE…]`: measures, side by side with a peer in one run, and prints a table.
 *
 * Suites: audit, backup, decision, check, client, coalescing, exchange, forward, git, graphql, introspection, large,
 * latency, lfs, lists, memory, ref-rules, revocation, rolling, scale, teams, workers.
 * Takes some minutes, without `large`, which runs where it is named; everything stays on loopback and in a temporary
 * folder.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { benchAudit } from './audit.ts';
import { benchBackup } from './backup.ts';
import { benchClient } from './client.ts';
import { benchCoalescing } from './coalescing.ts';
import { benchDecision } from './decision.ts';
import { benchExchange } from './exchange.ts';
import { benchForward, benchRoutes } from './forward.ts';
import { benchSession } from './forward-session.ts';
import { benchTransfers } from './git-transfer.ts';
import { benchGraphql } from './graphql.ts';
import { makeHistory } from './history.ts';
import { benchIntrospection } from './introspection.ts';
import { benchLarge } from './large.ts';
import { benchLatency } from './latency.ts';
import { benchLfs } from './lfs.ts';
import { benchLists } from './lists.ts';
import type { Row } from './measure.ts';
import { benchMemory } from './memory.ts';
import { barsSvg } from './plot.ts';
import { benchRefRules } from './ref-rules.ts';
import { benchRevocation } from './revocation.ts';
import { benchRolling } from './rolling.ts';
import { benchScale } from './scale.ts';
import { startWorld, type World } from './server.ts';
import { benchTeams } from './teams.ts';
import { benchTokenCheck } from './token-check.ts';
import { benchWorkers } from './workers.ts';

const ROUNDS = 5;
/** For two processes that differ by little, and by chance. */
const PAIRS = 9;
/** For processes that live for a few milliseconds. */
const STARTS = 25;

interface Bench {
  readonly folder: string;
  readonly history: string;
  readonly world: World;
}

const SUITES: Readonly<Record<string, (bench: Bench) => Row[] | Promise<Row[]> | AsyncIterable<Row>>> = {
  audit: ({ folder }) => benchAudit(join(folder, 'audit'), ROUNDS),
  backup: ({ folder, history }) => benchBackup(folder, history, ROUNDS),
  decision: () => benchDecision(ROUNDS),
  check: ({ world }) => benchTokenCheck(world, PAIRS),
  client: ({ folder }) => benchClient(join(folder, 'client'), STARTS),
  exchange: ({ folder }) => benchExchange(folder, ROUNDS),
  forward: async function* ({ world }) {
    yield* benchRoutes(ROUNDS);
    yield* await benchForward(world, ROUNDS);
    yield* await benchSession(ROUNDS);
  },
  git: ({ folder, world, history }) => benchTransfers(folder, world, history, ROUNDS),
  coalescing: ({ folder, world, history }) => benchCoalescing(folder, world, history, ROUNDS),
  graphql: ({ folder }) => benchGraphql(folder, ROUNDS),
  introspection: ({ world }) => benchIntrospection(world, ROUNDS),
  large: ({ folder }) => benchLarge(join(folder, 'large'), ROUNDS),
  latency: ({ folder }) => benchLatency(join(folder, 'latency'), ROUNDS),
  lfs: ({ folder }) => benchLfs(join(folder, 'lfs'), ROUNDS),
  lists: ({ folder }) => benchLists(folder, ROUNDS),
  memory: ({ folder, world }) => benchMemory(folder, world),
  'ref-rules': ({ folder, world }) => benchRefRules(folder, world, PAIRS),
  revocation: ({ folder }) => benchRevocation(folder),
  rolling: ({ folder, history }) => benchRolling(join(folder, 'rolling'), history),
  scale: ({ folder }) => benchScale(folder, ROUNDS),
  teams: ({ folder }) => benchTeams(folder, PAIRS),
  workers: ({ folder }) => benchWorkers(join(folder, 'workers'), PAIRS),
};

/** Takes half an hour by itself. */
const ONLY_BY_NAME = new Set(['large']);

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in SUITES));
if (unknown.length > 0) {
  process.stderr.write(
    `error: there is no suite ${unknown.join(', ')}\nhint: the suites are ${Object.keys(SUITES).join(', ')}\n`,
  );
  process.exit(2);
}

const folder = await mkdtemp(join(tmpdir(), 'latchkey-bench-'));
try {
  const history = join(folder, 'history.git');
  const objects = await makeHistory(history);
  process.stdout.write(
    `${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.version}, a repository of ${objects} objects\n\n`,
  );
  const world = await startWorld(join(folder, 'data'), history);
  const rows: Row[] = [];
  try {
    for (const [name, suite] of Object.entries(SUITES))
      if (wanted.includes(name) || (wanted.length === 0 && !ONLY_BY_NAME.has(name)))
        // A suite that takes long gives its rows one by one.
        for await (const row of await suite({ folder, history, world })) rows.push(printed(row));
  } finally {
    await world.stop();
  }
  const out = join(import.meta.dirname, 'out');
  await mkdir(out, { recursive: true });
  for (const { suite, plot } of rows)
    if (plot !== undefined) await writeFile(join(out, `${suite}.svg`), barsSvg(plot.title, plot.unit, plot.bars));
  await writeFile(
    join(out, 'results.json'),
    `${JSON.stringify({ at: new Date().toISOString(), node: process.version, rows }, null, 2)}\n`,
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}

function printed(row: Row): Row {
  const { suite, what, figure, goal, reached, detail } = row;
  const verdict =
    goal === null ? '' : `  [asked: ${goal}; ${reached === null ? 'not measured' : reached ? 'reached' : 'MISSED'}]`;
  process.stdout.write(
    `${suite.padEnd(12)} ` +
      `${what}\n${' '.repeat(13)}${figure}${verdict}\n${detail === '' ? '' : `${' '.repeat(13)}${detail}\n`}`,
  );
  return row;
}
