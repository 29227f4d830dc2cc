/** Metrics on the state of the server's parts: memory, git, jobs, the database. */
import { countJobs } from '../../store/jobs.ts';
import { summarizeChecks } from '../../store/repository-checks.ts';
import { type Series, single } from '../../telemetry/metrics.ts';
import { streamsOf } from '../audit/stream-sinks.ts';
import { type StreamHealth, streamHealth } from '../audit/streams.ts';
import type { Context } from '../ground/context.ts';

/** Gauges for everything in a context. Job gauges are the same on every node, so a dashboard takes their maximum. */
export function gaugesOf(ctx: Context): Series[] {
  const { memory, git, store, secrets, clock, fitness } = ctx;
  const jobs = (state: 'due' | 'waiting' | 'dead') => async (): Promise<number> =>
    (await countJobs(store.db, clock.now()))[state];
  return [
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
    single('latchkey_memory_trusted', '1 while checks are answered without asking the database.', 'gauge', () =>
      memory.isTrusted ? 1 : 0,
    ),
    single(
      'latchkey_secret_queries_total',
      'Queries for secrets that were not remembered; each is for many.',
      'counter',
      () => secrets.queries,
    ),
    single('latchkey_git_processes', 'Git processes that serve clients now.', 'gauge', () => git.load().running),
    single('latchkey_git_queue', 'Requests that wait for a git process.', 'gauge', () => git.load().queued),
    single(
      'latchkey_repositories_damaged',
      'Repositories in which the last look found damage (over all nodes).',
      'gauge',
      async () => (await summarizeChecks(store.db)).damaged,
    ),
    single('latchkey_jobs_due', 'Jobs that should run now (over all nodes).', 'gauge', jobs('due')),
    single('latchkey_jobs_waiting', 'Jobs that will run (over all nodes).', 'gauge', jobs('waiting')),
    single('latchkey_jobs_dead', 'Jobs that failed for good (over all nodes).', 'gauge', jobs('dead')),
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
  ];
}

/** For each stream of the audit log; the same on every node. */
function streamSeries(ctx: Context): Series[] {
  const series = (name: string, help: string, of: (health: StreamHealth) => number): Series => ({
    name: `latchkey_audit_stream_${name}`,
    help,
    type: 'gauge',
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
