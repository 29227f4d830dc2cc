/**
 * The chain that makes a changed log show: how entries become bytes, ranges of entries a checkpoint, and what is said
 * of a range that is not what its checkpoint says. `docs/audit.md` describes it for those who check it elsewhere.
 *
 * Invariant: the bytes of an entry are those of RFC 8785 (JSON Canonicalization Scheme) for an array of its columns,
 * which for whole numbers, text and null is what `JSON.stringify` writes.
 * Never: another order of columns, or another form of a checkpoint: those that people keep would be worth nothing.
 */
import { hash } from 'node:crypto';

/** The columns of an entry, in the order in which they are hashed. */
export const ENTRY_COLUMNS = [
  'id',
  'at',
  'action',
  'actor_id',
  'actor_login',
  'user_id',
  'organization_id',
  'repository_id',
  'token_id',
  'actor_token_id',
  'address',
  'user_agent',
  'data_json',
] as const;

/** An entry as it is stored in the database. */
export type StoredEntry = { readonly [Column in (typeof ENTRY_COLUMNS)[number]]: string | number | null } & {
  readonly id: number;
};

/** What comes before the first checkpoint. */
export const BEGINNING = '0'.repeat(64);

/** A range of entries, linked to everything before it. */
export interface CheckpointFacts {
  /** 1, 2, 3 … without a gap. */
  readonly number: number;
  /** The range of ids, both ends included. It begins where the one before ended, whether those ids were used or not. */
  readonly firstId: number;
  readonly lastId: number;
  /** Entries in the range. */
  readonly entries: number;
  /** SHA-256 of the entries, in hex. */
  readonly entriesDigest: string;
  /** The digest of the checkpoint before; `BEGINNING` for the first. */
  readonly previous: string;
  /** When the checkpoint was made, in unix seconds. */
  readonly at: number;
}

export interface Checkpoint extends CheckpointFacts {
  /** SHA-256 of the facts, in hex. */
  readonly digest: string;
}

/** The text of an entry. Its UTF-8 bytes are hashed. */
function canonicalEntry(entry: StoredEntry): string {
  return JSON.stringify(ENTRY_COLUMNS.map((column) => entry[column]));
}

/** SHA-256 over the entries in the order of their ids, each followed by a line feed. */
export function digestOfEntries(entries: readonly StoredEntry[]): string {
  return hash('sha256', entries.map((entry) => `${canonicalEntry(entry)}\n`).join(''));
}

/** SHA-256 over the facts of a checkpoint, as a JSON array without spaces. */
export function digestOfCheckpoint(facts: CheckpointFacts): string {
  const { number, firstId, lastId, entries, entriesDigest, previous, at } = facts;
  return hash('sha256', JSON.stringify([number, firstId, lastId, entries, entriesDigest, previous, at]));
}

/**
 * The checkpoint after `last`, over entries in the order of their ids.
 * @throws TypeError when there are no entries
 */
export function nextCheckpoint(last: Checkpoint | null, entries: readonly StoredEntry[], at: number): Checkpoint {
  const newest = entries.at(-1);
  if (newest === undefined) throw new TypeError('a checkpoint is made over entries');
  const facts: CheckpointFacts = {
    number: (last?.number ?? 0) + 1,
    firstId: (last?.lastId ?? 0) + 1,
    lastId: newest.id,
    entries: entries.length,
    entriesDigest: digestOfEntries(entries),
    previous: last?.digest ?? BEGINNING,
    at,
  };
  return { ...facts, digest: digestOfCheckpoint(facts) };
}

const FINGERPRINT_LENGTH = 8;
const fingerprint = (entry: StoredEntry): string =>
  hash('sha256', canonicalEntry(entry), 'base64url').slice(0, FINGERPRINT_LENGTH);

/**
 * Short marks of the entries of a range, to find a broken one: `0:k3J…`, where the id is the distance from the first,
 * in base 36. They prove nothing; the digest does.
 */
export function fingerprintsOf(firstId: number, entries: readonly StoredEntry[]): string {
  return entries.map((entry) => `${(entry.id - firstId).toString(36)}:${fingerprint(entry)}`).join(' ');
}

/** What is wrong with one entry. */
export interface EntryFault {
  readonly kind: 'entry_changed' | 'entry_removed' | 'entry_inserted' | 'entry_moved';
  readonly id: number;
  /** For an entry that was moved: the id under which it was written. */
  readonly wasId?: number;
}

/** The entries that don't match their fingerprints, by id. Empty when the fingerprints themselves are wrong. */
export function entryFaults(firstId: number, fingerprints: string, entries: readonly StoredEntry[]): EntryFault[] {
  const was = new Map(
    fingerprints.split(' ').map((mark): [number, string] => {
      const [distance = '', print = ''] = mark.split(':');
      return [firstId + Number.parseInt(distance, 36), print];
    }),
  );
  const is = new Map(entries.map((entry) => [entry.id, entry]));
  const wrong = entries.filter((entry) => was.get(entry.id) !== fingerprint(entry));
  const lost = [...was].filter(([id, print]) => {
    const entry = is.get(id);
    return entry === undefined || fingerprint(entry) !== print;
  });
  return [
    ...wrong.map((entry): EntryFault => {
      const origin = lost.find(([id, print]) => id !== entry.id && fingerprint({ ...entry, id }) === print);
      if (origin !== undefined) return { kind: 'entry_moved', id: entry.id, wasId: origin[0] };
      return { kind: was.has(entry.id) ? 'entry_changed' : 'entry_inserted', id: entry.id };
    }),
    ...lost.filter(([id]) => !is.has(id)).map(([id]): EntryFault => ({ kind: 'entry_removed', id })),
  ].sort((a, b) => a.id - b.id);
}
