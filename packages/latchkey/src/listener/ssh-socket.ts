/**
 * The socket for the programs that sshd starts.
 *
 * Invariant: a request without the secret of the data folder gets nothing, whoever reached the socket.
 */
import cluster from 'node:cluster';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { Context } from '../actions/ground/context.ts';
import { Fault } from '../base/errors.ts';
import { makeSshPlace, readSshPlace, type SshPlace } from '../base/machine/ssh-place.ts';
import { beginRequest } from '../base/request-id.ts';
import { digestOf, sameDigest } from '../base/secret.ts';
import { type Books, count, together } from './arrivals.ts';

export interface SshSocket {
  /** Takes no more sessions, and resolves when none is left. */
  close(): Promise<void>;
  /** Ends those that are left. */
  cutOff(): void;
}

/**
 * Null where SSH is off. The first process of a server makes the place; its workers share it.
 * @throws Fault when it can't listen there
 */
export async function openSsh(ctx: Context, door: RequestListener, books: Books): Promise<SshSocket | null> {
  const { data, sshAddress } = ctx.settings;
  if (sshAddress === null) return null;
  const answer = together((arrival) => {
    beginRequest(arrival);
    door(arrival.request, arrival.response);
    count(books, 'git', arrival);
  });
  return listenForSsh(cluster.isPrimary ? makeSshPlace(data) : readSshPlace(data), answer);
}

/** @throws Fault when it can't listen there */
export async function listenForSsh(place: SshPlace, answer: RequestListener): Promise<SshSocket> {
  const bearer = digestOf(`Bearer ${place.secret.reveal()}`);
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 1_000 }, (request, response) => {
    if (sameDigest(digestOf(request.headers.authorization ?? ''), bearer)) answer(request, response);
    else refuse(request, response);
  });
  await listen(server, place.socket);
  return {
    close: () => new Promise((resolve) => server.close(() => resolve())),
    cutOff: () => server.closeAllConnections(),
  };
}

function refuse(request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(401, { 'Content-Type': 'text/plain; charset=utf-8', Connection: 'close' });
  response.end('This socket is for the programs that sshd starts.\n');
  request.resume();
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new Fault(`can't listen for SSH at ${path}`, {
          hint: 'the folder `ssh` of the data folder must be writable',
          detail: error.message,
          cause: error,
        }),
      ),
    );
    server.listen({ path }, resolve);
  });
}
