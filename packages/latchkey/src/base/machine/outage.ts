/**
 * What the machine refuses for now, by kind: a database that doesn't answer, a full disk, no more descriptors, no
 * more processes. It passes on its own or when an operator acts, so a client may try again.
 *
 * Invariant: anything not known to be one of these is not an outage: our own bug is never reported as one.
 * Never: a path, or the machine's own words, in a sentence.
 */

export type OutageKind =
  | 'database_unavailable'
  | 'disk_unavailable'
  | 'descriptors_exhausted'
  | 'git_unavailable'
  /** Every place for a git process is taken. */
  | 'busy'
  /** The repository is known, but its files are not where they should be. */
  | 'files_missing'
  /** Parts of the repository are stored elsewhere, through alternates or links. */
  | 'repository_not_whole'
  /** The repository's own config hides refs, which can't be honoured. */
  | 'refs_hidden'
  /** Another push holds the ref, or was killed and left its lock behind. */
  | 'ref_locked';

export interface OutageWords {
  /** What is wrong, for the client that waits for an answer. */
  readonly sentence: string;
  /** When to retry, in seconds. */
  readonly retryAfterSec: number;
}

export const OUTAGES: Readonly<Record<OutageKind, OutageWords>> = {
  database_unavailable: { sentence: 'The database does not answer. Try again in a moment.', retryAfterSec: 5 },
  disk_unavailable: {
    sentence: 'The disk of the server is full or takes nothing. Its administrator must make room; try again later.',
    retryAfterSec: 60,
  },
  descriptors_exhausted: {
    sentence: 'The server has as many files and connections open as it may. Try again in a moment.',
    retryAfterSec: 5,
  },
  busy: { sentence: 'The server is busy with other clones and pushes. Try again in a moment.', retryAfterSec: 10 },
  ref_locked: {
    sentence: 'Another push to this branch or tag is under way, or was cut off. Try again in some minutes.',
    retryAfterSec: 60,
  },
  files_missing: {
    sentence:
      'The files of this repository are missing on the server. Its administrator must mount their disk or ' +
      'restore them.',
    retryAfterSec: 300,
  },
  repository_not_whole: {
    sentence:
      'Parts of this repository lie outside of its folder on the server, so nothing of it is served. Its ' +
      'administrator must make it whole.',
    retryAfterSec: 300,
  },
  refs_hidden: {
    sentence:
      'This repository’s own configuration hides refs, which is not possible here, so nothing of it is served. Its ' +
      'administrator must change that.',
    retryAfterSec: 300,
  },
  git_unavailable: {
    sentence: 'The server can start no further process of git. Try again in a moment.',
    retryAfterSec: 10,
  },
};

const SYSTEM_CODES: Readonly<Record<string, OutageKind>> = {
  EMFILE: 'descriptors_exhausted',
  ENFILE: 'descriptors_exhausted',
  ENOSPC: 'disk_unavailable',
  EDQUOT: 'disk_unavailable',
  EROFS: 'disk_unavailable',
  EIO: 'disk_unavailable',
  // Answering a request makes no connection to anything but the database.
  ECONNREFUSED: 'database_unavailable',
  ECONNRESET: 'database_unavailable',
  EPIPE: 'database_unavailable',
  ETIMEDOUT: 'database_unavailable',
  EHOSTUNREACH: 'database_unavailable',
  ENETUNREACH: 'database_unavailable',
  ENOTFOUND: 'database_unavailable',
  EAI_AGAIN: 'database_unavailable',
};
/** SQLite's primary result codes (sqlite.org/rescode.html): BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN, PROTOCOL. */
const SQLITE_CODES: Readonly<Record<number, OutageKind>> = {
  5: 'database_unavailable',
  6: 'database_unavailable',
  8: 'disk_unavailable',
  10: 'disk_unavailable',
  13: 'disk_unavailable',
  14: 'database_unavailable',
  15: 'database_unavailable',
};
/**
 * PostgreSQL's (appendix A): connection exceptions, no room for memory or connections, stopped by an operator, a
 * read-only server, and a query that took too long. A full disk is the database's, not ours.
 */
const POSTGRES_CODES = /^(?:08\d{3}|53\d{3}|57P0[1-5]|57014|25006|58030)$/;
/** Cases for which the drivers have no code. */
const LOST_WORDS = [
  'Connection terminated',
  'Client has encountered a connection error',
  'timeout exceeded when trying to connect',
  'Query read timeout',
  'Cannot use a pool after calling end',
  'database is not open',
  'statement has been finalized',
  'driver has already been destroyed',
];

/** Words of git, and of the shell that runs its hooks, in any line of their output. */
const WORDS: readonly (readonly [RegExp, OutageKind])[] = [
  [/Too many open files|\bEMFILE\b|\bENFILE\b/, 'descriptors_exhausted'],
  [/No space left on device|Disk quota exceeded|Read-only file system|Input\/output error/, 'disk_unavailable'],
  [/git could not be started|[Cc]annot fork|unable to create (?:\w+ )?thread/, 'git_unavailable'],
  [/Resource temporarily unavailable|Cannot allocate memory|[Oo]ut of memory/, 'git_unavailable'],
];

/** The outage a program's output describes; null when it is about something else. */
export function outageInWords(text: string): OutageKind | null {
  return WORDS.find(([words]) => words.test(text))?.[1] ?? null;
}

/** An error that knows which outage caused it, and perhaps when to retry. */
interface Knowing {
  readonly outage: OutageKind | null;
  readonly retryAfterSec?: number;
}

/** The answer with status 503. */
export interface OutageAnswer extends OutageWords {
  readonly reason: OutageKind;
}

/** The answer when work failed with this error; null when it isn't an outage. */
export function outageAnswer(error: unknown): OutageAnswer | null {
  const reason = outageOf(error);
  if (reason === null) return null;
  const { retryAfterSec = OUTAGES[reason].retryAfterSec } = error as Partial<Knowing>;
  return { reason, sentence: OUTAGES[reason].sentence, retryAfterSec };
}

/** The outage behind an error or one of its causes; null for every other error. */
export function outageOf(error: unknown): OutageKind | null {
  for (let each = error, depth = 0; each instanceof Error && depth < 8; each = each.cause, depth++) {
    const found = ownOutage(each);
    if (found !== null) return found;
    if (each instanceof AggregateError && each.errors.length > 0) return outageOf(each.errors[0]);
  }
  return null;
}

function ownOutage(error: Error & { code?: unknown; errcode?: unknown } & Partial<Knowing>): OutageKind | null {
  if (error.outage !== undefined) return error.outage;
  if (typeof error.errcode === 'number') return SQLITE_CODES[error.errcode & 0xff] ?? null;
  if (typeof error.code === 'string') {
    const known = SYSTEM_CODES[error.code];
    if (known !== undefined) return known;
    if (POSTGRES_CODES.test(error.code)) return 'database_unavailable';
  }
  return LOST_WORDS.some((words) => error.message.startsWith(words)) ? 'database_unavailable' : null;
}
