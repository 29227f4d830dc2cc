/** A real server on loopback with a small world, and a real git client for it. */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type IncomingHttpHeaders, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addUser } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { addRepository } from '../../../src/actions/repositories/repositories.ts';
import { createToken } from '../../../src/actions/tokens/tokens.ts';
import { type RunningServer, startServer } from '../../../src/app.ts';
import type { Secret } from '../../../src/base/secret.ts';
import { loadSettings } from '../../../src/base/settings/settings.ts';
import { readyFolder } from '../../engines/engines.ts';

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface World {
  readonly server: RunningServer;
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** A folder for clones, initially empty. */
  readonly folder: string;
  /** Ada's, for everything she owns: contents and workflows. */
  readonly full: Secret;
  /** Ada's: only contents. */
  readonly writer: Secret;
  /** Ada's: reads contents. */
  readonly reader: Secret;
  remote(fullName: string, token?: Secret): string;
  /** Runs the git client in a folder below `folder`. */
  git(args: readonly string[], options?: GitOptions): Promise<Ran>;
  /** The same, but fails the test when git fails. */
  ok(args: readonly string[], options?: GitOptions): Promise<string>;
  close(): Promise<void>;
}

interface GitOptions {
  readonly in?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** The private repository ada/closed and the public ada/open, both empty. */
export async function makeWorld(flags: Readonly<Record<string, unknown>> = {}): Promise<World> {
  const base = await mkdtemp(join(tmpdir(), 'latchkey-git-door-'));
  const settings = loadSettings({
    flags: { data: await readyFolder(join(base, 'data')), port: 0, logLevel: 'silent', ...flags },
    env: {},
  });
  const server = await startServer(settings);
  const ctx = server.context;
  const operator = operatorPermit();
  await addUser(ctx, operator, {
    login: 'ada',
    email: 'ada@example.org',
    verified: true,
    admin: false,
    password: null,
  });
  await addRepository(ctx, operator, { owner: 'ada', name: 'closed', visibility: 'private' });
  await addRepository(ctx, operator, { owner: 'ada', name: 'open', visibility: 'public' });
  const token = async (name: string, permissions: Readonly<Record<string, string>>): Promise<Secret> => {
    const grant = { owner: 'ada', selection: 'all' as const, repositories: [], permissions, justification: null };
    return (
      await createToken(ctx, operator, {
        userLogin: 'ada',
        kind: 'fine-grained',
        name,
        description: '',
        scopes: [],
        grants: [grant],
      })
    ).secret;
  };
  const folder = join(base, 'clones');
  await makeHome(folder);
  const git = (args: readonly string[], options: GitOptions = {}): Promise<Ran> =>
    runGit(args, join(folder, options.in ?? '.'), { HOME: folder, ...options.env });
  return {
    server,
    url: server.url,
    folder,
    git,
    full: await token('full', { contents: 'write', workflows: 'write' }),
    writer: await token('writer', { contents: 'write' }),
    reader: await token('reader', { contents: 'read' }),
    remote: (fullName, secret) =>
      `${secret === undefined ? server.url : server.url.replace('//', `//ada:${secret.reveal()}@`)}/${fullName}.git`,
    ok: async (args, options) => {
      const ran = await git(args, options);
      if (ran.code !== 0) throw new Error(`git ${args.join(' ')} ended with ${ran.code}: ${ran.stderr}`);
      return ran.stdout;
    },
    close: async () => {
      await server.close();
      await rm(base, { recursive: true, force: true });
    },
  };
}

async function makeHome(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(
    join(folder, '.gitconfig'),
    '[user]\n\tname = Ada\n\temail = ada@example.org\n[init]\n\tdefaultBranch = main\n[protocol "file"]\n\tallow ' +
      '= always\n',
  );
}

/** The client has its own environment: no prompt, none of this machine's settings. */
export function runGit(args: readonly string[], cwd: string, env: Readonly<Record<string, string>>): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn('git', args, {
      cwd,
      env: { PATH: process.env['PATH']!, LANG: 'C.UTF-8', GIT_CONFIG_NOSYSTEM: '1', GIT_TERMINAL_PROMPT: '0', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}

export interface Answer {
  readonly status: number;
  /** The reason phrase. */
  readonly statusMessage: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** True when the server sent "100 Continue" first. */
  readonly continued: boolean;
}

export interface Call {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: Buffer | string;
}

/**
 * One HTTP request without a git client. With `Expect: 100-continue` the body is sent only when the server asks for it.
 */
export function call(base: string, path: string, { method = 'GET', headers = {}, body }: Call = {}): Promise<Answer> {
  const { hostname, port } = new URL(base);
  return new Promise((resolve, reject) => {
    let continued = false;
    const outgoing = request({ hostname, port, path, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk)).once('error', reject);
      response.once('end', () =>
        resolve({
          status: response.statusCode!,
          statusMessage: response.statusMessage!,
          headers: response.headers,
          body: Buffer.concat(chunks).toString('latin1'),
          continued,
        }),
      );
    });
    outgoing.once('error', reject);
    if (headers['Expect'] === undefined) outgoing.end(body);
    else
      outgoing
        .once('continue', () => {
          continued = true;
          outgoing.end(body);
        })
        .flushHeaders();
  });
}

/** The header for `ada:TOKEN`. */
export function basic(token: Secret): { Authorization: string } {
  return { Authorization: `Basic ${Buffer.from(`ada:${token.reveal()}`).toString('base64')}` };
}

export const FETCH_TYPE = 'application/x-git-upload-pack-request';
export const PUSH_TYPE = 'application/x-git-receive-pack-request';
