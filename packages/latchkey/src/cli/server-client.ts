/**
 * A Latchkey server as a person's commands see it: its REST API, with a token.
 *
 * Invariant: every call ends within `CALL_TIMEOUT_MS`; an answer is read up to `MAX_ANSWER_BYTES`.
 * Never: a token sent anywhere but to the origin it is for (redirects are not followed), or quoted in an error.
 */
import { Fault } from '../base/errors.ts';
import type { Secret } from '../base/secret.ts';
import { isUntrusted, noLatchkey, sentElsewhere, trustAsGit, unreachable } from './unreachable.ts';

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

/** Where a token is kept, for what is said when it is dead. */
export interface Keeper {
  /** Continues a sentence: `it is in LATCHKEY_TOKEN`. */
  readonly where: string;
  /** What replaces it there; left out, what the server says. */
  readonly remedy?: string;
}

/** What can be sent as a token: no server gives out another. */
const SENDABLE = /^[\x20-\x7e]*$/;

/** One server, and a token for calling it if there is one. */
export class ServerClient {
  /** Scheme, host, port, and the path below which the server is, without a slash at the end. */
  readonly address: string;
  readonly #token: Secret | null;
  readonly #keeper: Keeper | null;

  /**
   * @param address scheme, host, port, and a path if there is one, without a slash at the end
   * @throws Fault for a token that can't be sent
   */
  constructor(address: string, token: Secret | null, keeper: Keeper | null = null) {
    if (token !== null && !SENDABLE.test(token.reveal()))
      throw new Fault(`the token for ${address} holds characters that no token has`, {
        hint: `latchkey login ${address}`,
      });
    this.address = address;
    this.#token = token;
    this.#keeper = keeper;
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
    const send = async (): Promise<ServerAnswer> => {
      const response = await fetch(this.address + path, {
        method,
        headers,
        redirect: 'manual',
        signal: AbortSignal.timeout(timeoutMs),
        ...(payload === undefined ? {} : { body: payload }),
      });
      return { status: response.status, headers: response.headers, body: parsed(await textOf(response)) };
    };
    try {
      // A handshake that failed has sent nothing, so it may be tried again.
      return await send().catch((error: unknown) => {
        if (isUntrusted(error) && trustAsGit(this.address)) return send();
        throw error;
      });
    } catch (error) {
      throw unreachable(this.address, error);
    }
  }

  /** Calls the REST API below `/api/v3`, and returns the body. @throws ServerRefusal when it is refused */
  async api<T>(path: string, call: Call = {}): Promise<T> {
    const { status, body, headers } = await this.ask(`/api/v3${path}`, call);
    const isText = typeof body === 'string';
    if (status >= 200 && status < 300 && !isText) return body as T;
    if (status >= 300 && status < 400) throw sentElsewhere(this.address, headers.get('location'));
    if (body === null || (isText && status < 500)) throw noLatchkey(this.address);
    throw refusalOf(this.address, status, body, status === 401 ? this.#keeper : null);
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

function refusalOf(address: string, status: number, body: unknown, keeper: Keeper | null): ServerRefusal {
  const said = (typeof body === 'object' && body !== null ? body : {}) as RefusalBody;
  const complaints = (said.errors ?? [])
    .map(({ message }) => message)
    .filter((message) => message !== undefined)
    .join(' ');
  const words = complaints || said.detail || said.message || `${address} answered ${status}`;
  const remedy = said.fix?.command ?? said.fix?.url ?? null;
  if (keeper === null) return new ServerRefusal(status, words, said.reason ?? null, remedy);
  const kept = `${words.replace(/\.$/, '')}; ${keeper.where}`;
  return new ServerRefusal(status, kept, said.reason ?? null, keeper.remedy ?? remedy);
}
