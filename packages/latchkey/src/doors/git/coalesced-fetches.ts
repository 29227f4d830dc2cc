/**
 * Request coalescing: clients that clone the same commits at the same time, as the jobs of a CI run do, share one run
 * of git.
 *
 * The first clone is an ordinary one. When the same request comes again within a minute, its answer is kept on disk
 * while it streams, and the next client to ask reads along: no process, no place in the queue. Lists of refs, which
 * every clone asks for first, are recreated only when something moved.
 * Invariant: every client was admitted to exactly this repository before (the key contains its id, which is never
 * reused).
 * Invariant: a kept answer contains no more than git itself would send for the same request: objects are named by
 * hash, and the key contains the repository's fingerprint on disk, which changes with every push, deletion and
 * clean-up, through whichever worker, node or shell.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Context } from '../../actions/ground/context.ts';
import { OUTAGES, outageInWords } from '../../base/machine/outage.ts';
import { fetchKey, listingKey } from '../../git/clones/fetch-request.ts';
import { fingerprintOf } from '../../git/clones/fingerprint.ts';
import { Listings } from '../../git/clones/listings.ts';
import { PackCache, type SharedPack } from '../../git/clones/pack-cache.ts';
import { collectOutput, GitFailure } from '../../git/processes/git-process.ts';
import { SpokenBands } from '../../git/protocol/spoken-bands.ts';
import type { ServiceRun } from '../../git/room.ts';
import { type Exchange, NO_CACHE } from './backend.ts';
import { isShort, receive } from './body.ts';
import { sendOutage, sendRequestError } from './refuse.ts';

/** Larger requests name so much that no two are alike. */
const MAX_SHARED_REQUEST_BYTES = 64 * 1024;
const MAX_INFLATED_BYTES = 1024 * 1024;
/** A longer list of refs (over ten thousand or so) is streamed to each client. */
const MAX_LISTING_BYTES = 1024 * 1024;
const MIB = 1024 * 1024;

/** A client's request, received whole, that others may have sent as well. */
interface CoalescedRequest {
  readonly key: string;
  /** Without gzip. */
  readonly body: Buffer;
}

export class CoalescedFetches {
  readonly #ctx: Context;
  readonly #packs: PackCache;
  readonly #listings = new Listings();

  constructor(ctx: Context) {
    this.#ctx = ctx;
    this.#packs = new PackCache({
      folder: join(ctx.settings.data, 'pack-cache'),
      maxBytes: ctx.settings.packCacheMib * MIB,
      maxFiles: ctx.descriptors.keptAnswers,
    });
  }

  /** A push has changed something: frees the answers it made useless. */
  forget(repositoryId: number): void {
    this.#packs.forget(repositoryId);
  }

  /** The server is stopping. */
  forgetAll(): void {
    this.#packs.forget(null);
  }

  /**
   * Answers a fetch together with others, if that is possible. Null when it was; otherwise the exchange that is left to
   * do alone.
   */
  async serve(exchange: Exchange, repositoryId: number): Promise<Exchange | null> {
    const { request, run } = exchange;
    if (!isShort(request, MAX_SHARED_REQUEST_BYTES) || this.#ctx.settings.packCacheMib === 0) return exchange;
    const received = await receive(request, this.#ctx.settings.gitIdleTimeoutSec * 1000);
    const alone = { ...exchange, received };
    const listing = coalescedRequestOf(request, received, repositoryId, listingKey);
    if (listing !== null) return this.#list(listing, alone);
    const wanted = coalescedRequestOf(request, received, repositoryId, fetchKey);
    const fingerprint = wanted === null ? null : fingerprintOf(run.path);
    if (wanted === null || fingerprint === null) return alone;
    const alike = { ...wanted, key: `${wanted.key} ${fingerprint}` };
    const pack =
      this.#packs.find(alike.key) ??
      (this.#packs.isRepeated(alike.key) ? await this.#begin(alike, run, repositoryId) : null);
    if (pack === null) return alone;
    await this.#pass(pack, exchange);
    return null;
  }

  /**
   * Lists the refs together with others. A list that is too long to hold, or fails, is made again for each client
   * alone, which also reports errors.
   */
  async #list({ key, body }: CoalescedRequest, alone: Exchange): Promise<Exchange | null> {
    const { response, run, contentType } = alone;
    const list = async (): Promise<Buffer> =>
      collectOutput(await this.#ctx.git.serve(run), [run.service], { input: body, maxBytes: MAX_LISTING_BYTES });
    // Where several machines share the folder, the system's view of it may be a few seconds old.
    const currentFingerprint = (): string | null =>
      this.#ctx.settings.database === null ? fingerprintOf(run.path) : null;
    const refs = await this.#listings.answer(key, currentFingerprint, list).catch((error: unknown) => {
      if (error instanceof GitFailure) return null;
      throw error;
    });
    if (refs === null) return alone;
    response.writeHead(200, { 'Content-Type': contentType, 'Content-Length': refs.length, ...NO_CACHE });
    response.end(refs);
    return null;
  }

  async #begin(alike: CoalescedRequest, run: ServiceRun, repositoryId: number): Promise<SharedPack> {
    const pack = await this.#packs.begin(alike.key, repositoryId);
    if (pack.bytes === 0 && !this.#filling.has(pack)) void this.#fill(pack, alike, run);
    return pack;
  }

  readonly #filling = new WeakSet<SharedPack>();

  async #fill(pack: SharedPack, { key, body }: CoalescedRequest, run: ServiceRun): Promise<void> {
    this.#filling.add(pack);
    try {
      const git = await this.#ctx.git.serve(run, pack.abandoned.signal);
      pack.abandoned.signal.addEventListener('abort', () => git.stop(), { once: true });
      git.stdin.end(body);
      const spoken = new SpokenBands(run.path);
      for await (const chunk of git.stdout as AsyncIterable<Buffer>) {
        for (const piece of spoken.pass(chunk)) await pack.append(piece);
        this.#packs.trim(key, pack);
      }
      for (const piece of spoken.rest()) await pack.append(piece);
      const end = await git.ended;
      if (end.code === 0) pack.finish();
      else pack.fail(new Error(`git upload-pack ended with ${end.code ?? end.signal}: ${end.stderr}`));
    } catch (error) {
      pack.fail(error);
    }
    this.#packs.settle(key, pack);
  }

  async #pass(pack: SharedPack, { request, response, contentType }: Exchange): Promise<void> {
    // A client that reads nothing for this long is cut off.
    const idle = setTimeout(() => response.destroy(), this.#ctx.settings.gitIdleTimeoutSec * 1000);
    const length = pack.wholeBytes === null ? {} : { 'Content-Length': pack.wholeBytes };
    try {
      for await (const chunk of pack.read()) {
        if (response.destroyed) return;
        if (!response.headersSent) response.writeHead(200, { 'Content-Type': contentType, ...length, ...NO_CACHE });
        await sent(response, chunk);
        idle.refresh();
      }
      response.end();
    } catch (error) {
      if (response.headersSent || !(error instanceof Error) || !error.message.startsWith('git ')) throw error;
      this.#ctx.log.info({ reason: error.message }, 'git ended with an error');
      const reason = outageInWords(error.message);
      if (reason === null) sendRequestError(request, response, 'body_unreadable');
      else sendOutage(request, response, { reason, ...OUTAGES[reason] });
    } finally {
      clearTimeout(idle);
    }
  }
}

/** Resolves when the system has taken the bytes, or the client is gone: then their memory may be reused. */
function sent(response: ServerResponse, chunk: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('close', done);
      resolve();
    };
    response.once('close', done);
    response.write(chunk, done);
  });
}

function coalescedRequestOf(
  { headers }: IncomingMessage,
  received: Buffer,
  repositoryId: number,
  keyOf: (body: Buffer) => string | null,
): CoalescedRequest | null {
  try {
    const body =
      headers['content-encoding'] === undefined
        ? received
        : gunzipSync(received, { maxOutputLength: MAX_INFLATED_BYTES });
    const key = keyOf(body);
    return key === null ? null : { key: `${repositoryId} ${key}`, body };
  } catch {
    // Damaged, or larger inflated than any request needs: serving it alone reports that.
    return null;
  }
}
