/**
 * Projects and groups. Source: GitLab docs "Projects API", "Groups API", "Personal access tokens API" (associations).
 */

import { readTargetAccount } from '../../../actions/accounts/people.ts';
import { ownAccountOf, renameAccount } from '../../../actions/changes/renaming.ts';
import type { Permit } from '../../../actions/decision/authorize.ts';
import type { Context } from '../../../actions/ground/context.ts';
import { changeOrganization } from '../../../actions/organizations/organizations.ts';
import {
  type ListedRepository,
  type RepositoryOrder,
  searchRepositories,
} from '../../../actions/repositories/search.ts';
import { viewOf, viewTarget } from '../../../actions/repositories/view.ts';
import { parameter } from '../../../base/present.ts';
import type { Visibility } from '../../../rules/model.ts';
import { type Call, type Endpoint, endpoint, ok, type Reply } from '../endpoint.ts';
import type { OffsetPage } from '../paging.ts';
import type { ParamSpecs, ValuesOf } from '../params.ts';
import {
  ACCESS_LEVEL_VALUES,
  ACCESS_LEVELS,
  presentGroup,
  presentProject,
  presentSimpleProject,
  type Shown,
} from '../present/projects.ts';
import { notFound } from '../refuse.ts';
import { personIn } from './users.ts';

const ORDERS: readonly RepositoryOrder[] = ['id', 'name', 'path', 'created_at', 'updated_at', 'last_activity_at'];
const SEARCH = {
  archived: { type: 'boolean' },
  membership: { type: 'boolean' },
  owned: { type: 'boolean' },
  search: { type: 'string' },
  simple: { type: 'boolean' },
  visibility: { type: 'string', values: ['public', 'internal', 'private'] },
  min_access_level: { type: 'string', values: ACCESS_LEVEL_VALUES },
  order_by: { type: 'string', values: ['id', 'name', 'path', 'created_at', 'updated_at', 'last_activity_at'] },
  sort: { type: 'string', values: ['asc', 'desc'] },
} as const satisfies ParamSpecs;

/** One page; only its rows are read from disk. */
async function shownPage(ctx: Context, rows: readonly ListedRepository[], page: OffsetPage): Promise<Shown[]> {
  return Promise.all(rows.slice(page.offset, page.offset + page.perPage).map((row) => viewOf(ctx, row)));
}

async function list({ ctx, permit, params, page }: Call<ValuesOf<typeof SEARCH>>, ownerId?: number): Promise<Reply> {
  const own = params.owned === true ? (permit.actor.userId ?? 0) : ownerId;
  const order = { by: ORDERS.find((one) => one === params.order_by) ?? 'created_at', direction: params.sort ?? 'desc' };
  const found = await searchRepositories(
    ctx,
    permit,
    {
      ownerId: own,
      membership: params.membership,
      visibility: params.visibility as Visibility | undefined,
      archived: params.archived,
      search: params.search,
    },
    order,
  );
  const rows = found.filter(atLeast(params.min_access_level));
  const present = params.simple === true || permit.actor.userId === null ? presentSimpleProject : presentProject;
  const body = (await shownPage(ctx, rows, page)).map((row) => present(row, ctx.settings.publicUrl));
  return { status: 200, body, total: rows.length };
}

function atLeast(level: string | undefined): (row: ListedRepository) => boolean {
  return ({ role }) => level === undefined || (role !== null && ACCESS_LEVELS[role] >= Number(level));
}

/** What the token reaches of its owner's groups and projects, each on separate pages. */
async function associations({
  ctx,
  permit,
  params,
  page,
}: Call<{ min_access_level: string | undefined }>): Promise<Reply> {
  const rows = (await searchRepositories(ctx, permit, { membership: true }, { by: 'id', direction: 'asc' })).filter(
    atLeast(params.min_access_level),
  );
  const { publicUrl } = ctx.settings;
  const groups = [
    ...new Map(rows.filter(({ owner }) => owner.kind === 'organization').map((row) => [row.owner.id, row])).values(),
  ];
  return ok({
    groups: groups.slice(page.offset, page.offset + page.perPage).map(({ owner, role }) => ({
      ...presentGroup(owner, publicUrl),
      organization_id: 1,
      access_levels: levelOf(role),
    })),
    projects: (await shownPage(ctx, rows, page)).map((row) => {
      const {
        created_at,
        description,
        id,
        name,
        name_with_namespace,
        namespace,
        path,
        path_with_namespace,
        visibility,
        web_url,
      } = presentProject(row, publicUrl);
      const isGroup = row.owner.kind === 'organization';
      const access_levels = {
        project_access_level: isGroup ? null : levelOf(row.role),
        group_access_level: isGroup ? levelOf(row.role) : null,
      };
      return {
        id,
        description,
        name,
        name_with_namespace,
        path,
        path_with_namespace,
        created_at,
        access_levels,
        visibility,
        web_url,
        namespace,
      };
    }),
  });
}

function levelOf(role: ListedRepository['role']): number | null {
  return role === null ? null : ACCESS_LEVELS[role];
}

/** With `statistics`, the space in use, for people who work there. GitLab has more figures. */
async function showProject(ctx: Context, permit: Permit, withStatistics: boolean): Promise<Reply> {
  const view = await viewTarget(ctx, permit);
  const { publicUrl } = ctx.settings;
  if (permit.actor.userId === null) return ok(presentProject({ ...view, role: null }, publicUrl));
  const bytes = view.sizeKb * 1024;
  const statistics = { storage_size: bytes, repository_size: bytes };
  const isShown = withStatistics && view.role !== null;
  return ok({ ...presentProject(view, publicUrl), ...(isShown ? { statistics } : {}) });
}

export const PROJECT_ENDPOINTS: readonly Endpoint[] = [
  endpoint('GET', '/projects', { params: SEARCH, paged: true, handle: (call) => list(call) }),
  endpoint('GET', '/users/{user_id}/projects', {
    params: SEARCH,
    paged: true,
    handle: async (call) => list(call, (await personIn(call.ctx, parameter(call.path, 'user_id'))).id),
  }),
  endpoint('GET', '/projects/{id}', {
    params: { statistics: { type: 'boolean' } },
    handle: ({ ctx, permit, params }) => showProject(ctx, permit, params.statistics === true),
  }),
  endpoint('GET', '/personal_access_tokens/self/associations', {
    params: { min_access_level: { type: 'string', values: ACCESS_LEVEL_VALUES } },
    paged: true,
    handle: associations,
  }),
  endpoint('GET', '/groups/{id}/projects', {
    params: SEARCH,
    paged: true,
    handle: async (call) => list(call, (await readTargetAccount(call.ctx, call.permit)).id),
  }),
  endpoint('GET', '/groups/{id}', {
    handle: async ({ ctx, permit }) => ok(presentGroup(await readTargetAccount(ctx, permit), ctx.settings.publicUrl)),
  }),
  endpoint('PUT', '/groups/{id}', {
    params: { path: { type: 'string' }, name: { type: 'string' } },
    handle: async ({ ctx, permit, params: { path, name } }) => {
      const group = await ownAccountOf(ctx, permit);
      if (group.kind !== 'organization') throw notFound('Group');
      if (path !== undefined && path !== group.login) await renameAccount(ctx, permit, group, path);
      if (name !== undefined) await changeOrganization(ctx, permit, { name });
      return ok(presentGroup(await readTargetAccount(ctx, permit), ctx.settings.publicUrl));
    },
  }),
];
