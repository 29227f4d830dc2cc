/** What a backup must know of repositories: their names in the snapshot, and what was pushed since. */
import type { Query } from '../db.ts';

export interface NamedRepository {
  readonly id: number;
  /** The login of its owner. */
  readonly owner: string;
  readonly name: string;
}

/** All of them, by id. */
export function namedRepositories(q: Query): Promise<NamedRepository[]> {
  return q
    .selectFrom('repositories')
    .innerJoin('accounts', 'accounts.id', 'repositories.owner_id')
    .select(['repositories.id', 'accounts.login as owner', 'repositories.name'])
    .orderBy('repositories.id')
    .execute();
}

/** The ids of entries about pushes, after one entry. */
export async function pushEntryIds(q: Query, afterId: number): Promise<number[]> {
  const found = q.selectFrom('audit').select('id').where('action', '=', 'git.push').where('id', '>', afterId);
  return (await found.execute()).map(({ id }) => id);
}

/** An entry about a push, with what it tells. */
export interface PushEntry {
  readonly id: number;
  readonly refs: unknown;
}

/** Entries about pushes to a repository after one entry, the newest first. */
export async function pushEntriesOf(q: Query, repositoryId: number, afterId: number): Promise<PushEntry[]> {
  const rows = await q
    .selectFrom('audit')
    .select(['id', 'data_json'])
    .where('action', '=', 'git.push')
    .where('id', '>', afterId)
    .where('repository_id', '=', repositoryId)
    .orderBy('id', 'desc')
    .execute();
  return rows.map(({ id, data_json }) => ({ id, refs: (JSON.parse(data_json) as { readonly refs?: unknown }).refs }));
}

/** What lives in a database that was just put back. */
export interface Alive {
  readonly tokens: number;
  /** Mails that waited to be sent. */
  readonly mails: number;
  /** Webhook deliveries that waited. */
  readonly deliveries: number;
}

/** Counts what goes on by itself once a server starts. */
export async function countAlive(q: Query, at: number): Promise<Alive> {
  const count = async (found: Promise<{ count: unknown }>): Promise<number> => Number((await found).count);
  return {
    tokens: await count(
      q
        .selectFrom('tokens')
        .select((row) => row.fn.countAll<number>().as('count'))
        .where('revoked_at', 'is', null)
        .where((row) => row.or([row('expires_at', 'is', null), row('expires_at', '>', at)]))
        .executeTakeFirstOrThrow(),
    ),
    mails: await count(
      q
        .selectFrom('outbox')
        .select((row) => row.fn.countAll<number>().as('count'))
        .where('state', '=', 'waiting')
        .executeTakeFirstOrThrow(),
    ),
    deliveries: await count(
      q
        .selectFrom('webhook_deliveries')
        .select((row) => row.fn.countAll<number>().as('count'))
        .where('delivered_at', 'is', null)
        .executeTakeFirstOrThrow(),
    ),
  };
}
