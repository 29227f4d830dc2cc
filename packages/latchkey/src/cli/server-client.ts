/**
 * A Latchkey server as a person's commands see it: its REST API, with a token.
 *
 * Invariant: every call ends within `CALL_TIMEOUT_MS`; an answer is read up to `MAX_ANSWER_BYTES`.
 * Never: a token sent anywhere but to the origin it is for (redirects are not followed), or quoted in an error.
 */
import { Fault } from '../base/errors.ts';
import type { Secret } from '../base/secret.ts';

const CALL_TIMEOUT_MS = 20_000;
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

/** The server refused, or its answer makes no sense. */
export class ServerRefusal extends Error {
  override readonly name = 'ServerRefusal';
  readonly status: number;
  /** The server's reason code, if it gave one. */
  readonly reason: string | null;
  /** What to do about it: an address or a command. */
  readonly remedy: string | null;

  constructor(status: number, message: string, reason: string | null, remedy: string | null) {
    super(message);
    this.status = status;
    this.reason = reason;
    this.remedy = remedy;
  }
}

export interface Call {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly body?: unknown;
  /** Form fields, for OAuth's endpoints. */
  readonly form?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

/** The answer: parsed JSON, null when there was no body. */
export interface ServerAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** One server, and a token for calling it if there is one. */
export class ServerClient {
  readonly origin: string;
  readonly #token: Secret | null;

  /** @param origin scheme, host and port */
  constructor(origin: string, token: Secret | null) {
    this.origin = origin;
    this.#token = token;
  }

  /**
   * Calls a path and returns the answer, whatever its status.
   * @throws Fault when the server can't be reached, or its answer can't be read
   */
  async ask(
    path: string,
    { method = 'GET', body, form, timeoutMs = CALL_TIMEOUT_MS }: Call = {},
  ): Promise<ServerAnswer> {
    const headers: Record<string, string> = { accept: 'application/json', 'user-agent': 'latchkey' };
    if (this.#token !== null) headers['authorization'] = `Bearer ${this.#token.reveal()}`;
    if (body !== undefined) headers['content-type'] = 'application/json';
    if (form !== undefined) headers['content-type'] = 'application/x-www-form-urlencoded';
    const payload =
      body !== undefined ? JSON.stringify(body) : form !== undefined ? new URLSearchParams(form).toString() : undefined;
    try {
      const response = await fetch(this.origin + path, {
        method,
        headers,
        redirect: 'manual',
        signal: AbortSignal.timeout(timeoutMs),
        ...(payload === undefined ? {} : { body: payload }),
      });
      return { status: response.status, headers: response.headers, body: parsed(await textOf(response)) };
    } catch (error) {
      throw unreachable(this.origin, error);
    }
  }

  /** Calls the REST API below `/api/v3`, and returns the body. @throws ServerRefusal when it is refused */
  async api<T>(path: string, call: Call = {}): Promise<T> {
    const { status, body } = await this.ask(`/api/v3${path}`, call);
    if (status >= 200 && status < 300) return body as T;
    throw refusalOf(this.origin, status, body);
  }
}

async function textOf(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.length > MAX_ANSWER_BYTES) throw new RangeError('the answer is too long');
  }
  return text + decoder.decode();
}

function parsed(text: string): unknown {
  if (text === '') return null;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

interface RefusalBody {
  readonly message?: string;
  readonly detail?: string;
  readonly reason?: string;
  readonly fix?: { readonly url?: string | null; readonly command?: string | null };
  readonly errors?: readonly { readonly message?: string }[];
}

function refusalOf(origin: string, status: number, body: unknown): ServerRefusal {
  const said = (typeof body === 'object' && body !== null ? body : {}) as RefusalBody;
  const complaints = (said.errors ?? [])
    .map(({ message }) => message)
    .filter((message) => message !== undefined)
    .join(' ');
  const words = complaints || said.detail || said.message || `${origin} answered ${status}`;
  return new ServerRefusal(status, words, said.reason ?? null, said.fix?.command ?? said.fix?.url ?? null);
}

/** Messages for failed connections, by the code of Node or OpenSSL. */
const CAUSES: Readonly<Record<string, readonly [message: string, hint: string]>> = {
  ENOTFOUND: ['has an address that nobody knows', 'check the spelling, and whether a VPN is needed'],
  EAI_AGAIN: ["can't be looked up: name resolution does not answer", 'check the network'],
  ECONNREFUSED: ['does not take connections', 'check the port, and whether the server runs'],
  ECONNRESET: ['closed the connection', 'try again; check whether it speaks http or https on that port'],
  ETIMEDOUT: ['does not answer', 'check the network, a firewall or a VPN'],
  TimeoutError: ['does not answer in time', 'check the network, a firewall or a VPN'],
  UND_ERR_CONNECT_TIMEOUT: ['does not answer', 'check the network, a firewall or a VPN'],
  CERT_HAS_EXPIRED: ['has a certificate that has expired', 'tell its administrator; check the clock of this machine'],
  CERT_NOT_YET_VALID: ['has a certificate that begins later', 'check the clock of this machine'],
  ERR_TLS_CERT_ALTNAME_INVALID: ['has a certificate for another name', 'use the name that the certificate has'],
};
const UNTRUSTED = [
  'has a certificate that this machine does not trust',
  'name its authority: NODE_EXTRA_CA_CERTS=ca.pem, and git config --global http.sslCAInfo ca.pem',
] as const;
const UNTRUSTED_CODES: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_UNTRUSTED',
]);

function unreachable(origin: string, error: unknown): Fault {
  const cause = (error as { cause?: { code?: string } }).cause;
  const code =
    cause?.code ?? (error as { code?: string; name?: string }).code ?? (error as { name?: string }).name ?? '';
  const [message, hint] = UNTRUSTED_CODES.has(code)
    ? UNTRUSTED
    : (CAUSES[code] ?? ["can't be reached", 'check the address: latchkey doctor URL']);
  return new Fault(`${origin} ${message}`, { hint, detail: `${code} ${String(error)}`, cause: error });
}
