/**
 * The bytes of an object, sent or fetched with a pass.
 *
 * Invariant: what is kept was hashed here, even if the same object is known elsewhere.
 */
import type { Readable } from 'node:stream';
import { type Arrival, isDigest, type Mismatch, objectSize, openObject } from '../../git/lfs/object-files.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { targetRepository } from '../repositories/target.ts';
import type { Pass } from './passes.ts';

/** The folder of the repository that a permit is about. */
function placeOf(ctx: Context, permit: Permit): string {
  const { owner, repository } = targetRepository(permit);
  return ctx.git.path(owner.login, repository.name);
}

/** Takes an object; returns what was wrong with it. Rejects when the body breaks off, or the disk refuses. */
export async function takeObject(ctx: Context, permit: Permit, pass: Pass, arrival: Arrival): Promise<Mismatch | null> {
  const path = placeOf(ctx, permit);
  const known = await objectSize(path, pass.oid);
  const mismatch = await ctx.git.receiveLfs(path, pass, arrival);
  if (mismatch === null && known === null) ctx.git.lfsGrown(path, pass.size);
  return mismatch;
}

/** The bytes of an object, from the first to the last; null when the repository has no such object any more. */
export function giveObject(
  ctx: Context,
  permit: Permit,
  pass: Pass,
  range: { readonly first: number; readonly last: number },
): Promise<Readable | null> {
  return openObject(placeOf(ctx, permit), pass.oid, range);
}

/** True when the repository has the object, in that size. */
export async function holdsObject(
  ctx: Context,
  permit: Permit,
  { oid, size }: Pick<Pass, 'oid' | 'size'>,
): Promise<boolean> {
  return isDigest(oid) && (await objectSize(placeOf(ctx, permit), oid)) === size;
}
