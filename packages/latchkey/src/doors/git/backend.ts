/**
 * Streams between a client and git, both ways, in constant memory.
 *
 * Invariant: when this settles, git is gone, or is finishing a push that arrived in full.
 * Invariant: nothing is sent before git has said something, so a git that fails first is answered with a status and a
 * sentence.
 * Never: a body read before the decision (`Expect: 100-continue`).
 */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Context } from '../../actions/ground/context.ts';
import { MoveRefused } from '../../actions/repositories/refs/ref-guard.ts';
import { Problem } from '../../base/errors.ts';
import { bytesPassed } from '../../base/garbage.ts';
import { OUTAGES, outageAnswer, outageInWords } from '../../base/machine/outage.ts';
import { STANDING } from '../../base/requests/standing-headers.ts';
import type { GitEnd, GitProcess } from '../../git/processes/git-process.ts';
import { SpokenBands } from '../../git/protocol/spoken-bands.ts';
import type { ServiceRun } from '../../git/room.ts';
import { renewedBy } from './body.ts';
import { wordsAgainst } from './push-refusal.ts';
import { type PushEvents, PushWatch } from './push-watch.ts';
import { endLater, type RequestError, refuse, sendOutage, sendRequestError } from './refuse.ts';

/** The largest request of a fetch, inflated: 300,000 wanted and known commits. Git keeps them in memory. */
const MAX_FETCH_REQUEST_BYTES = 16 * 1024 * 1024;
/** Only a flush packet ("0000"): before a large push, git uses it to ask whether it may push. */
const FLUSH_BYTES = 4;

export const NO_CACHE = {
  Expires: 'Fri, 01 Jan 1980 00:00:00 GMT',
  Pragma: 'no-cache',
  'Cache-Control': 'no-cache, max-age=0, must-revalidate',
  ...STANDING,
} as const;

/**
 * Git's own words for failures that aren't the client's doing and won't pass by themselves. Every other failure without
 * output that isn't an outage comes from what the client sent.
 */
const OUR_FAULT =
  /Permission denied|does not appear to be a git|not a git repository|dubious ownership|unable to create|is corrupt/;

/** Of a push under ref rules: says in git's report what was kept back. Of a list: takes out what isn't offered. */
interface AnswerFilter {
  pass(pieces: readonly Buffer[]): readonly Buffer[];
  rest(): readonly Buffer[];
}

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly run: ServiceRun;
  readonly contentType: string;
  /** The body, if it was received whole before. */
  readonly received?: Buffer;
  /** The body, inflated, when its beginning was read before. */
  readonly body?: Readable;
  /** What changes git's answer on its way. */
  readonly report?: AnswerFilter;
  /** Sent before git's output. */
  readonly preamble: string;
  /** For a push: what happens before and after it. */
  readonly push?: PushEvents;
}

/**
 * Runs the service for the client. Rejects with `Busy`, with what kept git from starting, or with the error of
 * `onChanged`.
 */
export async function converse(ctx: Context, exchange: Exchange): Promise<void> {
  const { response, run } = exchange;
  const gone = new AbortController();
  const onClose = (): void => gone.abort(new Error('the client is gone'));
  response.once('close', onClose);
  let git: GitProcess;
  const isPush = run.service === 'receive-pack' && !run.advertise;
  const watch = isPush && exchange.push !== undefined ? new PushWatch(exchange.push) : null;
  try {
    git = await ctx.git.serve(run, gone.signal);
  } catch (error) {
    await watch?.drop();
    if (gone.signal.aborted) return;
    throw error;
  } finally {
    response.off('close', onClose);
  }
  const conversation = new Conversation(exchange, git, watch, ctx.settings.gitIdleTimeoutSec * 1000);
  const end = await conversation.hold();
  const kept = watch?.refusal?.error;
  if (kept !== undefined && !(kept instanceof MoveRefused) && !(kept instanceof Problem))
    ctx.log.warn({ err: kept, path: run.path }, 'a push was refused, since it could not be noted');
  if (end.code !== 0 && !end.stopped) {
    ctx.log.info(
      { service: run.service, path: run.path, code: end.code, signal: end.signal, stderr: end.stderr },
      'git ended with an error',
    );
  }
}

class Conversation {
  readonly #exchange: Exchange;
  readonly #git: GitProcess;
  readonly #idle: NodeJS.Timeout;
  readonly #watch: PushWatch | null;
  readonly #spoken: SpokenBands;
  #bodyBytes = 0;
  #bodyWhole = false;
  #error: RequestError | null = null;

  constructor(exchange: Exchange, git: GitProcess, watch: PushWatch | null, idleMs: number) {
    this.#exchange = exchange;
    this.#git = git;
    this.#watch = watch;
    this.#spoken = new SpokenBands(exchange.run.path, exchange.push?.tooMuch);
    this.#idle = setTimeout(() => this.#cutOff(), idleMs);
  }

  async hold(): Promise<GitEnd> {
    const { response, run } = this.#exchange;
    response.once('close', () => this.#onClientGone());
    if (response.destroyed) this.#onClientGone();
    this.#passOutput();
    if (run.advertise) this.#git.stdin.end();
    else this.#passInput();
    const end = await this.#git.ended;
    clearTimeout(this.#idle);
    this.#exchange.push?.onRead(this.#bodyBytes);
    if (this.#spoken.wasTooMuch) this.#exchange.push?.onTooMuch();
    try {
      await this.#watch?.settle(end.code === 0 && this.#bodyBytes > FLUSH_BYTES);
    } catch (error) {
      response.destroy();
      throw error;
    }
    this.#finish(end);
    return end;
  }

  #passInput(): void {
    const { request, response, received, body: read } = this.#exchange;
    if (request.headers.expect !== undefined) response.writeContinue();
    const sent = received === undefined ? request : Readable.from([received]);
    const onDamage = (): void => this.#giveUp('body_unreadable');
    const body = read ?? inflated(sent, request.headers, onDamage);
    read?.once('error', onDamage);
    const renew = renewedBy(this.#idle);
    request.on('data', (chunk: Buffer) => {
      renew(chunk.length);
      bytesPassed(chunk.length);
    });
    body.on('data', (chunk: Buffer) => this.#count(chunk));
    body.once('end', () => {
      this.#bodyWhole = true;
      this.#idle.refresh();
    });
    if (this.#watch === null) body.pipe(this.#git.stdin);
    else
      this.#watch.pass(body, this.#git.stdin, () => {
        this.#git.stop();
        body.resume();
      });
    // What git no longer wants to read is read for it, so that the answer can reach the client.
    this.#git.stdin.once('close', () => {
      request.resume();
      read?.resume();
    });
  }

  #count(chunk: Buffer): void {
    this.#bodyBytes += chunk.length;
    if (this.#exchange.run.service === 'upload-pack' && this.#bodyBytes > MAX_FETCH_REQUEST_BYTES)
      this.#giveUp('body_too_large');
  }

  #passOutput(): void {
    const { response } = this.#exchange;
    const { stdout } = this.#git;
    stdout.on('data', (chunk: Buffer) => {
      this.#idle.refresh();
      bytesPassed(chunk.length);
      this.#watch?.see(chunk);
      if (response.destroyed || this.#error !== null) return;
      if (!response.headersSent) this.#begin();
      if (this.#write(this.#gated(this.#spoken.pass(chunk)))) return;
      stdout.pause();
      response.once('drain', () => {
        this.#idle.refresh();
        stdout.resume();
      });
    });
  }

  #gated(pieces: readonly Buffer[]): readonly Buffer[] {
    return this.#exchange.report?.pass(pieces) ?? pieces;
  }

  /** @returns false when the client must catch up first */
  #write(pieces: readonly Buffer[]): boolean {
    const { response } = this.#exchange;
    return pieces.map((piece) => response.write(piece)).every(Boolean);
  }

  #begin(): void {
    const { response, contentType, preamble } = this.#exchange;
    response.writeHead(200, { 'Content-Type': contentType, ...NO_CACHE });
    if (preamble !== '') response.write(preamble);
  }

  #finish(end: GitEnd): void {
    const { request, response } = this.#exchange;
    if (response.destroyed) return;
    if (this.#watch?.refusal != null) return this.#sayRefused(this.#watch, this.#watch.refusal.error);
    if (!response.headersSent && (this.#error !== null || end.code !== 0 || this.#isCutOff())) {
      const reason = this.#error === null ? outageInWords(end.stderr) : null;
      if (reason !== null) sendOutage(request, response, { reason, ...OUTAGES[reason] });
      else
        sendRequestError(
          request,
          response,
          this.#error ?? (end.signal !== null || OUR_FAULT.test(end.stderr) ? 'failed' : 'body_unreadable'),
        );
      return;
    }
    if (this.#error !== null) return void response.destroy();
    if (!response.headersSent) this.#begin();
    this.#write(this.#gated(this.#spoken.rest()));
    this.#write(this.#exchange.report?.rest() ?? []);
    response.end();
    endLater(request);
  }

  #sayRefused(watch: PushWatch, error: unknown): void {
    const { request, response } = this.#exchange;
    const outage = outageAnswer(error);
    const { sentence, why } = wordsAgainst(error);
    const words = watch.refusalInWords(sentence, why);
    if (words === null) {
      if (error instanceof MoveRefused) refuse(request, response, error.explanation);
      else if (error instanceof Problem) sendRequestError(request, response, 'body_unreadable');
      else if (outage === null) sendRequestError(request, response, 'failed');
      else sendOutage(request, response, outage);
      return;
    }
    this.#begin();
    response.end(words);
    endLater(request);
  }

  /**
   * Git ends without output or error when the input stops before a request is complete. A push may not have requested a
   * report.
   */
  #isCutOff(): boolean {
    const { run } = this.#exchange;
    return (
      !run.advertise && (this.#bodyBytes === 0 || (run.service === 'upload-pack' && this.#bodyBytes > FLUSH_BYTES))
    );
  }

  /**
   * A fetch ends with its client. A push that has arrived whole is finished, so that it is either done and recorded, or
   * not begun.
   */
  #onClientGone(): void {
    if (this.#exchange.run.service === 'receive-pack' && this.#bodyWhole) this.#git.stdout.resume();
    else this.#git.stop();
  }

  #giveUp(error: RequestError): void {
    this.#error ??= error;
    this.#git.stop();
  }

  #cutOff(): void {
    this.#exchange.response.destroy();
    this.#git.stop();
  }
}

/** The body without its gzip, if it has one. */
function inflated(sent: Readable, headers: IncomingHttpHeaders, onDamage: () => void): Readable {
  if (headers['content-encoding'] === undefined) return sent;
  const gunzip = createGunzip();
  gunzip.once('error', onDamage);
  return sent.pipe(gunzip);
}
