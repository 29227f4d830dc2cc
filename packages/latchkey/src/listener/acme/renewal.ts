/**
 * Gets the server's certificate, and a new one when the authority suggests it (at the latest when five sixths of its
 * life are over), or without a word of it when two thirds are.
 *
 * Invariant: what doesn't work leaves the certificate that there is. Authorities count failures (Let's Encrypt: 5
 * an hour for a name), so the next try comes an hour later, also after a restart.
 */
import type { X509Certificate } from 'node:crypto';
import { Fault } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { Settings } from '../../base/settings/settings.ts';
import { type Clock, HOUR_SEC } from '../../base/time.ts';
import { type ExternalAccount, orderCertificate } from './client.ts';
import { certificateId, makeKey, pemOf, requestFor, standIn } from './documents.ts';
import type { AcmeFolder } from './folder.ts';
import { askForRenewal } from './renewal-info.ts';

/** How often each process looks whether it is time. */
const LOOK_MS = 60_000;
const AFTER_FAILURE_SEC = HOUR_SEC;

type AcmeSettings = Pick<
  Settings,
  'acmeDomains' | 'acmeDirectory' | 'acmeEmail' | 'acmeHttpPort' | 'acmeEabKid' | 'acmeEabHmacKey'
>;

export interface Surroundings {
  readonly settings: AcmeSettings;
  readonly folder: AcmeFolder;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
}

/** Makes sure that there is a certificate to listen with, of whatever worth. */
export async function prepare({ settings, folder, clock }: Surroundings): Promise<void> {
  if (folder.certificate() === null) folder.keepCertificate(await standIn(settings.acmeDomains, clock.now()));
}

/** Renews now and from then on; `renewed` after each time. Returns a function that ends this. */
export function keepRenewing(around: Surroundings, renewed: () => void): () => void {
  const look = (): void =>
    void renew(around).then(
      (did) => did && renewed(),
      (error: unknown) => around.log.error({ err: error }, 'the certificate could not be looked after'),
    );
  look();
  const timer = setInterval(look, LOOK_MS).unref();
  return () => clearInterval(timer);
}

/** Gets a certificate if it is time to. True when there is a new one. */
export async function renew(around: Surroundings): Promise<boolean> {
  const { settings, folder, clock, log } = around;
  await askWhen(around);
  const failedAt = folder.failedAt();
  if (!isDue(around) || (failedAt !== null && Math.abs(clock.now() - failedAt) < AFTER_FAILURE_SEC)) return false;
  if (!folder.claim()) return false;
  try {
    if (!isDue(around)) return (folder.ended(null), false);
    const key = makeKey();
    const before = folder.certificate();
    const chain = await orderCertificate({
      directory: settings.acmeDirectory,
      accountKey: folder.accountKey(),
      email: settings.acmeEmail,
      externalAccount: externalAccountOf(settings),
      replaces: before === null || isOwn(before) ? null : certificateId(before),
      domains: settings.acmeDomains,
      challengeType: settings.acmeHttpPort === null ? 'tls-alpn-01' : 'http-01',
      csr: await requestFor(key, settings.acmeDomains),
      show: async (challenges) => folder.showChallenges(challenges),
    });
    folder.keepCertificate({ key: pemOf(key), chain });
    folder.ended(null);
    log.info({ domains: settings.acmeDomains }, 'got a certificate');
    return true;
  } catch (error) {
    folder.ended(clock.now());
    const detail = error instanceof Fault ? error.detail : undefined;
    log.error({ err: error, detail }, 'got no certificate: the next try is in an hour');
    return false;
  } finally {
    folder.endChallenges();
  }
}

/** Asks the authority when it wants the certificate to be renewed, as often as it likes to be asked. */
async function askWhen({ settings, folder, clock }: Surroundings): Promise<void> {
  const certificate = folder.certificate();
  if (certificate === null || isOwn(certificate)) return;
  const id = certificateId(certificate);
  if (id === null || clock.now() < (folder.renewal(id)?.askAgainAt ?? 0)) return;
  const said = await askForRenewal(settings.acmeDirectory, certificate, clock.now());
  if (said !== null) folder.keepRenewal(said);
}

function externalAccountOf({ acmeEabKid: kid, acmeEabHmacKey: hmacKey }: AcmeSettings): ExternalAccount | null {
  return kid === null || hmacKey === null ? null : { kid, hmacKey };
}

const isOwn = ({ issuer, subject }: X509Certificate): boolean => issuer === subject;

/** True without a certificate of an authority for these names, and when it is time for another. */
function isDue({ settings, folder, clock }: Surroundings): boolean {
  const certificate = folder.certificate();
  if (certificate === null || isOwn(certificate)) return true;
  if (settings.acmeDomains.some((name) => certificate.checkHost(name) === undefined)) return true;
  const [from, to] = [certificate.validFrom, certificate.validTo].map((text) => Date.parse(text) / 1000) as [
    number,
    number,
  ];
  const id = certificateId(certificate);
  const suggested = id === null ? null : (folder.renewal(id)?.at ?? null);
  const after = (share: number): number => from + (to - from) * share;
  return clock.now() > (suggested === null ? after(2 / 3) : Math.min(suggested, after(5 / 6)));
}
