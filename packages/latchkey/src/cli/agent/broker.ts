/**
 * The broker of one session: answers on loopback, and passes requests on to one server with the session's token, so
 * that the programs of the session hold none.
 *
 * Invariant: a request needs the session's pass, which stands only in the environment of the session's programs; the
 * token is put in its place behind here.
 * Invariant: nothing is passed on to another server, whatever a request names; redirects are handed back, not followed.
 * Never: a page of another site. A browser names its site in `Origin`, and a rebound name in `Host`.
 */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type OutgoingHttpHeaders, request, type ServerResponse } from 'node:http';
import { request as requestOverTls } from 'node:https';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream';
import { digestOf, type Secret, sameDigest } from '../../base/secret.ts';
import { belongsToAnother } from './peer.ts';
import type { Tally } from './tally.ts';

export interface Broker {
  /** `http://127.0.0.1:PORT` */
  readonly address: string;
  /** What programs send instead of a token. */
  readonly pass: string;
  /** Answers on a socket of the file system as well, for programs that speak HTTP there. */
  listenAt(path: string): Promise<void>;
  close(): Promise<void>;
}

/** Which of a request's headers go on: none about the connection, and nothing by which somebody is known. */
const STAYS = new Set([
  'host',
  'connection',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'authorization',
  'private-token',
  'cookie',
]);

/** @param address of the server, without a slash at the end */
export async function startBroker(address: string, token: Secret, tally: Tally): Promise<Broker> {
  const pass = randomBytes(32).toString('base64url');
  const upstream = new URL(address);
  let own = '';
  const answer = (req: IncomingMessage, res: ServerResponse): void => {
    const overTcp = req.socket.remotePort !== undefined;
    const wrong = refusalOf(req, { host: overTcp ? own : null, pass });
    if (wrong !== null) return refuse(res, wrong);
    passOn(req, res, { upstream, own: overTcp ? `http://${own}` : null, token, tally });
  };
  const server = createServer({ requestTimeout: 0 }, answer);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  own = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const atPath = createServer({ requestTimeout: 0 }, answer);
  return {
    address: `http://${own}`,
    pass,
    listenAt: (path) =>
      new Promise((resolve, reject) => {
        atPath.once('error', reject);
        atPath.listen(path, resolve);
      }),
    close: async () => {
      for (const each of [server, atPath]) {
        each.closeAllConnections();
        await new Promise((resolve) => each.close(resolve));
      }
    },
  };
}

type Refused = readonly [status: number, why: string];

/** What is wrong with who asks; null when nothing is. @param host null = over a socket of the file system */
function refusalOf(req: IncomingMessage, { host, pass }: { host: string | null; pass: string }): Refused | null {
  if (req.headers.origin !== undefined) return [403, 'no page of a site may ask here'];
  if (host !== null && req.headers.host !== host) return [403, `this is ${host}, and nothing else`];
  if (host !== null && belongsToAnother(req.socket)) return [403, 'this is for the programs of another user'];
  const shown = passIn(req.headers);
  const isRight = shown !== null && sameDigest(digestOf(shown), digestOf(pass));
  return isRight
    ? null
    : [401, 'this answers only the programs that latchkey agent started, with the pass that it gave them'];
}

function refuse(res: ServerResponse, [status, why]: Refused): void {
  const body = JSON.stringify({ message: `latchkey agent: ${why}` });
  const challenge = status === 401 ? { 'www-authenticate': 'Basic realm="latchkey agent"' } : {};
  res.writeHead(status, { 'content-type': 'application/json', ...challenge }).end(body);
}

/** The pass where clients put a token: `Bearer`, `token`, the password of `Basic`, or GitLab's header. */
function passIn({ authorization = '', 'private-token': own }: IncomingMessage['headers']): string | null {
  if (typeof own === 'string') return own;
  const [, scheme = '', value = ''] = /^(\S+) +(\S+)$/.exec(authorization) ?? [];
  if (/^(?:bearer|token)$/i.test(scheme)) return value;
  if (!/^basic$/i.test(scheme)) return null;
  return Buffer.from(value, 'base64')
    .toString()
    .replace(/^[^:]*:/, '');
}

/** The token in the place where the pass was. */
function credentialFor({ authorization = '', 'private-token': own }: IncomingMessage['headers'], token: Secret) {
  if (own !== undefined) return { 'private-token': token.reveal() };
  return /^basic /i.test(authorization)
    ? { authorization: `Basic ${Buffer.from(`agent:${token.reveal()}`).toString('base64')}` }
    : { authorization: `Bearer ${token.reveal()}` };
}

interface Way {
  readonly upstream: URL;
  /** Our address as the client knows it; null where it uses the server's own. */
  readonly own: string | null;
  readonly token: Secret;
  readonly tally: Tally;
}

function passOn(req: IncomingMessage, res: ServerResponse, { upstream, own, token, tally }: Way): void {
  const base = upstream.pathname.replace(/\/$/, '');
  const path = `${base}${req.url ?? '/'}`;
  // Below its path the server may have neighbors, to which nothing of it is sent.
  if (!req.url?.startsWith('/') || URL.parse(path, upstream.origin)?.pathname.startsWith(`${base}/`) !== true)
    return refuse(res, [400, `that is no path of ${upstream.href}`]);
  const headers: OutgoingHttpHeaders = Object.fromEntries(
    Object.entries(req.headers).filter(([name]) => !STAYS.has(name)),
  );
  const over = upstream.protocol === 'https:' ? requestOverTls : request;
  const onward = over({
    host: upstream.hostname.replace(/^\[|\]$/g, ''),
    port: upstream.port === '' ? undefined : Number(upstream.port),
    method: req.method,
    path,
    headers: { ...headers, host: upstream.host, ...credentialFor(req.headers, token) },
  });
  const seen = tally.begin(req.method ?? 'GET', path);
  const fail = (): void => {
    if (res.headersSent) res.destroy();
    else refuse(res, [502, `${upstream.origin} can't be reached`]);
  };
  onward.once('error', fail);
  onward.once('response', (answer) => {
    seen.answered(answer.statusCode ?? 0);
    answer.on('data', (chunk: Buffer) => seen.read(chunk));
    answer.once('end', () => seen.end());
    res.writeHead(answer.statusCode ?? 502, leadingHere(answer.headers, upstream, own));
    pipeline(answer, res, () => undefined);
  });
  pipeline(req, onward, (error) => {
    if (error != null) onward.destroy();
  });
  res.once('close', () => onward.destroy());
}

/** Headers whose links lead here, where the client has its pass, instead of to the server, where it has nothing. */
function leadingHere(headers: IncomingMessage['headers'], { origin }: URL, own: string | null): OutgoingHttpHeaders {
  const kept = Object.fromEntries(
    Object.entries(headers).filter(([name]) => !['connection', 'keep-alive', 'transfer-encoding'].includes(name)),
  );
  if (own === null) return kept;
  for (const name of ['link', 'location']) {
    const value = kept[name];
    if (typeof value === 'string') kept[name] = value.replaceAll(origin, own);
  }
  return kept;
}
