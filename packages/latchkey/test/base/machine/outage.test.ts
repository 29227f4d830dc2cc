/** What counts as an outage, and what is our own mistake. */
import { expect, it } from 'vitest';
import { Fault } from '../../../src/base/errors.ts';
import { outageAnswer, outageInWords, outageOf } from '../../../src/base/machine/outage.ts';

const coded = (code: string, message = 'no'): Error => Object.assign(new Error(message), { code });
const sqlite = (errcode: number): Error => Object.assign(new Error('sqlite'), { code: 'ERR_SQLITE_ERROR', errcode });

it.each([
  ['a process without descriptors', coded('EMFILE'), 'descriptors_exhausted'],
  ['a full disk', coded('ENOSPC'), 'disk_unavailable'],
  ['a full disk under SQLite', sqlite(13), 'disk_unavailable'],
  ['SQLite’s write that failed (an extended code)', sqlite(778), 'disk_unavailable'],
  ['PostgreSQL that is shut down', coded('57P01'), 'database_unavailable'],
  ['PostgreSQL that nobody can connect to', new AggregateError([coded('ECONNREFUSED')]), 'database_unavailable'],
  ['a connection that broke', new Error('Connection terminated unexpectedly'), 'database_unavailable'],
  ['what lies behind a fault', new Fault('no', { cause: coded('ENFILE') }), 'descriptors_exhausted'],
  ['a bug', new TypeError('x is undefined'), null],
  ['a value that is taken', coded('23505'), null],
  ['a damaged database', sqlite(11), null],
  ['no error at all', 'no', null],
])('the outage that %s tells of is known', (_, error, kind) => expect(outageOf(error)).toBe(kind));

it.each([
  ['error: unable to open loose object: Too many open files', 'descriptors_exhausted'],
  ['fatal: write error: No space left on device', 'disk_unavailable'],
  ['hooks/pre-receive: 34: Cannot fork', 'git_unavailable'],
  ['fatal: bad object', null],
])('what git means by “%s” is known', (words, kind) => expect(outageInWords(words)).toBe(kind));

it('an error may know itself when it pays to come again', () => {
  const error = Object.assign(new Error('no place'), { outage: 'busy', retryAfterSec: 7 });
  expect(outageAnswer(error)).toMatchObject({ reason: 'busy', retryAfterSec: 7 });
  expect(outageAnswer(new Error('bug'))).toBeNull();
});
