/**
 * The outbox: mails waiting to be sent.
 *
 * Invariant: one process at a time handles a mail: `claimMail` moves its due time, which is the lease, by
 * compare-and-set.
 * Never: a mail's body in clear text, or in any form after a mail server accepted it.
 */
import type { Selectable } from 'kysely';
import type { Sealed } from '../base/sealing/sealed-text.ts';
import type { UnixSeconds } from '../base/time.ts';
import type { Query } from './db.ts';
import { type Page, startOf } from './page.ts';
import type { OutboxTable } from './schema.ts';

export type MailState = OutboxTable['state'];

export interface NewMail {
  readonly userId: number | null;
  readonly address: string;
  readonly template: string;
  readonly subject: string;
  readonly text: Sealed | '';
  readonly html: Sealed | '';
  readonly at: UnixSeconds;
}

export interface OutboxMail extends Omit<NewMail, 'at'> {
  readonly id: number;
  readonly state: MailState;
  /** How often it was tried. */
  readonly attempts: number;
  readonly createdAt: UnixSeconds;
  readonly dueAt: UnixSeconds;
  readonly doneAt: UnixSeconds | null;
  readonly failure: string | null;
}

/** Puts a mail into the outbox, due at once, and returns its id. */
export async function insertMail(tx: Query, mail: NewMail): Promise<number> {
  const { at, userId, ...written } = mail;
  const row = { ...written, user_id: userId, state: 'waiting', created_at: at, due_at: at } as const;
  const { id } = await tx.insertInto('outbox').values(row).returning('id').executeTakeFirstOrThrow();
  return id;
}

/**
 * Takes the due mail that has waited longest, until `leaseEndsAt`. Null when none is due, or another process was
 * faster.
 */
export async function claimMail(q: Query, at: UnixSeconds, leaseEndsAt: UnixSeconds): Promise<OutboxMail | null> {
  const next = await q
    .selectFrom('outbox')
    .select(['id', 'due_at'])
    .where('state', '=', 'waiting')
    .where('due_at', '<=', at)
    .orderBy('due_at')
    .orderBy('id')
    .limit(1)
    .executeTakeFirst();
  if (next === undefined) return null;
  const row = await q
    .updateTable('outbox')
    .set((before) => ({ due_at: leaseEndsAt, attempts: before('attempts', '+', 1) }))
    .where('id', '=', next.id)
    .where('state', '=', 'waiting')
    .where('due_at', '=', next.due_at)
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? null : mailOf(row);
}

/** A mail server accepted it; its body is removed. */
export async function markSent(q: Query, id: number, at: UnixSeconds): Promise<void> {
  await q
    .updateTable('outbox')
    .set({ state: 'sent', done_at: at, text: '', html: '', failure: null })
    .where('id', '=', id)
    .execute();
}

/** It is stored on disk, and stays readable here. */
export async function markKept(q: Query, id: number, at: UnixSeconds): Promise<void> {
  await q.updateTable('outbox').set({ state: 'kept', done_at: at }).where('id', '=', id).execute();
}

/** It could not be sent: retried at `dueAt`, or given up when that is null. */
export async function markTried(
  q: Query,
  id: number,
  failure: string,
  dueAt: UnixSeconds | null,
  at: UnixSeconds,
): Promise<void> {
  const next = dueAt === null ? { state: 'failed' as const, done_at: at } : { due_at: dueAt };
  await q
    .updateTable('outbox')
    .set({ failure, ...next })
    .where('id', '=', id)
    .execute();
}

/** A page of all mails, newest first. */
export async function listMails(q: Query, page: Page): Promise<OutboxMail[]> {
  const rows = await q
    .selectFrom('outbox')
    .selectAll()
    .where('id', '<', startOf(page))
    .orderBy('id', 'desc')
    .limit(page.limit)
    .execute();
  return rows.map(mailOf);
}

/** How many mails are in each state. */
export async function countMails(q: Query): Promise<Readonly<Record<MailState, number>>> {
  const rows = await q
    .selectFrom('outbox')
    .select((row) => ['state', row.fn.countAll<number>().as('count')])
    .groupBy('state')
    .execute();
  const counts: Record<MailState, number> = { waiting: 0, sent: 0, kept: 0, failed: 0 };
  for (const { state, count } of rows) counts[state] = Number(count);
  return counts;
}

export async function mailById(q: Query, id: number): Promise<OutboxMail | null> {
  const row = await q.selectFrom('outbox').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : mailOf(row);
}

/** Deletes mails that were finished before `beforeAt`, and returns their ids. */
export async function deleteMailsBefore(q: Query, beforeAt: UnixSeconds): Promise<number[]> {
  const rows = await q.deleteFrom('outbox').where('done_at', '<', beforeAt).returning('id').execute();
  return rows.map((row) => row.id);
}

function mailOf({ user_id, created_at, due_at, done_at, ...rest }: Selectable<OutboxTable>): OutboxMail {
  return { ...rest, userId: user_id, createdAt: created_at, dueAt: due_at, doneAt: done_at };
}
