/**
 * Which entries of an audit log a search shows.
 *
 * Invariant: one qualifier more of another name never shows an entry that was not shown before.
 */
import { includesAddress } from '../../base/address.ts';
import type { UnixSeconds } from '../../base/time.ts';
import { auditEvent } from '../../catalogue/audit-events.ts';
import { isSameName, nameKey } from '../names.ts';
import type { Qualifier, QualifierName } from './phrase.ts';

/** GitHub's groups of events: `git` = what was done with git, `web` = all others. */
export const INCLUDES = ['web', 'git', 'all'] as const;
export type Include = (typeof INCLUDES)[number];

/** What a search looks at. */
interface SearchedEntry {
  readonly at: UnixSeconds;
  readonly action: string;
  readonly actorId: number | null;
  readonly actorLogin: string | null;
  readonly userId: number | null;
  readonly organizationId: number | null;
  readonly repositoryId: number | null;
  readonly tokenId: number | null;
  readonly actorTokenId: number | null;
  readonly address: string | null;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The numbers that names have today, by `nameKey`; a name that nobody has is missing. */
export interface KnownNames {
  readonly accounts: ReadonlyMap<string, number>;
  /** By `owner/name`. */
  readonly repositories: ReadonlyMap<string, number>;
}

export interface Search {
  readonly qualifiers: readonly Qualifier[];
  /** Each of these narrows the search, whatever the others are; none is of what to leave out. */
  readonly also: readonly Qualifier[];
  readonly include: Include;
  /** The token that an entry is about; null = any. */
  readonly aboutTokenId: number | null;
}

type Fits = (entry: SearchedEntry, qualifier: Qualifier, names: KnownNames) => boolean;

const account =
  (idOf: (entry: SearchedEntry) => number | null): Fits =>
  (entry, { value }, { accounts }) =>
    accounts.has(nameKey(value)) && idOf(entry) === accounts.get(nameKey(value));

const numbered =
  (idOf: (entry: SearchedEntry) => number | null): Fits =>
  (entry, { value }) =>
    idOf(entry) === Number(value);

const FITS: Readonly<Record<QualifierName, Fits>> = {
  action: ({ action }, { value }) => (value.includes('.') ? action === value : action.startsWith(`${value}.`)),
  operation: ({ action }, { value }) => auditEvent(action)?.operation === value,
  // Somebody who is gone, `operator` and `latchkey` have no account: the entry tells who they were.
  actor: (entry, { value }, { accounts }) => {
    const id = accounts.get(nameKey(value));
    return id === undefined ? isSameName(entry.actorLogin ?? '', value) : entry.actorId === id;
  },
  user: account(({ userId }) => userId),
  org: account(({ organizationId }) => organizationId),
  // What has the name today, and what had it when the entry was written.
  repo: (entry, { value }, { repositories }) =>
    (repositories.has(nameKey(value)) && entry.repositoryId === repositories.get(nameKey(value))) ||
    isSameName(String(entry.data['repo'] ?? ''), value),
  actor_ip: ({ address }, { blocks }) => address !== null && includesAddress(blocks ?? [], address),
  actor_id: numbered(({ actorId }) => actorId),
  user_id: numbered(({ userId }) => userId),
  org_id: numbered(({ organizationId }) => organizationId),
  repo_id: numbered(({ repositoryId }) => repositoryId),
  token_id: numbered(({ actorTokenId }) => actorTokenId),
  created: ({ at }, { range }) => range !== undefined && range.from <= at && at < range.until,
};

/** What tells whether a search shows an entry. */
export function searcher(
  { qualifiers, also, include, aboutTokenId }: Search,
  names: KnownNames,
): (entry: SearchedEntry) => boolean {
  const left = qualifiers.filter(({ without }) => without);
  // Ranges of time narrow each other: nothing is written at two times.
  const wanted = Map.groupBy(
    qualifiers.filter(({ without }) => !without),
    (qualifier) => (qualifier.name === 'created' ? qualifier : qualifier.name),
  );
  const fits = (entry: SearchedEntry, qualifier: Qualifier): boolean => FITS[qualifier.name](entry, qualifier, names);
  return (entry) =>
    (include === 'all' || (include === 'git') === entry.action.startsWith('git.')) &&
    (aboutTokenId === null || entry.tokenId === aboutTokenId) &&
    also.every((qualifier) => fits(entry, qualifier)) &&
    wanted.values().every((group) => group.some((qualifier) => fits(entry, qualifier))) &&
    !left.some((qualifier) => fits(entry, qualifier));
}
