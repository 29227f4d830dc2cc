/** Bodies short enough to receive completely before git is started. */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** True for a body that declares at most this length, and comes without being asked for. */
export function isShort({ headers }: IncomingMessage, maxBytes: number): boolean {
  return Number(headers['content-length'] ?? Infinity) <= maxBytes && headers.expect === undefined;
}

/** The whole body. Rejects when the client leaves, or has not sent all of it in that time. */
export async function receive(request: IncomingMessage, maxMs: number): Promise<Buffer> {
  const timer = setTimeout(() => request.destroy(new Error('the client took too long to send so little')), maxMs);
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    return Buffer.concat(chunks);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Settles when the first part of the body arrives, or there is none. Only then may a client get a place for a process;
 * otherwise silent clients could keep all places from others. Rejects when the client leaves, or is silent for that
 * time.
 */
export async function firstBytes(request: IncomingMessage, response: ServerResponse, maxMs: number): Promise<void> {
  if (request.headers.expect !== undefined) {
    response.writeContinue();
    delete request.headers.expect;
  }
  if (request.readableLength > 0 || request.readableEnded) return;
  const timer = setTimeout(() => request.destroy(new Error('the client sent nothing for too long')), maxMs);
  try {
    await once(request, 'readable');
  } finally {
    clearTimeout(timer);
  }
}
