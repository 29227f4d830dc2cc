/** Two nodes on one PostgreSQL: one writes; the other serves a copy that somebody else fills, and never changes it. */
import { cp, lstat, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addOrganization, addUser } from '../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../src/actions/decision/authorize.ts';
import { addRepository } from '../../src/actions/repositories/repositories.ts';
import { createToken } from '../../src/actions/tokens/tokens.ts';
import { type RunningServer, startServer } from '../../src/app.ts';
import { loadSettings } from '../../src/base/settings/settings.ts';
import { type Ran, runGit } from '../doors/git/server.ts';
import { type FreshDatabase, freshDatabase } from '../engines/engines.ts';

let database: FreshDatabase;
let folder: string;
let writer: RunningServer;
let reader: RunningServer;
let token: string;
let head: string;

const git = (args: readonly string[], at = '.'): Promise<Ran> =>
  runGit(args, join(folder, at), {
    HOME: folder,
    GIT_AUTHOR_NAME: 'Ada',
    GIT_AUTHOR_EMAIL: 'ada@example.org',
    GIT_COMMITTER_NAME: 'Ada',
    GIT_COMMITTER_EMAIL: 'ada@example.org',
  });
const remote = (server: RunningServer, name = 'notes'): string =>
  `${server.url.replace('//', `//ada:${token}@`)}/ada/${name}.git`;

async function ok(args: readonly string[], at?: string): Promise<string> {
  const ran = await git(args, at);
  expect(ran.code, ran.stderr).toBe(0);
  return ran.stdout.trim();
}

async function call(server: RunningServer, operation: string, body?: object) {
  const [method, path] = operation.split(' ') as [string, string];
  const headers = {
    authorization: `Bearer ${token}`,
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  };
  const answer = await fetch(server.url + path, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    message: text.startsWith('{') ? (JSON.parse(text) as { message?: string }).message : text,
    text,
  };
}

/** What somebody else does from time to time. */
const fillCopy = (): Promise<void> =>
  cp(join(folder, 'repositories'), join(folder, 'copy'), {
    recursive: true,
    filter: (path) => !path.endsWith('.latchkey'),
  });

/** Every file of the copy, with the time of its last change. */
async function stateOfCopy(): Promise<string[]> {
  const names = await readdir(join(folder, 'copy'), { recursive: true });
  return Promise.all(names.sort().map(async (name) => `${name} ${(await lstat(join(folder, 'copy', name))).ctimeMs}`));
}

beforeAll(async () => {
  database = await freshDatabase('postgres');
  folder = await mkdtemp(join(tmpdir(), 'latchkey-reader-'));
  const flags = { database: database.databaseUrl!, port: 0, logLevel: 'silent' };
  writer = await startServer(
    loadSettings({
      flags: { ...flags, data: join(folder, 'data'), repositories: join(folder, 'repositories') },
      env: {},
    }),
  );
  const ctx = writer.context;
  await addUser(ctx, operatorPermit(), {
    login: 'ada',
    email: 'ada@example.org',
    verified: true,
    admin: false,
    password: null,
  });
  await addOrganization(ctx, operatorPermit(), { name: 'acme', owner: 'ada' });
  await addRepository(ctx, operatorPermit(), { owner: 'ada', name: 'notes', visibility: 'private' });
  const scopes = ['repo', 'workflow', 'delete_repo', 'admin:org'];
  token = (
    await createToken(ctx, operatorPermit(), {
      userLogin: 'ada',
      kind: 'classic',
      name: 'all',
      description: '',
      scopes,
      grants: [],
    })
  ).secret.reveal();
  await ok(['init', '-q', '-b', 'main', 'work']);
  await ok(['commit', '-q', '--allow-empty', '-m', 'one'], 'work');
  await ok(['push', '-q', remote(writer), 'main', 'main:old'], 'work');
  await ok(['commit', '-q', '--allow-empty', '-m', 'two'], 'work');
  await ok(['push', '-q', remote(writer), 'main'], 'work');
  head = await ok(['rev-parse', 'HEAD'], 'work');
  await fillCopy();
  reader = await startServer(
    loadSettings({
      flags: {
        ...flags,
        data: join(folder, 'reader'),
        secretKeyFile: join(folder, 'data', 'secret.key'),
        repositories: join(folder, 'copy'),
        readOnly: true,
        publicUrl: writer.url,
      },
      env: {},
    }),
  );
});

afterAll(async () => {
  await reader.close();
  await writer.close();
  await database.remove();
  await rm(folder, { recursive: true, force: true });
});

describe('a node that only reads', () => {
  it('serves clones, fetches, lists of refs, the API and forward authorization, and changes nothing', async () => {
    const before = await stateOfCopy();
    await ok(['clone', '-q', remote(reader), 'clone']);
    await ok(['fsck'], 'clone');
    await ok(['fetch', '-q', '--all'], 'clone');
    expect(await ok(['ls-remote', remote(reader), 'main'])).toBe(`${head}\trefs/heads/main`);
    expect((await call(reader, 'GET /api/v3/repos/ada/notes/commits')).text).toContain(head);
    expect((await call(reader, `GET /api/v3/repos/ada/notes/branches/main`)).status).toBe(200);
    const forward = await fetch(`${reader.url}/forward-auth`, {
      headers: {
        authorization: `Bearer ${token}`,
        'x-forwarded-method': 'GET',
        'x-forwarded-uri': '/ada/notes.git/info/refs?service=git-receive-pack',
        'x-forwarded-host': 'git.example.org',
      },
    });
    expect(forward.status).toBe(200);
    expect((await fetch(`${reader.url}/login`)).status).toBe(200);
    expect(await stateOfCopy()).toEqual(before);
  });

  it('refuses a push in words that git shows, with the address to push to; others, as anywhere', async () => {
    await ok(['commit', '-q', '--allow-empty', '-m', 'three'], 'work');
    const { code, stderr } = await git(['push', remote(reader), 'main'], 'work');
    expect(code).toBe(128);
    expect(stderr).toContain(
      `remote: This node only reads: it serves a copy of the repositories. Push to:\nremote: ` +
        `${writer.url}/ada/notes.git`,
    );
    expect(stderr).toContain('The requested URL returned error: 403');
    const called = await fetch(`${reader.url}/ada/notes.git/git-receive-pack`, {
      method: 'POST',
      body: '0000',
      headers: {
        authorization: `Basic ${btoa(`ada:${token}`)}`,
        'content-type': 'application/x-git-receive-pack-request',
      },
    });
    expect(called.status).toBe(403);
    const stranger = await fetch(`${reader.url}/ada/notes.git/info/refs?service=git-receive-pack`);
    expect(stranger.status).toBe(401);
    expect(await ok(['ls-remote', remote(reader), 'main'])).toContain(head);
    expect((await git(['push', '-q', remote(writer), 'main'], 'work')).code).toBe(0);
  });

  it.each([
    ['POST /api/v3/user/repos', { name: 'new' }],
    ['POST /api/v3/orgs/acme/repos', { name: 'new' }],
    ['PATCH /api/v3/repos/ada/notes', { name: 'other', description: 'changed' }],
    ['PATCH /api/v3/repos/ada/notes', { default_branch: 'old', description: 'changed' }],
    ['DELETE /api/v3/repos/ada/notes', undefined],
    ['DELETE /api/v3/orgs/acme', undefined],
    ['PUT /api/v3/repos/ada/notes/contents/a.txt', { message: 'a', content: 'YQ==' }],
    ['POST /api/v3/repos/ada/notes/git/refs', () => ({ ref: 'refs/heads/new', sha: head })],
    ['PATCH /api/v3/repos/ada/notes/git/refs/heads/old', () => ({ sha: head, force: true })],
    ['DELETE /api/v3/repos/ada/notes/git/refs/heads/old', undefined],
    ['POST /api/v4/projects/ada%2Fnotes/repository/branches?branch=new&ref=main', undefined],
    ['DELETE /api/v4/projects/ada%2Fnotes/repository/branches/old', undefined],
    ['POST /api/v4/projects/ada%2Fnotes/repository/tags?tag_name=v1&ref=main&message=x', undefined],
    ['POST /api/v4/projects/ada%2Fnotes/repository/files/a.txt', { branch: 'main', content: 'a', commit_message: 'a' }],
    [
      'POST /api/v4/projects/ada%2Fnotes/repository/commits',
      { branch: 'main', commit_message: 'a', actions: [{ action: 'create', file_path: 'a.txt', content: 'a' }] },
    ],
  ])('refuses %s, in the form of the API, and nothing happens', async (operation, given) => {
    const before = await stateOfCopy();
    const answer = await call(reader, operation, typeof given === 'function' ? given() : given);
    const sentence =
      'This node only reads: it serves a copy of the repositories. ' + `Push to ${writer.url}, and change them there.`;
    expect(answer).toMatchObject({
      status: 403,
      message: operation.includes('/v4/') ? `403 Forbidden - ${sentence}` : sentence,
    });
    expect(await stateOfCopy()).toEqual(before);
    expect(JSON.parse((await call(writer, 'GET /api/v3/repos/ada/notes')).text)).toMatchObject({
      name: 'notes',
      default_branch: 'main',
      description: null,
    });
    expect((await call(writer, 'GET /api/v3/orgs/acme')).status).toBe(200);
  });

  it('changes what lies in the database alone: descriptions, statuses, tokens', async () => {
    expect(
      (await call(reader, 'PATCH /api/v3/repos/ada/notes', { name: 'notes', homepage: 'https://example.org' })).status,
    ).toBe(200);
    expect((await call(reader, `POST /api/v3/repos/ada/notes/statuses/${head}`, { state: 'success' })).status).toBe(
      201,
    );
    const { secret } = await createToken(reader.context, operatorPermit(), {
      userLogin: 'ada',
      kind: 'classic',
      name: 'brief',
      description: '',
      scopes: ['repo'],
      grants: [],
    });
    const authorization = { authorization: `Bearer ${secret.reveal()}` };
    expect((await fetch(`${writer.url}/api/v3/user`, { headers: authorization })).status).toBe(200);
    expect(
      (
        await fetch(`${reader.url}/api/v3/user/personal-access-tokens/current`, {
          method: 'DELETE',
          headers: authorization,
        })
      ).status,
    ).toBe(204);
    expect((await fetch(`${writer.url}/api/v3/user`, { headers: authorization })).status).toBe(401);
  });

  it('says where a repository that its copy lacks can be had, and serves it once it is there', async () => {
    await addRepository(writer.context, operatorPermit(), { owner: 'ada', name: 'later', visibility: 'private' });
    await ok(['push', '-q', remote(writer, 'later'), 'main'], 'work');
    const { code, stderr } = await git(['clone', remote(reader, 'later'), 'later']);
    expect(code).toBe(128);
    expect(stderr).toContain(
      `remote: This node has no copy of this repository yet. Try again in a while, or here:\nremote: ` +
        `${writer.url}/ada/later.git`,
    );
    expect(stderr).toContain('error: 503');
    const sentence = `This node has no copy of the repository yet. Try again in a while, or at ${writer.url}.`;
    expect(await call(reader, 'GET /api/v3/repos/ada/later/commits')).toMatchObject({ status: 503, message: sentence });
    expect(await call(reader, 'GET /api/v4/projects/ada%2Flater/repository/commits')).toMatchObject({
      status: 503,
      message: `503 Service Unavailable - ${sentence}`,
    });
    expect((await call(reader, 'GET /api/v3/repos/ada/later')).status).toBe(200);
    await fillCopy();
    await ok(['clone', '-q', remote(reader, 'later'), 'later']);
  });
});
