/**
 * The address of PostgreSQL, parsed: whom to connect to, and whether the connection is protected.
 *
 * Parsed here and not by `pg`, which lets the address override every option (including time-outs that safety depends
 * on), gives `sslmode` words a weaker meaning from its next version on, and ignores what it doesn't know.
 * Invariant: nothing leaves this machine in clear text unless the address says `sslmode=disable`.
 * Never: a fallback. No mode tries TLS and continues without it, and none encrypts without knowing for whom.
 */
import { isLoopback } from './settings/values.ts';

/**
 * How a connection is protected. `verify-full`: TLS, with a certificate of a trusted authority for the name in the
 * address. `verify-ca`: TLS, with a certificate of one's own authority, for any name. `disable`: clear text.
 */
export type DatabaseTls = 'disable' | 'verify-ca' | 'verify-full';

/**
 * What each word in the address means here. libpq's `require` encrypts without checking the certificate; here it means
 * full verification.
 */
const MODES: Readonly<Record<string, DatabaseTls>> = {
  disable: 'disable',
  require: 'verify-full',
  'verify-ca': 'verify-ca',
  'verify-full': 'verify-full',
};

/**
 * The accepted words for `sslmode`. The others of libpq and `pg` (allow, prefer, no-verify) give no protection from an
 * attacker on the path.
 */
export const SSL_MODES: readonly string[] = Object.keys(MODES);

/** What may follow the `?` of the address. */
export const DATABASE_PARAMETERS = ['sslmode', 'sslcert', 'sslkey', 'host', 'application_name', 'options'] as const;
type Parameter = (typeof DATABASE_PARAMETERS)[number];

export interface DatabaseAddress {
  /** A name, an address without brackets, or the folder of a Unix socket. */
  readonly host: string;
  /** Null when not given: then `pg` looks at PGPORT, PGUSER, PGPASSWORD (and ~/.pgpass) and PGDATABASE. */
  readonly port: number | null;
  readonly user: string | null;
  readonly password: string | null;
  readonly database: string | null;
  readonly parameters: Readonly<Partial<Record<Parameter, string>>>;
  /** True when anything else follows the `?`, or the same thing twice. */
  readonly hasUnknown: boolean;
}

/** Takes apart an address that `databaseUrl` accepted. Without a host in it, the host is PGHOST or this machine. */
export function readDatabaseAddress(text: string): DatabaseAddress {
  const url = new URL(text);
  const names = [...url.searchParams.keys()];
  const known = DATABASE_PARAMETERS.filter((name) => names.includes(name));
  return {
    host:
      url.searchParams.get('host') ||
      decoded(url.hostname).replace(/^\[(.*)\]$/, '$1') ||
      process.env.PGHOST ||
      'localhost',
    port: url.port === '' ? null : Number(url.port),
    user: decoded(url.username) || null,
    password: decoded(url.password) || null,
    database: decoded(url.pathname.slice(1)) || null,
    parameters: Object.fromEntries(known.map((name) => [name, url.searchParams.get(name) ?? ''])),
    hasUnknown: names.length > known.length,
  };
}

/** A password with an unencoded percent sign is taken literally. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** True for a socket in a folder of this machine. Nobody can read along there, and PostgreSQL offers no TLS on it. */
export function isSocket({ host }: Pick<DatabaseAddress, 'host'>): boolean {
  return host.startsWith('/');
}

/** How to connect: as the address says; otherwise verified, except to this machine itself without a named authority. */
export function databaseTls(address: DatabaseAddress, caFile: string | null): DatabaseTls {
  if (isSocket(address)) return 'disable';
  const said = MODES[address.parameters.sslmode ?? ''];
  return said ?? (caFile === null && isLoopback(address.host) ? 'disable' : 'verify-full');
}

/** True when somebody on the path can read what is sent to the database. */
export function crossesInClear(address: DatabaseAddress, caFile: string | null): boolean {
  return databaseTls(address, caFile) === 'disable' && !isSocket(address) && !isLoopback(address.host);
}
