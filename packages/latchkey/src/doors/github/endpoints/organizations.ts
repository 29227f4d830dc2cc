/** Organizations and their members. */
import { setMember } from '../../../actions/accounts/accounts.ts';
import { ownAccountOf, renameAccount } from '../../../actions/changes/renaming.ts';
import { removeFromOrganization } from '../../../actions/organizations/departures.ts';
import {
  changeOrganization,
  deleteOrganization,
  listOrganizationMembers,
  memberNamed,
  organizationsInReach,
  outsideCollaborators,
  readOrganization,
} from '../../../actions/organizations/organizations.ts';
import { type Static, Type } from '../../../base/json-schema.ts';
import { parameter } from '../../../base/present.ts';
import { type Call, type Endpoint, endpoint, nothing, ok, type Reply } from '../endpoint.ts';
import { nextKey, pageById } from '../paging.ts';
import { withPartialResults } from '../partial-results.ts';
import { simpleUser } from '../present/accounts.ts';
import { fullOrganization, membershipBody, simpleOrganization } from '../present/organizations.ts';
import { sayNo } from './place.ts';

const Text = Type.Optional(Type.String());
/** GitHub's settings for features this server lacks: accepted, because clients send them, but without effect. */
const WITHOUT_EFFECT = Object.fromEntries(
  [
    'has_organization_projects',
    'has_repository_projects',
    'members_can_create_pages',
    'members_can_create_public_pages',
    'members_can_create_private_pages',
    'members_can_fork_private_repositories',
    'web_commit_signoff_required',
    'advanced_security_enabled_for_new_repositories',
    'dependabot_alerts_enabled_for_new_repositories',
    'dependabot_security_updates_enabled_for_new_repositories',
    'dependency_graph_enabled_for_new_repositories',
    'secret_scanning_enabled_for_new_repositories',
    'secret_scanning_push_protection_enabled_for_new_repositories',
  ].map((name) => [name, Type.Optional(Type.Boolean())]),
);
const CHANGE = Type.Object(
  {
    login: Type.Optional(
      Type.String({ description: 'Its new name in addresses. GitHub changes it only on its pages.' }),
    ),
    name: Text,
    description: Text,
    company: Text,
    email: Text,
    billing_email: Text,
    location: Text,
    blog: Text,
    twitter_username: Type.Optional(Type.Union([Type.String(), Type.Null()])),
    default_repository_branch: Type.Optional(
      Type.String({ description: 'The default branch of its new repositories; `""` means the instance’s.' }),
    ),
    default_repository_permission: Type.Optional(Type.Enum(['none', 'read', 'write', 'admin'])),
    ...WITHOUT_EFFECT,
  },
  { additionalProperties: false },
);
const Filter = Type.Optional(Type.Enum(['all', '2fa_disabled']));
const MEMBERS = Type.Object(
  { role: Type.Optional(Type.Enum(['all', 'admin', 'member'])), filter: Filter },
  { additionalProperties: false },
);
const OUTSIDERS = Type.Object({ filter: Filter }, { additionalProperties: false });
const ROLE = Type.Object({ role: Type.Optional(Type.Enum(['admin', 'member'])) }, { additionalProperties: false });

type Plain = Call<undefined, undefined>;

/** What is kept as it is given. */
const CHANGEABLE = [
  'name',
  'description',
  'company',
  'email',
  'billing_email',
  'location',
  'blog',
  'twitter_username',
  'default_repository_branch',
] as const;

async function change(call: Call<Static<typeof CHANGE>, undefined>): Promise<Reply> {
  const { ctx, permit, apiUrl } = call;
  const body = call.body as Readonly<Record<string, never>>;
  const { login, default_repository_permission } = body;
  const fields = Object.fromEntries(
    CHANGEABLE.flatMap((name) => (body[name] === undefined ? [] : [[name, body[name]] as const])),
  );
  if (login !== undefined) await renameAccount(ctx, permit, await ownAccountOf(ctx, permit), login);
  await changeOrganization(ctx, permit, { ...fields, basePermission: default_repository_permission });
  return ok(fullOrganization(apiUrl, await readOrganization(ctx, permit)));
}

async function listMembers(call: Call<undefined, Static<typeof MEMBERS>>): Promise<Reply> {
  const { ctx, permit, query, page, apiUrl } = call;
  const role = query.role === 'admin' ? 'owner' : query.role === 'member' ? 'member' : null;
  const withoutTwoFactor = query.filter === '2fa_disabled';
  const members = await listOrganizationMembers(ctx, permit, { role, withoutTwoFactor }, pageById(page));
  return {
    ...ok(members.map(({ account }) => simpleUser(apiUrl, account))),
    next: nextKey(members, page, ({ userId }) => userId),
  };
}

async function listOutsiders(call: Call<undefined, Static<typeof OUTSIDERS>>): Promise<Reply> {
  const { ctx, permit, query, page, apiUrl } = call;
  const filter = { withoutTwoFactor: query.filter === '2fa_disabled' };
  const accounts = await outsideCollaborators(ctx, permit, filter, pageById(page));
  if (accounts === null) throw sayNo(403, 'Only owners may see the outside collaborators of an organization.');
  return {
    ...ok(accounts.map((account) => simpleUser(apiUrl, account))),
    next: nextKey(accounts, page, ({ id }) => id),
  };
}

async function isMember({ ctx, permit, params }: Plain): Promise<Reply> {
  if ((await memberNamed(ctx, permit, parameter(params, 'username'))) === null)
    throw sayNo(404, 'User does not exist or is not a member of the organization');
  return nothing();
}

async function membership({
  ctx,
  permit,
  params,
  apiUrl,
}: Pick<Plain, 'ctx' | 'permit' | 'params' | 'apiUrl'>): Promise<Reply> {
  const member = await memberNamed(ctx, permit, parameter(params, 'username'));
  if (member === null) throw sayNo(404, 'Not Found');
  return ok(membershipBody(apiUrl, (await readOrganization(ctx, permit)).account, member.user, member.role));
}

const Leaving = Type.Object(
  {
    roles: Type.Optional(
      Type.Union([Type.Literal('remove'), Type.Literal('keep')], {
        description: 'Direct roles in its repositories: removed as well, unless `keep`.',
      }),
    ),
  },
  { additionalProperties: false },
);

/** GitHub's answer has no body, so what remains stands in headers. */
async function remove({ ctx, permit, params, query }: Call<undefined, Static<typeof Leaving>>): Promise<Reply> {
  const { account } = await readOrganization(ctx, permit);
  const { removed, kept, tokens } = await removeFromOrganization(ctx, permit, {
    organization: account.login,
    login: parameter(params, 'username'),
    keepsRoles: query.roles === 'keep',
  });
  return {
    ...nothing(),
    headers: {
      'X-Roles-Removed': String(removed),
      'X-Roles-Kept': String(kept),
      'X-Tokens-Left': tokens.map(({ id }) => id).join(', '),
    },
  };
}

const WHAT_REMAINS =
  'With `roles=keep` they keep their direct roles in its repositories. `X-Roles-Removed` and `X-Roles-Kept` count ' +
  'these, and `X-Tokens-Left` lists the ids of their tokens that still reach the organization.';

export const ORGANIZATION_ENDPOINTS: readonly Endpoint[] = [
  endpoint({
    method: 'GET',
    path: '/orgs/{org}',
    operationId: 'orgs/get',
    summary: 'An organization. Only its owners see its settings.',
    handle: async ({ ctx, permit, apiUrl }) => ok(fullOrganization(apiUrl, await readOrganization(ctx, permit))),
  }),
  endpoint({
    method: 'PATCH',
    path: '/orgs/{org}',
    operationId: 'orgs/update',
    body: CHANGE,
    resource: 'Organization',
    summary: 'Changes the profile of an organization, and what its members may do in its repositories.',
    handle: change,
  }),
  endpoint({
    method: 'DELETE',
    path: '/orgs/{org}',
    operationId: 'orgs/delete',
    success: 202,
    summary: 'Deletes an organization and all its repositories, for good.',
    handle: async ({ ctx, permit }) => {
      await deleteOrganization(ctx, permit);
      return { status: 202, body: {} };
    },
  }),
  endpoint({
    method: 'GET',
    path: '/orgs/{org}/members',
    operationId: 'orgs/list-members',
    paged: true,
    query: MEMBERS,
    summary:
      'The members of an organization. Members may ask; only owners may ask who has no two-factor authentication.',
    handle: listMembers,
  }),
  endpoint({
    method: 'GET',
    path: '/orgs/{org}/outside_collaborators',
    operationId: 'orgs/list-outside-collaborators',
    paged: true,
    query: OUTSIDERS,
    summary: 'The outside collaborators of an organization. Only its owners may ask.',
    handle: listOutsiders,
  }),
  endpoint({
    method: 'GET',
    path: '/orgs/{org}/members/{username}',
    operationId: 'orgs/check-membership-for-user',
    success: 204,
    summary: 'Whether someone is a member.',
    handle: isMember,
  }),
  endpoint({
    method: 'DELETE',
    path: '/orgs/{org}/members/{username}',
    operationId: 'orgs/remove-member',
    resource: 'Organization',
    summary: `Removes someone from an organization. ${WHAT_REMAINS}`,
    query: Leaving,
    handle: remove,
  }),
  endpoint({
    method: 'GET',
    path: '/orgs/{org}/memberships/{username}',
    operationId: 'orgs/get-membership-for-user',
    summary: "Someone's membership in an organization.",
    handle: membership,
  }),
  endpoint({
    method: 'PUT',
    path: '/orgs/{org}/memberships/{username}',
    operationId: 'orgs/set-membership-for-user',
    body: ROLE,
    resource: 'Organization',
    summary: 'Makes someone a member or an owner, at once: there is no invitation to accept.',
    handle: async (call) => {
      const { account } = await readOrganization(call.ctx, call.permit);
      await setMember(call.ctx, call.permit, {
        organization: account.login,
        login: parameter(call.params, 'username'),
        role: call.body.role === 'admin' ? 'owner' : 'member',
      });
      return membership(call);
    },
  }),
  endpoint({
    method: 'DELETE',
    path: '/orgs/{org}/memberships/{username}',
    operationId: 'orgs/remove-membership-for-user',
    resource: 'Organization',
    summary: `Removes someone from an organization. ${WHAT_REMAINS}`,
    query: Leaving,
    handle: remove,
  }),
  endpoint({
    method: 'GET',
    path: '/user/orgs',
    operationId: 'orgs/list-for-authenticated-user',
    paged: true,
    summary: 'Your organizations that the token reaches.',
    handle: async ({ ctx, permit, page, apiUrl }) => {
      const accounts = await organizationsInReach(ctx, permit, pageById(page));
      return withPartialResults(ctx, permit, (hidden) => ({
        ...ok(accounts.filter(({ id }) => !hidden.has(id)).map((account) => simpleOrganization(apiUrl, account))),
        next: nextKey(accounts, page, ({ id }) => id),
      }));
    },
  }),
];
