/**
 * Who is in a team.
 *
 * Invariant: a team has only members of its organization; whoever leaves that leaves its teams in the same step (a
 * foreign key). Only owners and the team's maintainers add and remove.
 */

import { problem } from '../../../base/errors.ts';
import { present } from '../../../base/present.ts';
import type { TeamRole } from '../../../rules/model.ts';
import { type Account, accountByLogin, accountsByIds } from '../../../store/accounts.ts';
import { membershipRole } from '../../../store/memberships.ts';
import {
  countOwnMembers,
  countTeamMembers,
  isInTeam,
  listTeamMembers as listRows,
  removeTeamMember as removeRow,
  setTeamMember as setRow,
  teamMemberRole,
} from '../../../store/team-members.ts';
import { countOwnRepositories } from '../../../store/team-repositories.ts';
import { listTeamsOf, type Team } from '../../../store/teams.ts';
import { workerNamed } from '../../accounts/accounts.ts';
import type { Permit } from '../../decision/authorize.ts';
import type { Context } from '../../ground/context.ts';
import { demandCare, log, type TeamName, teamNamed, teamOrganization } from './teams.ts';

export interface PersonInTeam {
  readonly account: Account;
  /** Their role in the team itself; null = they are in a team below it. */
  readonly role: TeamRole | null;
}

/** Adds a member of the organization to a team, or changes their role there. */
export async function setTeamMember(
  ctx: Context,
  permit: Permit,
  name: TeamName,
  member: { readonly login: string; readonly role: TeamRole },
): Promise<void> {
  const at = ctx.clock.now();
  await ctx.store.transaction(async (tx) => {
    const organization = await teamOrganization(tx, permit, name.organization);
    const team = await teamNamed(tx, permit, organization.id, name.team);
    await demandCare(tx, permit, team, null);
    const user = await workerNamed(tx, member.login, organization);
    if ((await membershipRole(tx, organization.id, user.id)) === null)
      throw problem(
        'unprocessable',
        `${user.login} is not a member of ${organization.login}: an owner adds them to the organization first.`,
        'login',
      );
    if (user.kind === 'machine' && member.role === 'maintainer')
      throw problem('unprocessable', `${user.login} is a machine account: maintainers are people.`, 'role');
    const before = await teamMemberRole(tx, team.id, user.id);
    if (before === member.role) return;
    await setRow(tx, { teamId: team.id, organizationId: organization.id, userId: user.id, role: member.role, at });
    const data = { team: team.slug, user: user.login };
    if (before === null)
      await log(
        { tx, permit, at, organization },
        'team.add_member',
        { ...data, permission: member.role },
        { userId: user.id },
      );
    else
      await log(
        { tx, permit, at, organization },
        member.role === 'maintainer' ? 'team.promote_maintainer' : 'team.demote_maintainer',
        data,
        { userId: user.id },
      );
  });
}

/** Takes somebody out of a team: what it gave them ends with the next request. Returns the role that they had. */
export async function removeTeamMember(
  ctx: Context,
  permit: Permit,
  name: TeamName,
  login: string,
): Promise<{ readonly role: TeamRole }> {
  const at = ctx.clock.now();
  return ctx.store.transaction(async (tx) => {
    const organization = await teamOrganization(tx, permit, name.organization);
    const team = await teamNamed(tx, permit, organization.id, name.team);
    await demandCare(tx, permit, team, null);
    const user = await workerNamed(tx, login, organization);
    const role = await teamMemberRole(tx, team.id, user.id);
    if (role === null || !(await removeRow(tx, team.id, user.id)))
      throw problem('not_found', `${user.login} is not in the team ${team.slug} itself.`, 'login');
    await log(
      { tx, permit, at, organization },
      'team.remove_member',
      { team: team.slug, user: user.login },
      { userId: user.id },
    );
    return { role };
  });
}

/** Somebody in a team or in one below it; null = they are in neither. */
export async function personInTeam(
  ctx: Context,
  permit: Permit,
  name: TeamName,
  login: string,
): Promise<PersonInTeam | null> {
  const { db } = ctx.store;
  const organization = await teamOrganization(db, permit, name.organization);
  const team = await teamNamed(db, permit, organization.id, name.team);
  const account = await accountByLogin(db, login);
  if (account === null || !(await isInTeam(db, team.id, account.id))) return null;
  return { account, role: await teamMemberRole(db, team.id, account.id) };
}

/** A page of the people of a team and of the teams below it, by id. @param role null = all */
export async function listTeamMembers(
  ctx: Context,
  permit: Permit,
  name: TeamName,
  role: TeamRole | null,
  page: { readonly afterId: number; readonly skip: number; readonly limit: number },
): Promise<PersonInTeam[]> {
  const { db } = ctx.store;
  const organization = await teamOrganization(db, permit, name.organization);
  const team = await teamNamed(db, permit, organization.id, name.team);
  const members = await listRows(db, team.id, role, page);
  const accounts = await accountsByIds(
    db,
    members.map(({ userId }) => userId),
  );
  return members.map(({ userId, role: own }) => ({
    account: present(accounts.get(userId), `account ${userId}`),
    role: own,
  }));
}

/** What lists tell of teams: the people and repositories of each itself, by its id. */
export async function countsOfTeams(
  ctx: Context,
  teams: readonly Team[],
): Promise<{ members: ReadonlyMap<number, number>; repositories: ReadonlyMap<number, number> }> {
  const ids = teams.map(({ id }) => id);
  const [members, repositories] = await Promise.all([
    countOwnMembers(ctx.store.db, ids),
    countOwnRepositories(ctx.store.db, ids),
  ]);
  return { members, repositories };
}

/** How many people are in a team and in those below it. */
export function countPeople(ctx: Context, team: Team): Promise<number> {
  return countTeamMembers(ctx.store.db, team.id);
}

/** Scopes that tell a classic or scoped token of its owner's teams. */
const TELLS_OF_TEAMS: ReadonlySet<string> = new Set([
  'user',
  'repo',
  'read:org',
  'write:org',
  'admin:org',
  'api',
  'read_api',
  'read_user',
]);

/**
 * A page of the teams that the permit's holder is in themselves, by id, with their organizations, as far as the token
 * reaches: a fine-grained one tells of those in the organizations that granted it something, a classic one needs one of
 * the scopes that tell of teams (docs of GitHub, "List teams for the authenticated user").
 */
export async function ownTeams(
  ctx: Context,
  permit: Permit,
  page: { readonly afterId: number; readonly skip: number; readonly limit: number },
): Promise<{ readonly team: Team; readonly organization: Account }[]> {
  const { actor, bearer } = permit;
  if (actor.userId === null) return [];
  const token = bearer?.via === 'token' ? bearer.token : null;
  if (token !== null && token.kind !== 'fine-grained' && !token.scopes.some((scope) => TELLS_OF_TEAMS.has(scope)))
    return [];
  const among =
    token?.kind === 'fine-grained'
      ? token.grants
          .filter(({ selection, state }) => selection !== 'public' && state === 'active')
          .map(({ ownerId }) => ownerId)
      : null;
  const teams = await listTeamsOf(ctx.store.db, actor.userId, page, among);
  const organizations = await accountsByIds(ctx.store.db, [
    ...new Set(teams.map(({ organizationId }) => organizationId)),
  ]);
  return teams.map((team) => ({
    team,
    organization: present(organizations.get(team.organizationId), `organization ${team.organizationId}`),
  }));
}
