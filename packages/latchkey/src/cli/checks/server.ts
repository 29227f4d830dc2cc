/** The server: whether it is reachable and trusted, what time it has, and whether it is a Latchkey. */
import { present } from '../../base/present.ts';
import { type Check, fail, ok, warn } from './check.ts';
import { get } from './probe.ts';
import type { Subject } from './subject.ts';

const needsOrigin = ({ address }: Subject): string | null => (address === null ? 'no server is known' : null);
const needsAnswer = ({ probe }: Subject): string | null =>
  probe.answered === null ? 'the server did not answer' : null;

/** The most by which two clocks may differ before expiry dates and one-time codes go wrong. */
const MAX_SKEW_SEC = 60;
const DAY_MS = 86_400_000;
const CERTIFICATE_ENDS_SOON_DAYS = 14;

/** For this host only; `ORIGIN` is replaced. An authority for all hosts would be trusted for every site. */
const CA_LINE = 'git config --global http.ORIGIN/.sslCAInfo /path/to/ca.pem';

/** Codes of Node and OpenSSL in words. */
const FAILURES: readonly (readonly [code: RegExp, words: string, command: string])[] = [
  [/^ENOTFOUND$/, 'nobody knows that host name', 'check the spelling of the address, and whether a VPN is needed'],
  [/^EAI_AGAIN$/, 'name resolution does not answer', 'check the network'],
  [/^ECONNREFUSED$/, 'the server takes no connections there', 'check the port, and whether the server runs'],
  [/^(?:ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)$/, 'the server does not answer', 'check the network, a firewall or a VPN'],
  [/^(?:CERT_HAS_EXPIRED)$/, 'its certificate has expired', 'compare with the clock of this machine: date -u'],
  [/^(?:CERT_NOT_YET_VALID)$/, 'its certificate begins later', 'compare with the clock of this machine: date -u'],
  [/^ERR_TLS_CERT_ALTNAME_INVALID$/, 'its certificate is for another name', 'use the name that the certificate has'],
  [
    /^(?:EPROTO|ERR_SSL_.*|HPE_.*|ECONNRESET)$/,
    'it speaks something else on that port',
    'check http against https, and the port',
  ],
  [/SELF_SIGNED|UNABLE_TO_|CERT_UNTRUSTED/, 'this machine does not trust its certificate', CA_LINE],
];

const reachable: Check = {
  name: 'server reachable',
  cannotRun: needsOrigin,
  run: async (subject) => {
    const { repository } = subject;
    const address = present(subject.address, 'the server');
    const path = `/${repository ?? 'latchkey/doctor'}.git/info/refs?service=git-upload-pack`;
    try {
      const answered = await get(address + path);
      const isLatchkey =
        /realm="Latchkey"/.test(answered.headers['www-authenticate'] ?? '') || (await isLatchkeyByItsPages(address));
      subject.probe = { answered, failure: null, isLatchkey };
      return ok(`${address} answers${answered.certificateEnds === null ? '' : ', and its certificate is trusted'}`);
    } catch (error) {
      const code = (error as { code?: string }).code ?? 'unknown';
      subject.probe = { answered: null, failure: code, isLatchkey: false };
      const [, words, command] = FAILURES.find(([form]) => form.test(code)) ?? [
        null,
        `it can't be reached (${code})`,
        'check the address',
      ];
      return fail(`${address}: ${words}`, command.replace('ORIGIN', address));
    }
  },
};

/** A public repository asks for no credential, so its page doesn't show whose it is. */
async function isLatchkeyByItsPages(address: string): Promise<boolean> {
  const { status, body } = await get(`${address}/.well-known/oauth-authorization-server`).catch(() => ({
    status: 0,
    body: '',
  }));
  return status === 200 && body.includes('device_authorization_endpoint') && body.includes(`${address}/login/`);
}

const certificate: Check = {
  name: 'certificate',
  cannotRun: (subject) =>
    needsAnswer(subject) ??
    (subject.probe.answered?.certificateEnds == null ? 'the server is reached without TLS' : null),
  run: async ({ probe }) => {
    const ends = Date.parse(probe.answered?.certificateEnds ?? '');
    const days = Math.floor((ends - Date.now()) / DAY_MS);
    return days < CERTIFICATE_ENDS_SOON_DAYS
      ? warn(`the certificate ends in ${days} days`, 'tell the administrator of the server')
      : ok(`the certificate is good for ${days} days`);
  },
};

const clock: Check = {
  name: 'clock',
  cannotRun: (subject) =>
    needsAnswer(subject) ?? (subject.probe.answered?.headers.date === undefined ? 'the server says no time' : null),
  run: async ({ probe }) => {
    const { atMs, headers } = present(probe.answered, 'the answer of the server');
    const skewSec = Math.round((atMs - Date.parse(headers.date ?? '')) / 1000);
    if (Math.abs(skewSec) <= MAX_SKEW_SEC) return ok('this machine and the server agree about the time');
    return fail(
      `the clock of this machine is ${Math.abs(skewSec)} seconds ${skewSec > 0 ? 'ahead of' : 'behind'} the server's`,
      'sudo timedatectl set-ntp true',
    );
  },
};

const isLatchkey: Check = {
  name: 'kind of server',
  cannotRun: needsAnswer,
  run: async ({ probe }) =>
    ok(probe.isLatchkey ? 'a Latchkey' : 'no Latchkey; only what holds for every server is looked at'),
};

export const SERVER_CHECKS: readonly Check[] = [reachable, certificate, clock, isLatchkey];
