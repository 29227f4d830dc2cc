/**
 * Repositories in a chosen order, a page at a time, with their owners.
 *
 * A page starts after the last row of the previous one: its position in the order and its id. So rows added meanwhile
 * shift nothing.
 */

import { type ExpressionBuilder, type RawBuilder, sql } from 'kysely';
import { present } from '../base/present.ts';
import type { UnixSeconds } from '../base/time.ts';
import type { Visibility } from '../rules/model.ts';
import { type Account, accountsByIds } from './accounts.ts';
import type { Query } from './db.ts';
import { type Repository, repositoryOf } from './repositories.ts';
import type { Database } from './schema.ts';

export type RepositorySort = 'created' | 'updated' | 'pushed' | 'full_name';

/** How somebody is connected to a repository. */
export type Affiliation = 'owner' | 'collaborator' | 'organization_member';

export interface RepositoryFilter {
  /** Only repositories of this account. */
  readonly ownerId?: number;
  /** Only repositories with which this person has one of these connections. */
  readonly of?: { readonly userId: number; readonly affiliations: readonly Affiliation[] };
  readonly visibilities?: readonly Visibility[];
  /** Changed at this time or later; before this time. */
  readonly sinceAt?: UnixSeconds;
  readonly beforeAt?: UnixSeconds;
}

export interface RepositoryOrder {
  readonly sort: RepositorySort;
  readonly direction: 'asc' | 'desc';
}

/** Where the previous page ended. */
export interface RepositoryPlace {
  readonly value: number | string;
  readonly id: number;
}

export interface ListedRepository {
  readonly repository: Repository;
  readonly owner: Account;
  readonly place: RepositoryPlace;
}

const SORT_BY: Readonly<Record<RepositorySort, RawBuilder<number | string>>> = {
  created: sql<number>`repositories.created_at`,
  updated: sql<number>`repositories.updated_at`,
  pushed: sql<number>`coalesce(repositories.pushed_at, repositories.created_at)`,
  full_name: sql<string>`owner.login_key || '/' || repositories.name_key`,
};

/** Up to `limit` repositories after `after`. */
export async function listRepositoriesBy(
  q: Query,
  filter: RepositoryFilter,
  order: RepositoryOrder,
  page: { after: RepositoryPlace | null; skip: number; limit: number },
): Promise<ListedRepository[]> {
  const value = SORT_BY[order.sort];
  const further = order.direction === 'asc' ? '>' : '<';
  let query = q
    .selectFrom('repositories')
    .innerJoin('accounts as owner', 'owner.id', 'repositories.owner_id')
    .selectAll('repositories')
    .select(value.as('place'));
  if (filter.ownerId !== undefined) query = query.where('repositories.owner_id', '=', filter.ownerId);
  if (filter.visibilities !== undefined) query = query.where('repositories.visibility', 'in', filter.visibilities);
  if (filter.sinceAt !== undefined) query = query.where('repositories.updated_at', '>=', filter.sinceAt);
  if (filter.beforeAt !== undefined) query = query.where('repositories.updated_at', '<', filter.beforeAt);
  const { of } = filter;
  if (of !== undefined)
    query = query.where((on) => on.or(of.affiliations.map((affiliation) => AFFILIATED[affiliation](on, of.userId))));
  const { after } = page;
  if (after !== null) {
    query = query.where((on) =>
      on.or([
        on(value, further, after.value),
        on.and([on(value, '=', after.value), on('repositories.id', further, after.id)]),
      ]),
    );
  }
  const rows = await query
    .orderBy(value, order.direction)
    .orderBy('repositories.id', order.direction)
    .limit(page.limit)
    .offset(page.skip)
    .execute();
  const owners = await accountsByIds(q, [...new Set(rows.map((row) => row.owner_id))]);
  return rows.map((row) => ({
    repository: repositoryOf(row),
    owner: present(owners.get(row.owner_id), `owner ${row.owner_id}`),
    place: { value: row.place, id: row.id },
  }));
}

type On = ExpressionBuilder<Database & { owner: Database['accounts'] }, 'repositories' | 'owner'>;

const AFFILIATED = {
  owner: (on: On, userId: number) => on('repositories.owner_id', '=', userId),
  collaborator: (on: On, userId: number) =>
    on('repositories.id', 'in', on.selectFrom('collaborators').select('repository_id').where('user_id', '=', userId)),
  organization_member: (on: On, userId: number) =>
    on(
      'repositories.owner_id',
      'in',
      on.selectFrom('memberships').select('organization_id').where('user_id', '=', userId),
    ),
} as const;
