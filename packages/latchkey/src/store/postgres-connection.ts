/**
 * How to connect to PostgreSQL: options for `pg` made from the address, the TLS that it requires, and what to say if
 * that fails.
 *
 * Invariant: every connection, including the one that listens, is made from the same options.
 * Never: the address or the password in a sentence, or an option of `pg` that the address can override.
 */
import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import pg from 'pg';
import { type DatabaseTls, databaseTls, readDatabaseAddress } from '../base/database-address.ts';
import { Fault } from '../base/errors.ts';
import { DATABASE_POOL } from '../base/settings/rows.ts';
import { engineCode } from './db.ts';

/** How to connect, in addition to the address. */
export interface PostgresTuning {
  /** The most connections of this process, not counting the one that listens. */
  readonly poolSize?: number;
  /** PEM certificates of the authorities to trust instead of the system's. */
  readonly caFile?: string | null;
}

/** The server cancels statements that take longer. */
const STATEMENT_TIMEOUT_MS = 15_000;
/** The server ends a transaction whose process went silent, to free its locks. */
const IDLE_IN_TRANSACTION_MS = 30_000;
const CONNECT_TIMEOUT_MS = 5_000;

const INT8_OID = 20;
/** Ids and instants fit into a double exactly; `pg` would return text. */
const TYPES = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === INT8_OID ? Number : pg.types.getTypeParser(oid, format as 'text')) as typeof pg.types.getTypeParser,
};

/**
 * The options for `pg`.
 * @throws Fault when a certificate or key can't be read
 */
export function connectionOptions(
  url: string,
  { poolSize = DATABASE_POOL.default, caFile = null }: PostgresTuning,
): pg.PoolConfig {
  const address = readDatabaseAddress(url);
  const { host, port, user, password, database, parameters } = address;
  return {
    host,
    ...(port === null ? {} : { port }),
    ...(user === null ? {} : { user }),
    ...(password === null ? {} : { password }),
    ...(database === null ? {} : { database }),
    ...(parameters.options === undefined ? {} : { options: parameters.options }),
    application_name: parameters.application_name ?? 'latchkey',
    // Always set, so that PGSSLMODE doesn't count.
    ssl: tlsOptions(databaseTls(address, caFile), caFile, parameters),
    max: poolSize,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    keepAlive: true,
    types: TYPES,
  };
}

function tlsOptions(
  tls: DatabaseTls,
  caFile: string | null,
  { sslcert, sslkey }: { readonly sslcert?: string; readonly sslkey?: string },
): ConnectionOptions | false {
  if (tls === 'disable') return false;
  return {
    rejectUnauthorized: true,
    ...(caFile === null ? {} : { ca: readPem(caFile, 'CERTIFICATE', '--database-ca') }),
    ...(sslcert === undefined ? {} : { cert: readPem(sslcert, 'CERTIFICATE', 'sslcert in --database') }),
    ...(sslkey === undefined ? {} : { key: readPem(sslkey, 'PRIVATE KEY', 'sslkey in --database') }),
    ...(tls === 'verify-ca' ? { checkServerIdentity: () => undefined } : {}),
  };
}

/** Checked here, because TLS silently takes a file without a certificate as an empty list. */
function readPem(file: string, holds: 'CERTIFICATE' | 'PRIVATE KEY', setting: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new Fault(`the file that ${setting} names can't be read`, {
      hint: `check ${setting}, and that the server's user may read the file`,
      detail: (error as Error).message,
      cause: error,
    });
  }
  if (new RegExp(`-----BEGIN [A-Z ]*${holds}-----`).test(text)) return text;
  throw new Fault(`the file that ${setting} names holds no ${holds.toLowerCase()} in PEM`, {
    hint: `check ${setting}`,
  });
}

const UNTRUSTED: ReadonlySet<unknown> = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_SIGNATURE_FAILURE',
  'INVALID_CA',
  'CERT_UNTRUSTED',
]);
const OUT_OF_TIME: ReadonlySet<unknown> = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']);

/** Why the first connection failed, worded for the operator. */
export function connectionFault(error: unknown): Fault {
  const detail = error instanceof Error ? error.message : String(error);
  const [message, hint] = wordsFor(engineCode(error), detail);
  return new Fault(message, { hint, detail });
}

function wordsFor(code: unknown, detail: string): readonly [message: string, hint: string] {
  if (UNTRUSTED.has(code))
    return [
      'the certificate of the database comes from nobody who is trusted',
      'name the certificate of its authority: --database-ca FILE',
    ];
  if (OUT_OF_TIME.has(code))
    return [
      'the certificate of the database has expired, or is not valid yet',
      'give the database a new one, and look at the clocks of both machines',
    ];
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return [
      'the certificate of the database is for another name than the address has',
      'use a name that it holds, or check its authority alone: ?sslmode=verify-ca with --database-ca FILE',
    ];
  }
  if (detail === 'The server does not support SSL connections') {
    return [
      'the database does not speak TLS',
      'turn on ssl in postgresql.conf; on a closed network, say that clear text is meant: ?sslmode=disable at ' +
        'the end of the address',
    ];
  }
  if (/no pg_hba\.conf entry .* no encryption/.test(detail)) {
    return [
      'the database takes no connection without TLS',
      'end the address with ?sslmode=verify-full, and name the certificate of its authority: --database-ca FILE',
    ];
  }
  return [
    'the database cannot be reached',
    'check that PostgreSQL runs and that host, port, database, user and password in --database are right',
  ];
}
