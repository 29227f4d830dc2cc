/** Repositories: listed, created, changed, deleted. */
import { changeRepository, createRepository, deleteRepository } from '../../../actions/repositories/changes.ts';
import {
  type Affiliation,
  listVisible,
  type RepositoryFilter,
  type RepositoryOrder,
  type RepositoryPlace,
  type RepositorySort,
} from '../../../actions/repositories/listing.ts';
import { readTargetOwner } from '../../../actions/repositories/target.ts';
import { viewTarget } from '../../../actions/repositories/view.ts';
import { problem } from '../../../base/errors.ts';
import { type Static, Type } from '../../../base/json-schema.ts';
import { present } from '../../../base/present.ts';
import type { Visibility } from '../../../rules/model.ts';
import { type Call, created, type Endpoint, endpoint, nothing, ok, type Reply } from '../endpoint.ts';
import { instantOf } from '../input.ts';
import { withPartialResults } from '../partial-results.ts';
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
  { name: Type.String(), auto_init: Type.Optional(Type.Boolean()), ...SHARED },
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

const SORT = Type.Optional(Type.Enum(['created', 'updated', 'pushed', 'full_name']));
const DIRECTION = Type.Optional(Type.Enum(['asc', 'desc']));
const OWN_LIST = Type.Object(
  {
    visibility: Type.Optional(Type.Enum(['all', 'public', 'private'])),
    affiliation: Type.Optional(Type.String()),
    type: Type.Optional(Type.Enum(['all', 'owner', 'public', 'private', 'member'])),
    sort: SORT,
    direction: DIRECTION,
    since: Type.Optional(Type.String()),
    before: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
);
const ORGANIZATION_LIST = Type.Object(
  {
    type: Type.Optional(Type.Enum(['all', 'public', 'private', 'forks', 'sources', 'member', 'internal'])),
    sort: SORT,
    direction: DIRECTION,
  },
  { additionalProperties: false },
);

const AFFILIATIONS: readonly Affiliation[] = ['owner', 'collaborator', 'organization_member'];
const PRIVATE: readonly Visibility[] = ['private', 'internal'];

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

/** By default, names ascend and times descend, as on GitHub. */
function orderOf(sort: RepositorySort, direction: 'asc' | 'desc' | undefined): RepositoryOrder {
  return { sort, direction: direction ?? (sort === 'full_name' ? 'asc' : 'desc') };
}

async function list(call: Call<undefined, unknown>, filter: RepositoryFilter, order: RepositoryOrder): Promise<Reply> {
  const { ctx, permit, page, apiUrl } = call;
  const { repositories, next } = await listVisible(ctx, permit, filter, order, {
    after: placeOf(page.after, order),
    skip: page.skip,
    limit: page.perPage,
  });
  return {
    ...ok(repositories.map((view) => listedRepository(apiUrl, view))),
    next: next === null ? null : JSON.stringify([next.value, next.id]),
  };
}

/** The key from a Link header. @throws Problem for any other text */
function placeOf(after: string | null, { sort }: RepositoryOrder): RepositoryPlace | null {
  if (after === null) return null;
  const [, text = '', id = ''] = /^\[(.+),(\d{1,15})\]$/.exec(after) ?? [];
  const value: unknown =
    sort === 'full_name' ? /^"([a-z0-9._/-]+)"$/.exec(text)?.[1] : /^\d{1,15}$/.test(text) ? Number(text) : undefined;
  if (id === '' || value === undefined) throw problem('invalid', 'after is a key that a Link header gave.', 'after');
  return { value: value as string | number, id: Number(id) };
}

async function listOwn(call: Call<undefined, Static<typeof OWN_LIST>>): Promise<Reply> {
  const { query, permit } = call;
  const { userId } = permit.actor;
  if (query.type !== undefined && (query.visibility !== undefined || query.affiliation !== undefined))
    throw problem('invalid', 'type can not stand beside visibility or affiliation.', 'type');
  const asked =
    query.affiliation?.split(',').map((name) => name.trim()) ??
    (query.type === 'owner'
      ? ['owner']
      : query.type === 'member'
        ? ['collaborator', 'organization_member']
        : AFFILIATIONS);
  const affiliations = AFFILIATIONS.filter((affiliation) => asked.includes(affiliation));
  if (affiliations.length !== asked.length)
    throw problem('invalid', `affiliation is a list of ${AFFILIATIONS.join(', ')}.`, 'affiliation');
  const visibility = query.visibility ?? query.type;
  const listed = await list(
    call,
    {
      of: { userId: present(userId, 'the one who asks'), affiliations },
      ...(visibility === 'public'
        ? { visibilities: ['public'] as const }
        : visibility === 'private'
          ? { visibilities: PRIVATE }
          : {}),
      ...(query.since === undefined ? {} : { sinceAt: instantOf(query.since, 'since') }),
      ...(query.before === undefined ? {} : { beforeAt: instantOf(query.before, 'before') }),
    },
    orderOf(query.sort ?? 'full_name', query.direction),
  );
  return withPartialResults(call.ctx, permit, () => listed);
}

async function listOfOrganization(call: Call<undefined, Static<typeof ORGANIZATION_LIST>>): Promise<Reply> {
  const { query, permit } = call;
  const { type = 'all', sort = 'created' } = query;
  // Nothing here is a fork.
  if (type === 'forks') return ok([]);
  const only: readonly Visibility[] | null =
    type === 'public' ? ['public'] : type === 'internal' ? ['internal'] : type === 'private' ? PRIVATE : null;
  const of =
    type === 'member' && permit.actor.userId !== null
      ? { of: { userId: permit.actor.userId, affiliations: AFFILIATIONS } }
      : {};
  return list(
    call,
    { ownerId: readTargetOwner(permit).id, ...(only === null ? {} : { visibilities: only }), ...of },
    orderOf(sort, query.direction),
  );
}

async function make(call: Call<Static<typeof NEW>, undefined>): Promise<Reply> {
  const { ctx, permit, apiUrl } = call;
  const body = call.body as Static<typeof NEW> & {
    name: string;
    visibility?: Visibility;
    private?: boolean;
    auto_init?: boolean;
  };
  const owner = readTargetOwner(permit);
  const view = await createRepository(ctx, permit, {
    owner: owner.login,
    name: body.name,
    visibility: visibilityOf(body) ?? 'public',
    readme: body.auto_init === true,
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
    method: 'GET',
    path: '/user/repos',
    operationId: 'repos/list-for-authenticated-user',
    paged: true,
    query: OWN_LIST,
    summary: 'The repositories that you own, work in, or see as a member of their organization.',
    handle: listOwn,
  }),
  endpoint({
    method: 'GET',
    path: '/orgs/{org}/repos',
    operationId: 'repos/list-for-org',
    paged: true,
    query: ORGANIZATION_LIST,
    summary: "An organization's repositories that you may see.",
    handle: listOfOrganization,
  }),
  endpoint({
    method: 'POST',
    path: '/user/repos',
    operationId: 'repos/create-for-authenticated-user',
    body: NEW,
    resource: 'Repository',
    summary: 'Makes a repository of your own.',
    handle: make,
  }),
  endpoint({
    method: 'POST',
    path: '/orgs/{org}/repos',
    operationId: 'repos/create-in-org',
    body: NEW,
    resource: 'Repository',
    summary: 'Makes a repository of an organization.',
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
    method: 'PATCH',
    path: '/repos/{owner}/{repo}',
    operationId: 'repos/update',
    body: CHANGE,
    resource: 'Repository',
    summary: 'Changes what a repository says of itself, its name, who sees it, and whether it is archived.',
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
];
