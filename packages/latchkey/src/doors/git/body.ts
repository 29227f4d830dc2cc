/** Bodies short enough to receive completely before git is started. */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { present } from '../../base/present.ts';
import { packetAt } from '../../git/protocol/pkt-lines.ts';
import { MAX_COMMAND_BYTES } from './push-commands.ts';

/** True for a body that declares at most this length, and comes without being asked for. */
export function isShort({ headers }: IncomingMessage, maxBytes: number): boolean {
  return Number(headers['content-length'] ?? Infinity) <= maxBytes && headers.expect === undefined;
}

/** This much of a body extends its time limit: a byte a minute must not hold a process or a file. */
const MIN_BODY_BYTES = 16 * 1024;

/** Hears of the bytes of a body, and renews its time limit for enough of them. */
export function renewedBy(limit: NodeJS.Timeout): (bytes: number) => void {
  let sinceRenewal = 0;
  return (bytes) => {
    sinceRenewal += bytes;
    if (sinceRenewal < MIN_BODY_BYTES) return;
    sinceRenewal = 0;
    limit.refresh();
  };
}

/** The whole body. Rejects when the client leaves, or has not sent all of it in that time. */
export async function receive(request: IncomingMessage, maxMs: number): Promise<Buffer> {
  return present(await receiveAtMost(request, Number.POSITIVE_INFINITY, maxMs), 'a body of any length');
}

/** The same; null for a longer body, whose rest stays unread, so that its client hears the answer. */
export async function receiveAtMost(request: IncomingMessage, maxBytes: number, maxMs: number): Promise<Buffer | null> {
  const timer = setTimeout(() => request.destroy(new Error('the client took too long to send so little')), maxMs);
  try {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBytes) return null;
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Settles when the first part of the body arrives, or its end: an empty body is whole, too. Only then may a client get
 * a place for a process; otherwise silent clients could keep all places from others. Rejects when the client leaves,
 * or is silent for that time.
 */
export async function firstBytes(request: IncomingMessage, response: ServerResponse, maxMs: number): Promise<void> {
  if (request.headers.expect !== undefined) {
    response.writeContinue();
    delete request.headers.expect;
  }
  if (request.readableLength > 0 || request.readableEnded) return;
  const timer = setTimeout(() => request.destroy(new Error('the client sent nothing for too long')), maxMs);
  const over = new AbortController();
  try {
    // An end that came before anybody listened is told as `end` alone, and of a client that had left by then only
    // `close` may be left to hear.
    await Promise.race(['readable', 'end', 'close'].map((event) => once(request, event, { signal: over.signal })));
    if (!request.complete && request.destroyed) throw new Error('the client left before it sent anything');
  } finally {
    clearTimeout(timer);
    over.abort();
  }
}

/** What follows of a body that was read ahead. */
export class RestOfBody {
  readonly #pieces: AsyncIterator<Buffer>;

  constructor(pieces: AsyncIterator<Buffer>) {
    this.#pieces = pieces;
  }

  /** The rest behind other bytes. */
  after(bytes: Buffer): Readable {
    const pieces = this.#pieces;
    async function* all(): AsyncGenerator<Buffer> {
      yield bytes;
      for (let next = await pieces.next(); next.done !== true; next = await pieces.next()) yield next.value;
    }
    return Readable.from(all());
  }

  /**
   * Reads on behind other bytes, until all is there or there is more than that. Whatever was read is in `bytes`.
   * Rejects when the client goes, or is too slow.
   */
  async upTo(bytes: Buffer, maxBytes: number, maxMs: number): Promise<{ bytes: Buffer; isWhole: boolean }> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error('the client took too long to send so little')), maxMs);
    const renew = renewedBy(timer);
    const chunks = [bytes];
    try {
      for (let size = bytes.length; size <= maxBytes; ) {
        const next = await Promise.race([this.#pieces.next(), late.promise]);
        if (next.done === true) return { bytes: Buffer.concat(chunks), isWhole: true };
        chunks.push(next.value);
        size += next.value.length;
        renew(next.value.length);
      }
      return { bytes: Buffer.concat(chunks), isWhole: false };
    } finally {
      clearTimeout(timer);
    }
  }

  /** Reads it away. */
  async skip(): Promise<void> {
    for (let next = await this.#pieces.next(); next.done !== true; ) next = await this.#pieces.next();
  }
}

/**
 * The beginning of a push, inflated, up to the flush that ends its commands, or as far as that can't be read any more;
 * and the rest. Rejects when the client goes, or has not sent it in that time.
 */
export async function readHead(request: IncomingMessage, maxMs: number): Promise<{ bytes: Buffer; rest: RestOfBody }> {
  const timer = setTimeout(() => request.destroy(new Error('the client took too long to say what it pushes')), maxMs);
  try {
    const isGzip = request.headers['content-encoding'] !== undefined;
    const pieces = (isGzip ? request.pipe(createGunzip()) : request)[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    let bytes: Buffer = Buffer.alloc(0);
    for (let at = 0; bytes.length <= 2 * MAX_COMMAND_BYTES; ) {
      const next = await pieces.next().catch((error: unknown) => {
        // The client went; otherwise what came is not what it was said to be.
        if (!isGzip || (request.destroyed && !request.complete)) throw error;
        return null;
      });
      if (next === null) return { bytes: Buffer.alloc(0), rest: new RestOfBody(request[Symbol.asyncIterator]()) };
      if (next.done === true) break;
      bytes = Buffer.concat([bytes, next.value]);
      let packet = packetAt(bytes, at);
      while (typeof packet !== 'string' && packet.kind === 'data') {
        at = packet.end;
        packet = packetAt(bytes, at);
      }
      if (packet !== 'cut') break;
    }
    return { bytes, rest: new RestOfBody(pieces) };
  } finally {
    clearTimeout(timer);
  }
}

/** Reads away what a client still sends, so that it reads the answer. Settles after so long in any case. */
export async function drain(rest: RestOfBody, maxMs: number): Promise<void> {
  const over = Promise.withResolvers<void>();
  const timer = setTimeout(over.resolve, maxMs);
  void rest.skip().then(over.resolve, () => over.resolve());
  await over.promise;
  clearTimeout(timer);
}
