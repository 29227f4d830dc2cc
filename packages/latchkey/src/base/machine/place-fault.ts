/**
 * Why a place that a setting names can't be used, for whoever starts the server: what, why, where, and the next step.
 *
 * Never: a sentence for strangers. Paths are for the terminal and the log of the operator.
 */
import { Fault } from '../errors.ts';

export interface Place {
  /** `the data folder` */
  readonly what: string;
  readonly path: string;
  /** `--data` */
  readonly setting: string;
}

type Words = readonly [why: string, step: string];

const NO_PERMISSION: Words = [
  'this user has no permission',
  'let the user that runs the server read and write it (chown)',
];
const FULL: Words = ['its disk is full', 'make room on it'];
const READ_ONLY: Words = ['its disk is mounted read-only', 'mount it so that it can be written'];
const IN_THE_WAY: Words = ['a file lies where a folder should', 'move the file away'];
const DAMAGED: Words = ['it is damaged, or no database', 'put a backup in its place'];
const UNREADABLE: Words = ['the disk can’t be read or written', 'look at the log of the system'];

const SYSTEM: Readonly<Record<string, Words>> = {
  EACCES: NO_PERMISSION,
  EPERM: NO_PERMISSION,
  ENOSPC: FULL,
  EDQUOT: FULL,
  EROFS: READ_ONLY,
  ENOTDIR: IN_THE_WAY,
  EEXIST: IN_THE_WAY,
  EISDIR: ['a folder lies where a file should', 'move the folder away'],
  ENOENT: ['it is not there, and can’t be made', 'make it, or mount its disk'],
  EIO: UNREADABLE,
  ELOOP: ['its links lead in a circle', 'mend the link'],
  ENAMETOOLONG: ['its name is too long', 'shorten it'],
};
/** SQLite's primary result codes (sqlite.org/rescode.html): READONLY, IOERR, CORRUPT, FULL, CANTOPEN, NOTADB. */
const SQLITE: Readonly<Record<number, Words>> = {
  8: READ_ONLY,
  10: UNREADABLE,
  11: DAMAGED,
  13: FULL,
  14: ['it can’t be opened', NO_PERMISSION[1]],
  26: DAMAGED,
};

/** The fault that ends a start. Its cause is what the machine said. */
export function placeFault({ what, path, setting }: Place, error: unknown): Fault {
  const { code, errcode, message } = error as { code?: unknown; errcode?: unknown; message?: unknown };
  const words = typeof errcode === 'number' ? SQLITE[errcode & 0xff] : SYSTEM[String(code)];
  const [why, step] = words ?? [String(message), 'look at it'];
  return new Fault(`${what} ${path} can’t be used: ${why}`, {
    hint: `${step}, or name another place with ${setting}`,
    detail: String(message),
    cause: error,
  });
}
