/** Lists of repositories: one's own, an organization's, a person's. */
import {
  type Affiliation,
  listVisible,
  type RepositoryFilter,
  type RepositoryOrder,
  type RepositoryPlace,
  type RepositorySort,
} from '../../../actions/repositories/listing.ts';
import { readTargetOwner } from '../../../actions/repositories/target.ts';
import { problem } from '../../../base/errors.ts';
import { type Static, Type } from '../../../base/json-schema.ts';
import { present } from '../../../base/present.ts';
import type { Visibility } from '../../../rules/model.ts';
import { type Call, type Endpoint, endpoint, ok, type Reply } from '../endpoint.ts';
import { instantOf } from '../input.ts';
import { withPartialResults } from '../partial-results.ts';
import { listedRepository } from '../present/repositories.ts';
import { sayNo } from './place.ts';

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

const USER_LIST = Type.Object(
  { type: Type.Optional(Type.Enum(['all', 'owner', 'member'])), sort: SORT, direction: DIRECTION },
  { additionalProperties: false },
);

const AFFILIATIONS: readonly Affiliation[] = ['owner', 'collaborator', 'organization_member'];
const PRIVATE: readonly Visibility[] = ['private', 'internal'];

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

/** Of others, what they own; that they work somewhere else is theirs to tell. */
async function listOfUser(call: Call<undefined, Static<typeof USER_LIST>>): Promise<Reply> {
  const { query, permit } = call;
  const { target } = permit;
  if (target.kind === 'instance' || target.owner === null) throw sayNo(404, 'Not Found');
  const { id } = target.owner;
  const { type = 'owner', sort = 'full_name' } = query;
  const isSelf = id === permit.actor.userId;
  if (type === 'member' && !isSelf) return ok([]);
  const affiliations = type === 'all' ? AFFILIATIONS : AFFILIATIONS.filter((one) => one !== 'owner');
  const filter = type === 'owner' || !isSelf ? { ownerId: id } : { of: { userId: id, affiliations } };
  return list(call, filter, orderOf(sort, query.direction));
}

export const REPOSITORY_LIST_ENDPOINTS: readonly Endpoint[] = [
  endpoint({
    method: 'GET',
    path: '/user/repos',
    operationId: 'repos/list-for-authenticated-user',
    paged: true,
    query: OWN_LIST,
    summary: 'The repositories that you own, have a role in, or see as a member of their organization.',
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
    method: 'GET',
    path: '/users/{username}/repos',
    operationId: 'repos/list-for-user',
    paged: true,
    query: USER_LIST,
    summary: 'The repositories of a person or organization that you may see.',
    handle: listOfUser,
  }),
];
