/** What builds and checks report about commits. Append-only: the newest row of a context counts. */
import type { Selectable } from 'kysely';
import type { UnixSeconds } from '../base/time.ts';
import { nameKey } from '../rules/names.ts';
import type { Query } from './db.ts';
import { type Page, startOf } from './page.ts';
import type { CommitStatusesTable } from './schema.ts';

export type StatusState = CommitStatusesTable['state'];

export interface NewCommitStatus {
  readonly repositoryId: number;
  readonly commitId: string;
  readonly context: string;
  readonly state: StatusState;
  readonly targetUrl: string | null;
  readonly description: string | null;
  readonly creatorId: number | null;
  readonly at: UnixSeconds;
}

export interface CommitStatus extends NewCommitStatus {
  readonly id: number;
}

function statusOf(row: Selectable<CommitStatusesTable>): CommitStatus {
  return {
    id: row.id,
    repositoryId: row.repository_id,
    commitId: row.commit_id,
    context: row.context,
    state: row.state,
    targetUrl: row.target_url,
    description: row.description,
    creatorId: row.creator_id,
    at: row.created_at,
  };
}

/** Adds a status. */
export async function insertCommitStatus(tx: Query, status: NewCommitStatus): Promise<CommitStatus> {
  const row = await tx
    .insertInto('commit_statuses')
    .values({
      repository_id: status.repositoryId,
      commit_id: status.commitId,
      context: status.context,
      context_key: nameKey(status.context),
      state: status.state,
      target_url: status.targetUrl,
      description: status.description,
      creator_id: status.creatorId,
      created_at: status.at,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return statusOf(row);
}

/** How many statuses a commit has in one context, ignoring case. */
export async function countCommitStatuses(
  q: Query,
  repositoryId: number,
  commitId: string,
  context: string,
): Promise<number> {
  const { count } = await q
    .selectFrom('commit_statuses')
    .select((row) => row.fn.countAll<number>().as('count'))
    .where('repository_id', '=', repositoryId)
    .where('commit_id', '=', commitId)
    .where('context_key', '=', nameKey(context))
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** A page of all statuses of a commit, the newest first. */
export async function listCommitStatuses(
  q: Query,
  repositoryId: number,
  commitId: string,
  page: Page,
): Promise<CommitStatus[]> {
  const rows = await q
    .selectFrom('commit_statuses')
    .selectAll()
    .where('repository_id', '=', repositoryId)
    .where('commit_id', '=', commitId)
    .where('id', '<', startOf(page))
    .orderBy('id', 'desc')
    .limit(page.limit)
    .offset(page.skip ?? 0)
    .execute();
  return rows.map(statusOf);
}

/** The statuses of a commit that count: the newest of each context, the newest first. At most `limit` contexts. */
export async function latestCommitStatuses(
  q: Query,
  repositoryId: number,
  commitId: string,
  limit: number,
): Promise<CommitStatus[]> {
  const newest = q
    .selectFrom('commit_statuses')
    .select((row) => row.fn.max('id').as('id'))
    .where('repository_id', '=', repositoryId)
    .where('commit_id', '=', commitId)
    .groupBy('context_key');
  const rows = await q
    .selectFrom('commit_statuses')
    .selectAll()
    .where('id', 'in', newest)
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
  return rows.map(statusOf);
}
