/**
 * The audit log: append-only, written in the transaction of the change it tells of.
 *
 * Never: a function that changes or deletes an entry.
 */
import { type RawBuilder, type Selectable, sql } from 'kysely';
import type { UnixSeconds } from '../base/time.ts';
import type { Query } from './db.ts';
import { type Page, startOf } from './page.ts';
import type { AuditTable } from './schema.ts';

export interface NewAuditEntry {
  readonly at: UnixSeconds;
  /** GitHub's event name where it has one: `personal_access_token.create`. */
  readonly action: string;
  readonly actorId: number | null;
  readonly actorLogin: string | null;
  /** The person whose security log shows it. */
  readonly userId: number | null;
  readonly organizationId: number | null;
  readonly repositoryId: number | null;
  /** The token it is about. */
  readonly tokenId: number | null;
  /** The token it was done with, if there was one. */
  readonly actorTokenId: number | null;
  readonly address: string | null;
  readonly userAgent: string | null;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface AuditEntry extends NewAuditEntry {
  readonly id: number;
}

/** Each given field narrows the list. */
export interface AuditFilter {
  readonly userId?: number;
  readonly organizationId?: number;
  readonly tokenId?: number;
  readonly actorId?: number;
  readonly action?: string;
  /** All actions of a category: `personal_access_token` of `personal_access_token.create`. */
  readonly category?: string;
  /** Entries of this second and later. */
  readonly sinceAt?: UnixSeconds;
  /** Entries before this second. */
  readonly untilAt?: UnixSeconds;
}

/** A range of entries: after one, up to another, with a limit. */
export interface EntryRange {
  readonly afterId: number;
  readonly throughId: number;
  readonly limit: number;
}

/** Writes an entry and returns its id. */
export async function appendAudit(tx: Query, entry: NewAuditEntry): Promise<number> {
  const { id } = await tx
    .insertInto('audit')
    .values({
      at: entry.at,
      action: entry.action,
      actor_id: entry.actorId,
      actor_login: entry.actorLogin,
      user_id: entry.userId,
      organization_id: entry.organizationId,
      repository_id: entry.repositoryId,
      token_id: entry.tokenId,
      actor_token_id: entry.actorTokenId,
      address: entry.address,
      user_agent: entry.userAgent,
      data_json: JSON.stringify(entry.data),
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

/** The id of the newest committed entry; 0 when there is none. */
export async function newestAuditId(q: Query): Promise<number> {
  const row = await q.selectFrom('audit').select('id').orderBy('id', 'desc').limit(1).executeTakeFirst();
  return row?.id ?? 0;
}

/** When the newest entry was written, by the clock at that time; null when there is none. */
export async function newestAuditAt(q: Query): Promise<UnixSeconds | null> {
  const row = await q.selectFrom('audit').select('at').orderBy('id', 'desc').limit(1).executeTakeFirst();
  return row?.at ?? null;
}

/** A page of the log, newest first. */
export async function listAudit(q: Query, { category, ...filter }: AuditFilter, page: Page): Promise<AuditEntry[]> {
  if (category === undefined) return entriesOf(q, filter, page);
  // An index keeps each action's newest entries together, but not those of a category: take the newest of each action,
  // then the newest of those.
  const skip = page.skip ?? 0;
  const ofEach = await Promise.all(
    (await actionsOf(q, category)).map((action) =>
      entriesOf(q, { ...filter, action }, { beforeId: page.beforeId, limit: skip + page.limit }),
    ),
  );
  return ofEach
    .flat()
    .sort((a, b) => b.id - a.id)
    .slice(skip, skip + page.limit);
}

/** Every action of a category that has an entry: one index step each. */
async function actionsOf(q: Query, category: string): Promise<string[]> {
  // '/' follows '.', so this is every action that begins with the category and a dot.
  const next = (after: RawBuilder<unknown>): RawBuilder<unknown> =>
    sql`(select min(action) from audit where action > ${after} and action < ${`${category}/`})`;
  const first = next(sql.val(`${category}.`));
  const following = next(sql.ref('found.action'));
  const { rows } = await sql<{ action: string }>`with recursive found(action) as
    (select ${first} union all select ${following} from found where action is not null)
    select action from found where action is not null`.execute(q);
  return rows.map(({ action }) => action);
}

async function entriesOf(q: Query, filter: Omit<AuditFilter, 'category'>, page: Page): Promise<AuditEntry[]> {
  let query = q.selectFrom('audit').selectAll().where('id', '<', startOf(page));
  if (filter.userId !== undefined) query = query.where('user_id', '=', filter.userId);
  if (filter.organizationId !== undefined) query = query.where('organization_id', '=', filter.organizationId);
  if (filter.tokenId !== undefined) query = query.where('token_id', '=', filter.tokenId);
  if (filter.actorId !== undefined) query = query.where('actor_id', '=', filter.actorId);
  if (filter.action !== undefined) query = query.where('action', '=', filter.action);
  if (filter.untilAt !== undefined) query = query.where('at', '<', filter.untilAt);
  if (filter.sinceAt !== undefined) query = query.where('at', '>=', filter.sinceAt);
  const rows = await query
    .orderBy('id', 'desc')
    .limit(page.limit)
    .offset(page.skip ?? 0)
    .execute();
  return rows.map(entryOf);
}

/** One index of the log, and where in it: a person's log, an organization's, what one actor did; {} = all of it. */
export type AuditIndex =
  | { readonly userId: number }
  | { readonly organizationId: number; readonly action?: string }
  | { readonly actorId: number; readonly action?: string }
  | { readonly action?: string };

/** The way through an index: beyond one entry, up to another, neither with it; null = from, or to, the end. */
export interface AuditWalk {
  readonly order: 'asc' | 'desc';
  readonly from: number | null;
  readonly to: number | null;
  readonly limit: number;
}

/** Entries as they lie in an index, so that the cost is that of `limit` entries, whatever the log holds. */
export async function walkAudit(
  q: Query,
  at: AuditIndex,
  { order, from, to, limit }: AuditWalk,
): Promise<AuditEntry[]> {
  const [above, below] = order === 'asc' ? [from, to] : [to, from];
  let query = q.selectFrom('audit').selectAll();
  if ('userId' in at) query = query.where('user_id', '=', at.userId);
  if ('organizationId' in at) query = query.where('organization_id', '=', at.organizationId);
  if ('actorId' in at) query = query.where('actor_id', '=', at.actorId);
  if ('action' in at && at.action !== undefined) query = query.where('action', '=', at.action);
  if (above !== null) query = query.where('id', '>', above);
  if (below !== null) query = query.where('id', '<', below);
  return (await query.orderBy('id', order).limit(limit).execute()).map(entryOf);
}

/** Entries in the order in which they were written: after one, up to another. */
export async function auditBetween(q: Query, { afterId, throughId, limit }: EntryRange): Promise<AuditEntry[]> {
  const rows = await q
    .selectFrom('audit')
    .selectAll()
    .where('id', '>', afterId)
    .where('id', '<=', throughId)
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map(entryOf);
}

function entryOf(row: Selectable<AuditTable>): AuditEntry {
  return {
    id: row.id,
    at: row.at,
    action: row.action,
    actorId: row.actor_id,
    actorLogin: row.actor_login,
    userId: row.user_id,
    organizationId: row.organization_id,
    repositoryId: row.repository_id,
    tokenId: row.token_id,
    actorTokenId: row.actor_token_id,
    address: row.address,
    userAgent: row.user_agent,
    data: JSON.parse(row.data_json) as Record<string, unknown>,
  };
}
