/**
 * Requests that the server makes because somebody asked it to: never to its own network, unless the operator allows
 * it.
 *
 * Invariant: the address that was checked is the one that is connected to. The name is resolved once, inside the
 * connection, and every address it yields is checked there, so a name that changes its meaning a moment later
 * achieves nothing.
 * Never: a redirect followed, a proxy used, or more of an answer kept than its limit.
 */
import { type LookupAddress, lookup as resolve } from 'node:dns';
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { mayReach } from '../../base/private-networks.ts';
import { DAY_SEC, MINUTE_SEC } from '../../base/time.ts';
import { currentSpan, traced } from '../../base/trace.ts';

/** The limit for the whole exchange, as on GitHub. */
const MAX_EXCHANGE_SEC = 10;
/** How much of the answer is kept. */
const MAX_ANSWER_BYTES = 64 * 1024;

export interface Outgoing extends Asking {
  readonly body: Buffer;
}

/** A request without a body. */
export interface Asking {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** True = the receiver's certificate is not checked. */
  readonly insecureSsl: boolean;
  /** Networks that are allowed although they are not public. */
  readonly allowedNetworks: readonly string[];
  /** Authorities in PEM that must have issued the receiver's certificate; by default those that Node trusts. */
  readonly ca?: Buffer;
  /** What is shown to a receiver that asks for a certificate, and its key; both in PEM. */
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly signal?: AbortSignal;
}

export interface Answer {
  /** 0 = no answer; then `status` says why. */
  readonly statusCode: number;
  readonly status: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** True when the answer was longer than what is kept of it. */
  readonly isCut: boolean;
}

/** How long an answer is used without asking anew, unless `Cache-Control` says otherwise within these bounds. */
const FRESH_SEC = 10 * MINUTE_SEC;
const MIN_FRESH_SEC = 5 * MINUTE_SEC;
export const MAX_FRESH_SEC = DAY_SEC;

/** For how many seconds an answer may be used. */
export function freshSecOf({ headers }: Answer): number {
  const told = /(?:^|[,\s])max-age="?(\d{1,9})/i.exec(headers['cache-control'] ?? '')?.[1];
  if (told === undefined) return FRESH_SEC;
  return Math.min(MAX_FRESH_SEC, Math.max(MIN_FRESH_SEC, Number(told)));
}

const REFUSED = 'This address is not public, and the operator has not allowed it.';

/**
 * What is wrong with an address before anything is sent; null when nothing is. A name is judged only by what it
 * resolves to.
 */
export function addressProblem(url: URL, allowedNetworks: readonly string[]): string | null {
  const host = hostOf(url);
  return isIP(host) === 0 || mayReach(host, allowedNetworks) ? null : REFUSED;
}

/** Sends a POST request and returns the answer. Never rejects: an error is in the answer. */
export function post(outgoing: Outgoing): Promise<Answer> {
  return tracedSend('POST', outgoing, { sec: MAX_EXCHANGE_SEC, bytes: MAX_ANSWER_BYTES });
}

/** As `post`, without a body. */
export function get(asking: Asking, limits: Limits): Promise<Answer> {
  return tracedSend('GET', asking, limits);
}

/** How long the whole exchange may take, and how much of the answer is kept. */
interface Limits {
  readonly sec: number;
  readonly bytes: number;
}

function tracedSend(method: 'GET' | 'POST', asking: Asking | Outgoing, limits: Limits): Promise<Answer> {
  // Without the path: many receivers have a secret in it.
  const facts = { 'http.request.method': method, 'server.address': hostOf(asking.url) };
  return traced(method, 'client', facts, async () => {
    const answer = await send(method, asking, limits);
    if (answer.statusCode > 0) currentSpan()?.set({ 'http.response.status_code': answer.statusCode });
    return answer;
  });
}

function send(method: 'GET' | 'POST', asking: Asking | Outgoing, limits: Limits): Promise<Answer> {
  const { url, headers, insecureSsl, ca, cert, key, allowedNetworks, signal } = asking;
  const body = 'body' in asking ? asking.body : null;
  const refused = addressProblem(url, allowedNetworks);
  if (refused !== null) return Promise.resolve(noAnswer(refused));
  return new Promise((settle) => {
    const begin = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const request: ClientRequest = begin(url, {
      method,
      headers: {
        ...headers,
        ...(body === null ? {} : { 'Content-Length': String(body.length) }),
        Connection: 'close',
      },
      agent: false,
      rejectUnauthorized: !insecureSsl,
      lookup: checkedLookup(allowedNetworks),
      maxHeaderSize: 16 * 1024,
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(signal === undefined ? {} : { signal }),
    });
    const timer = setTimeout(() => request.destroy(new Error('timed out')), limits.sec * 1000);
    const end = (answer: Answer): void => {
      clearTimeout(timer);
      settle(answer);
    };
    request.once('error', (error: NodeJS.ErrnoException) => end(noAnswer(wordsFor(error))));
    request.once(
      'response',
      (response) =>
        void readAnswer(response, limits.bytes).then(
          (answer) => {
            end(answer);
            request.destroy();
          },
          (error: Error) => end(noAnswer(wordsFor(error))),
        ),
    );
    request.end(body ?? undefined);
  });
}

/** A URL's host, IPv6 without brackets. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}

/** Node's resolver, but it refuses an answer in which any address is off limits. */
function checkedLookup(allowedNetworks: readonly string[]): LookupFunction {
  return lookupWithin((address) => mayReach(address, allowedNetworks));
}

/** Node's resolver, but it refuses an answer in which any address doesn't pass. */
export function lookupWithin(passes: (address: string) => boolean): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, found) => {
      const addresses = (found ?? []) as LookupAddress[];
      const wrong = error ?? (addresses.every(({ address }) => passes(address)) ? null : new Error(REFUSED));
      const [first] = addresses;
      if (wrong !== null || first === undefined) return callback(wrong ?? new Error('the name has no address'), '', 0);
      if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

async function readAnswer(response: IncomingMessage, most: number): Promise<Answer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > most) break;
  }
  const headers = Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, String(value)]));
  return {
    statusCode: response.statusCode ?? 0,
    status: response.statusMessage ?? '',
    headers,
    body: Buffer.concat(chunks).subarray(0, most).toString('utf8'),
    isCut: bytes > most,
  };
}

function noAnswer(status: string): Answer {
  return { statusCode: 0, status, headers: {}, body: '', isCut: false };
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'failed to connect to host',
  ENOTFOUND: "couldn't resolve host name",
  EAI_AGAIN: "couldn't resolve host name",
  ECONNRESET: 'the receiver closed the connection',
  ETIMEDOUT: 'timed out',
  EHOSTUNREACH: 'failed to connect to host',
  ENETUNREACH: 'failed to connect to host',
};

/** True when the receiver refused what we showed, or that we showed nothing: TLS says so by alerts of its own. */
export function isOwnRefused({ code = '' }: NodeJS.ErrnoException): boolean {
  return /^ERR_SSL_\w*ALERT_(?:CERTIFICATE_|BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|UNKNOWN_CA)/.test(code);
}

/** Why nothing came, as one part of a sentence. */
export function wordsFor(error: NodeJS.ErrnoException): string {
  const words = error.code !== undefined && Object.hasOwn(WORDS, error.code) ? WORDS[error.code] : undefined;
  if (words !== undefined) return words;
  if (isOwnRefused(error)) return `the receiver asks for a certificate that it accepts: ${error.code}`;
  return /CERT|certificate|SSL|TLS/i.test(`${error.code} ${error.message}`)
    ? `the certificate could not be verified: ${error.code ?? error.message}`
    : error.message.slice(0, 200);
}
