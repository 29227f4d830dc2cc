/**
 * Teams of an organization: found, listed, and who may change one.
 *
 * Invariant: who isn't told of a secret team hears the same of it as of one that doesn't exist.
 */
import { problem } from '../../../base/errors.ts';
import type { AuditAction } from '../../../catalogue/audit-events.ts';
import { MAX_TEAM_DEPTH } from '../../../rules/names.ts';
import type { Account } from '../../../store/accounts.ts';
import type { Query } from '../../../store/db.ts';
import { membershipRole } from '../../../store/memberships.ts';
import { isInTeam, teamMemberRole } from '../../../store/team-members.ts';
import { linesOf, listTeams as listRows, type Team, teamBySlug, teamsByIds } from '../../../store/teams.ts';
import { organizationNamed } from '../../accounts/accounts.ts';
import type { Permit } from '../../decision/authorize.ts';
import { keepTo } from '../../decision/permit-target.ts';
import type { Context } from '../../ground/context.ts';
import { record } from '../../ground/record.ts';

export type { Team };

/** A team, as an action names it. */
export interface TeamName {
  readonly organization: string;
  readonly team: string;
}

/** A team with those above it, from the top; not the team itself. */
export interface TeamView {
  readonly team: Team;
  readonly above: readonly Team[];
}

/** True for the operator and for owners, who see and change every team. */
export function seesAllTeams({ bearer, target }: Permit): boolean {
  return bearer === null || (target.kind !== 'instance' && target.owner?.role === 'owner');
}

/** The organization of that name, which the permit must be about. */
export async function teamOrganization(q: Query, permit: Permit, name: string): Promise<Account> {
  const organization = await organizationNamed(q, name);
  if (permit.target.kind !== 'repository') keepTo(permit, { ownerId: organization.id });
  return organization;
}

/** The team of that slug. @throws Problem when there is none, or none that the caller may know of */
export async function teamNamed(q: Query, permit: Permit, organizationId: number, slug: string): Promise<Team> {
  const team = await teamBySlug(q, organizationId, slug);
  if (team === null || !(await isSeen(q, permit, team)))
    throw problem('not_found', `There is no team ${slug.slice(0, 60)} here.`, 'team');
  return team;
}

async function isSeen(q: Query, permit: Permit, team: Team): Promise<boolean> {
  if (!team.isSecret || seesAllTeams(permit)) return true;
  const { userId } = permit.actor;
  return userId !== null && isInTeam(q, team.id, userId);
}

/**
 * Refuses everybody but owners and, unless it is for owners alone, the maintainers of this team.
 * @throws Problem
 */
export async function demandCare(q: Query, permit: Permit, team: Team, byOwners: string | null): Promise<void> {
  if (permit.bearer === null) return;
  const { userId } = permit.actor;
  if (userId !== null && (await membershipRole(q, team.organizationId, userId)) === 'owner') return;
  if (byOwners !== null) throw problem('unprocessable', byOwners);
  if (userId === null || (await teamMemberRole(q, team.id, userId)) !== 'maintainer')
    throw problem(
      'unprocessable',
      `Only owners of the organization and maintainers of ${team.slug} may change the team.`,
    );
}

/** The team of that id. @throws Problem as for a slug */
export async function teamById(
  ctx: Context,
  permit: Permit,
  { organization, id }: { readonly organization: string; readonly id: number },
): Promise<Team> {
  const { db } = ctx.store;
  const { id: organizationId } = await teamOrganization(db, permit, organization);
  const team = (await teamsByIds(db, [id])).get(id);
  if (team === undefined || team.organizationId !== organizationId || !(await isSeen(db, permit, team)))
    throw problem('not_found', `There is no team with the id ${id} here.`, 'parent_team_id');
  return team;
}

/** A team with those above it. */
export async function readTeam(ctx: Context, permit: Permit, name: TeamName): Promise<TeamView> {
  const { db } = ctx.store;
  const organization = await teamOrganization(db, permit, name.organization);
  const team = await teamNamed(db, permit, organization.id, name.team);
  return { team, above: await teamsAbove(db, team) };
}

async function teamsAbove(q: Query, team: Team): Promise<Team[]> {
  const known = await teamsByIds(q, await linesOf(q, team.id));
  const above: Team[] = [];
  for (let id = team.parentId; id !== null && above.length < MAX_TEAM_DEPTH; ) {
    const next = known.get(id);
    if (next === undefined) break;
    above.unshift(next);
    id = next.parentId;
  }
  return above;
}

/** Teams with the one above each, by id; for lists. */
export async function parentsOf(ctx: Context, teams: readonly Team[]): Promise<ReadonlyMap<number, Team>> {
  return teamsByIds(ctx.store.db, [...new Set(teams.flatMap(({ parentId }) => (parentId === null ? [] : [parentId])))]);
}

/** A page of the teams of an organization that the caller may know of, by slug. */
export async function listTeams(
  ctx: Context,
  permit: Permit,
  filter: { organization: string; below?: string | null; words?: string },
  page: { after: string; skip: number; limit: number },
): Promise<Team[]> {
  const { db } = ctx.store;
  const organization = await teamOrganization(db, permit, filter.organization);
  const { below } = filter;
  const parentId = below == null ? below : (await teamNamed(db, permit, organization.id, below)).id;
  return listRows(
    db,
    {
      organizationId: organization.id,
      seenBy: seesAllTeams(permit) ? null : (permit.actor.userId ?? 0),
      ...(parentId === undefined ? {} : { parentId }),
      ...(filter.words === undefined ? {} : { words: filter.words }),
    },
    page,
  );
}

/** Writes an event about a team. */
export function log(
  {
    tx,
    permit,
    at,
    organization,
  }: { readonly tx: Query; readonly permit: Permit; readonly at: number; readonly organization: Account },
  action: AuditAction,
  data: Readonly<Record<string, unknown>>,
  of: { readonly userId?: number; readonly repositoryId?: number } = {},
): Promise<void> {
  return record(tx, permit, at, {
    action,
    organizationId: organization.id,
    ...of,
    data: { org: organization.login, ...data },
  });
}
