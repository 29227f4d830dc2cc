/** Who is in a team. */
import type { Account } from '../../../actions/accounts/accounts.ts';
import {
  listTeamMembers,
  personInTeam,
  removeTeamMember,
  setTeamMember,
} from '../../../actions/organizations/teams/members.ts';
import { readTeam } from '../../../actions/organizations/teams/teams.ts';
import { type Static, Type } from '../../../base/json-schema.ts';
import { parameter } from '../../../base/present.ts';
import { type Call, type Endpoint, endpoint, nothing, ok, type Reply } from '../endpoint.ts';
import { nextKey, risingPage } from '../paging.ts';
import { simpleUser } from '../present/accounts.ts';
import { teamMembership } from '../present/teams.ts';
import { sayNo } from './place.ts';
import { organizationOf } from './teams.ts';

type Plain = Call<undefined, undefined>;

const MEMBERS = Type.Object(
  { role: Type.Optional(Type.Enum(['member', 'maintainer', 'all'])) },
  { additionalProperties: false },
);
const ROLE = Type.Object({ role: Type.Optional(Type.Enum(['member', 'maintainer'])) }, { additionalProperties: false });

async function members(call: Call<undefined, Static<typeof MEMBERS>>): Promise<Reply> {
  const { ctx, permit, params, query, page, apiUrl } = call;
  const organization = await organizationOf(call);
  const name = { organization: organization.login, team: parameter(params, 'team_slug') };
  const role = query.role === undefined || query.role === 'all' ? null : query.role;
  const people = await listTeamMembers(ctx, permit, name, role, risingPage(page));
  return {
    ...ok(people.map(({ account }) => simpleUser(apiUrl, account))),
    next: nextKey(people, page, ({ account }) => account.id),
  };
}

async function membership(
  call: Pick<Plain, 'ctx' | 'permit' | 'params' | 'apiUrl'>,
  organization: Account,
): Promise<Reply> {
  const { ctx, permit, params, apiUrl } = call;
  const name = { organization: organization.login, team: parameter(params, 'team_slug') };
  const { team } = await readTeam(ctx, permit, name);
  const person = await personInTeam(ctx, permit, name, parameter(params, 'username'));
  if (person === null) throw sayNo(404, 'Not Found');
  return ok(teamMembership(apiUrl, organization.login, team, person.account.login, person.role));
}

export const TEAM_MEMBER_ENDPOINTS: readonly Endpoint[] = [
  endpoint({
    method: 'GET',
    path: '/orgs/{org}/teams/{team_slug}/members',
    operationId: 'teams/list-members-in-org',
    paged: true,
    query: MEMBERS,
    summary: 'The members of a team and of the teams below it.',
    handle: members,
  }),
  endpoint({
    method: 'GET',
    path: '/orgs/{org}/teams/{team_slug}/memberships/{username}',
    operationId: 'teams/get-membership-for-user-in-org',
    summary: "Someone's membership in a team. Members of a team below it count as members.",
    handle: async (call) => membership(call, await organizationOf(call)),
  }),
  endpoint({
    method: 'PUT',
    path: '/orgs/{org}/teams/{team_slug}/memberships/{username}',
    operationId: 'teams/add-or-update-membership-for-user-in-org',
    body: ROLE,
    resource: 'Team',
    summary:
      'Adds a member of the organization to a team or changes their role, at once: there is no invitation to accept.',
    handle: async (call) => {
      const { ctx, permit, params, body } = call;
      const organization = await organizationOf(call);
      const name = { organization: organization.login, team: parameter(params, 'team_slug') };
      const login = parameter(params, 'username');
      await setTeamMember(ctx, permit, name, { login, role: body.role ?? 'member' });
      return membership(call, organization);
    },
  }),
  endpoint({
    method: 'DELETE',
    path: '/orgs/{org}/teams/{team_slug}/memberships/{username}',
    operationId: 'teams/remove-membership-for-user-in-org',
    resource: 'Team',
    summary: 'Removes someone from a team.',
    handle: async (call) => {
      const { ctx, permit, params } = call;
      const { login } = await organizationOf(call);
      const name = { organization: login, team: parameter(params, 'team_slug') };
      await removeTeamMember(ctx, permit, name, parameter(params, 'username'));
      return nothing();
    },
  }),
];
