/**
 * Lists in pages.
 *
 * A page is found by a key, not by counting: `Link: <…?page=3&after=KEY>; rel="next"`, where the key names the last
 * row of the previous page. So the hundredth page costs what the first does, and rows added meanwhile shift nothing.
 * Clients that follow links, as Octokit's `paginate` does, never notice. A page requested only by number is found by
 * skipping rows, at most `MAX_SKIPPED`. Source of the parameters: GitHub docs "Using pagination in the REST API".
 */
import { problem } from '../../base/errors.ts';

export const DEFAULT_PER_PAGE = 30;
export const MAX_PER_PAGE = 100;
/** Rows that a page number may skip. */
const MAX_SKIPPED = 10_000;

/** Which part of a list is wanted. */
export interface PageRequest {
  /** 1 to `MAX_PER_PAGE`. */
  readonly perPage: number;
  /** 1 and up. */
  readonly page: number;
  /** The key of the row to continue after; null = from the beginning, after `skip` rows. */
  readonly after: string | null;
  /** Rows to skip, for a page requested by number. */
  readonly skip: number;
}

/**
 * Reads `per_page`, `page` and `after`. Like GitHub, takes an oversized `per_page` as the maximum.
 * @throws Problem when one isn't a number
 */
export function pageRequestOf(query: URLSearchParams, defaultPerPage = DEFAULT_PER_PAGE): PageRequest {
  const asked = countIn(query, 'per_page');
  const perPage = asked === null ? defaultPerPage : Math.min(asked, MAX_PER_PAGE);
  const page = countIn(query, 'page') ?? 1;
  const key = query.get('after');
  const after = key === null ? null : decodeKey(key);
  const skip = after === null ? (page - 1) * perPage : 0;
  if (skip > MAX_SKIPPED)
    throw problem(
      'invalid',
      `A page number reaches ${MAX_SKIPPED} rows far; follow the links of the Link header for what lies beyond.`,
      'page',
    );
  return { perPage, page, after, skip };
}

function countIn(query: URLSearchParams, name: string): number | null {
  const text = query.get(name);
  if (text === null) return null;
  if (!/^\d{1,9}$/.test(text) || Number(text) < 1)
    throw problem('invalid', `${name} is a whole number of 1 or more.`, name);
  return Number(text);
}

function decodeKey(text: string): string {
  const key = Buffer.from(text, 'base64url').toString('utf8');
  if (key === '' || encodeKey(key) !== text)
    throw problem('invalid', 'after is a key that a Link header gave.', 'after');
  return key;
}

function encodeKey(key: string | number): string {
  return Buffer.from(String(key)).toString('base64url');
}

/** The id that the cursor of a query stands for; null when there is none. @throws Problem for one that is made up. */
export function cursorIn(text: string | undefined, name: 'after' | 'before'): number | null {
  if (text === undefined) return null;
  const key = Buffer.from(text, 'base64url').toString('utf8');
  if (!/^[1-9]\d{0,15}$/.test(key) || encodeKey(key) !== text)
    throw problem('invalid', `${name} is a cursor that a Link header gave.`, name);
  return Number(key);
}

/** The request in the store's terms, for a list ordered by id. */
export function pageById({ after, perPage, skip }: PageRequest): {
  beforeId: number | null;
  limit: number;
  skip: number;
} {
  const id = after === null ? null : Number(after);
  if (id !== null && (!Number.isSafeInteger(id) || id < 1))
    throw problem('invalid', 'after is a key that a Link header gave.', 'after');
  return { beforeId: id, limit: perPage, skip };
}

/** The key to continue with after these rows; null when the list ends here, as it does with a page that isn't full. */
export function nextKey<Row>(
  rows: readonly Row[],
  { perPage }: PageRequest,
  keyOf: (row: Row) => string | number,
): string | null {
  const last = rows.at(-1);
  return last === undefined || rows.length < perPage ? null : String(keyOf(last));
}

/** The `Link` header of a list with cursors, as GitHub's audit log has it; null when there is nothing to link to. */
export function cursorLinkHeader(
  url: URL,
  { next, previous }: { readonly next: number | null; readonly previous: number | null },
): string | null {
  const to = (rel: string, name: 'after' | 'before', key: number): string => {
    const target = new URL(url);
    for (const other of ['after', 'before', 'page']) target.searchParams.delete(other);
    target.searchParams.set(name, encodeKey(key));
    return `<${target.href}>; rel="${rel}"`;
  };
  const links = [
    ...(previous === null ? [] : [to('prev', 'before', previous)]),
    ...(next === null ? [] : [to('next', 'after', next)]),
  ];
  return links.length === 0 ? null : links.join(', ');
}

/** The `Link` header; null when there is nothing to link to. `url` is the whole URL of this page. */
export function linkHeader(url: URL, request: PageRequest, next: string | null): string | null {
  const links: string[] = [];
  if (request.page > 1 && (request.page - 2) * request.perPage <= MAX_SKIPPED)
    links.push(link(url, request.page - 1, null, 'prev'));
  if (next !== null) links.push(link(url, request.page + 1, next, 'next'));
  if (request.page > 1) links.push(link(url, 1, null, 'first'));
  return links.length === 0 ? null : links.join(', ');
}

function link(url: URL, page: number, after: string | null, rel: string): string {
  const target = new URL(url);
  target.searchParams.set('page', String(page));
  if (after === null) target.searchParams.delete('after');
  else target.searchParams.set('after', encodeKey(after));
  return `<${target.href}>; rel="${rel}"`;
}

/** A page in the order of ids that rise. */
export function risingPage({ after, perPage, skip }: PageRequest): { afterId: number; skip: number; limit: number } {
  return { afterId: Number(after ?? 0) || 0, skip, limit: perPage };
}
