/**
 * Something the server needs is gone: the database, descriptors, the disk, git. Every door says 503 with a reason and
 * when to retry, and never a bare 500.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { LOGIN_CLIENT_ID } from '../../src/actions/tokens/device-authorization.ts';
import { cuttableProxy } from '../engines/cuttable-proxy.ts';
import { readyDatabase } from '../engines/engines.ts';
import { basic, call, FETCH_TYPE, makeWorld, type World } from './git/server.ts';

/** For what a busy machine takes. */
const PATIENCE = { timeout: 60_000, interval: 50 };

let world: World;
beforeAll(async () => {
  world = await makeWorld();
});
afterAll(() => world.close());

describe('without git that can be started', () => {
  /** A world whose `git` can't start anything, as on a machine without free processes. */
  async function withoutGit(): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'latchkey-no-git-'));
    await mkdir(join(folder, 'bin'));
    const path = process.env['PATH'];
    process.env['PATH'] = join(folder, 'bin');
    onTestFinished(async () => {
      process.env['PATH'] = path;
      await rm(folder, { recursive: true, force: true });
    });
  }

  it('a clone gets a 503, a reason and when to retry', async () => {
    await withoutGit();
    const answer = await call(world.url, '/ada/open.git/git-upload-pack', {
      method: 'POST',
      headers: { 'Content-Type': FETCH_TYPE },
      body: '0000',
    });
    expect(answer).toMatchObject({
      status: 503,
      headers: { 'retry-after': '10', 'x-latchkey-reason': 'git_unavailable' },
      body: 'The server can start no further process of git. Try again in a moment.\n',
    });
  });

  it.each([
    ['GitHub’s API', '/api/v3/repos/ada/open/branches', { reason: 'git_unavailable', status: '503' }],
    ['GitLab’s API', '/api/v4/projects/ada%2Fopen/repository/branches', { reason: 'git_unavailable' }],
  ])('%s says the same in its own form', async (_, path, body) => {
    await withoutGit();
    const answer = await call(world.url, path, { headers: { 'User-Agent': 'test' } });
    expect(answer.status).toBe(503);
    expect(answer.headers['retry-after']).toBe('10');
    expect(JSON.parse(answer.body)).toMatchObject(body);
  });

  it('a page says so to a person', async () => {
    await withoutGit();
    const answer = await call(world.url, '/ada/open', { headers: { Accept: 'text/html' } });
    expect(answer.status).toBe(503);
    expect(answer.body).toContain('can start no further process of git');
  });
});

it('a PostgreSQL that is away is bridged by memory, then told with when to come again, then found again', async () => {
  const database = await readyDatabase('postgres');
  onTestFinished(database.remove);
  const address = new URL(database.databaseUrl!);
  const port = Number(address.port);
  const proxy = await cuttableProxy(() => port);
  onTestFinished(proxy.close);
  address.port = String(proxy.port);
  const far = await makeWorld({ database: address.href });
  onTestFinished(() => far.close());
  const ask = () => call(far.url, '/api/v3/user', { headers: { ...basic(far.full), 'User-Agent': 'test' } });
  await vi.waitFor(async () => expect((await ask()).status).toBe(200), PATIENCE);
  proxy.cut('loudly');
  const statuses: number[] = [];
  const last = await vi.waitFor(async () => {
    const answer = await ask();
    statuses.push(answer.status);
    expect(answer.status).toBe(503);
    return answer;
  }, PATIENCE);
  expect(statuses.slice(0, -1).filter((status) => status !== 200)).toEqual([]);
  expect(last).toMatchObject({
    headers: { 'retry-after': '5' },
    body: expect.stringContaining('database_unavailable'),
  });
  proxy.mend();
  await vi.waitFor(async () => expect((await ask()).status).toBe(200), PATIENCE);
});

describe('without a database', () => {
  it.each([
    ['git', 'GET', '/ada/closed.git/info/refs?service=git-upload-pack', /does not answer/],
    ['GitHub’s API', 'GET', '/api/v3/user', /"reason":"database_unavailable"/],
    ['GitLab’s API', 'GET', '/api/v4/user', /"reason":"database_unavailable"/],
    ['forward authorization', 'GET', '/forward-auth/api/v3/user', /does not answer/],
    ['introspection', 'POST', '/oauth/introspect', /"reason":"database_unavailable"/],
    ['the sign-in of commands', 'POST', '/login/oauth/access_token', /"error":"temporarily_unavailable"/],
    ['pages', 'GET', '/login', /does not answer/],
    ['the health page', 'GET', '/instance/health', /does not answer/],
  ])('%s says 503 with a reason and when to come again', async (door, method, path, words) => {
    const broken = await makeWorld();
    onTestFinished(() => broken.close().catch(() => undefined));
    const authorization = basic(broken.full);
    await broken.server.context.store.close();
    const cookie = { Cookie: `latchkey_session=${'a'.repeat(43)}` };
    const grant = 'grant_type=authorization_code&code=a&redirect_uri=http://localhost/&code_verifier=b';
    const form = `client_id=${LOGIN_CLIENT_ID}&${grant}`;
    const answer = await call(broken.url, path, {
      method,
      headers: {
        ...(/page/.test(door) ? cookie : authorization),
        'User-Agent': 'test',
        ...(method === 'POST' ? { 'Content-Type': 'application/x-www-form-urlencoded' } : {}),
      },
      ...(method === 'POST' ? { body: path.includes('introspect') ? 'token=x' : form } : {}),
    });
    expect({ path, status: answer.status }).toEqual({ path, status: 503 });
    expect(answer.headers['retry-after']).toBe('5');
    expect(answer.body).toMatch(words);
  });
});
