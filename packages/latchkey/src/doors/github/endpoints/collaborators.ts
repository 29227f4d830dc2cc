/** The people who work in a repository. */
import { type Access, accessOf, holdsRole, listAccess } from '../../../actions/repositories/collaborators.ts';
import { removeCollaborator, setCollaborator } from '../../../actions/repositories/repositories.ts';
import { targetRepository } from '../../../actions/repositories/target.ts';
import { type Static, Type } from '../../../base/json-schema.ts';
import { parameter, present } from '../../../base/present.ts';
import type { RepositoryRole } from '../../../catalogue/roles.ts';
import { type Call, type Endpoint, endpoint, nothing, ok, type Reply } from '../endpoint.ts';
import { nextKey } from '../paging.ts';
import { simpleUser } from '../present/accounts.ts';
import { roleFlags } from '../present/repositories.ts';
import { sayNo } from './place.ts';

/** GitHub's words for each role when one is given. */
export const ROLES: Readonly<Record<string, RepositoryRole>> = {
  pull: 'read',
  read: 'read',
  triage: 'triage',
  push: 'write',
  write: 'write',
  maintain: 'maintain',
  admin: 'admin',
};
/** The four words of the older API. A role between two of them counts as the lower one. */
const OLD_WORDS: Readonly<Record<RepositoryRole, string>> = {
  read: 'read',
  triage: 'read',
  write: 'write',
  maintain: 'write',
  admin: 'admin',
};

const LIST = Type.Object(
  {
    affiliation: Type.Optional(Type.Enum(['outside', 'direct', 'all'])),
    permission: Type.Optional(Type.Enum(['pull', 'triage', 'push', 'maintain', 'admin'])),
  },
  { additionalProperties: false },
);
const GIVEN = Type.Object(
  { permission: Type.Optional(Type.Enum(['pull', 'read', 'triage', 'push', 'write', 'maintain', 'admin'])) },
  { additionalProperties: false },
);

function collaborator(apiUrl: string, { account, role }: Access) {
  return { ...simpleUser(apiUrl, account), permissions: roleFlags(role), role_name: role ?? 'none' };
}

async function list(call: Call<undefined, Static<typeof LIST>>): Promise<Reply> {
  const { ctx, permit, query, page, apiUrl } = call;
  if (!holdsRole(permit, 'write')) throw sayNo(403, 'Must have push access to view repository collaborators.');
  const people = await listAccess(ctx, permit, query.affiliation ?? 'all', {
    afterId: Number(page.after ?? 0) || 0,
    skip: page.skip,
    limit: page.perPage,
  });
  const wanted = query.permission === undefined ? null : (ROLES[query.permission] ?? null);
  const fit = people.filter(({ role }) => wanted === null || role === wanted);
  return {
    ...ok(fit.map((access) => collaborator(apiUrl, access))),
    next: nextKey(people, page, ({ account }) => account.id),
  };
}

/** The collaborators may know who is one, and people may know it about themselves. */
async function isOne({ ctx, permit, params }: Call<undefined, undefined>): Promise<Reply> {
  const access = await accessOf(ctx, permit, parameter(params, 'username'));
  if (access?.account.id !== permit.actor.userId && !holdsRole(permit, 'write'))
    throw sayNo(403, 'Must have push access to view repository collaborators.');
  if (access?.isCollaborator !== true) throw sayNo(404, 'Not Found');
  return nothing();
}

async function permissionOf({ ctx, permit, params, apiUrl }: Call<undefined, undefined>): Promise<Reply> {
  const access = await accessOf(ctx, permit, parameter(params, 'username'));
  if (access === null) throw sayNo(404, 'Not Found');
  if (access.account.id !== permit.actor.userId && !holdsRole(permit, 'write'))
    throw sayNo(403, 'Must have push access to view collaborator permission.');
  const { role } = access;
  return ok({
    permission: role === null ? 'none' : OLD_WORDS[role],
    role_name: role ?? 'none',
    user: collaborator(apiUrl, access),
  });
}

export const COLLABORATOR_ENDPOINTS: readonly Endpoint[] = [
  endpoint({
    method: 'GET',
    path: '/repos/{owner}/{repo}/collaborators',
    operationId: 'repos/list-collaborators',
    paged: true,
    query: LIST,
    summary: 'Who has access to a repository, and in which role.',
    handle: list,
  }),
  endpoint({
    method: 'GET',
    path: '/repos/{owner}/{repo}/collaborators/{username}',
    operationId: 'repos/check-collaborator',
    success: 204,
    summary: 'Whether someone has access.',
    handle: isOne,
  }),
  endpoint({
    method: 'PUT',
    path: '/repos/{owner}/{repo}/collaborators/{username}',
    operationId: 'repos/add-collaborator',
    body: GIVEN,
    resource: 'Repository',
    success: 204,
    summary: 'Gives someone access or changes their role, at once: there is no invitation to accept.',
    handle: async ({ ctx, permit, params, body }) => {
      const { owner, repository } = targetRepository(permit);
      await setCollaborator(ctx, permit, {
        owner: owner.login,
        name: repository.name,
        login: parameter(params, 'username'),
        role: present(ROLES[body.permission ?? 'push'], 'the role of a permission that the schema takes'),
      });
      return nothing();
    },
  }),
  endpoint({
    method: 'DELETE',
    path: '/repos/{owner}/{repo}/collaborators/{username}',
    operationId: 'repos/remove-collaborator',
    summary: 'Removes someone’s role in a repository.',
    handle: async ({ ctx, permit, params }) => {
      const { owner, repository } = targetRepository(permit);
      await removeCollaborator(ctx, permit, {
        owner: owner.login,
        name: repository.name,
        login: parameter(params, 'username'),
      });
      return nothing();
    },
  }),
  endpoint({
    method: 'GET',
    path: '/repos/{owner}/{repo}/collaborators/{username}/permission',
    operationId: 'repos/get-collaborator-permission-level',
    summary: 'What someone may do in a repository.',
    handle: permissionOf,
  }),
];
