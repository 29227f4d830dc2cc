/**
 * Gets the server's certificate, and a new one when two thirds of its life are over.
 *
 * Invariant: what doesn't work leaves the certificate that there is. Authorities count failures (Let's Encrypt: 5
 * an hour for a name), so the next try comes an hour later, also after a restart.
 */
import { Fault } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { Settings } from '../../base/settings/settings.ts';
import { type Clock, HOUR_SEC } from '../../base/time.ts';
import { orderCertificate } from './client.ts';
import { makeKey, pemOf, requestFor, standIn } from './documents.ts';
import type { AcmeFolder } from './folder.ts';

/** How often each process looks whether it is time. */
const LOOK_MS = 60_000;
const AFTER_FAILURE_SEC = HOUR_SEC;

type AcmeSettings = Pick<Settings, 'acmeDomains' | 'acmeDirectory' | 'acmeEmail' | 'acmeHttpPort'>;

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
  const failedAt = folder.failedAt();
  if (!isDue(around) || (failedAt !== null && Math.abs(clock.now() - failedAt) < AFTER_FAILURE_SEC)) return false;
  if (!folder.claim()) return false;
  try {
    if (!isDue(around)) return (folder.ended(null), false);
    const key = makeKey();
    const chain = await orderCertificate({
      directory: settings.acmeDirectory,
      accountKey: folder.accountKey(),
      email: settings.acmeEmail,
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

/** True without a certificate of an authority for these names, and when two thirds of its life are over. */
function isDue({ settings, folder, clock }: Surroundings): boolean {
  const certificate = folder.certificate();
  if (certificate === null || certificate.issuer === certificate.subject) return true;
  if (settings.acmeDomains.some((name) => certificate.checkHost(name) === undefined)) return true;
  const [from, to] = [certificate.validFrom, certificate.validTo].map((text) => Date.parse(text) / 1000) as [
    number,
    number,
  ];
  return clock.now() > from + ((to - from) * 2) / 3;
}
