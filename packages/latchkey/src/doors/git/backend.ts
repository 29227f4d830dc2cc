/**
 * Streams between a client and git, both ways, in constant memory.
 *
 * Invariant: when this settles, git is gone, or is finishing a push that had arrived whole.
 * Invariant: nothing is sent before git has said something, so a git that fails first is answered with a status and a
 * sentence.
 * Never: a body read before the decision (`Expect: 100-continue`).
 */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Context } from '../../actions/ground/context.ts';
import type { MovedRef } from '../../actions/repositories/pushes.ts';
import { PassedBytes } from '../../base/garbage.ts';
import { OUTAGES, outageInWords } from '../../base/machine/outage.ts';
import type { GitEnd, GitProcess } from '../../git/processes/git-process.ts';
import { SpokenBands } from '../../git/protocol/spoken-bands.ts';
import type { ServiceRun } from '../../git/room.ts';
import { PushCommands } from './push-commands.ts';
import { PushReport } from './push-report.ts';
import { endLater, type RequestError, sendOutage, sendRequestError } from './refuse.ts';

/** The largest request of a fetch, inflated: 300,000 wanted and known commits. Git keeps them in memory. */
const MAX_FETCH_REQUEST_BYTES = 16 * 1024 * 1024;
/** So much of a body renews the time that it has: a byte a minute must not hold a process. */
const MIN_BODY_BYTES = 16 * 1024;
/** A flush packet ("0000") and nothing else: git asks with it whether it may push, before a large push. */
const FLUSH_BYTES = 4;

export const NO_CACHE = {
  Expires: 'Fri, 01 Jan 1980 00:00:00 GMT',
  Pragma: 'no-cache',
  'Cache-Control': 'no-cache, max-age=0, must-revalidate',
  'X-Content-Type-Options': 'nosniff',
} as const;

/**
 * Git's own words for failures that are not the client's doing, and will not pass by themselves. Every other failure
 * without output that is no outage comes from what the client sent.
 */
const OUR_FAULT =
  /Permission denied|does not appear to be a git|not a git repository|dubious ownership|unable to create|is corrupt/;

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly run: ServiceRun;
  readonly contentType: string;
  /** The body, when it was received whole before. */
  readonly received?: Buffer;
  /** Sent before what git says. */
  readonly preamble: string;
  /** Of a push: what is done when it is over. */
  readonly push?: PushEvents;
}

interface PushEvents {
  /**
   * Called when a push changed at least one ref, with what it asked for. The answer ends only after it has settled, so
   * that what was acknowledged is on record.
   */
  readonly onChanged: (asked: readonly MovedRef[]) => Promise<void>;
  /** Called when the hook before the push said no, with what it asked for. */
  readonly onDeclined: (asked: readonly MovedRef[]) => void;
}

/**
 * Runs the service for the client. Rejects with `Busy`, with what kept git from starting, or with what `onChanged`
 * rejects with.
 */
export async function converse(ctx: Context, exchange: Exchange): Promise<void> {
  const { response, run } = exchange;
  const gone = new AbortController();
  const onClose = (): void => gone.abort(new Error('the client is gone'));
  response.once('close', onClose);
  let git: GitProcess;
  try {
    git = await ctx.git.serve(run, gone.signal);
  } catch (error) {
    if (gone.signal.aborted) return;
    throw error;
  } finally {
    response.off('close', onClose);
  }
  const conversation = new Conversation(exchange, git, ctx.settings.gitIdleTimeoutSec * 1000);
  const end = await conversation.hold();
  if (end.code !== 0 && !end.stopped) {
    ctx.log.info(
      { service: run.service, path: run.path, code: end.code, signal: end.signal, stderr: end.stderr },
      'git ended with an error',
    );
  }
}

/** Of all conversations together. */
const PASSED = new PassedBytes();

class Conversation {
  readonly #exchange: Exchange;
  readonly #git: GitProcess;
  readonly #idle: NodeJS.Timeout;
  readonly #report = new PushReport();
  readonly #commands = new PushCommands();
  readonly #spoken: SpokenBands;
  #sinceRenewal = 0;
  #bodyBytes = 0;
  #bodyWhole = false;
  #error: RequestError | null = null;
  #recorded: Promise<void> | null = null;

  constructor(exchange: Exchange, git: GitProcess, idleMs: number) {
    this.#exchange = exchange;
    this.#git = git;
    this.#spoken = new SpokenBands(exchange.run.path);
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
    try {
      if (this.#changedRefs(end)) this.#record();
      else if (this.#report.declined) this.#exchange.push?.onDeclined(this.#commands.moved());
      await this.#recorded;
    } catch (error) {
      response.destroy();
      throw error;
    }
    this.#finish(end);
    return end;
  }

  /** Begins as soon as git reports the first changed ref, while git still tidies up. */
  #record(): void {
    this.#recorded ??= this.#exchange.push?.onChanged(this.#commands.moved()) ?? null;
    this.#recorded?.catch(() => undefined);
  }

  #changedRefs(end: GitEnd): boolean {
    const { run } = this.#exchange;
    if (run.service !== 'receive-pack' || run.advertise) return false;
    return this.#report.outcome() ?? (end.code === 0 && this.#bodyBytes > FLUSH_BYTES);
  }

  #passInput(): void {
    const { request, response, received } = this.#exchange;
    if (request.headers.expect !== undefined) response.writeContinue();
    const sent = received === undefined ? request : Readable.from([received]);
    const body = inflated(sent, request.headers, () => this.#giveUp('body_unreadable'));
    request.on('data', (chunk: Buffer) => {
      this.#sinceRenewal += chunk.length;
      if (this.#sinceRenewal >= MIN_BODY_BYTES) {
        this.#sinceRenewal = 0;
        this.#idle.refresh();
      }
      PASSED.add(chunk.length);
    });
    body.on('data', (chunk: Buffer) => this.#count(chunk));
    body.once('end', () => {
      this.#bodyWhole = true;
      this.#idle.refresh();
    });
    body.pipe(this.#git.stdin);
    // What git did not want to read any more is read for it, so that the answer can reach the client.
    this.#git.stdin.once('close', () => request.resume());
  }

  #count(chunk: Buffer): void {
    this.#bodyBytes += chunk.length;
    if (this.#exchange.run.service === 'receive-pack') this.#commands.see(chunk);
    if (this.#exchange.run.service === 'upload-pack' && this.#bodyBytes > MAX_FETCH_REQUEST_BYTES)
      this.#giveUp('body_too_large');
  }

  #passOutput(): void {
    const { response } = this.#exchange;
    const { stdout } = this.#git;
    const { run } = this.#exchange;
    const pushes = run.service === 'receive-pack' && !run.advertise;
    stdout.on('data', (chunk: Buffer) => {
      this.#idle.refresh();
      PASSED.add(chunk.length);
      if (pushes && this.#report.see(chunk)) this.#record();
      if (response.destroyed || this.#error !== null) return;
      if (!response.headersSent) this.#begin();
      if (this.#write(this.#spoken.pass(chunk))) return;
      stdout.pause();
      response.once('drain', () => {
        this.#idle.refresh();
        stdout.resume();
      });
    });
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
    this.#write(this.#spoken.rest());
    response.end();
    endLater(request);
  }

  /**
   * Git ends in silence, and content, when the input stops before a request is complete. A push may have asked for no
   * report.
   */
  #isCutOff(): boolean {
    const { run } = this.#exchange;
    return (
      !run.advertise && (this.#bodyBytes === 0 || (run.service === 'upload-pack' && this.#bodyBytes > FLUSH_BYTES))
    );
  }

  /**
   * A fetch ends with its client. A push that has arrived whole is finished, so that it is either done and on record or
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
