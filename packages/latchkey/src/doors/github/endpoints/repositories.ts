/** Repositories: created, read, changed, deleted. */
import { changeRepository, deleteRepository } from '../../../actions/repositories/changes.ts';
import { createRepository } from '../../../actions/repositories/creation/new-repository.ts';
import { readTargetOwner } from '../../../actions/repositories/target.ts';
import { transferRepository } from '../../../actions/repositories/transfers.ts';
import { viewTarget } from '../../../actions/repositories/view.ts';
import { problem } from '../../../base/errors.ts';
import { type Static, Type } from '../../../base/json-schema.ts';
import { needOf } from '../../../catalogue/routes/github.ts';
import type { Visibility } from '../../../rules/model.ts';
import { type Call, created, type Endpoint, endpoint, nothing, ok, type Reply } from '../endpoint.ts';
import { fullRepository, listedRepository, repositoryUrl } from '../present/repositories.ts';

/** GitHub's features that this server lacks: accepted, because clients send them, but without effect. */
const WITHOUT_EFFECT = Object.fromEntries(
  [
    'has_issues',
    'has_projects',
    'has_wiki',
    'has_downloads',
    'has_discussions',
    'has_pull_requests',
    'is_template',
    'allow_squash_merge',
    'allow_merge_commit',
    'allow_rebase_merge',
    'allow_auto_merge',
    'allow_update_branch',
    'allow_forking',
    'delete_branch_on_merge',
    'use_squash_pr_title_as_default',
    'web_commit_signoff_required',
  ].map((name) => [name, Type.Optional(Type.Boolean())]),
);

const VISIBILITY = Type.Enum(['public', 'private', 'internal']);
const SHARED = {
  description: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  homepage: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  private: Type.Optional(Type.Boolean()),
  visibility: Type.Optional(VISIBILITY),
  ...WITHOUT_EFFECT,
};
const NEW = Type.Object(
  {
    name: Type.String(),
    auto_init: Type.Optional(Type.Boolean({ description: '`true` makes a first commit with a README.' })),
    gitignore_template: Type.Optional(
      Type.String({ description: 'The name of a `.gitignore` template for the first commit.' }),
    ),
    license_template: Type.Optional(
      Type.String({ description: 'The key of a licence, whose text goes into the first commit.' }),
    ),
    default_branch: Type.Optional(
      Type.String({ description: 'Left out: that of the organization, or else of the instance.' }),
    ),
    object_format: Type.Optional(
      Type.Enum(['sha1', 'sha256'], {
        description: 'The hash by which git names objects, for good. `sha1` by default.',
      }),
    ),
    ...SHARED,
  },
  { additionalProperties: false },
);
const CHANGE = Type.Object(
  {
    name: Type.Optional(Type.String()),
    default_branch: Type.Optional(Type.String()),
    archived: Type.Optional(Type.Boolean()),
    ...SHARED,
  },
  { additionalProperties: false },
);

const TRANSFER = Type.Object(
  { new_owner: Type.String(), new_name: Type.Optional(Type.String()) },
  { additionalProperties: false },
);

function visibilityOf({
  visibility,
  private: isPrivate,
}: {
  visibility?: Visibility;
  private?: boolean;
}): Visibility | undefined {
  if (visibility !== undefined && isPrivate !== undefined && isPrivate !== (visibility !== 'public'))
    throw problem('invalid', 'private and visibility contradict each other.', 'visibility');
  return visibility ?? (isPrivate === undefined ? undefined : isPrivate ? 'private' : 'public');
}

async function make(call: Call<Static<typeof NEW>, undefined>): Promise<Reply> {
  const { ctx, permit, apiUrl } = call;
  const body = call.body as Static<typeof NEW> & {
    name: string;
    visibility?: Visibility;
    private?: boolean;
    auto_init?: boolean;
    gitignore_template?: string;
    license_template?: string;
    default_branch?: string;
    object_format?: 'sha1' | 'sha256';
  };
  const owner = readTargetOwner(permit);
  const view = await createRepository(ctx, permit, {
    owner: owner.login,
    name: body.name,
    visibility: visibilityOf(body) ?? 'public',
    readme: body.auto_init === true,
    gitignore: body.gitignore_template,
    license: body.license_template,
    defaultBranch: body.default_branch,
    objectFormat: body.object_format,
    description: (body.description as string | null | undefined) ?? '',
    homepage: (body.homepage as string | null | undefined) ?? '',
  });
  return created(fullRepository(apiUrl, view), repositoryUrl(apiUrl, view));
}

async function change(call: Call<Static<typeof CHANGE>, undefined>): Promise<Reply> {
  const { ctx, permit, apiUrl } = call;
  const body = call.body as {
    name?: string;
    default_branch?: string;
    archived?: boolean;
    description?: string | null;
    homepage?: string | null;
    visibility?: Visibility;
    private?: boolean;
  };
  await changeRepository(ctx, permit, {
    name: body.name,
    defaultBranch: body.default_branch,
    archived: body.archived,
    visibility: visibilityOf(body),
    description: body.description === null ? '' : body.description,
    homepage: body.homepage === null ? '' : body.homepage,
  });
  return ok(fullRepository(apiUrl, await viewTarget(ctx, permit)));
}

export const REPOSITORY_ENDPOINTS: readonly Endpoint[] = [
  endpoint({
    method: 'POST',
    path: '/user/repos',
    operationId: 'repos/create-for-authenticated-user',
    body: NEW,
    resource: 'Repository',
    summary: 'Creates a repository of your own.',
    handle: make,
  }),
  endpoint({
    method: 'POST',
    path: '/orgs/{org}/repos',
    operationId: 'repos/create-in-org',
    body: NEW,
    resource: 'Repository',
    summary: 'Creates a repository in an organization.',
    handle: make,
  }),
  endpoint({
    method: 'GET',
    path: '/repos/{owner}/{repo}',
    operationId: 'repos/get',
    summary: 'A repository.',
    handle: async ({ ctx, permit, apiUrl }) => ok(fullRepository(apiUrl, await viewTarget(ctx, permit))),
  }),
  endpoint({
    method: 'GET',
    path: '/repositories/{repository_id}',
    operationId: 'repos/get-by-id',
    need: needOf('GET', '/repos/{owner}/{repo}'),
    target: { kind: 'repository-by-id', id: 'repository_id' },
    summary: 'A repository by its id.',
    handle: async ({ ctx, permit, apiUrl }) => ok(fullRepository(apiUrl, await viewTarget(ctx, permit))),
  }),
  endpoint({
    method: 'PATCH',
    path: '/repos/{owner}/{repo}',
    operationId: 'repos/update',
    body: CHANGE,
    resource: 'Repository',
    summary: 'Changes the description, settings, name and visibility of a repository, or archives it.',
    handle: change,
  }),
  endpoint({
    method: 'DELETE',
    path: '/repos/{owner}/{repo}',
    operationId: 'repos/delete',
    summary: 'Deletes a repository, for good.',
    handle: async ({ ctx, permit }) => {
      await deleteRepository(ctx, permit);
      return nothing();
    },
  }),
  endpoint({
    method: 'POST',
    path: '/repos/{owner}/{repo}/transfer',
    operationId: 'repos/transfer',
    body: TRANSFER,
    success: 202,
    resource: 'Repository',
    summary:
      'Transfers a repository to an owner for whom you may create repositories. Its old address redirects to the ' +
      'new one.',
    handle: async ({ ctx, permit, apiUrl, body: { new_owner, new_name } }) => ({
      status: 202,
      body: listedRepository(apiUrl, await transferRepository(ctx, permit, { newOwner: new_owner, newName: new_name })),
    }),
  }),
];
