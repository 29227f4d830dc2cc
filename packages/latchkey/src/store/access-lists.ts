/** Who has access to a repository, in whichever way, a page at a time. */
import { present } from '../base/present.ts';
import type { OrganizationRole } from '../rules/model.ts';
import { type Account, accountsByIds } from './accounts.ts';
import type { Query } from './db.ts';
import type { CollaboratorsTable } from './schema.ts';

export interface PersonWithAccess {
  readonly account: Account;
  /** The role given in the repository itself; null = none. */
  readonly collaboratorRole: CollaboratorsTable['role'] | null;
  /** The role in the organization that owns it; null = not a member. */
  readonly organizationRole: OrganizationRole | null;
}

export interface AccessFilter {
  readonly repositoryId: number;
  readonly ownerId: number;
  /** True when members of the owning organization have access as members. */
  readonly membersToo: boolean;
  /** `direct`: with a role given to them; `outside`: those of them who aren't members. */
  readonly affiliation: 'all' | 'direct' | 'outside';
}

/** Up to `limit` people with a larger id than `afterId`, by id. Includes the owner if that is a person. */
export async function listPeopleWithAccess(
  q: Query,
  filter: AccessFilter,
  page: { afterId: number; skip: number; limit: number },
): Promise<PersonWithAccess[]> {
  const { affiliation } = filter;
  const rows = await q
    .selectFrom('accounts')
    .leftJoin('collaborators', (join) =>
      join
        .onRef('collaborators.user_id', '=', 'accounts.id')
        .on('collaborators.repository_id', '=', filter.repositoryId),
    )
    .leftJoin('memberships', (join) =>
      join.onRef('memberships.user_id', '=', 'accounts.id').on('memberships.organization_id', '=', filter.ownerId),
    )
    .select(['accounts.id', 'collaborators.role as collaborator_role', 'memberships.role as organization_role'])
    .where('accounts.kind', 'in', ['user', 'machine'])
    .where('accounts.id', '>', page.afterId)
    // Only a few of all people are candidates.
    .where('accounts.id', 'in', candidates(q, filter))
    .where((on) => {
      const direct = on('collaborators.role', 'is not', null);
      if (affiliation === 'outside') return on.and([direct, on('memberships.role', 'is', null)]);
      if (affiliation === 'direct') return on.or([direct, on('accounts.id', '=', filter.ownerId)]);
      const asMember = filter.membersToo
        ? on('memberships.role', 'is not', null)
        : on('memberships.role', '=', 'owner');
      return on.or([direct, asMember, on('accounts.id', '=', filter.ownerId)]);
    })
    .orderBy('accounts.id')
    .limit(page.limit)
    .offset(page.skip)
    .execute();
  const accounts = await accountsByIds(
    q,
    rows.map((row) => row.id),
  );
  return rows.map((row) => ({
    account: present(accounts.get(row.id), `account ${row.id}`),
    collaboratorRole: row.collaborator_role,
    organizationRole: row.organization_role,
  }));
}

/** Ids of people who are named in the repository, belong to its owner, or are its owner. */
function candidates(q: Query, { repositoryId, ownerId, affiliation }: AccessFilter) {
  const named = q
    .selectFrom('collaborators')
    .select('user_id')
    .where('repository_id', '=', repositoryId)
    .unionAll(q.selectFrom('accounts as owner').select('owner.id as user_id').where('owner.id', '=', ownerId));
  return affiliation === 'all'
    ? named.unionAll(q.selectFrom('memberships').select('user_id').where('organization_id', '=', ownerId))
    : named;
}
