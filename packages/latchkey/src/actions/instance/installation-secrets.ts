/**
 * The certificate, and who can read the files that hold secrets.
 *
 * Never: what is in them.
 */

import { X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { isIP } from 'node:net';
import { certificateOf } from '../../base/certificate.ts';
import { crossesInClear, readDatabaseAddress } from '../../base/database-address.ts';
import type { Variables } from '../../base/settings/environment.ts';
import { exposedFiles } from '../../base/settings/secret-files.ts';
import type { Settings } from '../../base/settings/settings.ts';
import { DAY_SEC, spokenDate, type UnixSeconds } from '../../base/time.ts';
import type { Context } from '../ground/context.ts';
import { fail, ok, type Seen, skip, warn } from './installation-finding.ts';

/** Renewals run a month before the end; two weeks before it, none has worked. */
const CERTIFICATE_ENDS_SOON_SEC = 14 * DAY_SEC;

/** Whether it fits its key and the public address, and for how long. */
export function certificate(settings: Settings, now: UnixSeconds): Seen {
  if (settings.acmeDomains.length > 0 && settings.tlsCert !== null && !existsSync(settings.tlsCert))
    return skip('the server gets one by itself at its first start');
  const reader = certificateOf(settings);
  const { hostname, protocol } = new URL(settings.publicUrl);
  if (reader === null)
    return skip(protocol === 'https:' ? 'the proxy in front has it' : 'none: the server speaks plain HTTP');
  const { cert, endsAt } = reader.current;
  const name = hostname.replace(/^\[(.*)\]$/, '$1');
  const leaf = new X509Certificate(cert);
  const fits = isIP(name) === 0 ? leaf.checkHost(name) : leaf.checkIP(name);
  if (fits === undefined)
    return fail(
      `the certificate is not for ${name}, but for ${leaf.subjectAltName ?? 'no name at all'}`,
      'get one for the host of --public-url',
    );
  if (endsAt < now)
    return fail(`the certificate expired on ${spokenDate(endsAt)}: clients refuse to connect`, 'renew it');
  if (Date.parse(leaf.validFrom) / 1000 > now)
    return fail(`the certificate is not valid before ${leaf.validFrom}`, 'look at the clock, or get another one');
  const found = `for ${name}, until ${spokenDate(endsAt)}`;
  return endsAt < now + CERTIFICATE_ENDS_SOON_SEC ? warn(found, 'renew it now') : ok(found);
}

/** Files with secrets that everybody on this machine can read. */
export function exposedSecrets(place: { readonly settings: Settings; readonly env: Variables }): Seen {
  const [first, ...others] = exposedFiles(place.settings, place.env);
  if (first === undefined) return ok('only their owners, and their groups, can read them');
  const files = [first, ...others];
  return warn(
    `everybody on this machine may read ${files.join(' and ')}`,
    `chmod o= ${files.map((file) => `'${file.replaceAll("'", `'\\''`)}'`).join(' ')}`,
  );
}

/** Logged at every start with this problem. */
export function warnOfExposedSecrets({ settings, log }: Pick<Context, 'settings' | 'log'>, env: Variables): void {
  for (const file of exposedFiles(settings, env))
    log.warn({ file }, 'everybody on this machine may read this file, which holds a secret: chmod o= it');
}

/** Logged at every start: sooner or later somebody else reads it. */
export function warnOfClearText({ settings: { database, databaseCa }, log }: Pick<Context, 'settings' | 'log'>): void {
  if (database === null) return;
  const address = readDatabaseAddress(database.reveal());
  if (crossesInClear(address, databaseCa))
    log.warn({ host: address.host }, 'what is said to the database crosses the network in clear text: sslmode=disable');
}
