/**
 * Between git and a server of somebody else's: git speaks with us on the loopback, and we with that server.
 *
 * So git never holds the credential, never follows a redirect, and never connects anywhere. The way out is that of
 * webhooks: addresses are checked inside the connection, and networks that aren't public are refused unless the
 * operator allowed them.
 *
 * Invariant: the credential goes to the origin it is for, and nowhere else, not even by a redirect.
 * Invariant: who else is on this machine gets nothing from the relay: it asks for a key that stands in git's
 * environment alone, not in its arguments.
 * Never: a credential or a whole address in an error or a log.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { type AddressInfo, isIP } from 'node:net';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { includesAddress } from '../../../base/address.ts';
import { mayReach } from '../../../base/private-networks.ts';
import type { Secret } from '../../../base/secret.ts';
import { sizeInWords } from '../../../base/sizes-in-words.ts';
import { hostOf, lookupWithin, wordsFor } from '../../ground/outgoing.ts';

/** How long the other side may send nothing. */
const IDLE_SEC = 120;
const MAX_REDIRECTS = 3;
const MIB = 1024 * 1024;
const KEY_HEADER = 'x-latchkey-relay';
/** What git asks for, below a repository's address. */
const STEPS = /^\/(info\/refs\?service=(git-upload-pack|git-receive-pack)|(git-upload-pack|git-receive-pack))$/;
/** Headers of git's that the other side needs. */
const PASSED_ON = ['accept', 'content-type', 'content-encoding', 'content-length', 'git-protocol', 'user-agent'];

/** A repository at another server. */
export interface Remote {
  /** Without credentials, query and fragment. */
  readonly url: URL;
  /** '' = none is asked for: then servers such as GitHub's take any. */
  readonly username: string;
  readonly secret: Secret | null;
}

export interface RelayOptions {
  /** Networks that are allowed although they are not public; there, and only there, `http:` is, too. */
  readonly allowedNetworks: readonly string[];
  /** The most MiB that may come; 0 = no limit. */
  readonly maxMib: number;
  readonly service: 'git-upload-pack' | 'git-receive-pack';
  /** Called with all bytes that came so far. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/** An open relay. */
export interface Relay {
  /** What git takes for the repository's address. */
  readonly address: string;
  /** The header that git must send, as `http.extraHeader` has it. */
  readonly header: string;
  /** What went wrong, as a sentence; null while nothing has. */
  problem(): string | null;
  close(): Promise<void>;
}

/** What is wrong with an address to copy from or to, as a sentence; null when nothing is. */
export function remoteProblem(text: string, allowedNetworks: readonly string[]): string | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) return 'That is not an address that begins with https://.';
  if (url.username !== '' || url.password !== '')
    return 'Leave the username and password out of the address: they have fields of their own.';
  if (url.search !== '' || url.hash !== '') return 'An address of a repository has no ? and no #.';
  if (url.protocol === 'http:' && allowedNetworks.length === 0) return ONLY_HTTPS;
  const host = hostOf(url);
  return isIP(host) === 0 || passes(url.protocol, allowedNetworks)(host) ? null : refusalOf(url.protocol);
}

const ONLY_HTTPS = 'The address must begin with https://, so that nobody on the way reads or changes what comes.';
const refusalOf = (protocol: string): string =>
  protocol === 'http:' ? ONLY_HTTPS : 'This address is not public, and the operator has not allowed it.';

/** Whether an address may be connected to: without TLS, only where the operator allowed it. */
function passes(protocol: string, allowedNetworks: readonly string[]): (address: string) => boolean {
  return protocol === 'http:'
    ? (address) => includesAddress(allowedNetworks, address)
    : (address) => mayReach(address, allowedNetworks);
}

/** Opens a relay to one repository, for one run of git. */
export async function openRelay(remote: Remote, options: RelayOptions): Promise<Relay> {
  const key = randomBytes(24).toString('base64url');
  const state = new Run(remote, options);
  const server = createServer((request, response) => {
    const given = Buffer.from(String(request.headers[KEY_HEADER] ?? ''));
    const isOurs = given.length === key.length && timingSafeEqual(given, Buffer.from(key));
    if (!isOurs || !STEPS.test(request.url ?? '') || !(request.url ?? '').includes(options.service))
      return void response.writeHead(403).end();
    state.pass(request, response).catch((error: NodeJS.ErrnoException) => {
      state.fail(wordsFor(error));
      response.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${port}`,
    header: `${KEY_HEADER}: ${key}`,
    problem: () => state.problem,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

class Run {
  problem: string | null = null;
  /** The repository's address, after a redirect the new one; without a slash at its end. */
  #base: string;
  #bytes = 0;
  readonly #remote: Remote;
  readonly #options: RelayOptions;

  constructor(remote: Remote, options: RelayOptions) {
    this.#remote = remote;
    this.#options = options;
    this.#base = remote.url.href.replace(/\/+$/, '');
  }

  /** Keeps the first thing that went wrong: the others follow from it. */
  fail(words: string): void {
    this.problem ??= words;
  }

  async pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const step = request.url ?? '';
    const isAsking = request.method === 'GET';
    for (let redirects = 0; ; redirects++) {
      const answer = await this.#send(request, new URL(this.#base + step));
      const status = answer.statusCode ?? 0;
      if (isAsking && status >= 300 && status < 400 && answer.headers.location !== undefined) {
        answer.resume();
        this.#base = this.#redirected(step, answer.headers.location, redirects);
        continue;
      }
      if (status !== 200) this.fail(this.#wordsForStatus(status));
      response.writeHead(status, { 'content-type': answer.headers['content-type'] ?? 'text/plain' });
      return pipeline(answer, this.#counted(), response);
    }
  }

  /** Asks the other side, and waits for the head of its answer. */
  #send(request: IncomingMessage, url: URL): Promise<IncomingMessage> {
    const { allowedNetworks } = this.#options;
    const refused = remoteProblem(url.origin, allowedNetworks);
    if (refused !== null) return Promise.reject(new Error(refused));
    const headers = Object.fromEntries(
      PASSED_ON.flatMap((name) => (request.headers[name] === undefined ? [] : [[name, request.headers[name]]])),
    );
    const authorization = this.#authorizationFor(url);
    return new Promise((resolve, reject) => {
      const begin = url.protocol === 'https:' ? httpsRequest : httpRequest;
      const outgoing = begin(url, {
        method: request.method ?? 'GET',
        headers: { ...headers, ...(authorization === null ? {} : { authorization }) },
        agent: false,
        lookup: lookupWithin(passes(url.protocol, allowedNetworks)),
        timeout: IDLE_SEC * 1000,
      });
      outgoing.once('timeout', () =>
        outgoing.destroy(new Error(`the other side sent nothing for ${IDLE_SEC} seconds`)),
      );
      outgoing.once('error', reject);
      outgoing.once('response', resolve);
      // Something may fail after the answer began; by then nobody waits for this promise.
      pipeline(request, outgoing).catch(reject);
    });
  }

  #authorizationFor(url: URL): string | null {
    const { username, secret, url: own } = this.#remote;
    if (secret === null || url.origin !== own.origin) return null;
    const name = username === '' ? 'git' : username;
    return `Basic ${Buffer.from(`${name}:${secret.reveal()}`).toString('base64')}`;
  }

  /** The repository's new address. Throws when it isn't one that is followed. */
  #redirected(step: string, location: string, redirects: number): string {
    const from = new URL(this.#base);
    const to = URL.canParse(location, this.#base + step) ? new URL(location, this.#base + step) : null;
    if (redirects >= MAX_REDIRECTS || to === null || !to.href.endsWith(step))
      throw new Error('it redirects to something that is no repository');
    if (from.protocol === 'https:' && to.protocol !== 'https:')
      throw new Error('it redirects from https:// to http://');
    return to.href.slice(0, -step.length);
  }

  #counted(): Transform {
    const { maxMib, onBytes } = this.#options;
    return new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        this.#bytes += chunk.length;
        onBytes?.(this.#bytes);
        if (maxMib === 0 || this.#bytes <= maxMib * MIB) return done(null, chunk);
        done(new Error(`it is larger than ${sizeInWords(maxMib)}, the most that a repository may have here`));
      },
    });
  }

  #wordsForStatus(status: number): string {
    const host = hostOf(this.#remote.url);
    const { secret } = this.#remote;
    if (status === 401 || status === 403)
      return secret === null
        ? `${host} asks for a credential`
        : `${host} doesn’t accept the credential, or the credential may not do this`;
    if (status !== 404) return `${host} answered ${status}`;
    const who = secret === null ? 'without a credential' : 'to this credential';
    return `${host} has no such repository, or doesn’t show it ${who}`;
  }
}
