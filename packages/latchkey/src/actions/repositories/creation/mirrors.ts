/**
 * Mirrors: a repository that follows one at another server (pull), or is followed by one there (push), on a schedule.
 *
 * A pull brings all objects first, and moves the refs in one transaction of git's, as a push does that is noted before
 * and entered in the log. Whatever dies in between leaves objects that no ref reaches, and the next run goes on.
 * Invariant: git goes out by way of the relay, as an import does (decision 0702).
 * Never: a credential in a result of these functions, an error or a log.
 */
import { problem } from '../../../base/errors.ts';
import { present } from '../../../base/present.ts';
import type { Secret } from '../../../base/secret.ts';
import { DAY_SEC, MINUTE_SEC } from '../../../base/time.ts';
import { setDefaultBranch } from '../../../git/objects/refs.ts';
import { resolveCommit } from '../../../git/objects/revisions.ts';
import { GitFailure } from '../../../git/processes/git-process.ts';
import { lastWords, type RelayPlace } from '../../../git/repositories/remote-import.ts';
import { accountById } from '../../../store/accounts.ts';
import {
  deleteMirror,
  insertMirror,
  type Mirror,
  mirrorById,
  mirrorsOf,
  noteMirrorEnd,
  noteMirrorStart,
  setMirrorDue,
} from '../../../store/mirrors.ts';
import { repositoryById } from '../../../store/repositories.ts';
import { operatorPermit, type Permit } from '../../decision/authorize.ts';
import type { Context } from '../../ground/context.ts';
import { enqueueJob } from '../../ground/jobs.ts';
import { record } from '../../ground/record.ts';
import { leavePush, openPush } from '../push-log.ts';
import { settlePush, tellOfPush } from '../pushes.ts';
import { demandRefRoom, MoveRefused } from '../refs/ref-guard.ts';
import { ownership } from '../repositories.ts';
import { openTarget, readTarget, targetRepository } from '../target.ts';
import { onRepository } from '../transfers.ts';
import { openRelay, remoteProblem } from './relay.ts';

export type { Mirror };

/** How often a mirror may run at most, and must at least. */
const MIRROR_EVERY_SEC = { min: 5 * MINUTE_SEC, max: 30 * DAY_SEC } as const;
/** The most mirrors of one repository. */
const MAX_MIRRORS = 10;

export interface MirrorDraft {
  readonly direction: 'pull' | 'push';
  readonly url: string;
  /** '' = none. */
  readonly username: string;
  readonly secret: Secret | null;
  readonly everySec: number;
}

/** Adds a mirror to the permit's repository. It runs at once. @throws Problem */
export async function addMirror(ctx: Context, permit: Permit, draft: MirrorDraft): Promise<Mirror> {
  const wrong = remoteProblem(draft.url, ctx.settings.webhookNetworks);
  if (wrong !== null) throw problem('invalid', wrong, 'url');
  const { min, max } = MIRROR_EVERY_SEC;
  if (!(draft.everySec >= min && draft.everySec <= max))
    throw problem('invalid', `A mirror runs every ${min / 60} minutes at most, and every 30 days at least.`, 'every');
  const at = ctx.clock.now();
  return ctx.store.transaction(async (tx) => {
    const { owner, repository } = await readTarget(tx, permit);
    const others = await mirrorsOf(tx, repository.id);
    if (others.length >= MAX_MIRRORS)
      throw problem('limit_reached', `A repository has at most ${MAX_MIRRORS} mirrors.`, 'url');
    if (draft.direction === 'pull' && others.some(({ direction }) => direction === 'pull'))
      throw problem('conflict', 'The repository follows another one already: remove that mirror first.');
    const { direction, url, username, everySec } = draft;
    const secret = draft.secret === null ? null : ctx.keys.seal('mirrors.secret', repository.id, draft.secret.reveal());
    const id = await insertMirror(tx, { repositoryId: repository.id, direction, url, username, secret, everySec, at });
    await enqueueJob(tx, orderFor(id, url, at));
    await record(tx, permit, at, {
      action: 'repo.mirror_add',
      ...ownership(owner),
      repositoryId: repository.id,
      data: { repo: `${owner.login}/${repository.name}`, direction, url },
    });
    return present(await mirrorById(tx, id), `mirror ${id}`);
  });
}

/** One job for each time: a job that is running can't take the order for its own next run. */
const orderFor = (mirrorId: number, url: string, runAt: number) =>
  ({
    kind: 'sync-mirror',
    payload: { mirrorId },
    runAt,
    uniqueKey: `sync-mirror ${mirrorId} ${runAt}`,
    lane: `mirrors at ${new URL(url).hostname}`,
  }) as const;

/** The mirrors of the permit's repository. */
export function listMirrors(ctx: Context, permit: Permit): Promise<Mirror[]> {
  return mirrorsOf(ctx.store.db, targetRepository(permit).repository.id);
}

/** Removes one of them; what it brought stays. @throws Problem when there is none with that id */
export async function removeMirror(ctx: Context, permit: Permit, id: number): Promise<void> {
  await ctx.store.transaction(async (tx) => {
    const { owner, repository } = await readTarget(tx, permit);
    const mirror = await mirrorById(tx, id);
    if (mirror === null || mirror.repositoryId !== repository.id || !(await deleteMirror(tx, id)))
      throw problem('not_found', `There is no mirror ${id}.`, 'id');
    await record(tx, permit, ctx.clock.now(), {
      action: 'repo.mirror_remove',
      ...ownership(owner),
      repositoryId: repository.id,
      data: { repo: `${owner.login}/${repository.name}`, direction: mirror.direction, url: mirror.url },
    });
  });
}

/** Lets a mirror of the permit's repository run as soon as the server comes to it. */
export async function orderMirror(ctx: Context, permit: Permit, { id, url, repositoryId }: Mirror): Promise<void> {
  if (repositoryId !== targetRepository(permit).repository.id) throw problem('not_found', 'The mirror is gone.');
  const at = ctx.clock.now();
  await ctx.store.transaction(async (tx) => {
    await setMirrorDue(tx, id, at);
    await enqueueJob(tx, orderFor(id, url, at));
  });
}

/** The job: runs a mirror, and orders its next run. A failure is noted with the mirror, in words. */
export async function syncMirror(
  ctx: Context,
  { mirrorId }: { readonly mirrorId: number },
  signal: AbortSignal,
): Promise<void> {
  const mirror = await mirrorById(ctx.store.db, mirrorId);
  // It was run by hand meanwhile, which ordered its next run.
  if (mirror === null || mirror.nextRunAt > ctx.clock.now()) return;
  await runMirror(ctx, mirrorId, signal);
}

/** Runs a mirror now. Returns what went wrong, as a sentence; null when it did everything. */
export async function runMirror(ctx: Context, mirrorId: number, signal: AbortSignal): Promise<string | null> {
  const mirror = await mirrorById(ctx.store.db, mirrorId);
  const repository = mirror === null ? null : await repositoryById(ctx.store.db, mirror.repositoryId);
  const owner = repository === null ? null : await accountById(ctx.store.db, repository.ownerId);
  if (mirror === null || repository === null || owner === null) return 'The mirror is gone.';
  await ctx.store.transaction((tx) => noteMirrorStart(tx, mirrorId, ctx.clock.now()));
  const permit = await onRepository(ctx, operatorPermit(), { owner: owner.login, name: repository.name });
  const error =
    repository.archivedAt !== null && mirror.direction === 'pull'
      ? 'The repository is archived, so nothing is brought to it.'
      : await attempt(ctx, permit, mirror, signal);
  signal.throwIfAborted();
  const at = ctx.clock.now();
  await ctx.store.transaction(async (tx) => {
    const nextRunAt = at + mirror.everySec;
    await noteMirrorEnd(tx, mirrorId, { at, nextRunAt, error });
    if ((await mirrorById(tx, mirrorId)) !== null) await enqueueJob(tx, orderFor(mirrorId, mirror.url, nextRunAt));
  });
  return error;
}

/** How often a run begins anew when somebody else moved a ref meanwhile: a push, or the same mirror run by hand. */
const MAX_TRIES = 3;

async function attempt(ctx: Context, permit: Permit, mirror: Mirror, signal: AbortSignal): Promise<string | null> {
  const { webhookNetworks: allowedNetworks, maxRepositoryMib: maxMib } = ctx.settings;
  const wrong = remoteProblem(mirror.url, allowedNetworks);
  if (wrong !== null) return wrong;
  const secret = mirror.secret === null ? null : ctx.keys.open('mirrors.secret', mirror.repositoryId, mirror.secret);
  const remote = { url: new URL(mirror.url), username: mirror.username, secret };
  const service = mirror.direction === 'pull' ? 'git-upload-pack' : 'git-receive-pack';
  const relay = await openRelay(remote, { allowedNetworks, maxMib, service });
  const run = mirror.direction === 'pull' ? pull : push;
  try {
    for (let tries = 1; ; tries++) {
      try {
        await run(ctx, permit, relay, signal);
        return null;
      } catch (error) {
        if (tries === MAX_TRIES || !isOvertaken(error)) throw error;
      }
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof MoveRefused) return error.explanation.sentence;
    if (error instanceof GitFailure) return `${relay.problem() ?? lastWords(error)}.`;
    throw error;
  } finally {
    await relay.close();
  }
}

/** True when a ref was no longer where it had been read. */
function isOvertaken(error: unknown): boolean {
  return error instanceof GitFailure && /cannot lock ref/.test(error.end.stderr);
}

async function pull(ctx: Context, permit: Permit, relay: RelayPlace, signal: AbortSignal): Promise<void> {
  const { owner, repository } = targetRepository(permit);
  const { moved, head } = await ctx.git.remotes.bring(owner.login, repository.name, relay, signal);
  if (moved.length === 0) return;
  const made = moved.filter(({ beforeId }) => beforeId === null).length;
  await demandRefRoom(ctx, permit, { made, deleted: moved.filter(({ afterId }) => afterId === null).length });
  const plumbing = openTarget(ctx, permit);
  const isFirst = (await resolveCommit(plumbing, 'HEAD')) === null;
  const id = await openPush(ctx, permit, moved);
  try {
    await ctx.git.remotes.move(owner.login, repository.name, moved);
  } catch (error) {
    // Some may have moved: the note stays, and the refs' values settle it.
    await leavePush(ctx, id);
    throw error;
  }
  if (isFirst && head !== null) await setDefaultBranch(plumbing, head);
  await settlePush(ctx, permit, { id, moved, leaks: [] });
  await tellOfPush(ctx, permit, moved);
}

async function push(ctx: Context, permit: Permit, relay: RelayPlace, signal: AbortSignal): Promise<void> {
  const { owner, repository } = targetRepository(permit);
  await ctx.git.remotes.send(owner.login, repository.name, relay, signal);
}
