/** The socket: HTTP or HTTPS, its limits, and an answer for anything that isn't HTTP. */
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import type { SecureContextOptions } from 'node:tls';
import type { CertificateReader } from '../base/certificate.ts';
import { Fault } from '../base/errors.ts';
import { STANDING_LINES, strictTransport } from '../base/requests/standing-headers.ts';
import type { Settings } from '../base/settings/settings.ts';

/** All headers together; longer ones get 431. */
const MAX_HEADER_BYTES = 16 * 1024;
/** How long a client may take to send its headers. A body may take as long as bytes keep coming (see the git door). */
const HEADERS_TIMEOUT_MS = 60_000;
/** How long a silent connection is kept. */
export const KEEP_ALIVE_TIMEOUT_MS = 65_000;

/** TLS 1.3, or 1.2 with forward secrecy: a key stolen later reveals nothing sent before. */
const TLS = {
  minVersion: 'TLSv1.2',
  honorCipherOrder: true,
  ciphers: 'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:ECDHE+AESGCM:ECDHE+CHACHA20',
} as const;

/** The TLS options, at the start and after each renewal: `setSecureContext` forgets whatever isn't given again. */
export function secureContextOf({ current: { cert, key } }: CertificateReader): SecureContextOptions {
  return { ...TLS, cert, key };
}

/** Not listening yet. Without a certificate it speaks HTTP. */
export function makeServer(certificate: CertificateReader | null, publicUrl: string, answer: RequestListener): Server {
  const options = {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    // A request that announces no body gets no stream for one. Nearly none does.
    optimizeEmptyRequests: true,
    // Node's own 400 has neither words nor our headers: `requests/request-form` refuses instead.
    requireHostHeader: false,
  };
  const server =
    certificate === null
      ? createHttpServer(options, answer)
      : createHttpsServer({ ...options, ...secureContextOf(certificate) }, answer);
  // The door decides before it lets the client send a body: see `doors/git/backend`.
  server.on('checkContinue', answer);
  // Another expectation may be passed over (RFC 9110 section 10.1.1); Node's own 417 has no words either.
  server.on('checkExpectation', answer);
  const transport = strictTransport(publicUrl);
  const lines = [...STANDING_LINES, ...(transport === null ? [] : [`Strict-Transport-Security: ${transport}`])];
  const headers = lines.map((line) => `${line}\r\n`).join('');
  // A proxy is what somebody takes this for; without a listener the connection would end without a word.
  server.on('connect', (_request, socket) => refuseUnreadable(new Error('CONNECT'), socket, headers));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => refuseUnreadable(error, socket, headers));
  return server;
}

/** Clients that don't speak HTTP, or send endless headers, also get a definite answer. */
function refuseUnreadable(error: NodeJS.ErrnoException, socket: Duplex, headers: string): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, words] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? ['431 Request Header Fields Too Large', `The headers are longer than ${MAX_HEADER_BYTES} bytes.`]
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? ['408 Request Timeout', 'The request did not arrive in time.']
        : ['400 Bad Request', 'That is not a request this server can read.'];
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ` +
      `${words.length + 1}\r\nConnection: close\r\n${headers}\r\n${words}\n`,
  );
}

/**
 * Resolves when it takes connections.
 * @throws Fault when it can't listen on the address
 */
export function listen(server: Server, settings: Settings): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const hint = error.code === 'EADDRINUSE' ? 'choose another with --port' : 'check --host and --port';
      reject(
        new Fault(`can't listen on ${settings.host}:${settings.port}`, { hint, detail: error.message, cause: error }),
      );
    });
    server.listen({ host: settings.host, port: settings.port, backlog: 1024 }, resolve);
  });
}

/** As in an address: IPv6 in brackets. */
export function hostOf(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
