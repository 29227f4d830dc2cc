/**
 * Puts one repository away: its refs as of the snapshot, a pack of what earlier backups don't have, its LFS objects.
 */
import { openObject, storedObjects } from '../../git/lfs/object-files.ts';
import { accountById } from '../../store/accounts.ts';
import { type NamedRepository as Named, pushEntriesOf } from '../../store/copies/repositories.ts';
import { listPushIntents } from '../../store/push-intents.ts';
import { repositoryById } from '../../store/repositories.ts';
import type { Context } from '../ground/context.ts';
import { type Earlier, type EarlierBackups, MAX_PACKS } from './earlier.ts';
import type { Kept, KeptOrMissing } from './format.ts';
import { asBefore, type Moved, movesIn } from './moment.ts';
import type { PartsWriter } from './parts.ts';

/** Entries this far below the newest one may have reached the log after a later one (PostgreSQL). */
export const LATE_ENTRIES = 5_000;
/** Pushes under way at the same time; one reads them all. */
const MANY = 100_000;

/** What the snapshot knew of pushes. */
export interface Moment {
  readonly auditId: number;
  readonly entryIds: ReadonlySet<number>;
  readonly intentIds: ReadonlySet<number>;
}

export interface Keeping {
  readonly ctx: Context;
  readonly moment: Moment;
  readonly parts: PartsWriter;
  readonly earlier: EarlierBackups;
}

/** Never rejects because of the repository itself: what can't be read is said. */
export async function keepRepository(keeping: Keeping, named: Named): Promise<KeptOrMissing> {
  const now = await nameNow(keeping.ctx, named.id);
  if (now === null) return { ...named, missing: 'it was deleted while the backup was made' };
  if (!keeping.ctx.git.exists(now.owner, now.name)) return { ...named, missing: 'it has no files on this server' };
  try {
    return await keep(keeping, named, now);
  } catch (error) {
    if (!isItsOwn(error)) throw error;
    keeping.ctx.log.warn({ err: error, repository: named.id }, 'a repository could not be backed up');
    return { ...named, missing: 'git can’t read it whole: latchkey admin check says more' };
  }
}

/** A failure of git, not of the place that the backup is written to. */
function isItsOwn(error: unknown): boolean {
  return error instanceof Error && (error.name === 'GitFailure' || error.name === 'NotServed');
}

/** It may have been renamed since the snapshot. */
async function nameNow({ store: { db } }: Context, id: number): Promise<Omit<Named, 'id'> | null> {
  const repository = await repositoryById(db, id);
  const owner = repository === null ? null : await accountById(db, repository.ownerId);
  return repository === null || owner === null ? null : { owner: owner.login, name: repository.name };
}

async function keep(keeping: Keeping, named: Named, now: Omit<Named, 'id'>): Promise<Kept> {
  const { ctx, earlier } = keeping;
  const outline = await ctx.git.copies.outline(now.owner, now.name);
  const { refs, head } = asBefore(outline, await movesSince(keeping, named.id));
  const tips = [...new Set(refs.values())];
  const before = await earlier.of(named.id);
  const packs = await keepObjects(keeping, now, tips, before);
  const lfs = await keepLfs(keeping, ctx.git.path(now.owner, now.name), before);
  await earlier.note({ id: named.id, tips, packs, lfs });
  return {
    ...named,
    format: outline.format,
    head,
    refs: [...refs],
    settings: outline.settings.map(([key, value]) => (value === undefined ? [key] : [key, value])),
    left_out: [...outline.leftOut],
    packs,
    lfs,
  };
}

async function movesSince({ ctx, moment }: Keeping, repositoryId: number): Promise<Moved[]> {
  const { db } = ctx.store;
  // Those under way first: each has its entry before its note goes, so none is missed.
  const underWay = (await listPushIntents(db, 0, MANY)).filter(
    (one) => one.repositoryId === repositoryId && !moment.intentIds.has(one.id),
  );
  const entries = (await pushEntriesOf(db, repositoryId, moment.auditId - LATE_ENTRIES)).filter(
    ({ id }) => !moment.entryIds.has(id),
  );
  return [
    ...underWay.toReversed().flatMap(({ refs }) => movesIn(refs)),
    ...entries.flatMap(({ refs }) => movesIn(refs)),
  ];
}

async function keepObjects(
  { ctx, parts }: Keeping,
  { owner, name }: Omit<Named, 'id'>,
  tips: readonly string[],
  before: Earlier | null,
): Promise<string[][]> {
  const isUsable = before !== null && before.packs.length < MAX_PACKS && (await parts.reuses(before.packs.flat()));
  const known = new Set(isUsable ? before.tips : []);
  const packs = isUsable ? [...before.packs] : [];
  const wants = tips.filter((id) => !known.has(id));
  if (wants.length === 0) return packs;
  const haves = await ctx.git.copies.present(owner, name, known);
  packs.push(await parts.write('bytes', ctx.git.copies.pack(owner, name, wants, haves)));
  return packs;
}

async function keepLfs({ parts }: Keeping, path: string, before: Earlier | null): Promise<Kept['lfs']> {
  const known = new Map(before?.lfs.map((one) => [one.oid, one]));
  const kept: Kept['lfs'] = [];
  for await (const { oid, size } of storedObjects(path)) {
    const earlier = known.get(oid);
    if (earlier !== undefined && (await parts.reuses(earlier.parts))) {
      kept.push(earlier);
      continue;
    }
    const body = size === 0 ? [] : await openObject(path, oid, { first: 0, last: size - 1 });
    // Gone meanwhile: nothing named it.
    if (body !== null) kept.push({ oid, size, parts: await parts.write('bytes', body as AsyncIterable<Buffer>) });
  }
  return kept.toSorted((a, b) => (a.oid < b.oid ? -1 : 1));
}
