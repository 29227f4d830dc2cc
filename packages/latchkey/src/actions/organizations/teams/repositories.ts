/**
 * What a team may do in repositories.
 *
 * Invariant: whoever changes a role of a team administers the repository and may know of the team. A list holds only
 * repositories that the asking credential could read one by one.
 */
import { problem } from '../../../base/errors.ts';
import type { RepositoryRole } from '../../../catalogue/roles.ts';
import { isInTeam } from '../../../store/team-members.ts';
import {
  countTeamRepositories as countRows,
  listTeamRepositories as listRows,
  removeTeamRole as removeRow,
  setTeamRole as setRow,
  teamRoleIn,
  teamsOfRepository,
} from '../../../store/team-repositories.ts';
import { type Team, teamsByIds } from '../../../store/teams.ts';
import { holderOf, type Permit } from '../../decision/authorize.ts';
import { keepTo } from '../../decision/permit-target.ts';
import type { Context } from '../../ground/context.ts';
import { viewFor } from '../../repositories/listing.ts';
import { repositoryNamed } from '../../repositories/repositories.ts';
import { targetRepository } from '../../repositories/target.ts';
import type { RepositoryView } from '../../repositories/view.ts';
import { log, seesAllTeams, type TeamName, teamNamed, teamOrganization } from './teams.ts';

/** A repository as a team has it, by names. */
export interface TeamPlace extends TeamName {
  /** The owner of the repository: it must be the organization of the team. */
  readonly owner: string;
  readonly name: string;
}

/** Gives a team a role in a repository of its organization, or changes it. */
export async function setTeamRole(ctx: Context, permit: Permit, place: TeamPlace, role: RepositoryRole): Promise<void> {
  const at = ctx.clock.now();
  await ctx.store.transaction(async (tx) => {
    const { owner, repository } = await repositoryNamed(tx, place);
    keepTo(permit, { ownerId: owner.id, repositoryId: repository.id });
    const organization = await teamOrganization(tx, permit, place.organization);
    if (owner.id !== organization.id)
      throw problem('unprocessable', `${organization.login} does not own ${owner.login}/${repository.name}.`, 'name');
    const team = await teamNamed(tx, permit, organization.id, place.team);
    const { own } = await teamRoleIn(tx, team.id, repository.id);
    if (own === role) return;
    await setRow(tx, { teamId: team.id, repositoryId: repository.id, role, at });
    await log(
      { tx, permit, at, organization },
      own === null ? 'team.add_repository' : 'team.update_repository_permission',
      {
        team: team.slug,
        repo: `${owner.login}/${repository.name}`,
        permission: role,
        ...(own === null ? {} : { old_permission: own }),
      },
      { repositoryId: repository.id },
    );
  });
}

/** Takes the role of a team in a repository away. Returns what it was. */
export async function removeTeamRole(
  ctx: Context,
  permit: Permit,
  place: TeamPlace,
): Promise<{ readonly role: RepositoryRole }> {
  const at = ctx.clock.now();
  return ctx.store.transaction(async (tx) => {
    const { owner, repository } = await repositoryNamed(tx, place);
    keepTo(permit, { ownerId: owner.id, repositoryId: repository.id });
    const organization = await teamOrganization(tx, permit, place.organization);
    const team = await teamNamed(tx, permit, organization.id, place.team);
    const { own } = await teamRoleIn(tx, team.id, repository.id);
    if (own === null || !(await removeRow(tx, team.id, repository.id)))
      throw problem(
        'not_found',
        `The team ${team.slug} has no role of its own in ${owner.login}/${repository.name}.`,
        'team',
      );
    await log(
      { tx, permit, at, organization },
      'team.remove_repository',
      { team: team.slug, repo: `${owner.login}/${repository.name}`, old_permission: own },
      { repositoryId: repository.id },
    );
    return { role: own };
  });
}

/** The role of a team in the permit's repository, its own and those of the teams above it; null = none. */
export async function roleOfTeam(ctx: Context, permit: Permit, name: TeamName): Promise<RepositoryRole | null> {
  const { db } = ctx.store;
  const { owner, repository } = targetRepository(permit);
  const organization = await teamOrganization(db, permit, name.organization);
  const team = await teamNamed(db, permit, organization.id, name.team);
  return owner.id === organization.id ? (await teamRoleIn(db, team.id, repository.id)).role : null;
}

/** A repository of a team, as the caller sees it. */
export interface RepositoryOfTeam {
  readonly view: RepositoryView;
  readonly role: RepositoryRole;
  /** True when the role comes from a team above it. */
  readonly isInherited: boolean;
}

/** A page of the repositories in which a team has a role, by id, and where the next one begins; null = nowhere. */
export async function listTeamRepositories(
  ctx: Context,
  permit: Permit,
  name: TeamName,
  page: { readonly afterId: number; readonly skip: number; readonly limit: number },
): Promise<{ readonly repositories: readonly RepositoryOfTeam[]; readonly next: number | null }> {
  const { db } = ctx.store;
  const organization = await teamOrganization(db, permit, name.organization);
  const team = await teamNamed(db, permit, organization.id, name.team);
  const rows = await listRows(db, team.id, page);
  const holder = await holderOf(ctx, permit);
  const seen: RepositoryOfTeam[] = [];
  for (const { repository, role, isInherited } of rows) {
    const view = await viewFor(ctx, permit, holder, { owner: organization, repository });
    if (view !== null) seen.push({ view, role, isInherited });
  }
  return { repositories: seen, next: rows.length < page.limit ? null : (rows.at(-1)?.repository.id ?? null) };
}

/** In how many repositories a team, or a team above it, has a role. */
export function countTeamRepositories(ctx: Context, team: Team): Promise<number> {
  return countRows(ctx.store.db, team.id);
}

/** The teams with a role of their own in the permit's repository that the caller may know of, by slug. */
export async function teamsWithAccess(
  ctx: Context,
  permit: Permit,
): Promise<{ readonly team: Team; readonly role: RepositoryRole }[]> {
  const { db } = ctx.store;
  const given = await teamsOfRepository(db, targetRepository(permit).repository.id);
  const teams = await teamsByIds(
    db,
    given.map(({ teamId }) => teamId),
  );
  const { userId } = permit.actor;
  const seen = await Promise.all(
    given.map(async ({ teamId, role }) => {
      const team = teams.get(teamId);
      if (team === undefined) return [];
      const isSeen =
        !team.isSecret || seesAllTeams(permit) || (userId !== null && (await isInTeam(db, teamId, userId)));
      return isSeen ? [{ team, role }] : [];
    }),
  );
  return seen.flat();
}
