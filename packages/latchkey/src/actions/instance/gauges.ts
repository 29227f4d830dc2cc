/** Metrics on the state of the server's parts: memory, git, jobs, the database. */
import { DAY_SEC, MINUTE_SEC } from '../../base/time.ts';
import { programVersion } from '../../base/version.ts';
import { oldestFreeJob } from '../../store/free-jobs.ts';
import { countJobs } from '../../store/jobs.ts';
import { summarizeChecks } from '../../store/repository-checks.ts';
import { countTokens } from '../../store/token-counts.ts';
import { type Series, shared, single } from '../../telemetry/metrics.ts';
import { streamsOf } from '../audit/stream-sinks.ts';
import { type StreamHealth, streamHealth } from '../audit/streams.ts';
import type { Context } from '../ground/context.ts';

/** How long counts are kept that read a whole table: scrapes come every few seconds. */
const COUNTS_KEPT_MS = 5 * MINUTE_SEC * 1000;
/** Tokens that end this soon are counted apart. */
const SOON_SEC = 7 * DAY_SEC;

/**
 * Gauges for everything in a context. What is the same on every node, such as jobs, is `shared`: workers don't add it
 * up, and a dashboard takes the maximum over all nodes.
 */
export function gaugesOf(ctx: Context): Series[] {
  const { memory, git, store, secrets, clock, fitness } = ctx;
  const jobs = (state: 'due' | 'waiting' | 'dead') => async (): Promise<number> =>
    (await countJobs(store.db, clock.now()))[state];
  return [
    {
      name: 'latchkey_build_info',
      help: 'Always 1: its labels say the version, the version of Node, the database.',
      type: 'gauge',
      aggregator: 'max',
      read: () => [
        { labels: { version: programVersion(), node: process.versions.node, engine: store.engine }, value: 1 },
      ],
    },
    {
      name: 'latchkey_ready',
      help: '1 where every worker is ready: to answer checks, to take changes.',
      type: 'gauge',
      aggregator: 'min',
      read: async () => {
        const fit = await fitness.look();
        return (['check', 'write'] as const).map((purpose) => ({
          labels: { for: purpose },
          value: Number(fit[purpose]),
        }));
      },
    },
    {
      name: 'latchkey_part_works',
      help: '1 while a part of the server works, as /readyz says.',
      type: 'gauge',
      aggregator: 'min',
      read: async () =>
        Object.entries((await fitness.look()).parts).map(([part, why]) => ({
          labels: { part },
          value: Number(why === null),
        })),
    },
    {
      name: 'latchkey_disk_free_bytes',
      help: 'Room on the disks of the data folder and of the repositories.',
      type: 'gauge',
      aggregator: 'min',
      read: async () =>
        Object.entries((await fitness.look()).free).flatMap(([disk, value]) =>
          value === null ? [] : [{ labels: { disk }, value }],
        ),
    },
    single('latchkey_memory_hits_total', 'Things that were remembered.', 'counter', () => memory.counts.hits),
    single(
      'latchkey_memory_misses_total',
      'Things that had to be read from the store.',
      'counter',
      () => memory.counts.misses,
    ),
    single('latchkey_memory_entries', 'Things that are remembered now.', 'gauge', () => memory.counts.entries),
    {
      ...single('latchkey_memory_trusted', '1 while checks are answered without asking the database.', 'gauge', () =>
        Number(memory.isTrusted),
      ),
      aggregator: 'min',
    },
    single(
      'latchkey_secret_queries_total',
      'Queries for secrets that were not remembered; each is for many.',
      'counter',
      () => secrets.queries,
    ),
    single('latchkey_git_processes', 'Git processes that serve clients now.', 'gauge', () => git.load().running),
    single('latchkey_git_queue', 'Requests that wait for a git process.', 'gauge', () => git.load().queued),
    shared(
      single(
        'latchkey_repositories_damaged',
        'Repositories in which the last look found damage (over all nodes).',
        'gauge',
        async () => (await summarizeChecks(store.db)).damaged,
      ),
    ),
    shared(single('latchkey_jobs_due', 'Jobs that should run now (over all nodes).', 'gauge', jobs('due'))),
    shared(single('latchkey_jobs_waiting', 'Jobs that will run (over all nodes).', 'gauge', jobs('waiting'))),
    shared(single('latchkey_jobs_dead', 'Jobs that failed for good (over all nodes).', 'gauge', jobs('dead'))),
    shared(
      single(
        'latchkey_jobs_late_seconds',
        'How long the job that waits longest for a place has been due (over all nodes).',
        'gauge',
        async () => {
          const [at, since] = [clock.now(), await oldestFreeJob(store.db, clock.now())];
          return since === null ? 0 : at - since;
        },
      ),
    ),
    ...tokenSeries(ctx),
    ...streamSeries(ctx),
    single('latchkey_database_connections', 'Connections to the database.', 'gauge', () => store.connections().open),
    single(
      'latchkey_database_connections_idle',
      'Connections to the database that nobody uses.',
      'gauge',
      () => store.connections().idle,
    ),
    single(
      'latchkey_database_waiting',
      'Queries that wait for a connection.',
      'gauge',
      () => store.connections().waiting,
    ),
    shared(
      single(
        'latchkey_database_bytes',
        'What the database takes on disk.',
        'gauge',
        kept(() => store.sizeBytes()),
      ),
    ),
    shared({
      name: 'latchkey_database_replication_lag_seconds',
      help: 'How far the replica of PostgreSQL is behind that is the furthest; only where there is one to be seen.',
      type: 'gauge',
      read: async () => {
        const behind = await store.replicasBehind();
        return behind.length === 0 ? [] : [{ labels: {}, value: Math.max(...behind) }];
      },
    }),
  ];
}

/** Of all tokens: the same on every node. */
function tokenSeries({ store, clock }: Context): Series[] {
  const counts = kept(() => countTokens(store.db, clock.now(), SOON_SEC));
  return [
    shared({
      name: 'latchkey_tokens',
      help: 'Tokens by what they themselves say of their life (over all nodes), at most 5 minutes ago.',
      type: 'gauge',
      read: async () => Object.entries((await counts()).states).map(([state, value]) => ({ labels: { state }, value })),
    }),
    shared(
      single(
        'latchkey_tokens_ending_in_7_days',
        'Active tokens that end within 7 days (over all nodes), at most 5 minutes ago.',
        'gauge',
        async () => (await counts()).ending,
      ),
    ),
  ];
}

/** The value that was read last, read again when it is too old; a failure is not kept. */
function kept<T>(read: () => Promise<T>): () => Promise<T> {
  let [value, until]: [Promise<T> | null, number] = [null, 0];
  return () => {
    if (value !== null && performance.now() < until) return value;
    until = performance.now() + COUNTS_KEPT_MS;
    value = read();
    value.catch(() => (until = 0));
    return value;
  };
}

/** For each stream of the audit log; the same on every node. */
function streamSeries(ctx: Context): Series[] {
  const series = (name: string, help: string, of: (health: StreamHealth) => number): Series => ({
    name: `latchkey_audit_stream_${name}`,
    help,
    type: 'gauge',
    aggregator: 'max',
    read: () =>
      Promise.all(
        streamsOf(ctx.settings).map(async (stream) => ({
          labels: { stream },
          value: of(await streamHealth(ctx, stream)),
        })),
      ),
  });
  return [
    series('behind_entries', 'Entries of the audit log that the receiver lacks, at most.', ({ behind }) => behind),
    series('behind_seconds', 'Age of the oldest entry that the receiver lacks.', ({ behindSec }) => behindSec),
    series('failures', 'Tries to send that failed one after the other.', ({ failures }) => failures),
  ];
}
