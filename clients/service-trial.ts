/** What trials of a service have in common: how it is started, asked, and expected to refuse. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

export interface Tokens {
  readonly reader: string;
  readonly writer: string;
}

/** Folders, and where started programs are noted. */
interface Given {
  readonly folder: string;
  /** With Debian's packages. */
  readonly root: string;
  readonly programs: string;
  readonly children: ChildProcess[];
  /** `HOST:PORT` of the server that decides. */
  readonly latchkey: string;
}

interface Used extends Given {
  /** `HOST:PORT` of the proxy. */
  readonly at: string;
  readonly tokens: Tokens;
}

export interface Service {
  readonly name: string;
  readonly title: string;
  /** That were run, as their packages are called: the table has their versions. */
  readonly programs: readonly string[];
  readonly map: string;
  /** In the example, and here in its place. */
  readonly host: string;
  readonly address: string;
  readonly permission: string;
  /** The level of the token that writes. */
  readonly writes: string;
  /** Whether the service behind needs the token, too; left out: the proxy takes it out. */
  readonly passesToken?: true;
  /** Starts it, and returns its port. */
  start(given: Given): Promise<number>;
  /** Throws where something isn't as it should be; returns what was done. */
  use(used: Used): Promise<string>;
}

export async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

export const bare = (more: NodeJS.ProcessEnv, home: string): NodeJS.ProcessEnv => ({
  PATH: process.env['PATH'],
  LANG: 'C.UTF-8',
  HOME: home,
  ...more,
});

/** Starts a program that listens on a port, and waits until it does. */
export async function startOn(
  { folder, children }: Pick<Given, 'folder' | 'children'>,
  port: number,
  command: readonly [string, ...string[]],
  env: NodeJS.ProcessEnv = {},
): Promise<number> {
  const [program, ...args] = command;
  const child = spawn(program, args, { cwd: folder, stdio: ['ignore', 'ignore', 'ignore'], env: bare(env, folder) });
  children.push(child);
  for (let tries = 0; tries < 300; tries++) {
    if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}`);
    const answered = await fetch(`http://127.0.0.1:${port}/`).then(
      () => true,
      () => false,
    );
    if (answered) return port;
    await wait(100);
  }
  throw new Error(`${program} does not listen`);
}

/** Ends a program that was started here, and waits until it has ended. */
export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** One request through the proxy. */
export async function ask(at: string, operation: string, token: string | null, body = ''): Promise<Answer> {
  const [method = '', path = ''] = operation.split(' ');
  const [host = '', port = ''] = at.split(':');
  const headers = { Host: at, ...(token === null ? {} : { Authorization: `Bearer ${token}` }) };
  const sent = request({ host, port: Number(port), method, path, headers });
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode ?? 0, text };
}

/** Throws unless the answers are these. */
export async function expectAll(
  at: string,
  rows: readonly (readonly [operation: string, token: string | null, status: number])[],
): Promise<void> {
  for (const [operation, token, status] of rows) {
    const answer = await ask(at, operation, token);
    if (answer.status !== status)
      throw new Error(`${operation} answered ${answer.status} in place of ${status}: ${answer.text.slice(0, 300)}`);
  }
}

/** Throws unless the command fails, and says this. */
export async function refused(command: Promise<unknown>, said: RegExp): Promise<void> {
  const error = await command.then(
    () => null,
    (reason: unknown) => reason as Error,
  );
  if (error === null) throw new Error(`what should be refused with ${said} went through`);
  if (!said.test(error.message)) throw new Error(`it said ${error.message} in place of ${said}`);
}
