/** The API of locks (git-lfs, docs/api/locking.md). */

import { type LfsLock, listLocks, lockPath, unlock } from '../../../actions/lfs/locks.ts';
import { GIT_NEEDS } from '../../../catalogue/needs.ts';
import { send, sendError } from './answer.ts';
import { type LfsCall, permitFor, readJson, Unreadable } from './call.ts';

const DEFAULT_PAGE = 50;

export async function answerLocks(call: LfsCall): Promise<void> {
  const { ctx, request, response, address } = call;
  const permit = await permitFor(call, GIT_NEEDS['upload-pack'], 'list LFS locks of');
  if (permit === null) return;
  const { query } = address;
  const id = query.get('id');
  const filter = {
    ...(query.get('path') === null ? {} : { path: query.get('path') ?? '' }),
    ...(id === null ? {} : { id: numberIn(id) }),
  };
  const limit = query.get('limit') === null ? DEFAULT_PAGE : Number(query.get('limit'));
  const page = await listLocks(ctx, permit, filter, {
    cursor: query.get('cursor'),
    limit: Number.isSafeInteger(limit) ? limit : DEFAULT_PAGE,
  });
  send(request, response, 200, { locks: page.locks.map(presented), ...(page.next && { next_cursor: page.next }) });
}

export async function answerLock(call: LfsCall): Promise<void> {
  const { ctx, request, response } = call;
  const { path } = await readJson(call);
  if (typeof path !== 'string') throw new Unreadable(422, 'The path is the path of a file.');
  const permit = await permitFor(call, GIT_NEEDS['receive-pack'], 'lock a file of');
  if (permit === null) return;
  if (permit.actor.userId === null) throw new Unreadable(403, 'A deploy key locks nothing: locks are people’s.');
  ctx.git.demandWrites();
  const { lock, isNew } = await lockPath(ctx, permit, path);
  if (isNew) return send(request, response, 201, { lock: presented(lock) });
  sendError(request, response, 409, `${lock.login} has locked this file.`, { more: { lock: presented(lock) } });
}

/** What others hold, before a push: what the caller holds, and what others do. */
export async function answerLocksVerify(call: LfsCall): Promise<void> {
  const { ctx, request, response } = call;
  const { cursor, limit } = await readJson(call);
  const permit = await permitFor(call, GIT_NEEDS['receive-pack'], 'verify LFS locks of');
  if (permit === null) return;
  const page = await listLocks(
    ctx,
    permit,
    {},
    {
      cursor: typeof cursor === 'string' && cursor !== '' ? cursor : null,
      limit: typeof limit === 'number' && Number.isSafeInteger(limit) ? limit : DEFAULT_PAGE,
    },
  );
  const isOwn = (lock: LfsLock): boolean => lock.userId === permit.actor.userId;
  send(request, response, 200, {
    ours: page.locks.filter(isOwn).map(presented),
    theirs: page.locks.filter((lock) => !isOwn(lock)).map(presented),
    ...(page.next && { next_cursor: page.next }),
  });
}

export async function answerUnlock(call: LfsCall, id: string): Promise<void> {
  const { ctx, request, response } = call;
  const { force } = await readJson(call);
  const permit = await permitFor(call, GIT_NEEDS['receive-pack'], 'unlock a file of');
  if (permit === null) return;
  ctx.git.demandWrites();
  const found = await unlock(ctx, permit, numberIn(id), force === true);
  if (!('heldBy' in found)) return send(request, response, 200, { lock: presented(found) });
  sendError(
    request,
    response,
    403,
    found.mayForce
      ? `${found.heldBy} has locked this file. To take the lock away: git lfs unlock --force`
      : `${found.heldBy} has locked this file. They can unlock it, or whoever administers the repository, by --force.`,
  );
}

function presented({ id, path, lockedAt, login }: LfsLock): object {
  return { id: String(id), path, locked_at: new Date(lockedAt * 1000).toISOString(), owner: { name: login } };
}

/** A lock's number; 0, which none has, for anything else. */
function numberIn(text: string): number {
  return /^[1-9]\d{0,14}$/.test(text) ? Number(text) : 0;
}
