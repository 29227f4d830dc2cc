/**
 * Who works in a project or belongs to a group. Source: GitLab docs "Members API".
 *
 * There are no inherited members here: `/all` is the same list.
 */
import type { Account } from '../../../actions/accounts/people.ts';
import { listOrganizationMembers, memberNamed } from '../../../actions/organizations/organizations.ts';
import { accessOf, holdsRole, listAccess } from '../../../actions/repositories/collaborators.ts';
import { readTargetOwner } from '../../../actions/repositories/target.ts';
import { parameter } from '../../../base/present.ts';
import type { OrganizationRole } from '../../../rules/model.ts';
import { type Call, type Endpoint, endpoint, ok, type Reply } from '../endpoint.ts';
import { ACCESS_LEVELS } from '../present/projects.ts';
import { presentUser } from '../present/users.ts';
import { Answer, notFound } from '../refuse.ts';
import { personIn } from './users.ts';

const OWNER = 50;
/** GitLab's number for somebody who belongs to a group and may do nothing in it by that. */
const MINIMAL = 5;

type Plain = Call<unknown>;

function member({ ctx }: Plain, account: Account, accessLevel: number): Record<string, unknown> {
  return {
    ...presentUser(account, ctx.settings.publicUrl),
    access_level: accessLevel,
    expires_at: null,
    membership_state: 'active',
  };
}

/** What the members of an organization may do in its repositories is the same for all but owners. */
function levelOf({ permit }: Plain, role: OrganizationRole): number {
  const { basePermission } = readTargetOwner(permit).policy;
  return role === 'owner' ? OWNER : basePermission === 'none' ? MINIMAL : ACCESS_LEVELS[basePermission];
}

async function listOfGroup(call: Plain): Promise<Reply> {
  const { ctx, permit, page } = call;
  const range = { beforeId: null, skip: page.offset, limit: page.perPage + 1 };
  const members = await listOrganizationMembers(ctx, permit, { role: null }, range);
  const shown = members.slice(0, page.perPage).map(({ account, role }) => member(call, account, levelOf(call, role)));
  return { ...ok(shown), more: members.length > page.perPage };
}

async function showOfGroup(call: Plain): Promise<Reply> {
  const { login } = await personIn(call.ctx, parameter(call.path, 'user_id'));
  const found = await memberNamed(call.ctx, call.permit, login);
  if (found === null) throw notFound('Member');
  return ok(member(call, found.user, levelOf(call, found.role)));
}

/** Those who may push see who else works there, as over the other API. */
function demandPusher({ permit }: Plain): void {
  if (!holdsRole(permit, 'write'))
    throw new Answer({ status: 403, body: { message: '403 Forbidden - Only those who may push see the members.' } });
}

async function listOfProject(call: Plain): Promise<Reply> {
  const { ctx, permit, page } = call;
  demandPusher(call);
  const range = { afterId: 0, skip: page.offset, limit: page.perPage + 1 };
  const people = await listAccess(ctx, permit, 'all', range);
  const shown = people
    .slice(0, page.perPage)
    .flatMap(({ account, role }) => (role === null ? [] : [member(call, account, ACCESS_LEVELS[role])]));
  return { ...ok(shown), more: people.length > page.perPage };
}

async function showOfProject(call: Plain): Promise<Reply> {
  const person = await personIn(call.ctx, parameter(call.path, 'user_id'));
  if (person.id !== call.permit.actor.userId) demandPusher(call);
  const access = await accessOf(call.ctx, call.permit, person.login);
  if (access === null || !access.isCollaborator || access.role === null) throw notFound('Member');
  return ok(member(call, access.account, ACCESS_LEVELS[access.role]));
}

export const MEMBER_ENDPOINTS: readonly Endpoint[] = [
  endpoint('GET', '/groups/{id}/members', { paged: true, handle: listOfGroup }),
  endpoint('GET', '/groups/{id}/members/all', { paged: true, handle: listOfGroup }),
  endpoint('GET', '/groups/{id}/members/{user_id}', { handle: showOfGroup }),
  endpoint('GET', '/projects/{id}/members', { paged: true, handle: listOfProject }),
  endpoint('GET', '/projects/{id}/members/all', { paged: true, handle: listOfProject }),
  endpoint('GET', '/projects/{id}/members/{user_id}', { handle: showOfProject }),
];
