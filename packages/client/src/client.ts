/**
 * Asks a Latchkey server whether a token may do something.
 *
 *     const latchkey = createClient({ url: 'https://git.example.org', secret: process.env.LATCHKEY_SECRET });
 *     const verdict = await latchkey.verify(token, { permissions: { contents: 'read' }, repository: 'acme/site' });
 *
 * Invariant: whoever can't be asked has said no. A kept yes is used only while the server's stream of changes is heard,
 * so a revocation is known here within a quarter of a second, or, where the network swallows the stream without a word,
 * within three; with `cache: false` every call asks, and a revocation holds at once.
 * Never: a token in the cache; it is kept by its SHA-256.
 */
import { createHash } from 'node:crypto';
import { AnswerCache } from './answer-cache.ts';
import { ChangeStream } from './change-stream.ts';
import { Circuit } from './circuit.ts';
import type { Need, Refusal, TokenFacts, Verdict } from './need.ts';

export type { Level, Need, Permissions, Refusal, TokenFacts, Verdict } from './need.ts';

export interface ClientOptions {
  /** The address of the server: `https://git.example.org`. */
  readonly url: string;
  /** What `latchkey admin server add NAME` printed. */
  readonly secret: string;
  /** The most answers to keep (10,000 by default), or false to ask every time. */
  readonly cache?: { readonly maxEntries?: number } | false;
  /**
   * How long one call may take; 5,000 by default. After two calls in a row that took longer, further ones fail at once,
   * but for one every 1 to 10 seconds.
   */
  readonly timeoutMs?: number;
}

export interface Circumstances {
  /** The address from which the token is used. Tokens that are bound to addresses only work when it is given. */
  readonly address?: string;
  /** The purpose in words; the token's owner sees it as its last use. */
  readonly purpose?: string;
}

export interface Client {
  /** May this token do this? Never throws, whatever the server answers and even if it doesn't. */
  verify(token: string, need: Need, circumstances?: Circumstances): Promise<Verdict>;
  /** Many questions about one token in one call (at most 100), answered in order. None of the answers is kept. */
  check(token: string, needs: readonly Need[], circumstances?: Circumstances): Promise<Verdict[]>;
  /** True while kept answers are trusted. */
  readonly isListening: boolean;
  /** Ends the stream of changes, which would keep the process alive. */
  close(): void;
}

const DEFAULT_MAX_ENTRIES = 10_000;
const DEFAULT_TIMEOUT_MS = 5_000;

export function createClient(options: ClientOptions): Client {
  return new LatchkeyClient(options);
}

interface WireToken {
  readonly id: number;
  readonly kind: TokenFacts['kind'];
  readonly login: string;
  readonly user_id: number;
  readonly expires_at: number | null;
}

interface WireResult {
  readonly allowed: boolean;
  readonly status: 401 | 403;
  readonly reason: string;
  readonly message: string;
  readonly also: readonly string[];
  readonly missing: Refusal['missing'];
  readonly missing_scopes: readonly string[];
  readonly way_out: { readonly text: string; readonly url: string | null; readonly command: string | null } | null;
}

interface WireAnswer {
  readonly token: WireToken | null;
  readonly max_age: number;
  readonly checks: readonly WireResult[];
}

class LatchkeyClient implements Client {
  readonly #url: string;
  readonly #secret: string;
  readonly #timeoutMs: number;
  readonly #cache: AnswerCache | null;
  readonly #circuit = new Circuit();
  #stream: ChangeStream | null = null;
  /** Rises with every change: an answer that was on its way meanwhile is not kept. */
  #generation = 0;

  constructor({ url, secret, cache, timeoutMs }: ClientOptions) {
    this.#url = url.replace(/\/$/, '');
    this.#secret = secret;
    this.#timeoutMs = timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.#cache = cache === false ? null : new AnswerCache(cache?.maxEntries ?? DEFAULT_MAX_ENTRIES);
  }

  get isListening(): boolean {
    return this.#stream?.isLive === true;
  }

  async verify(token: string, need: Need, circumstances: Circumstances = {}): Promise<Verdict> {
    if (this.#cache === null) return theOnly((await this.#ask(token, [need], circumstances)).verdicts);
    this.#stream ??= new ChangeStream({ url: this.#url, secret: this.#secret, onChange: () => this.#forget() });
    const key = createHash('sha256')
      .update(JSON.stringify([token, need, circumstances.address ?? null]))
      .digest('base64url');
    const kept = this.isListening ? this.#cache.get(key, performance.now()) : null;
    if (kept !== null) return { allowed: true, token: kept };
    const [generation, wasListening] = [this.#generation, this.isListening];
    const { verdicts, maxAgeMs } = await this.#ask(token, [need], circumstances);
    const verdict = theOnly(verdicts);
    const holds = wasListening && this.isListening && generation === this.#generation;
    if (verdict.allowed && holds && maxAgeMs > 0) this.#cache.set(key, verdict.token, performance.now() + maxAgeMs);
    return verdict;
  }

  async check(token: string, needs: readonly Need[], circumstances: Circumstances = {}): Promise<Verdict[]> {
    return (await this.#ask(token, needs, circumstances)).verdicts;
  }

  close(): void {
    this.#stream?.close();
    this.#stream = null;
    this.#cache?.clear();
  }

  #forget(): void {
    this.#generation++;
    this.#cache?.clear();
  }

  async #ask(
    token: string,
    checks: readonly Need[],
    circumstances: Circumstances,
  ): Promise<{ verdicts: Verdict[]; maxAgeMs: number }> {
    if (!this.#circuit.admits())
      return { verdicts: checks.map(() => unreachable('it has not answered in time lately')), maxAgeMs: 0 };
    try {
      const response = await fetch(`${this.#url}/api/latchkey/check`, {
        method: 'POST',
        redirect: 'error',
        signal: AbortSignal.timeout(this.#timeoutMs),
        headers: { authorization: `Bearer ${this.#secret}`, 'content-type': 'application/json' },
        body: JSON.stringify({ token, checks, ...circumstances }),
      });
      this.#circuit.answered();
      if (!response.ok)
        return {
          verdicts: checks.map(() => unreachable(`it answered ${response.status}: ${wordsOf(response.status)}`)),
          maxAgeMs: 0,
        };
      const answer = (await response.json()) as WireAnswer;
      const facts = factsOf(answer.token);
      return { verdicts: checks.map((_, i) => verdictOf(answer.checks[i], facts)), maxAgeMs: answer.max_age * 1000 };
    } catch (error) {
      if (error instanceof Error && error.name === 'TimeoutError') this.#circuit.timedOut();
      return {
        verdicts: checks.map(() => unreachable(error instanceof Error ? error.message : String(error))),
        maxAgeMs: 0,
      };
    }
  }
}

function wordsOf(status: number): string {
  return status === 401
    ? 'the secret of this service is not known there'
    : status === 400
      ? 'it could not read the question'
      : 'it could not answer';
}

function factsOf(token: WireToken | null): TokenFacts | null {
  return token === null
    ? null
    : { id: token.id, kind: token.kind, login: token.login, userId: token.user_id, expiresAt: token.expires_at };
}

const theOnly = ([verdict]: readonly Verdict[]): Verdict => verdict ?? unreachable('it answered something else');

function verdictOf(result: WireResult | undefined, token: TokenFacts | null): Verdict {
  if (result === undefined) return unreachable('it answered something else');
  if (result.allowed && token !== null) return { allowed: true, token };
  if (result.allowed) return unreachable('it allowed something to nobody');
  const { status, reason, missing, missing_scopes: missingScopes, way_out: remedy } = result;
  const next =
    remedy === null
      ? null
      : [remedy.text, remedy.url, remedy.command].filter((part) => part !== null && part !== '').join(' ');
  return {
    allowed: false,
    status,
    reason,
    message: [result.message, ...result.also].join(' '),
    missing,
    missingScopes,
    remedy: next,
    token,
  };
}

function unreachable(why: string): Refusal {
  const message = `Whether this is allowed could not be asked: ${why}.`;
  return {
    allowed: false,
    status: 503,
    reason: 'authority_unreachable',
    message,
    missing: [],
    missingScopes: [],
    remedy: null,
    token: null,
  };
}
