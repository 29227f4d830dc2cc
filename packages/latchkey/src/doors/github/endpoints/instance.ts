/** The instance ("enterprise"): its people, organizations and tokens, for administrators and their tokens. */
import type { Account } from '../../../actions/accounts/accounts.ts';
import { addOrganization, restoreUser, suspendUser } from '../../../actions/accounts/accounts.ts';
import { welcomeUser } from '../../../actions/accounts/welcome.ts';
import { accountOfKind, renameAccount } from '../../../actions/changes/renaming.ts';
import { deleteUser, type RepositoriesThen } from '../../../actions/instance/account-deletion.ts';
import { listAllAccounts, listAllTokens } from '../../../actions/instance/instance-lists.ts';
import { readToken } from '../../../actions/tokens/own-tokens.ts';
import { revokeToken } from '../../../actions/tokens/tokens.ts';
import { problem } from '../../../base/errors.ts';
import { Type } from '../../../base/json-schema.ts';
import { parameter } from '../../../base/present.ts';
import { isoInstant } from '../../../base/time.ts';
import type { Need } from '../../../catalogue/needs.ts';
import type { Level, PermissionName } from '../../../catalogue/permissions.ts';
import { type Call, created, type Endpoint, endpoint, nothing, ok } from '../endpoint.ts';
import { nextKey, pageById } from '../paging.ts';
import { simpleUser } from '../present/accounts.ts';
import { ownToken } from '../present/tokens.ts';
import { idIn } from './own-token-bodies.ts';

const optional = Type.Optional;
const closed = { additionalProperties: false } as const;

function need(permission: PermissionName, level: Level): Need {
  return { sets: [{ [permission]: level }], publicRead: false, writes: level !== 'read' };
}

function shown(apiUrl: string, account: Account) {
  return {
    ...simpleUser(apiUrl, account),
    created_at: isoInstant(account.createdAt),
    suspended_at: account.suspendedAt === null ? null : isoInstant(account.suspendedAt),
    disabled_by_provider_at: account.disabledByProviderAt === null ? null : isoInstant(account.disabledByProviderAt),
  };
}

/** A page of all accounts of a kind. */
async function accounts({ ctx, permit, apiUrl, page }: Call<undefined, undefined>, kind: Account['kind']) {
  const found = await listAllAccounts(ctx, permit, kind, pageById(page));
  return { ...ok(found.map((account) => shown(apiUrl, account))), next: nextKey(found, page, ({ id }) => id) };
}

function repositoriesThen(query: { repositories?: 'delete'; move_to?: string }): RepositoriesThen {
  if (query.move_to === undefined) return query.repositories ?? 'none';
  if (query.repositories !== undefined)
    throw problem('invalid', 'Repositories can be deleted or moved, not both.', 'move_to');
  return { moveTo: query.move_to };
}

const RENAMING = Type.Object({ login: Type.String() }, closed);
type Renaming = Call<{ login: string }, undefined>;

/** GitHub Enterprise Server answers before it has begun; here it is done. */
async function rename({ ctx, permit, apiUrl, body, params }: Renaming, kind: 'user' | 'organization') {
  const login = parameter(params, kind === 'user' ? 'username' : 'org');
  const renamed = await renameAccount(ctx, permit, await accountOfKind(ctx, permit, kind, login), body.login);
  const url = `${apiUrl}/${kind === 'user' ? 'users' : 'orgs'}/${renamed.login}`;
  return { status: 202, body: { message: `${login} is called ${renamed.login} now.`, url } };
}

const instance = { target: { kind: 'instance' } } as const;

const PEOPLE: readonly Endpoint[] = [
  endpoint({
    ...instance,
    method: 'GET',
    path: '/enterprise/users',
    operationId: 'enterprise/list-users',
    summary: 'All people, newest first.',
    need: need('instance_users', 'read'),
    paged: true,
    handle: (call) => accounts(call, 'user'),
  }),
  endpoint({
    ...instance,
    method: 'POST',
    path: '/enterprise/users',
    operationId: 'enterprise/create-user',
    summary: 'Adds a person, and mails them a link to choose their password.',
    need: need('instance_users', 'write'),
    resource: 'User',
    body: Type.Object(
      {
        login: Type.String(),
        email: Type.String(),
        password: optional(Type.String()),
        admin: optional(Type.Boolean()),
        verified: optional(Type.Boolean()),
      },
      closed,
    ),
    handle: async ({ ctx, permit, apiUrl, body }) => {
      const account = await welcomeUser(ctx, permit, body);
      return created(shown(apiUrl, account), `${apiUrl}/users/${account.login}`);
    },
  }),
  endpoint({
    ...instance,
    method: 'DELETE',
    path: '/enterprise/users/{username}',
    operationId: 'enterprise/delete-user',
    summary:
      'Deletes a person and their tokens, keys and sessions, for good. `repositories=delete` deletes what they ' +
      'own; `move_to` gives it to another account.',
    need: need('instance_users', 'write'),
    query: Type.Object(
      {
        repositories: optional(Type.Literal('delete')),
        move_to: optional(Type.String({ minLength: 1, maxLength: 100 })),
      },
      closed,
    ),
    handle: async ({ ctx, permit, params, query }) => {
      await deleteUser(ctx, permit, { login: parameter(params, 'username'), repositories: repositoriesThen(query) });
      return nothing();
    },
  }),
  endpoint({
    ...instance,
    method: 'PATCH',
    path: '/admin/users/{username}',
    operationId: 'enterprise-admin/update-username-for-user',
    success: 202,
    summary: 'Renames a person. Their tokens keep working, and the old name redirects to the new one.',
    need: need('instance_users', 'write'),
    resource: 'User',
    body: RENAMING,
    handle: (call) => rename(call, 'user'),
  }),
  endpoint({
    ...instance,
    method: 'PATCH',
    path: '/admin/organizations/{org}',
    operationId: 'enterprise-admin/update-org-name',
    success: 202,
    summary: 'Renames an organization. Tokens keep working, and the old name redirects to the new one.',
    need: need('instance_organizations', 'write'),
    resource: 'Organization',
    body: RENAMING,
    handle: (call) => rename(call, 'organization'),
  }),
  endpoint({
    ...instance,
    method: 'PUT',
    path: '/enterprise/users/{username}/suspended',
    operationId: 'enterprise/suspend-user',
    summary: 'Suspends a person. All their tokens stop working at once.',
    need: need('instance_users', 'write'),
    success: 204,
    handle: async ({ ctx, permit, params }) => {
      await suspendUser(ctx, permit, parameter(params, 'username'));
      return nothing();
    },
  }),
  endpoint({
    ...instance,
    method: 'DELETE',
    path: '/enterprise/users/{username}/suspended',
    operationId: 'enterprise/unsuspend-user',
    summary: 'Ends the suspension of a person. Their tokens work again.',
    need: need('instance_users', 'write'),
    handle: async ({ ctx, permit, params }) => {
      await restoreUser(ctx, permit, parameter(params, 'username'));
      return nothing();
    },
  }),
  endpoint({
    ...instance,
    method: 'GET',
    path: '/enterprise/organizations',
    operationId: 'enterprise/list-organizations',
    summary: 'All organizations, newest first.',
    need: need('instance_organizations', 'read'),
    paged: true,
    handle: (call) => accounts(call, 'organization'),
  }),
  endpoint({
    ...instance,
    method: 'POST',
    path: '/enterprise/organizations',
    operationId: 'enterprise/create-organization',
    summary: 'Creates an organization with its first owner.',
    need: need('instance_organizations', 'write'),
    resource: 'Organization',
    body: Type.Object({ login: Type.String(), owner: Type.String() }, closed),
    handle: async ({ ctx, permit, apiUrl, body }) => {
      const account = await addOrganization(ctx, permit, { name: body.login, owner: body.owner });
      return created(shown(apiUrl, account), `${apiUrl}/orgs/${account.login}`);
    },
  }),
];

const TOKENS: readonly Endpoint[] = [
  endpoint({
    ...instance,
    method: 'GET',
    path: '/enterprise/personal-access-tokens',
    operationId: 'enterprise/list-tokens',
    summary: 'All tokens that are not revoked, newest first. `owner` asks for one person’s.',
    need: need('instance_personal_access_tokens', 'read'),
    paged: true,
    query: Type.Object({ owner: optional(Type.String({ maxLength: 100 })) }, closed),
    handle: async ({ ctx, permit, apiUrl, page, query }) => {
      const tokens = await listAllTokens(ctx, permit, query.owner ?? null, pageById(page));
      return {
        ...ok(tokens.map((token) => ownToken(apiUrl, token, ctx.clock.now()))),
        next: nextKey(tokens, page, ({ id }) => id),
      };
    },
  }),
  endpoint({
    ...instance,
    method: 'GET',
    path: '/enterprise/personal-access-tokens/{token_id}',
    operationId: 'enterprise/get-token',
    summary: "Anyone's token.",
    need: need('instance_personal_access_tokens', 'read'),
    handle: async ({ ctx, permit, apiUrl, params }) =>
      ok(ownToken(apiUrl, await readToken(ctx, permit, idIn(params['token_id'])), ctx.clock.now())),
  }),
  endpoint({
    ...instance,
    method: 'DELETE',
    path: '/enterprise/personal-access-tokens/{token_id}',
    operationId: 'enterprise/revoke-token',
    summary: "Revokes anyone's token. Its owner is told.",
    need: need('instance_personal_access_tokens', 'write'),
    query: Type.Object({ children: optional(Type.Boolean()) }, closed),
    handle: async ({ ctx, permit, params, query }) => {
      await revokeToken(ctx, permit, idIn(params['token_id']), permit.actor.login, {
        withChildren: query.children === true,
      });
      return nothing();
    },
  }),
];

export const INSTANCE_ENDPOINTS: readonly Endpoint[] = [...PEOPLE, ...TOKENS];
