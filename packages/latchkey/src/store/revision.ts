/**
 * The revision: a number that rises, in the same transaction, with every change that may alter the result of a check.
 *
 * To keep answers in memory, note the revision read *before* the answer, and trust the answer while the number stands
 * still, or while all revisions since were about something else.
 * Invariant: every function of this room that changes accounts (except passwords and profiles), memberships,
 * repositories (except the time of a push and the description), collaborators, tokens, secrets, grants, policies or
 * single sign-on authorizations calls `bumpRevision` itself. Three exceptions: a new token, which nobody can have
 * asked about before; requests, which grant nothing until they are decided; and reminders of them.
 */
import type { Query } from './db.ts';

/** Who or what a revision is about: a kind and an id in one number, since a million of them are kept in memory. */
export type Subject = number;

const KINDS = { token: 0, account: 1, repository: 2, derived: 3 } as const;
const KIND_COUNT = 4;

/** Account 0 is the instance. */
export function subjectOf(kind: keyof typeof KINDS, id: number): Subject {
  return id * KIND_COUNT + KINDS[kind];
}

/** The number of past revisions whose subjects are known. */
export const CHANGES_KEPT = 10_000;

/** The revision that each transaction has reached so far. */
const RISEN = new WeakMap<Query, number>();

/**
 * Raises the revision. Everybody who remembers something about one of the subjects forgets it; without subjects,
 * everything.
 * @throws TypeError outside of a transaction, where the change could be seen before the raise
 */
export async function bumpRevision(tx: Query, ...subjects: readonly Subject[]): Promise<void> {
  if (!tx.isTransaction) throw new TypeError('the store was asked to change a right outside of a transaction');
  const { revision } = await tx
    .updateTable('revision')
    .set((row) => ({ revision: row('revision', '+', 1) }))
    .where('id', '=', 1)
    .returning('revision')
    .executeTakeFirstOrThrow();
  RISEN.set(tx, revision);
  if (subjects.length > 0)
    await tx
      .insertInto('revision_changes')
      .values([...new Set(subjects)].map((subject) => ({ revision, subject })))
      .execute();
}

/** The revision that a transaction has raised to; null when it hasn't. */
export function revisionRaisedBy(tx: Query): number | null {
  return RISEN.get(tx) ?? null;
}

/** The revision as this query sees it; inside a transaction, including its own raises. */
export async function readRevision(q: Query): Promise<number> {
  const { revision } = await q.selectFrom('revision').select('revision').where('id', '=', 1).executeTakeFirstOrThrow();
  return revision;
}

/**
 * What the revisions above `after` and up to `upTo` were about; null when that is everything, too much, or too long
 * ago.
 */
export async function subjectsSince(
  q: Query,
  after: number,
  upTo: number,
): Promise<ReadonlyMap<Subject, number> | null> {
  if (upTo - after > CHANGES_KEPT) return null;
  const rows = await q
    .selectFrom('revision_changes')
    .selectAll()
    .where('revision', '>', after)
    .where('revision', '<=', upTo)
    .orderBy('revision')
    .execute();
  const known = new Set(rows.map((row) => row.revision));
  return known.size === upTo - after ? new Map(rows.map((row) => [row.subject, row.revision])) : null;
}

/** Deletes subjects of revisions that nobody needs any more. */
export async function deleteOldChanges(tx: Query): Promise<void> {
  await tx
    .deleteFrom('revision_changes')
    .where('revision', '<=', (await readRevision(tx)) - CHANGES_KEPT)
    .execute();
}
