/**
 * A batch: which of these objects may be fetched, and which must be sent.
 *
 * Invariant: an object is there only if this repository has it. Whoever knows the digest of another repository's
 * object learns nothing, and has to send its bytes.
 */
import { freeBytes } from '../../base/machine/disk.ts';
import { isDigest, type ObjectName, objectSize, touchObject } from '../../git/lfs/object-files.ts';
import type { Explanation } from '../../rules/explain.ts';
import type { Permit } from '../decision/authorize.ts';
import { noteRefusal } from '../decision/token-refusals.ts';
import type { Context } from '../ground/context.ts';
import { record } from '../ground/record.ts';
import { explainSize } from '../repositories/content-refusals.ts';
import { ownership } from '../repositories/repositories.ts';
import { readTarget, targetRepository } from '../repositories/target.ts';
import { type LfsOperation, type Pass, type PassHolder, writePass } from './passes.ts';

/** The most objects that one batch may name. git-lfs asks for 100 at a time. */
export const MAX_BATCH = 1_000;
const MIB = 1024 * 1024;
/** What a disk keeps free of LFS objects, so that pushes and the database still have room. */
const RESERVED_BYTES = 64 * MIB;

/** What becomes of one object. */
export type BatchOutcome =
  /** Send or fetch it with this pass. */
  | { readonly kind: 'transfer'; readonly pass: Pass; readonly text: ReturnType<typeof writePass> }
  /** Of an upload: there is nothing to send. */
  | { readonly kind: 'present' }
  | { readonly kind: 'error'; readonly code: 404 | 422 | 507; readonly message: string };

interface Batch {
  readonly operation: LfsOperation;
  readonly objects: readonly ObjectName[];
  readonly holder: PassHolder | null;
}

/** One outcome for each object, in their order. */
export async function openBatch(ctx: Context, permit: Permit, batch: Batch): Promise<BatchOutcome[]> {
  const { owner, repository } = targetRepository(permit);
  const path = ctx.git.path(owner.login, repository.name);
  const pass = ({ oid, size }: ObjectName): BatchOutcome => {
    const made = { operation: batch.operation, repositoryId: repository.id, oid, size, holder: batch.holder };
    return { kind: 'transfer', pass: made, text: writePass(ctx, made) };
  };
  if (batch.operation === 'download')
    return Promise.all(batch.objects.map(async (object) => fetched(object, await knownSize(path, object), pass)));
  const room = await roomIn(ctx, permit, path);
  const outcomes: BatchOutcome[] = [];
  for (const object of batch.objects) {
    const outcome = sent(object, await knownSize(path, object), room, pass);
    if (outcome.kind === 'present') await touchObject(path, object.oid);
    outcomes.push(outcome);
  }
  if (room.taken.length > 0) await recordUpload(ctx, permit, room.taken);
  return outcomes;
}

async function knownSize(path: string, { oid }: ObjectName): Promise<number | null> {
  return isDigest(oid) ? objectSize(path, oid) : null;
}

function fetched(object: ObjectName, known: number | null, pass: (object: ObjectName) => BatchOutcome): BatchOutcome {
  const wrong = problemOf(object);
  if (wrong !== null) return { kind: 'error', code: 422, message: wrong };
  if (known === null) return { kind: 'error', code: 404, message: MISSING };
  return known === object.size ? pass(object) : { kind: 'error', code: 422, message: otherSize(known) };
}

/** For whom an object is missing, somebody who has it must send it. */
export const MISSING =
  'This repository does not have the object. Whoever has it sends it with: git lfs push --all origin';

interface Room {
  /** What may still be sent, in bytes. */
  left: number;
  readonly taken: ObjectName[];
  readonly tooLarge: (object: ObjectName) => string | null;
  readonly full: () => Extract<BatchOutcome, { kind: 'error' }>;
}

function sent(
  object: ObjectName,
  known: number | null,
  room: Room,
  pass: (object: ObjectName) => BatchOutcome,
): BatchOutcome {
  const wrong = problemOf(object) ?? room.tooLarge(object);
  if (wrong !== null) return { kind: 'error', code: 422, message: wrong };
  if (known !== null && known !== object.size) return { kind: 'error', code: 422, message: otherSize(known) };
  if (known !== null) return { kind: 'present' };
  if (object.size > room.left) return room.full();
  room.left -= object.size;
  room.taken.push(object);
  return pass(object);
}

/** What fits on the disk, and within the limits of the repository. */
async function roomIn(ctx: Context, permit: Permit, path: string): Promise<Room> {
  const { maxLfsFileMib, maxLfsRepositoryMib } = ctx.settings;
  const limit = maxLfsRepositoryMib === 0 ? Infinity : maxLfsRepositoryMib * MIB;
  const [used, free] = await Promise.all([ctx.git.lfsBytes(path, limit), freeBytes(path)]);
  const refused = (explanation: Explanation): string => {
    noteRefusal(ctx, permit, permit.actor.address ?? '', 'send LFS objects', explanation);
    const { sentence, remedy } = explanation;
    return [sentence, remedy.text, remedy.url].filter((part) => part !== null && part !== '').join(' ');
  };
  return {
    left: Math.min(limit - used, free - RESERVED_BYTES),
    taken: [],
    tooLarge: ({ oid, size }) =>
      maxLfsFileMib !== 0 && size > maxLfsFileMib * MIB
        ? refused(explainSize(ctx, permit, 'file_too_large', maxLfsFileMib, [`Object ${oid.slice(0, 12)}`]))
        : null,
    full: () =>
      limit - used <= free - RESERVED_BYTES
        ? {
            kind: 'error',
            code: 507,
            message: refused(explainSize(ctx, permit, 'repository_full', maxLfsRepositoryMib)),
          }
        : { kind: 'error', code: 507, message: DISK_FULL },
  };
}

const DISK_FULL =
  'The disk of the server has no room for this object. Its administrator must make room; try again later.';

function problemOf({ oid, size }: ObjectName): string | null {
  if (!isDigest(oid)) return 'The oid is not a SHA-256 in 64 lower-case hexadecimal digits.';
  return Number.isSafeInteger(size) && size >= 0 ? null : 'The size is not a whole number of bytes.';
}

function otherSize(known: number): string {
  return `The object with this digest has ${known} bytes, not as many as the pointer says.`;
}

/** One entry for all that a batch may send: they are part of what is pushed next. */
async function recordUpload(ctx: Context, permit: Permit, objects: readonly ObjectName[]): Promise<void> {
  await ctx.store.transaction(async (tx) => {
    const { owner, repository } = await readTarget(tx, permit);
    await record(tx, permit, ctx.clock.now(), {
      action: 'git_lfs.upload',
      ...ownership(owner),
      repositoryId: repository.id,
      data: {
        repo: `${owner.login}/${repository.name}`,
        objects: objects.length,
        bytes: objects.reduce((sum, { size }) => sum + size, 0),
      },
    });
  });
}
