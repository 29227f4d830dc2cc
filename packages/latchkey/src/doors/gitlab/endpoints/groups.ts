/**
 * Groups and namespaces in lists, and search. Source: GitLab docs "Groups API", "Namespaces API", "Search API".
 */
import { type Account, accountsInOrder, readSelf, searchPeople } from '../../../actions/accounts/people.ts';
import type { Context } from '../../../actions/ground/context.ts';
import { membershipsInReach } from '../../../actions/organizations/memberships.ts';
import { searchRepositories } from '../../../actions/repositories/search.ts';
import { viewOf } from '../../../actions/repositories/view.ts';
import { parameter } from '../../../base/present.ts';
import { isSameName } from '../../../rules/names.ts';
import { type Call, type Endpoint, endpoint, ok, type Reply } from '../endpoint.ts';
import type { OffsetPage } from '../paging.ts';
import type { ValuesOf } from '../params.ts';
import { ACCESS_LEVEL_VALUES, presentGroup, presentNamespace, presentProject } from '../present/projects.ts';
import { presentUser } from '../present/users.ts';
import { notFound } from '../refuse.ts';

/** Organizations that a list looks at. */
const MAX_GROUPS = 10_000;
/** Memberships of one person that lists look at. */
const MAX_MEMBERSHIPS = 1000;
const FROM_MEMBER_ON = 30;

const GROUPS = {
  search: { type: 'string' },
  owned: { type: 'boolean' },
  all_available: { type: 'boolean' },
  top_level_only: { type: 'boolean' },
  min_access_level: { type: 'string', values: ACCESS_LEVEL_VALUES },
  order_by: { type: 'string', values: ['name', 'path', 'id'] },
  sort: { type: 'string', values: ['asc', 'desc'] },
} as const;
const NAMESPACES = { search: { type: 'string' }, owned_only: { type: 'boolean' } } as const;
const SEARCH = {
  scope: { type: 'string', required: true, values: ['projects', 'users'] },
  search: { type: 'string', required: true },
} as const;

function matches(search: string | undefined): (account: Account) => boolean {
  const part = (search ?? '').toLowerCase();
  return ({ login, name }) => login.toLowerCase().includes(part) || name.toLowerCase().includes(part);
}

function paged<Row>(rows: readonly Row[], { offset, perPage }: OffsetPage, present: (row: Row) => unknown): Reply {
  return { ...ok(rows.slice(offset, offset + perPage).map(present)), total: rows.length };
}

/** Organizations are all of one level here. With `owned` or a level, those where the caller has a place. */
async function listGroups({ ctx, permit, params, page }: Call<ValuesOf<typeof GROUPS>>): Promise<Reply> {
  const { owned = false, min_access_level: level, order_by: by = 'name', sort = 'asc' } = params;
  const found =
    owned || level !== undefined || params.all_available === false
      ? (await membershipsInReach(ctx, permit, { beforeId: null, limit: MAX_MEMBERSHIPS })).memberships
          .filter(({ role }) => role === 'owner' || (!owned && Number(level ?? 0) <= FROM_MEMBER_ON))
          .map(({ organization }) => organization)
      : await accountsInOrder(ctx, permit, ['organization'], { afterId: 0, skip: 0, limit: MAX_GROUPS });
  const keyOf = ({ id, login, name }: Account): string =>
    by === 'id' ? String(id).padStart(16, '0') : (by === 'path' || name === '' ? login : name).toLowerCase();
  const rows = found
    .filter(matches(params.search))
    .toSorted((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1) * (sort === 'asc' ? 1 : -1));
  return paged(rows, page, (group) => presentGroup(group, ctx.settings.publicUrl));
}

/** Where the caller may have projects: their own account, and the organizations that the token reaches. */
async function ownNamespaces({ ctx, permit }: Pick<Call<unknown>, 'ctx' | 'permit'>): Promise<Account[]> {
  const { user, memberships } = await membershipsInReach(ctx, permit, { beforeId: null, limit: MAX_MEMBERSHIPS });
  return [user, ...memberships.map(({ organization }) => organization)];
}

async function listNamespaces(call: Call<ValuesOf<typeof NAMESPACES>>): Promise<Reply> {
  const { ctx, permit, params, page } = call;
  const all = params.owned_only === true ? [(await readSelf(ctx, permit)).account] : await ownNamespaces(call);
  return paged(all.filter(matches(params.search)), page, (account) => namespaceOf(ctx, account));
}

async function showNamespace(call: Call<unknown>): Promise<Reply> {
  const id = parameter(call.path, 'id');
  const found = (await ownNamespaces(call)).find((one) => String(one.id) === id || isSameName(one.login, id));
  if (found === undefined) throw notFound('Namespace');
  return ok(namespaceOf(call.ctx, found));
}

function namespaceOf({ settings }: Context, account: Account): Record<string, unknown> {
  return presentNamespace(account, settings.publicUrl);
}

async function search({ ctx, permit, params, page }: Call<ValuesOf<typeof SEARCH>>): Promise<Reply> {
  const { publicUrl } = ctx.settings;
  if (params.scope === 'users') {
    const range = { offset: page.offset, limit: page.perPage };
    const { people, total } = await searchPeople(ctx, permit, params.search, range);
    return { ...ok(people.map((person) => presentUser(person, publicUrl))), total };
  }
  const rows = await searchRepositories(ctx, permit, { search: params.search }, { by: 'id', direction: 'desc' });
  const shown = rows.slice(page.offset, page.offset + page.perPage).map((row) => viewOf(ctx, row));
  return { ...ok((await Promise.all(shown)).map((row) => presentProject(row, publicUrl))), total: rows.length };
}

export const GROUP_ENDPOINTS: readonly Endpoint[] = [
  endpoint('GET', '/groups', { params: GROUPS, paged: true, handle: listGroups }),
  endpoint('GET', '/namespaces', { params: NAMESPACES, paged: true, handle: listNamespaces }),
  endpoint('GET', '/namespaces/{id}', { handle: showNamespace }),
  endpoint('GET', '/search', { params: SEARCH, paged: true, handle: search }),
];
