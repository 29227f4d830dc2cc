/**
 * The state of the server, for its administrators: what runs, what waits, what failed for good. Counts only: no
 * content of mails or jobs, no address of a database.
 */
import { programVersion } from '../../base/version.ts';
import type { Engine } from '../../store/db.ts';
import { countJobs, type JobCounts } from '../../store/jobs.ts';
import { countMigrations, type MigrationCounts } from '../../store/migrations.ts';
import { countNodes } from '../../store/nodes.ts';
import { countMails, type MailState } from '../../store/outbox.ts';
import { type CheckSummary, damagedRepositories, summarizeChecks } from '../../store/repository-checks.ts';
import { countInDoubt } from '../../store/tokens-in-doubt.ts';
import { listStreamHealth, type StreamHealth } from '../audit/streams.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import type { Fitness } from '../ground/fitness.ts';

/** Damaged repositories to list. */
const MAX_DAMAGED = 20;

export interface InstanceHealth {
  readonly version: string;
  readonly engine: Engine;
  readonly connections: { readonly open: number; readonly idle: number; readonly waiting: number };
  readonly migrations: MigrationCounts;
  /** For the process that answers. */
  readonly fitness: Fitness;
  /** `configured`: there is a mail server; otherwise every mail stays in the outbox. */
  readonly checks: CheckSummary & { readonly found: readonly { readonly name: string; readonly said: string }[] };
  /** Tokens that a restoration ended in doubt. */
  readonly tokensInDoubt: number;
  readonly mail: { readonly configured: boolean; readonly counts: Readonly<Record<MailState, number>> };
  /** Of the audit log, those that are on or were. */
  readonly streams: readonly StreamHealth[];
  /** Over all nodes. */
  readonly jobs: JobCounts;
  /** For the process that answers. */
  readonly git: { readonly running: number; readonly queued: number };
  /** Processes that this machine is set to run. */
  readonly workers: number;
  /** Processes using the database, on all machines; null on SQLite, where they aren't counted. */
  readonly nodes: number | null;
}

/** The state of everything at this moment. */
export async function readInstanceHealth(ctx: Context, _permit: Permit): Promise<InstanceHealth> {
  const { settings, store, git, clock } = ctx;
  const [fitness, migrations, counts, jobs, nodes, checks, found, tokensInDoubt, streams] = await Promise.all([
    ctx.fitness.look(),
    countMigrations(store.db),
    countMails(store.db),
    countJobs(store.db, clock.now()),
    store.engine === 'sqlite' ? null : countNodes(store.db),
    summarizeChecks(store.db),
    damagedRepositories(store.db, MAX_DAMAGED),
    countInDoubt(store.db),
    listStreamHealth(ctx),
  ]);
  return {
    version: programVersion(),
    engine: store.engine,
    connections: store.connections(),
    migrations,
    fitness,
    checks: { ...checks, found },
    tokensInDoubt,
    mail: { configured: settings.smtp !== null, counts },
    streams,
    jobs,
    git: git.load(),
    workers: settings.workers,
    nodes,
  };
}
