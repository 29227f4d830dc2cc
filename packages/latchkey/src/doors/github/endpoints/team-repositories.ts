/** What teams may do in repositories. */
import { readOrganization } from '../../../actions/organizations/organizations.ts';
import {
  listTeamRepositories,
  removeTeamRole,
  roleOfTeam,
  setTeamRole,
  teamsWithAccess,
} from '../../../actions/organizations/teams/repositories.ts';
import { parentsOf } from '../../../actions/organizations/teams/teams.ts';
import { targetRepository } from '../../../actions/repositories/target.ts';
import { viewTarget } from '../../../actions/repositories/view.ts';
import { Type } from '../../../base/json-schema.ts';
import { parameter, present } from '../../../base/present.ts';
import { type Call, type Endpoint, endpoint, nothing, ok, type Reply } from '../endpoint.ts';
import { nextKey, risingPage } from '../paging.ts';
import { listedRepository, roleFlags } from '../present/repositories.ts';
import { listedTeam } from '../present/teams.ts';
import { ROLES } from './collaborators.ts';
import { mediaOf, sayNo } from './place.ts';

/** A team's place in a repository belongs to that repository. */
const REPOSITORY = { kind: 'repository', owner: 'owner', name: 'repo' } as const;

type Plain = Call<undefined, undefined>;

const GIVEN = Type.Object(
  { permission: Type.Optional(Type.Enum(['pull', 'read', 'triage', 'push', 'write', 'maintain', 'admin'])) },
  { additionalProperties: false },
);

function placeOf({ permit, params }: Pick<Plain, 'permit' | 'params'>) {
  const { owner, repository } = targetRepository(permit);
  return {
    organization: parameter(params, 'org'),
    team: parameter(params, 'team_slug'),
    owner: owner.login,
    name: repository.name,
  };
}

/** With the media type for a repository it is shown, with the team's role; otherwise 204. */
async function role(call: Plain): Promise<Reply> {
  const { ctx, permit, params, apiUrl, headers } = call;
  const name = { organization: parameter(params, 'org'), team: parameter(params, 'team_slug') };
  const held = await roleOfTeam(ctx, permit, name);
  if (held === null) throw sayNo(404, 'Not Found');
  if (mediaOf(headers) !== 'repository') return nothing();
  const shown = listedRepository(apiUrl, await viewTarget(ctx, permit));
  return ok({ ...shown, permissions: roleFlags(held), role_name: held });
}

export const TEAM_REPOSITORY_ENDPOINTS: readonly Endpoint[] = [
  endpoint({
    method: 'GET',
    path: '/orgs/{org}/teams/{team_slug}/repos',
    operationId: 'teams/list-repos-in-org',
    paged: true,
    summary: 'The repositories that you may see in which a team, or a team above it, has a role.',
    handle: async (call) => {
      const { ctx, permit, params, page, apiUrl } = call;
      const { account } = await readOrganization(ctx, permit);
      const name = { organization: account.login, team: parameter(params, 'team_slug') };
      const { repositories, next } = await listTeamRepositories(ctx, permit, name, risingPage(page));
      return {
        ...ok(
          repositories.map(({ view, role: held }) => ({
            ...listedRepository(apiUrl, view),
            permissions: roleFlags(held),
            role_name: held,
          })),
        ),
        next: next === null ? null : String(next),
      };
    },
  }),
  endpoint({
    method: 'GET',
    path: '/orgs/{org}/teams/{team_slug}/repos/{owner}/{repo}',
    target: REPOSITORY,
    operationId: 'teams/check-permissions-for-repo-in-org',
    success: 204,
    summary: 'Whether a team has a role in a repository. Ask with the media type of a repository to see which role.',
    handle: role,
  }),
  endpoint({
    method: 'PUT',
    path: '/orgs/{org}/teams/{team_slug}/repos/{owner}/{repo}',
    target: REPOSITORY,
    operationId: 'teams/add-or-update-repo-permissions-in-org',
    body: GIVEN,
    resource: 'Team',
    success: 204,
    summary: 'Gives a team a role in a repository of its organization. `push` by default, as on GitHub.',
    handle: async (call) => {
      const { ctx, permit, body } = call;
      const given = present(ROLES[body.permission ?? 'push'], 'the role of a permission that the schema takes');
      await setTeamRole(ctx, permit, placeOf(call), given);
      return nothing();
    },
  }),
  endpoint({
    method: 'DELETE',
    path: '/orgs/{org}/teams/{team_slug}/repos/{owner}/{repo}',
    target: REPOSITORY,
    operationId: 'teams/remove-repo-in-org',
    resource: 'Team',
    summary: 'Removes the role of a team in a repository.',
    handle: async (call) => {
      await removeTeamRole(call.ctx, call.permit, placeOf(call));
      return nothing();
    },
  }),
  endpoint({
    method: 'GET',
    path: '/repos/{owner}/{repo}/teams',
    operationId: 'repos/list-teams',
    paged: true,
    summary: 'The teams with a direct role in a repository. Only its administrators may ask.',
    handle: async ({ ctx, permit, page, apiUrl }) => {
      const { owner } = targetRepository(permit);
      const all = await teamsWithAccess(ctx, permit);
      const from = page.after === null ? 0 : all.findIndex(({ team }) => team.slug > (page.after ?? ''));
      const rows = from < 0 ? [] : all.slice(from + page.skip, from + page.skip + page.perPage);
      const parents = await parentsOf(
        ctx,
        rows.map(({ team }) => team),
      );
      return {
        ...ok(
          rows.map(({ team, role: held }) =>
            listedTeam(apiUrl, owner.login, { team, parent: parents.get(team.parentId ?? 0) ?? null, role: held }),
          ),
        ),
        next: nextKey(rows, page, ({ team }) => team.slug),
      };
    },
  }),
];
