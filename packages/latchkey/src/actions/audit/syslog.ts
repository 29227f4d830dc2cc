/**
 * Syslog over TLS: messages of RFC 5424 in the frames of RFC 5425 (those that RFC 6587 calls octet counting).
 *
 * The protocol has no answer. What comes nearest: one connection for each batch; we end our side when all is written,
 * and the receiver ends its side when it has read to that end. A process that dies with something unread in its socket
 * resets the connection. One that dies while bytes are still on the way ends its side before they come; so we wait
 * for longer than a way there and back before we end ours, and take an end that comes first for a failure.
 *
 * Invariant: a batch counts as received only if the receiver's end came after ours.
 */

import { isIP } from 'node:net';
import { type ConnectionOptions, connect } from 'node:tls';
import { isOwnRefused } from '../ground/outgoing.ts';
import type { StreamLine } from './stream-lines.ts';

/** RFC 5425. */
const DEFAULT_PORT = 6514;
/** "log audit" (13), informational (6): RFC 5424, section 6.2.1. */
const PRIORITY = 13 * 8 + 6;
const MAX_MSGID_LENGTH = 32;
const MAX_SEQUENCE_ID = 2_147_483_647;
/** The limit for a whole batch. */
const EXCHANGE_MS = 10_000;
/** The pause between the last byte and closing, unless the round trip is longer. */
const QUIET_MS = 200;
const BYTE_ORDER_MARK = '\ufeff';

export interface SyslogReceiver {
  readonly host: string;
  readonly port: number;
  /** Authorities in PEM; undefined = those that Node trusts. */
  readonly ca?: Buffer;
  /** What is shown to a receiver that asks for a certificate, and its key; both in PEM. */
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/** The receiver of `tls://logs.example.org:6514`. */
export function receiverOf(address: string): SyslogReceiver {
  const { hostname, port } = new URL(address);
  return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: port === '' ? DEFAULT_PORT : Number(port) };
}

/** A line as a framed message. @param hostName of the server that wrote the log */
export function syslogFrame({ id, kind, action, at, text }: StreamLine, hostName: string): Buffer {
  const time = new Date(at * 1000).toISOString();
  const sequenceId = ((id - 1) % MAX_SEQUENCE_ID) + 1;
  const structured = kind === 'entry' ? `[meta sequenceId="${sequenceId}"]` : '-';
  const messageId = action.slice(0, MAX_MSGID_LENGTH);
  const message = `<${PRIORITY}>1 ${time} ${hostName} latchkey - ${messageId} ${structured} ${BYTE_ORDER_MARK}${text}`;
  return Buffer.from(`${Buffer.byteLength(message)} ${message}`);
}

/** Sends frames. Resolves when the receiver has read them all, as far as this protocol can show. */
export function sendFrames({ host, port, ...pem }: SyslogReceiver, frames: Buffer, signal: AbortSignal): Promise<void> {
  const options: ConnectionOptions = {
    host,
    port,
    minVersion: 'TLSv1.2',
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...pem,
  };
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(new Error('stopped'));
    let [hasEnded, quiet]: [boolean, NodeJS.Timeout | undefined] = [false, undefined];
    const startedAt = performance.now();
    const socket = connect(options);
    const settle = (error: Error | null): void => {
      clearTimeout(limit);
      clearTimeout(quiet);
      signal.removeEventListener('abort', stop);
      socket.destroy();
      if (error === null) resolve();
      else reject(error);
    };
    const stop = (): void => settle(new Error('stopped'));
    const limit = setTimeout(() => settle(new Error('timed out')), EXCHANGE_MS);
    signal.addEventListener('abort', stop, { once: true });
    socket.once('error', (error: NodeJS.ErrnoException) => settle(new Error(wordsFor(error), { cause: error })));
    socket.once('close', () => settle(new Error('the receiver closed the connection too early')));
    socket.once('end', () => settle(hasEnded ? null : new Error('the receiver closed the connection too early')));
    // No answer is expected, but only a reading socket notices the end.
    socket.resume();
    socket.once('secureConnect', () => {
      const connectedMs = performance.now() - startedAt;
      socket.write(frames, () => {
        quiet = setTimeout(
          () => {
            hasEnded = true;
            socket.end();
          },
          Math.max(QUIET_MS, 2 * connectedMs),
        );
      });
    });
  });
}

function wordsFor(error: NodeJS.ErrnoException): string {
  const code = error.code ?? '';
  if (isOwnRefused(error)) return `the receiver asks for a certificate that it accepts: ${code}`;
  if (/CERT|SELF_SIGNED|ALTNAME|VERIFY/.test(code)) return `the receiver's certificate could not be verified: ${code}`;
  return `the receiver can't be reached (${code === '' ? 'no reason given' : code})`;
}
