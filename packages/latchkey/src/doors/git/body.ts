/** Bodies that are short enough to be received whole before git is started. */
import type { IncomingMessage } from 'node:http';

/** True for a body that says that it is at most so long, and that comes without being asked for. */
export function isShort({ headers }: IncomingMessage, maxBytes: number): boolean {
  return Number(headers['content-length'] ?? Infinity) <= maxBytes && headers.expect === undefined;
}

/** The whole body. Rejects when the client goes, or sends nothing for too long. */
export async function receive(request: IncomingMessage, idleMs: number): Promise<Buffer> {
  const idle = setTimeout(() => request.destroy(new Error('the client sent nothing for too long')), idleMs);
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      idle.refresh();
    }
    return Buffer.concat(chunks);
  } finally {
    clearTimeout(idle);
  }
}
