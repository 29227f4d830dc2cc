/**
 * A log searched by phrase: walked in the index that narrows it most, each entry held against the search.
 *
 * Invariant: a page looks at no more than `MAX_EXAMINED` entries, a slice at a time, so a search for what is rare in a
 * log of millions holds up nobody. It then says where to go on, with as many entries as it has found, none at times.
 */
import type { QualifierName } from '../../rules/audit/phrase.ts';
import { type KnownNames, type Search, searcher } from '../../rules/audit/search.ts';
import { nameKey, splitFullName } from '../../rules/names.ts';
import { accountByLogin } from '../../store/accounts.ts';
import { type AuditEntry, type AuditFilter, type AuditIndex, walkAudit } from '../../store/audit.ts';
import type { Query } from '../../store/db.ts';
import { repositoryByName } from '../../store/repositories.ts';

/** Entries that a page looks at. */
export const MAX_EXAMINED = 20_000;
/** Entries read at once: the first slice, doubled up to the largest. */
const [FIRST_SLICE, LARGEST_SLICE] = [200, 2000];

/** Which part of the result: after the entry with this id in the order of the list, before that with another. */
export interface SearchPage {
  readonly order: 'asc' | 'desc';
  readonly after: number | null;
  readonly before: number | null;
  readonly limit: number;
  /** Found entries to leave out first. */
  readonly skip: number;
}

/** A page, and the ids that its neighbours begin from; null where there is none. */
export interface SearchResult {
  readonly entries: readonly AuditEntry[];
  readonly next: number | null;
  readonly previous: number | null;
}

/** Whose log. */
export type LogBounds = Pick<AuditFilter, 'userId' | 'organizationId'>;

/** One page of what the search finds in the log. */
export async function searchAudit(
  q: Query,
  bounds: LogBounds,
  search: Search,
  page: SearchPage,
): Promise<SearchResult> {
  const names = await namesOf(q, search);
  const fits = searcher(search, names);
  const walk = {
    at: narrowest(bounds, search, names),
    fits: (entry: AuditEntry): boolean =>
      (bounds.userId === undefined || entry.userId === bounds.userId) &&
      (bounds.organizationId === undefined || entry.organizationId === bounds.organizationId) &&
      fits(entry),
  };
  const { order, after, before, limit, skip } = page;
  if (before === null || after !== null) {
    const { found, goOn } = await collect(q, walk, { order, from: after, to: before, limit: limit + skip });
    const entries = found.slice(skip);
    return { entries, next: goOn, previous: after === null && skip === 0 ? null : (entries[0]?.id ?? null) };
  }
  const back = order === 'asc' ? 'desc' : 'asc';
  const { found, goOn } = await collect(q, walk, { order: back, from: before, to: null, limit });
  const entries = found.toReversed();
  return { entries, next: entries.at(-1)?.id ?? null, previous: goOn };
}

interface Walk {
  readonly at: AuditIndex;
  readonly fits: (entry: AuditEntry) => boolean;
}

interface Way {
  readonly order: 'asc' | 'desc';
  readonly from: number | null;
  readonly to: number | null;
  readonly limit: number;
}

/** What fits on the way, and the id to go on from; null when nothing more fits. */
async function collect(
  q: Query,
  { at, fits }: Walk,
  { order, from, to, limit }: Way,
): Promise<{ found: AuditEntry[]; goOn: number | null }> {
  const found: AuditEntry[] = [];
  let [last, slice] = [from, FIRST_SLICE];
  for (let examined = 0; examined < MAX_EXAMINED; examined += slice, slice = Math.min(slice * 2, LARGEST_SLICE)) {
    const size = Math.min(slice, MAX_EXAMINED - examined);
    const entries = await walkAudit(q, at, { order, from: last, to, limit: size });
    for (const entry of entries) {
      last = entry.id;
      if (!fits(entry)) continue;
      // One more than asked for was found, so that no link leads to nothing.
      if (found.length === limit) return { found, goOn: found.at(-1)?.id ?? null };
      found.push(entry);
    }
    if (entries.length < size) return { found, goOn: null };
  }
  return { found, goOn: last };
}

/** Where the fewest entries lie: what one actor did, else the log itself; in it one event, where an index has that. */
function narrowest(bounds: LogBounds, { qualifiers, also }: Search, { accounts }: KnownNames): AuditIndex {
  const only = (name: QualifierName): string | undefined => {
    const wanted = qualifiers.filter((each) => each.name === name && !each.without);
    return (also.find((each) => each.name === name) ?? (wanted.length === 1 ? wanted[0] : undefined))?.value;
  };
  const event = only('action');
  const action = event?.includes('.') === true ? { action: event } : {};
  const actor = only('actor');
  const actorId = actor === undefined ? undefined : accounts.get(nameKey(actor));
  if (actorId !== undefined) return { actorId, ...action };
  if (bounds.organizationId !== undefined) return { organizationId: bounds.organizationId, ...action };
  return bounds.userId === undefined ? action : { userId: bounds.userId };
}

/** What the names of a search stand for today. */
async function namesOf(q: Query, { qualifiers, also }: Search): Promise<KnownNames> {
  const [accounts, repositories] = [new Map<string, number>(), new Map<string, number>()];
  for (const { name, value } of [...also, ...qualifiers]) {
    if (name === 'actor' || name === 'user' || name === 'org') {
      const account = await accountByLogin(q, value);
      if (account !== null) accounts.set(nameKey(value), account.id);
    }
    const parts = name === 'repo' ? splitFullName(value) : null;
    const owner = parts === null ? null : await accountByLogin(q, parts.owner);
    if (parts === null || owner === null) continue;
    const known = await repositoryByName(q, owner.id, parts.name);
    if (known !== null) repositories.set(nameKey(value), known.repository.id);
  }
  return { accounts, repositories };
}
