/** What the server reports about its certificate: a warning before it expires, and its expiration as a metric. */
import type { OpenContext } from '../actions/instance/open.ts';
import type { CertificateReader } from '../base/certificate.ts';
import { DAY_SEC, isoInstant } from '../base/time.ts';
import { type Series, shared, single } from '../telemetry/metrics.ts';

/** The server warns at every start and renewal when the certificate ends within this time. */
const WARN_OF_CERTIFICATE_SEC = 14 * DAY_SEC;
/**
 * A certificate that has ended, or soon will, is still served: people can act on a warning, but a refusal stops
 * everything.
 */
export function warnOfCertificate({ log, clock }: OpenContext, certificate: CertificateReader | null): void {
  if (certificate === null) return;
  const leftSec = certificate.current.endsAt - clock.now();
  const endsAt = isoInstant(certificate.current.endsAt);
  if (leftSec < 0) log.warn({ endsAt }, 'the certificate has expired: clients refuse to connect until it is renewed');
  else if (leftSec < WARN_OF_CERTIFICATE_SEC) log.warn({ endsAt }, 'the certificate ends soon');
}

/** When the certificate ends, for the metrics. */
export function endOf(certificate: CertificateReader): Series {
  return shared(
    single(
      'latchkey_certificate_ends_seconds',
      'When the certificate ends, as unix seconds.',
      'gauge',
      () => certificate.current.endsAt,
    ),
  );
}
