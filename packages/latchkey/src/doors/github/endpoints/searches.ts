/** Searches over the instance, as far as the caller may see. */
import { searchPeople } from '../../../actions/accounts/people.ts';
import { searchRepositories } from '../../../actions/repositories/search.ts';
import { viewOf } from '../../../actions/repositories/view.ts';
import { problem } from '../../../base/errors.ts';
import { type Static, Type } from '../../../base/json-schema.ts';
import { type Call, type Endpoint, endpoint, ok, type Reply } from '../endpoint.ts';
import type { PageRequest } from '../paging.ts';
import { simpleUser } from '../present/accounts.ts';
import { listedRepository } from '../present/repositories.ts';
import { readSearch } from '../search-phrase.ts';

/** The most rows of a search that pages reach, as on GitHub. */
const MAX_FOUND = 1000;

const ORDER = Type.Optional(Type.Enum(['asc', 'desc']));
const REPOSITORIES = Type.Object(
  {
    q: Type.String(),
    sort: Type.Optional(Type.Enum(['stars', 'forks', 'help-wanted-issues', 'updated'])),
    order: ORDER,
  },
  { additionalProperties: false },
);
const USERS = Type.Object(
  { q: Type.String(), sort: Type.Optional(Type.Enum(['followers', 'repositories', 'joined'])), order: ORDER },
  { additionalProperties: false },
);

/** How many rows come before a page. A `Link` header's key is that number. @throws Problem beyond the last one */
function offsetOf({ after, skip }: PageRequest): number {
  if (after !== null && !/^\d{1,4}$/.test(after))
    throw problem('invalid', 'after is a key that a Link header gave.', 'after');
  const offset = after === null ? skip : Number(after);
  if (offset >= MAX_FOUND)
    throw problem('invalid', `Only the first ${MAX_FOUND} search results are available.`, 'page');
  return offset;
}

/** A page of what was found. Nothing is left out for taking too long. */
function found(
  total: number,
  { offset, perPage }: { offset: number; perPage: number },
  items: readonly object[],
): Reply {
  const end = offset + perPage;
  return {
    ...ok({ total_count: total, incomplete_results: false, items: items.map((item) => ({ ...item, score: 1 })) }),
    next: end < Math.min(total, MAX_FOUND) ? String(end) : null,
  };
}

async function repositories(call: Call<undefined, Static<typeof REPOSITORIES>>): Promise<Reply> {
  const { ctx, permit, query, page, apiUrl } = call;
  const offset = offsetOf(page);
  const sort = query.sort === undefined ? '' : ` sort:${query.sort}-${query.order ?? 'desc'}`;
  const phrase = readSearch(query.q + sort, permit.actor.login);
  const all = phrase === null ? [] : await searchRepositories(ctx, permit, phrase.search, phrase.order);
  const rows = phrase === null ? [] : all.filter(phrase.fits);
  const views = await Promise.all(rows.slice(offset, offset + page.perPage).map((row) => viewOf(ctx, row)));
  return found(
    rows.length,
    { offset, perPage: page.perPage },
    views.map((view) => listedRepository(apiUrl, view)),
  );
}

async function users({ ctx, permit, query, page, apiUrl }: Call<undefined, Static<typeof USERS>>): Promise<Reply> {
  const offset = offsetOf(page);
  const words = query.q.split(/\s+/).filter((word) => !word.includes(':'));
  const { people, total } = await searchPeople(ctx, permit, words.join(' '), { offset, limit: page.perPage });
  return found(
    total,
    { offset, perPage: page.perPage },
    people.map((person) => simpleUser(apiUrl, person)),
  );
}

export const SEARCH_ENDPOINTS: readonly Endpoint[] = [
  endpoint({
    method: 'GET',
    path: '/search/repositories',
    operationId: 'search/repos',
    paged: true,
    query: REPOSITORIES,
    summary:
      'Repositories whose names contain the words. Takes GitHub’s qualifiers `user:`, `is:`, `archived:` and `sort:`.',
    handle: repositories,
  }),
  endpoint({
    method: 'GET',
    path: '/search/users',
    operationId: 'search/users',
    paged: true,
    query: USERS,
    summary: 'People whose login or name contains the words.',
    handle: users,
  }),
];
