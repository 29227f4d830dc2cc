/** Who has access to a repository, in whichever way, a page at a time. */
import { present } from '../base/present.ts';
import type { OrganizationRole } from '../rules/model.ts';
import type { GivenRoles } from '../rules/role.ts';
import { type Account, accountsByIds } from './accounts.ts';
import type { Query } from './db.ts';
import { peopleByTeams, rolesByTeams } from './team-repositories.ts';

export interface PersonWithAccess {
  readonly account: Account;
  readonly given: GivenRoles;
  /** The role in the organization that owns it; null = not a member. */
  readonly organizationRole: OrganizationRole | null;
}

export interface AccessFilter {
  readonly repositoryId: number;
  readonly ownerId: number;
  /** True when members of the owning organization have access as members. */
  readonly membersToo: boolean;
  /** `direct`: with a role given to them, not to a team; `outside`: those of them who aren't members. */
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
      const byTeam = on('accounts.id', 'in', peopleByTeams(q, filter.repositoryId));
      return on.or([direct, asMember, byTeam, on('accounts.id', '=', filter.ownerId)]);
    })
    .orderBy('accounts.id')
    .limit(page.limit)
    .offset(page.skip)
    .execute();
  const ids = rows.map((row) => row.id);
  const accounts = await accountsByIds(q, ids);
  const byTeams = new Map((await rolesByTeams(q, ids, [filter.repositoryId])).map((each) => [each.userId, each.role]));
  return rows.map((row) => ({
    account: present(accounts.get(row.id), `account ${row.id}`),
    given: { collaboratorRole: row.collaborator_role, teamRole: byTeams.get(row.id) ?? null },
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
