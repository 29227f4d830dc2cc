/** Links that work once, for a short time. Known only by digest. */
import type { UnixSeconds } from '../base/time.ts';
import { MAX_STEP_SEC } from '../rules/steady-clock.ts';
import { demandPerson } from './account-kinds.ts';
import type { Query } from './db.ts';
import type { OneTimeLinksTable } from './schema.ts';

export type LinkPurpose = OneTimeLinksTable['purpose'];

export interface OneTimeLink {
  readonly purpose: LinkPurpose;
  /** The owner; null for somebody without an account yet. */
  readonly userId: number | null;
  /** The e-mail address it is about. */
  readonly address: string | null;
  readonly createdAt: UnixSeconds;
  readonly endsAt: UnixSeconds;
}

/** Adds a link. */
export async function insertLink(tx: Query, link: OneTimeLink & { readonly digest: string }): Promise<void> {
  if (link.userId !== null) await demandPerson(tx, link.userId);
  await tx
    .insertInto('one_time_links')
    .values({
      digest: link.digest,
      purpose: link.purpose,
      user_id: link.userId,
      address: link.address,
      created_at: link.createdAt,
      ends_at: link.endsAt,
    })
    .execute();
}

/**
 * The link with this purpose that a secret opens, unless it was used, has ended, or was made later than now: then a
 * clock that was ahead gave it too long a life.
 */
export async function linkByDigest(
  q: Query,
  purpose: LinkPurpose,
  digest: string,
  at: UnixSeconds,
): Promise<OneTimeLink | null> {
  const row = await q
    .selectFrom('one_time_links')
    .selectAll()
    .where('digest', '=', digest)
    .where('purpose', '=', purpose)
    .where('ends_at', '>', at)
    .where('created_at', '<=', at + MAX_STEP_SEC)
    .executeTakeFirst();
  return row === undefined
    ? null
    : {
        purpose: row.purpose,
        userId: row.user_id,
        address: row.address,
        createdAt: row.created_at,
        endsAt: row.ends_at,
      };
}

/** Uses up a link. False when another request was faster. */
export async function useLink(tx: Query, digest: string): Promise<boolean> {
  return (
    (await tx.deleteFrom('one_time_links').where('digest', '=', digest).returning('digest').executeTakeFirst()) !==
    undefined
  );
}

/** Withdraws a person's links with one purpose; `userId` null means everybody's. */
export async function deleteLinks(tx: Query, purpose: LinkPurpose, userId: number | null): Promise<void> {
  let query = tx.deleteFrom('one_time_links').where('purpose', '=', purpose);
  if (userId !== null) query = query.where('user_id', '=', userId);
  await query.execute();
}

/** The links with one purpose that still work, newest first. */
export async function listLinks(q: Query, purpose: LinkPurpose, at: UnixSeconds): Promise<OneTimeLink[]> {
  const rows = await q
    .selectFrom('one_time_links')
    .selectAll()
    .where('purpose', '=', purpose)
    .where('ends_at', '>', at)
    .where('created_at', '<=', at + MAX_STEP_SEC)
    .orderBy('created_at', 'desc')
    .execute();
  return rows.map((row) => ({
    purpose: row.purpose,
    userId: row.user_id,
    address: row.address,
    createdAt: row.created_at,
    endsAt: row.ends_at,
  }));
}

/** Deletes links that have ended. */
export async function deleteEndedLinks(q: Query, at: UnixSeconds): Promise<void> {
  await q.deleteFrom('one_time_links').where('ends_at', '<=', at).execute();
}
