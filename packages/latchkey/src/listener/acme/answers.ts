/**
 * What a certificate authority asks for at our address: a text over HTTP, or a certificate during a TLS handshake.
 *
 * Invariant: while no challenge is open, a connection passes through untouched.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import { createSecureContext, createServer as createTlsServer } from 'node:tls';
import type { Clock } from '../../base/time.ts';
import { challengeCertificate } from './documents.ts';
import type { AcmeFolder } from './folder.ts';

const WELL_KNOWN = '/.well-known/acme-challenge/';
/** What a client that proves a name offers (RFC 8737 section 4), with its length before it, as a ClientHello has it. */
const ALPN = 'acme-tls/1';
const ALPN_BYTES = Buffer.concat([Buffer.from([ALPN.length]), Buffer.from(ALPN)]);
/** A TLS record (RFC 8446 section 5.1): type, version, length, and at most 16 KiB. */
const RECORD_HEAD_BYTES = 5;
const HANDSHAKE = 22;
/** How long a connection may take to say hello before it is handed on as it is. */
const HELLO_LIMIT_MS = 5_000;

/** Answers HTTP-01, and sends everybody else to HTTPS. Not listening yet. */
export function makeHttpServer(folder: AcmeFolder, publicUrl: string): Server {
  const { origin } = new URL(publicUrl);
  return createServer(
    { maxHeaderSize: 16 * 1024, headersTimeout: 10_000, requestTimeout: 10_000 },
    (request, response) => answerHttp(request, response, { folder, origin }),
  );
}

function answerHttp(
  request: IncomingMessage,
  response: ServerResponse,
  { folder, origin }: { readonly folder: AcmeFolder; readonly origin: string },
): void {
  response.setHeader('Connection', 'close');
  const text = (status: number, words: string): void =>
    void response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(words);
  const url = request.url ?? '/';
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return text(403, `Use ${origin}: this port takes nothing.\n`);
  if (url.startsWith(WELL_KNOWN)) {
    const token = url.slice(WELL_KNOWN.length);
    const found = folder.challenges().find((each) => each.type === 'http-01' && each.token === token);
    return found === undefined ? text(404, 'There is no such challenge.\n') : text(200, found.keyAuthorization);
  }
  const path = url.startsWith('/') ? url : '/';
  response.writeHead(301, { Location: new URL(`${origin}/`).origin + path }).end();
}

/** Lets a server answer TLS-ALPN-01, too. Call this before anything else looks at its connections. */
export function answerTlsAlpn(server: HttpsServer, folder: AcmeFolder, clock: Pick<Clock, 'now'>): void {
  const accepting = server.listeners('connection') as ((socket: Socket) => void)[];
  server.removeAllListeners('connection');
  const accept = (socket: Socket): void => {
    for (const each of accepting) each.call(server, socket);
  };
  const prover = createTlsServer({
    ALPNProtocols: [ALPN],
    SNICallback: (name, done) => {
      const challenge = folder.challenges().find(({ type, domain }) => type === 'tls-alpn-01' && domain === name);
      if (challenge === undefined) return done(new Error('no challenge is open for this name'));
      challengeCertificate(challenge.domain, challenge.keyAuthorization, clock.now()).then(
        ({ key, chain }) => done(null, createSecureContext({ key, cert: chain })),
        (error: unknown) => done(error as Error),
      );
    },
  });
  prover.on('secureConnection', (socket) => socket.on('error', () => {}).end());
  prover.on('tlsClientError', (_error, socket) => socket.destroy());
  server.on('connection', (socket: Socket) => {
    if (folder.challenges().length === 0) return accept(socket);
    void helloOf(socket).then((hello) =>
      hello.includes(ALPN_BYTES) ? prover.emit('connection', socket) : accept(socket),
    );
  });
}

/** The first record of a connection, which stays to be read. Whatever isn't one, or is late, comes as it is. */
function helloOf(socket: Socket): Promise<Buffer> {
  return new Promise((resolve) => {
    let read = Buffer.alloc(0);
    const done = (): void => {
      clearTimeout(timer);
      socket.off('data', hear).off('end', done).off('error', done);
      socket.pause();
      if (read.length > 0) socket.unshift(read);
      resolve(read);
    };
    const hear = (bytes: Buffer): void => {
      read = Buffer.concat([read, bytes]);
      const isWhole = read.length >= RECORD_HEAD_BYTES && read.length >= RECORD_HEAD_BYTES + read.readUInt16BE(3);
      if (read[0] !== HANDSHAKE || isWhole) done();
    };
    const timer = setTimeout(done, HELLO_LIMIT_MS);
    socket.on('data', hear).once('end', done).once('error', done);
  });
}
