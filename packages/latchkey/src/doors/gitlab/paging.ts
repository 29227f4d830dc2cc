/**
 * Lists in pages by number, with the headers that GitLab's clients read.
 *
 * Source: GitLab docs "REST API", "Offset-based pagination": 20 rows a page, at most 100.
 */
import { badParams } from './refuse.ts';

const DEFAULT_PER_PAGE = 20;
const MAX_PER_PAGE = 100;
/** Rows that a page number may skip, as on GitLab. */
const MAX_SKIPPED = 50_000;

export interface OffsetPage {
  /** 1 and up. */
  readonly page: number;
  /** 1 to `MAX_PER_PAGE`. */
  readonly perPage: number;
  /** Rows before this page. */
  readonly offset: number;
}

/**
 * Reads `page` and `per_page`; an oversized `per_page` is taken as the maximum, as on GitLab.
 * @throws Answer when one isn't a number of 1 or more
 */
export function offsetPage(query: Readonly<Record<string, unknown>>): OffsetPage {
  const page = countIn(query, 'page') ?? 1;
  const perPage = Math.min(countIn(query, 'per_page') ?? DEFAULT_PER_PAGE, MAX_PER_PAGE);
  const offset = (page - 1) * perPage;
  if (offset > MAX_SKIPPED) throw badParams([`page reaches more than ${MAX_SKIPPED} rows far`]);
  return { page, perPage, offset };
}

function countIn(query: Readonly<Record<string, unknown>>, name: string): number | null {
  const text = query[name];
  if (text === undefined) return null;
  if (typeof text !== 'string' || !/^\d{1,9}$/.test(text)) throw badParams([`${name} is invalid`]);
  if (Number(text) < 1) throw badParams([`${name} does not have a valid value`]);
  return Number(text);
}

/**
 * The headers of a page. `url` is the whole URL of this page. `rows`: how many all pages have, or whether there are
 * more; like GitLab, it then leaves out what was not counted.
 */
export function pagingHeaders(
  url: URL,
  { page, perPage }: OffsetPage,
  rows: { total: number } | { more: boolean },
): Record<string, string> {
  const pages = 'total' in rows ? Math.max(1, Math.ceil(rows.total / perPage)) : null;
  const hasNext = pages === null ? 'more' in rows && rows.more : page < pages;
  const links: string[] = [];
  const link = (rel: string, number: number): void => {
    const target = new URL(url);
    target.searchParams.set('page', String(number));
    target.searchParams.set('per_page', String(perPage));
    links.push(`<${target.href}>; rel="${rel}"`);
  };
  if (page > 1) link('prev', page - 1);
  if (hasNext) link('next', page + 1);
  link('first', 1);
  if (pages !== null) link('last', pages);
  return {
    Link: links.join(', '),
    'X-Page': String(page),
    'X-Per-Page': String(perPage),
    'X-Prev-Page': page > 1 ? String(page - 1) : '',
    'X-Next-Page': hasNext ? String(page + 1) : '',
    ...('total' in rows ? { 'X-Total': String(rows.total), 'X-Total-Pages': String(pages) } : {}),
  };
}
