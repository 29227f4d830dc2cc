/** Sends hostile requests: over kept connections, as far as HTTP can say them, or byte by byte. */
import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import type { Dice } from './dice.ts';
import type { HostileRequest } from './requests.ts';

/** Longer than the server waits for anything. */
const ANSWER_LIMIT_MS = 60_000;

/** An answer: its status, and what came, cut at some length; status 0 = none, and the text says why. */
export interface Answered {
  readonly status: number;
  readonly text: string;
}

/** What is said of a request that got no answer: what went wrong, by its code, and when. */
function none(error: NodeJS.ErrnoException, sentAt: number): Answered {
  return { status: 0, text: `${error.code ?? error.message} after ${Math.round(performance.now() - sentAt)} ms` };
}

/** Clients that keep their connections. */
export function keptConnections(
  port: number,
  atOnce: number,
): { send(request: HostileRequest): Promise<Answered>; close(): void } {
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
  return {
    send: (hostile) =>
      new Promise((resolve) => {
        const { method, headers, body } = hostile;
        const sentAt = performance.now();
        const hasBody = method !== 'GET' && method !== 'HEAD';
        const sent = httpRequest({
          agent,
          port,
          host: '127.0.0.1',
          method: /^[A-Z]+$/.test(method) ? method : 'GET',
          path: asTarget(hostile.path),
          headers: {
            ...Object.fromEntries(headers.map(([name, text]) => [name, withinHeader(text)])),
            // Told always: of DELETE and OPTIONS Node sends the body without, and it is taken for the next request.
            ...(hasBody ? { 'Content-Length': body.length } : {}),
          },
          timeout: ANSWER_LIMIT_MS,
        });
        const onError = (error: Error): void => resolve(none(error, sentAt));
        sent.on('timeout', () => sent.destroy(new Error('no answer'))).on('error', onError);
        sent.on('response', (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.length < 4 && chunks.push(chunk));
          response.on('error', onError);
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('latin1') }),
          );
        });
        if (!hasBody) sent.removeHeader('Content-Type');
        sent.end(hasBody ? body : undefined);
      }),
    close: () => agent.destroy(),
  };
}

/**
 * What no parser takes is for requests byte by byte: the server can't know then that it was a HEAD, and sends words
 * with its 400, which Node's client doesn't take.
 */
const asTarget = (path: string): string =>
  `/${path.slice(1).replace(/[^\u0021-\u007e]/gu, (character) => encodeURIComponent(character.toWellFormed()))}`;

/** Node's client refuses what HTTP forbids in a value; requests that are written byte by byte send it. */
function withinHeader(text: string): string {
  return text.replace(/[^\t\u0020-\u007e\u0080-\u00ff]/g, '').slice(0, 4000);
}

/** One request on a connection of its own, with whatever HTTP forbids. */
export function sendRaw(port: number, bytes: Buffer): Promise<Answered> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const sentAt = performance.now();
    let failure: Error = new Error('closed without a word');
    const socket = connect({ host: '127.0.0.1', port });
    const timer = setTimeout(() => socket.destroy(new Error('no answer')), ANSWER_LIMIT_MS);
    const end = (): void => {
      clearTimeout(timer);
      const text = Buffer.concat(chunks).toString('latin1');
      const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0);
      resolve(status === 0 ? none(failure, sentAt) : { status, text });
    };
    socket
      .on('data', (chunk) => chunks.push(chunk))
      .on('close', end)
      .on('error', (error) => {
        failure = error;
      });
    socket.write(bytes);
  });
}

/**
 * The bytes of a request, with something wrong about its form now and then. The length of its body is told rightly:
 * requests that stay half sent are for the tests of slow clients.
 */
export function bytesOf(dice: Dice, { method, path, headers, body }: HostileRequest): Buffer {
  const spoiledLine = (line: string): string =>
    dice.often(0.05) ? dice.spoiled(line).replace(/\r?\n\r?\n/g, '') : line;
  const lines = [
    spoiledLine(`${dice.often(0.95) ? method : dice.text().slice(0, 20)} ${path.replace(/[\r\n ]/g, '')} HTTP/1.1`),
    spoiledLine('Host: 127.0.0.1'),
    'Connection: close',
    `Content-Length: ${body.length}`,
    ...headers.map(([name, value]) => spoiledLine(`${name}: ${value.replace(/[\r\n]/g, '')}`)),
    ...(dice.often(0.03) ? ['Transfer-Encoding: chunked'] : []),
    ...(dice.often(0.03) ? ['Host: other.example'] : []),
    ...(dice.often(0.02) ? [`X-Padding: ${'x'.repeat(20_000)}`] : []),
  ];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body]);
}
