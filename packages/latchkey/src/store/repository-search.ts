/**
 * Repositories that somebody may see, found by part of their name: for lists to choose from, however many there are.
 */
import { nameKey } from '../rules/names.ts';
import type { Query } from './db.ts';
import { type Repository, repositoryOf } from './repositories.ts';
import { rolesByTeam } from './team-repositories.ts';

export interface RepositorySearch {
  readonly ownerId: number;
  /** A part of the name, ignoring case; '' finds all. */
  readonly words: string;
  /** The person who is looking. */
  readonly userId: number;
  /** True when they may see all of this owner's repositories. */
  readonly seesAll: boolean;
  readonly limit: number;
}

/** The most recently pushed come first. */
export async function searchRepositories(
  q: Query,
  { ownerId, words, userId, seesAll, limit }: RepositorySearch,
): Promise<Repository[]> {
  let query = q.selectFrom('repositories').selectAll().where('owner_id', '=', ownerId);
  if (words !== '') query = query.where('name_key', 'like', `%${nameKey(words).replace(/[\\%_]/g, '')}%`);
  if (!seesAll) {
    query = query.where((row) =>
      row.or([
        row('visibility', 'in', ['public', 'internal']),
        row.exists(
          row
            .selectFrom('collaborators')
            .select('user_id')
            .whereRef('repository_id', '=', 'repositories.id')
            .where('user_id', '=', userId),
        ),
        row(
          'id',
          'in',
          rolesByTeam(q).select('team_repositories.repository_id').where('team_members.user_id', '=', userId),
        ),
      ]),
    );
  }
  const rows = await query
    .orderBy((row) => row.fn.coalesce('pushed_at', 'created_at'), 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
  return rows.map(repositoryOf);
}
