/** Facts for a decision, as of today: the reads that every decision needs, one query each. */
import { present } from '../base/present.ts';
import { higherRole, type RepositoryRole } from '../catalogue/roles.ts';
import type { OrganizationRole, UserRecord } from '../rules/model.ts';
import { nameKey } from '../rules/names.ts';
import type { Ruleset } from '../rules/refs/rulesets.ts';
import { type GivenRoles, NO_ROLES } from '../rules/role.ts';
import { flagsWith } from './account-flags.ts';
import { type Account, accountOf } from './accounts.ts';
import type { Query } from './db.ts';
import { type Repository, repositoryOf } from './repositories.ts';
import { accountCalled } from './reserved-names.ts';
import { rulesetsIn } from './rulesets.ts';
import type { CollaboratorsTable } from './schema.ts';
import { rolesByTeam } from './team-repositories.ts';

export interface UserFacts {
  readonly user: UserRecord;
  /** Organization id → role, for every organization that the user belongs to. */
  readonly memberships: ReadonlyMap<number, OrganizationRole>;
}

/** Shared, because most people have none and many people are in memory. */
const NO_MEMBERSHIPS: ReadonlyMap<number, OrganizationRole> = new Map();

/** Somebody who can have tokens, a person or a machine, with all memberships; null when there is none. */
export async function readUserFacts(q: Query, userId: number): Promise<UserFacts | null> {
  const rows = await q
    .selectFrom('accounts')
    .leftJoin('memberships', 'memberships.user_id', 'accounts.id')
    .leftJoin('accounts as keeper', 'keeper.id', 'accounts.owned_by')
    .select([
      'accounts.id',
      'accounts.login',
      'accounts.admin',
      'accounts.suspended_at',
      'accounts.disabled_by_provider_at',
      'accounts.locked_at',
      'accounts.two_factor_at',
      'accounts.kind',
      'keeper.id as keeper_id',
      'keeper.login as keeper_login',
      'keeper.kind as keeper_kind',
      'keeper.suspended_at as keeper_suspended_at',
      'keeper.disabled_by_provider_at as keeper_disabled_by_provider_at',
      'keeper.locked_at as keeper_locked_at',
      'memberships.organization_id',
      'memberships.role',
    ])
    .where('accounts.id', '=', userId)
    .where('accounts.kind', 'in', ['user', 'machine'])
    .execute();
  const [first] = rows;
  if (first === undefined) return null;
  const memberships = new Map<number, OrganizationRole>();
  for (const row of rows)
    if (row.organization_id !== null && row.role !== null) memberships.set(row.organization_id, row.role);
  return {
    user: {
      id: first.id,
      login: first.login,
      admin: first.admin === 1,
      // Nobody signs in to a machine account, so nothing is missing there.
      hasTwoFactor: first.two_factor_at !== null || first.kind === 'machine',
      ...flagsWith(
        {
          suspendedAt: first.suspended_at,
          disabledByProviderAt: first.disabled_by_provider_at,
          lockedAt: first.locked_at,
        },
        {
          suspendedAt: first.keeper_suspended_at,
          disabledByProviderAt: first.keeper_disabled_by_provider_at,
          lockedAt: first.keeper_locked_at,
        },
      ),
      keeper:
        first.keeper_id === null || first.keeper_login === null
          ? null
          : {
              id: first.keeper_id,
              login: first.keeper_login,
              kind: first.keeper_kind === 'organization' ? 'organization' : 'user',
            },
    },
    memberships: memberships.size === 0 ? NO_MEMBERSHIPS : memberships,
  };
}

export interface RepositoryFacts {
  /** The owner today. After a transfer it differs from the one that was named. */
  readonly owner: Account;
  /** Null when the owner has no repository of that name, and never had one. */
  readonly repository: Repository | null;
  /** True when it was found under an earlier name or owner. */
  readonly renamed: boolean;
  /** Of the owner, if it is an organization. */
  readonly ownerRulesets: readonly Ruleset[];
}

/**
 * An owner and their repository by names of today or before, ignoring case; null when there is no such owner.
 */
export async function readRepositoryFacts(q: Query, ownerLogin: string, name: string): Promise<RepositoryFacts | null> {
  const found = await factsByName(q, ownerLogin, name);
  if (found !== null) return found;
  const owner = await accountCalled(q, ownerLogin);
  const moved = owner === null ? null : await factsByName(q, owner.login, name);
  return moved === null ? null : { ...moved, renamed: true };
}

async function factsByName(q: Query, ownerLogin: string, name: string): Promise<RepositoryFacts | null> {
  const row = await q
    .selectFrom('accounts as named')
    .leftJoin('repositories as current', (join) =>
      join.onRef('current.owner_id', '=', 'named.id').on('current.name_key', '=', nameKey(name)),
    )
    .leftJoin('repository_names as old', (join) =>
      join.onRef('old.owner_id', '=', 'named.id').on('old.name_key', '=', nameKey(name)),
    )
    .leftJoin('repositories as repository', (join) =>
      join.on((on) => on('repository.id', '=', on.fn.coalesce('current.id', 'old.repository_id'))),
    )
    .innerJoin('accounts as owner', (join) =>
      join.on((on) => on('owner.id', '=', on.fn.coalesce('repository.owner_id', 'named.id'))),
    )
    .select([
      'owner.id',
      'owner.kind',
      'owner.login',
      'owner.name',
      'owner.created_at',
      'owner.suspended_at',
      'owner.disabled_by_provider_at',
      'owner.admin',
      'owner.two_factor_at',
      'owner.locked_at',
      'owner.recovered_at',
      'owner.owned_by',
      'owner.time_zone',
      'owner.profile_json',
      'current.id as current_id',
      'repository.id as repository_id',
      'repository.name as repository_name',
      'repository.description',
      'repository.homepage',
      'repository.visibility',
      'repository.archived_at',
      'repository.object_format',
      'repository.protections_json',
      'repository.rulesets_json',
      'owner.rulesets_json as owner_rulesets_json',
      'repository.created_at as repository_created_at',
      'repository.updated_at',
      'repository.pushed_at',
    ])
    .where('named.login_key', '=', nameKey(ownerLogin))
    .executeTakeFirst();
  if (row === undefined) return null;
  const owner = accountOf(row);
  const ownerRulesets = rulesetsIn(row.owner_rulesets_json);
  if (row.repository_id === null) return { owner, repository: null, renamed: false, ownerRulesets };
  const repository = repositoryOf({
    id: row.repository_id,
    owner_id: row.id,
    name: present(row.repository_name, 'its name'),
    description: row.description ?? '',
    homepage: row.homepage ?? '',
    visibility: present(row.visibility, 'its visibility'),
    archived_at: row.archived_at,
    object_format: present(row.object_format, 'its object format'),
    protections_json: row.protections_json,
    rulesets_json: row.rulesets_json,
    created_at: present(row.repository_created_at, 'its beginning'),
    updated_at: present(row.updated_at, 'its last change'),
    pushed_at: row.pushed_at,
  });
  return { owner, repository, renamed: row.current_id === null, ownerRulesets };
}

/** The roles that a person was given in one repository, themselves and by teams. */
export async function givenRoles(q: Query, repositoryId: number, userId: number): Promise<GivenRoles> {
  const rows = await q
    .selectFrom('collaborators')
    .select((row) => ['role', row.lit(0 as number).as('by_team')])
    .where('repository_id', '=', repositoryId)
    .where('user_id', '=', userId)
    .unionAll(
      rolesByTeam(q)
        .select((row) => ['team_repositories.role', row.lit(1 as number).as('by_team')])
        .where('team_members.user_id', '=', userId)
        .where('team_repositories.repository_id', '=', repositoryId),
    )
    .execute();
  if (rows.length === 0) return NO_ROLES;
  let [collaboratorRole, teamRole]: (RepositoryRole | null)[] = [null, null];
  for (const { role, by_team } of rows)
    if (by_team === 0) collaboratorRole = role;
    else teamRole = higherRole(teamRole ?? null, role);
  return { collaboratorRole: collaboratorRole ?? null, teamRole: teamRole ?? null };
}

/**
 * The role that a person was given in one repository, or null. Roles from ownership, membership and teams don't count
 * here.
 */
export async function collaboratorRole(
  q: Query,
  repositoryId: number,
  userId: number,
): Promise<CollaboratorsTable['role'] | null> {
  const row = await q
    .selectFrom('collaborators')
    .select('role')
    .where('repository_id', '=', repositoryId)
    .where('user_id', '=', userId)
    .executeTakeFirst();
  return row?.role ?? null;
}
