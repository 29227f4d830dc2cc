/**
 * Why a server gave no answer, or no answer of a Latchkey: the cause in words, and one line that leads on.
 *
 * Never: an authority that is trusted for other servers, too. Git's own settings say for which one it is.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { Fault } from '../base/errors.ts';

type Words = readonly [message: string, hint: string];

const CLOCK_LINE = 'compare with the clock of this machine: date -u';
const NETWORK_LINE = 'check the network, a firewall or a VPN';
const UNTRUSTED = /SELF_SIGNED|UNABLE_TO_|CERT_UNTRUSTED/;
const OTHER_SCHEME: Words = ['speaks something else on that port', 'try OTHER'];

/**
 * By the code of Node or OpenSSL. In a hint, `ORIGIN` is the server's address, and `OTHER` the same with https for http
 * or the other way round.
 */
const FAILURES: readonly (readonly [code: RegExp, ...Words])[] = [
  [/^ENOTFOUND$/, 'has an address that nobody knows', 'check the spelling, and whether a VPN is needed'],
  [/^EAI_AGAIN$/, "can't be looked up: name resolution does not answer", 'check the network'],
  [/^ECONNREFUSED$/, 'does not take connections', 'check the port, and whether the server runs'],
  [/^(?:ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT)$/, 'does not answer', NETWORK_LINE],
  [/^TimeoutError$/, 'does not answer in time', NETWORK_LINE],
  [/^CERT_HAS_EXPIRED$/, 'has a certificate that has expired', CLOCK_LINE],
  [/^CERT_NOT_YET_VALID$/, 'has a certificate that begins later', CLOCK_LINE],
  [/^ERR_TLS_CERT_ALTNAME_INVALID$/, 'has a certificate for another name', 'use the name that the certificate has'],
  [/^(?:EPROTO|ERR_SSL_.*|HPE_.*|ECONNRESET|UND_ERR_SOCKET)$/, ...OTHER_SCHEME],
  [
    UNTRUSTED,
    'has a certificate that this machine does not trust',
    'git config --global http.ORIGIN/.sslCAInfo /path/to/ca.pem',
  ],
];

/** What a failed connection means. @param error as `fetch` throws it */
export function unreachable(address: string, error: unknown): Fault {
  const code = codeOf(error);
  const [, message, hint] = FAILURES.find(([form]) => form.test(code)) ?? [
    null,
    "can't be reached",
    'check the address: latchkey doctor ORIGIN',
  ];
  const other = address.replace(/^http(s?):/, (_all, secure: string) => (secure === '' ? 'https:' : 'http:'));
  return new Fault(`${address} ${message}`, {
    hint: hint.replace('ORIGIN', address).replace('OTHER', other),
    detail: `${code} ${String(error)}`,
    cause: error,
  });
}

/** Something answered that is no Latchkey server: another program, or a page to sign in to a network. */
export function noLatchkey(address: string): Fault {
  return new Fault(`${address} does not answer as a Latchkey server`, {
    hint: `check the address, and open it in a browser: ${address}`,
  });
}

/** @param to the answer's `Location` */
export function sentElsewhere(address: string, to: string | null): Fault {
  const target = URL.parse(to ?? '', address)?.origin;
  if (target === undefined || target === new URL(address).origin) return noLatchkey(address);
  return new Fault(`${address} sends on to ${target}`, { hint: `if you trust that server, name it: ${target}` });
}

function codeOf(error: unknown): string {
  const { cause, code, name } = error as { cause?: { code?: string }; code?: string; name?: string };
  return cause?.code ?? code ?? name ?? '';
}

export function isUntrusted(error: unknown): boolean {
  return UNTRUSTED.test(codeOf(error));
}

/**
 * Trusts the authority that git's settings name for this server (`http.<url>.sslCAInfo`), so that one line is enough
 * for both. A command talks to one server, so the process trusts it for no other. False when none is named.
 */
export function trustAsGit(address: string): boolean {
  try {
    const path = execFileSync('git', ['config', '--type=path', '--get-urlmatch', 'http.sslCAInfo', address], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
    const named = readFileSync(path, 'utf8').match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
    if (named === null) return false;
    setDefaultCACertificates([...getCACertificates('default'), ...named]);
    return true;
  } catch {
    return false;
  }
}
