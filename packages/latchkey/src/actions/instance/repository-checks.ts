/**
 * Finds damage in repositories before somebody who clones does: each is looked through once a week, one at a time.
 *
 * Invariant: administrators get one mail for each damage, not one for each look.
 */
import { DAY_SEC, MINUTE_SEC } from '../../base/time.ts';
import type { FsckBounds, FsckOutcome } from '../../git/repositories/fsck.ts';
import { accountById, administrators } from '../../store/accounts.ts';
import {
  finishInspection,
  type Inspection,
  readInspection,
  requestInspection,
  startInspection,
} from '../../store/inspections.ts';
import { repositoryById } from '../../store/repositories.ts';
import { keepCheck, nextToCheck } from '../../store/repository-checks.ts';
import { type Permit, upkeepPermit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { enqueueJob } from '../ground/jobs.ts';
import { queueMail } from '../ground/mail.ts';
import { everyRepository } from '../repositories/inventory/every-repository.ts';

/** How often each repository is checked. */
const EVERY_SEC = 7 * DAY_SEC;
/** A new repository is first checked at this age. */
const FIRST_AFTER_SEC = DAY_SEC;
/** After this time a run begins no further repository: the next run continues. */
const RUN_SEC = 20 * MINUTE_SEC;
/** A check that takes longer is recorded as unfinished. */
const ONE_SEC = 30 * MINUTE_SEC;

/** The job `check-repositories`. */
export async function checkRepositories(ctx: Context, _payload: null, signal: AbortSignal): Promise<void> {
  const startedAt = ctx.clock.passed();
  while (!signal.aborted && ctx.clock.passed() - startedAt < RUN_SEC) {
    const at = ctx.clock.now();
    const id = await nextToCheck(ctx.store.db, { before: at - EVERY_SEC, madeBefore: at - FIRST_AFTER_SEC });
    if (id === null) return;
    await checkOne(ctx, id, signal);
  }
}

async function checkOne(ctx: Context, id: number, signal: AbortSignal): Promise<void> {
  const repository = await repositoryById(ctx.store.db, id);
  const owner = repository === null ? null : await accountById(ctx.store.db, repository.ownerId);
  if (repository === null || owner === null) return;
  const name = `${owner.login}/${repository.name}`;
  // When all the files are missing, everybody who asks gets an error; for an unmounted disk, mails would come for every
  // repository.
  const outcome: FsckOutcome = ctx.git.exists(owner.login, repository.name)
    ? await look(ctx, owner.login, repository.name, { maxSec: ONE_SEC, signal })
    : { state: 'unfinished' };
  if (signal.aborted) return;
  const said = outcome.state === 'damaged' ? outcome.said : '';
  await ctx.store.transaction(async (tx) => {
    const checkedAt = ctx.clock.now();
    if (!(await keepCheck(tx, { repositoryId: id, checkedAt, state: outcome.state, said }))) return;
    for (const { id: userId } of await administrators(tx))
      await queueMail(ctx, tx, { userId }, 'repository_damaged', { repository: name, said });
  });
  if (outcome.state === 'damaged') ctx.log.error({ repository: name, said }, 'a repository is damaged');
}

/**
 * A repository that can't be checked now, because it is unreadable or git has no place, must not keep others from their
 * check.
 */
async function look(ctx: Context, owner: string, name: string, bounds: FsckBounds): Promise<FsckOutcome> {
  try {
    return await ctx.git.check(owner, name, bounds);
  } catch (error) {
    ctx.log.warn({ err: error, repository: `${owner}/${name}` }, 'a repository could not be looked through');
    return { state: 'unfinished' };
  }
}

export interface RepositoryFindings {
  readonly looked: number;
  /** Known repositories without files on the disk. */
  readonly withoutFiles: readonly string[];
  /** Repositories on the disk that are not registered. */
  readonly unknown: readonly string[];
  readonly damaged: readonly { readonly name: string; readonly said: string }[];
  /** They were damaged, and are whole again. */
  readonly mended: readonly string[];
  /** Those that took too long, or could not be read. */
  readonly unfinished: readonly string[];
}

/** Names in each list of a report. */
const MAX_REPORTED = 1_000;

/** The last report on all repositories, and whether another is on its way. */
export interface RepositoryReport extends Inspection<RepositoryFindings> {
  readonly state: 'none' | 'requested' | 'running' | 'done';
}

/** The last report; each of its lists has at most `MAX_REPORTED` names. */
export async function readRepositoryReport(ctx: Context, _permit: Permit): Promise<RepositoryReport> {
  const found = await readInspection<RepositoryFindings>(ctx.store.db);
  const { requestedAt, startedAt, finishedAt } = found;
  const isRunning = startedAt !== null && finishedAt === null;
  return { ...found, state: isRunning ? 'running' : requestedAt !== null ? 'requested' : startedAt ? 'done' : 'none' };
}

/** Has all repositories looked through as soon as a node has a place for it: once, however many ask meanwhile. */
export async function requestRepositoryReport(ctx: Context, _permit: Permit): Promise<void> {
  await ctx.store.transaction(async (tx) => {
    await requestInspection(tx, ctx.clock.now());
    await enqueueJob(tx, { kind: 'inspect-repositories', payload: null, uniqueKey: 'inspect-repositories' });
  });
}

/** The job `inspect-repositories`. One that was cut off begins anew. */
export async function reportOnRepositories(ctx: Context, _payload: null, signal: AbortSignal): Promise<void> {
  await inspectRepositories(ctx, upkeepPermit(), { signal });
}

interface InspectionOptions {
  readonly signal?: AbortSignal | null;
  /** Whether to mend what can be made anew. */
  readonly mends?: boolean;
}

/**
 * Checks all of them now, and stores the findings. With a signal, the report says meanwhile that it runs; when that is
 * aborted it stops, and the last report stays.
 */
export async function inspectRepositories(
  ctx: Context,
  _permit: Permit,
  { signal = null, mends = false }: InspectionOptions = {},
): Promise<RepositoryFindings> {
  if (signal !== null) await ctx.store.transaction((tx) => startInspection(tx, ctx.clock.now()));
  const onDisk = new Set((await ctx.git.list()).map(({ owner, name }) => `${owner}/${name}`));
  const found = { looked: 0, withoutFiles: [] as string[], damaged: [] as { name: string; said: string }[] };
  const unfinished: string[] = [];
  const mended: string[] = [];
  for await (const { owner, repository } of everyRepository(ctx)) {
    signal?.throwIfAborted();
    const name = `${owner}/${repository.name}`;
    onDisk.delete(name);
    found.looked++;
    if (!ctx.git.exists(owner, repository.name)) {
      found.withoutFiles.push(name);
      continue;
    }
    const bounds = { maxSec: ONE_SEC, ...(signal === null ? {} : { signal }) };
    let outcome = await look(ctx, owner, repository.name, bounds);
    if (mends && outcome.state === 'damaged') {
      await ctx.git.mend(owner, repository.name);
      outcome = await look(ctx, owner, repository.name, bounds);
      if (outcome.state === 'whole') mended.push(name);
    }
    signal?.throwIfAborted();
    const said = outcome.state === 'damaged' ? outcome.said : '';
    if (outcome.state === 'damaged') found.damaged.push({ name, said });
    if (outcome.state === 'unfinished') unfinished.push(name);
    const checkedAt = ctx.clock.now();
    await ctx.store.transaction((tx) =>
      keepCheck(tx, { repositoryId: repository.id, checkedAt, state: outcome.state, said }),
    );
  }
  const findings = { ...found, mended, unfinished, unknown: [...onDisk].toSorted() };
  await ctx.store.transaction((tx) => finishInspection(tx, ctx.clock.now(), shortened(findings)));
  return findings;
}

function shortened(findings: RepositoryFindings): RepositoryFindings {
  const { looked, withoutFiles, unknown, damaged, mended, unfinished } = findings;
  return {
    looked,
    withoutFiles: withoutFiles.slice(0, MAX_REPORTED),
    unknown: unknown.slice(0, MAX_REPORTED),
    damaged: damaged.slice(0, MAX_REPORTED),
    mended: mended.slice(0, MAX_REPORTED),
    unfinished: unfinished.slice(0, MAX_REPORTED),
  };
}
