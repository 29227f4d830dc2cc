/**
 * Git LFS over HTTP, as git-lfs asks: batches, bytes, locks; who may do what, and what nobody may learn. Real git-lfs
 * runs in `npm run clients -- lfs`.
 */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { addOrganization, addUser } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { MAX_BATCH } from '../../../src/actions/lfs/batch.ts';
import { type Collected, collectLfs } from '../../../src/actions/lfs/collection.ts';
import { MAX_LFS_LOCKS } from '../../../src/actions/lfs/locks.ts';
import { PASS_SEC } from '../../../src/actions/lfs/passes.ts';
import { addRepository, archiveRepository, setCollaborator } from '../../../src/actions/repositories/repositories.ts';
import { createToken, revokeToken } from '../../../src/actions/tokens/tokens.ts';
import { digestOf, Secret } from '../../../src/base/secret.ts';
import { basic, call, makeWorld, type World } from './server.ts';

const MIB = 1024 * 1024;
const TYPE = 'application/vnd.git-lfs+json';
let world: World;
/** Bob's, who may write to ada/shared, and administer nothing there. */
let bobs: Secret;

interface Action {
  readonly href: string;
  readonly header: Readonly<Record<string, string>>;
  readonly expires_in: number;
}
interface Listed {
  readonly oid: string;
  readonly size: number;
  readonly authenticated?: boolean;
  readonly actions?: Readonly<Partial<Record<'download' | 'upload' | 'verify', Action>>>;
  readonly error?: { readonly code: number; readonly message: string };
}
interface Json {
  readonly message?: string;
  readonly objects?: readonly Listed[];
  readonly lock?: { readonly id: string; readonly path: string; readonly owner: { readonly name: string } };
  readonly locks?: readonly { readonly id: string; readonly path: string }[];
  readonly ours?: readonly { readonly path: string }[];
  readonly theirs?: readonly { readonly path: string; readonly owner: { readonly name: string } }[];
  readonly next_cursor?: string;
  readonly documentation_url?: string;
  readonly reason?: string;
}

beforeAll(async () => {
  world = await makeWorld({ maxLfsFileMib: 2, maxLfsRepositoryMib: 3, gitIdleTimeoutSec: 1 });
  const ctx = world.server.context;
  const operator = operatorPermit();
  await addUser(ctx, operator, {
    login: 'bob',
    email: 'bob@example.org',
    verified: true,
    admin: false,
    password: null,
  });
  await addOrganization(ctx, operator, { name: 'acme', owner: 'ada' });
  for (const name of ['shared', 'full', 'old'])
    await addRepository(ctx, operator, { owner: 'ada', name, visibility: 'private' });
  await setCollaborator(ctx, operator, { owner: 'ada', name: 'shared', login: 'bob', role: 'write' });
  bobs = await classic('bob', ['repo']);
});
afterAll(() => world.close());

/** The same token with another last letter. */
function mistyped(token: Secret): string {
  const text = token.reveal();
  return text.slice(0, -1) + (text.endsWith('a') ? 'b' : 'a');
}

async function classic(userLogin: string, scopes: string[], more: object = {}): Promise<Secret> {
  const draft = {
    userLogin,
    kind: 'classic',
    name: `token ${randomBytes(4).toString('hex')}`,
    description: '',
  } as const;
  return (await createToken(world.server.context, operatorPermit(), { ...draft, scopes, grants: [], ...more })).secret;
}

interface Asked {
  readonly method?: string;
  readonly token?: Secret | null;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

async function lfs(
  repository: string,
  path: string,
  { method = 'POST', token = world.full, body, headers = {} }: Asked = {},
): Promise<{ status: number; body: Json; headers: Record<string, unknown> }> {
  const answer = await call(world.url, `/${repository}.git/info/lfs/${path}`, {
    method,
    headers: {
      Accept: TYPE,
      ...(method === 'GET' ? {} : { 'Content-Type': TYPE }),
      ...(token === null ? {} : basic(token)),
      ...headers,
    },
    ...(method === 'GET' ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body ?? {}) }),
  });
  expect(answer.headers['content-type']).toBe(TYPE);
  return { status: answer.status, body: JSON.parse(answer.body) as Json, headers: answer.headers };
}

const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const named = (bytes: Buffer): { oid: string; size: number } => ({ oid: digest(bytes), size: bytes.length });

const batch = (
  repository: string,
  operation: 'download' | 'upload',
  objects: readonly object[],
  token: Secret | null = world.full,
): ReturnType<typeof lfs> =>
  lfs(repository, 'objects/batch', { token, body: { operation, transfers: ['basic'], objects } });

async function actionOf(
  repository: string,
  operation: 'download' | 'upload',
  object: { oid: string; size: number },
  token: Secret | null = world.full,
): Promise<Action> {
  const { body } = await batch(repository, operation, [object], token);
  const action = body.objects?.[0]?.actions?.[operation];
  expect(action, JSON.stringify(body)).toBeDefined();
  return action!;
}

async function put(action: Action, bytes: Buffer, headers: Record<string, string> = {}) {
  const { pathname } = new URL(action.href);
  return call(world.url, pathname, { method: 'PUT', headers: { ...action.header, ...headers }, body: bytes });
}
const get = (action: Action, headers: Record<string, string> = {}) =>
  call(world.url, new URL(action.href).pathname, { headers: { ...action.header, ...headers } });

async function store(repository: string, bytes: Buffer): Promise<{ oid: string; size: number }> {
  const object = named(bytes);
  expect((await put(await actionOf(repository, 'upload', object), bytes)).status).toBe(200);
  return object;
}
const filesOf = (repository: string): string[] => {
  const folder = join(world.server.context.git.path('ada', repository), 'lfs');
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);
};

describe('an object of Git LFS', () => {
  it('is sent, verified, listed as present, and fetched again, whole and in part', async () => {
    const bytes = randomBytes(300_000);
    const object = named(bytes);
    const asked = await batch('ada/closed', 'upload', [object]);
    expect(asked.status).toBe(200);
    const [listed] = asked.body.objects!;
    expect(listed).toMatchObject({ ...object, authenticated: true });
    const { upload, verify } = listed!.actions!;
    expect(upload!.header['Content-Type']).toBe('application/octet-stream');
    expect(upload!.expires_in).toBe(PASS_SEC);
    expect((await put(upload!, bytes)).status).toBe(200);
    const verified = await call(world.url, new URL(verify!.href).pathname, {
      method: 'POST',
      headers: { ...verify!.header, Accept: TYPE, 'Content-Type': `${TYPE}; charset=utf-8` },
      body: JSON.stringify(object),
    });
    expect(verified.status).toBe(200);
    // Nothing to send any more.
    expect((await batch('ada/closed', 'upload', [object])).body.objects).toEqual([object]);
    const action = await actionOf('ada/closed', 'download', object, world.reader);
    const whole = await get(action);
    expect(whole.status).toBe(200);
    expect(digest(Buffer.from(whole.body, 'latin1'))).toBe(object.oid);
    expect(whole.headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-disposition': 'attachment',
      'x-content-type-options': 'nosniff',
      'content-length': String(bytes.length),
    });
    const rest = await get(action, { Range: `bytes=100000-${bytes.length - 1}` });
    expect([rest.status, rest.headers['content-range']]).toEqual([206, `bytes 100000-299999/300000`]);
    expect(Buffer.from(rest.body, 'latin1').equals(bytes.subarray(100_000))).toBe(true);
    const tail = await get(action, { Range: 'bytes=-5' });
    expect(Buffer.from(tail.body, 'latin1').equals(bytes.subarray(-5))).toBe(true);
    const beyond = await get(action, { Range: 'bytes=300000-' });
    expect([beyond.status, beyond.headers['content-range']]).toEqual([416, 'bytes */300000']);
  });

  it('may be empty', async () => {
    const object = await store('ada/closed', Buffer.alloc(0));
    const answer = await get(await actionOf('ada/closed', 'download', object));
    expect([answer.status, answer.body]).toEqual([200, '']);
  });

  it('is not kept when its bytes are others, more, fewer, or cut off', async () => {
    const bytes = randomBytes(50_000);
    const object = named(bytes);
    const before = filesOf('closed');
    const action = await actionOf('ada/closed', 'upload', object);
    const wrong = await put(action, randomBytes(50_000));
    expect([wrong.status, JSON.parse(wrong.body).message]).toEqual([
      422,
      'What was sent is not the object: its SHA-256 is another one.',
    ]);
    expect((await put(action, bytes.subarray(1))).status).toBe(422);
    const chunked = { 'Transfer-Encoding': 'chunked' };
    expect((await put(action, Buffer.concat([bytes, bytes]), chunked)).status).toBe(422);
    expect((await put(action, bytes.subarray(1), chunked)).status).toBe(422);
    await cutOff(action, bytes);
    await expect.poll(() => filesOf('closed')).toEqual(before);
    expect((await put(action, bytes, chunked)).status).toBe(200);
  });

  /** Sends half of an object, then hangs up. */
  function cutOff(action: Action, bytes: Buffer): Promise<void> {
    const { hostname, port } = new URL(world.url);
    const headers = { ...action.header, 'Content-Length': bytes.length };
    const path = new URL(action.href).pathname;
    return new Promise((resolve) => {
      const outgoing = httpRequest({ hostname, port, path, method: 'PUT', headers, agent: false });
      outgoing.once('error', () => resolve()).once('close', () => resolve());
      outgoing.write(bytes.subarray(0, 25_000), () => outgoing.destroy());
    });
  }

  it('that comes too slowly is cut off', async () => {
    const bytes = randomBytes(50_000);
    const action = await actionOf('ada/closed', 'upload', named(bytes));
    const { hostname, port } = new URL(world.url);
    const path = new URL(action.href).pathname;
    const ended = new Promise<string>((resolve) => {
      const headers = { ...action.header, 'Content-Length': bytes.length };
      const outgoing = httpRequest({ hostname, port, path, method: 'PUT', headers, agent: false });
      outgoing.once('error', ({ message }) => resolve(message)).once('response', () => resolve('answered'));
      outgoing.write(bytes.subarray(0, 10));
    });
    expect(await ended).toBe('socket hang up');
  });

  it('is sent by two at once, and kept once', async () => {
    const bytes = randomBytes(200_000);
    const action = await actionOf('ada/closed', 'upload', named(bytes));
    const answers = await Promise.all([put(action, bytes), put(action, bytes)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(filesOf('closed').filter((name) => name.startsWith(named(bytes).oid))).toEqual([named(bytes).oid]);
  });

  it('is known in its own repository alone: elsewhere it must be sent, and its digest tells nothing', async () => {
    const bytes = randomBytes(1000);
    const object = await store('ada/closed', bytes);
    const unknown = named(randomBytes(1000));
    const [foreign, other] = (await batch('ada/open', 'upload', [object, unknown])).body.objects!;
    expect(Object.keys(foreign!.actions!)).toEqual(Object.keys(other!.actions!));
    const absent = (await batch('ada/open', 'download', [object, unknown])).body.objects!;
    expect(absent.map(({ error }) => error?.code)).toEqual([404, 404]);
    // Bytes that aren't its own bind nothing.
    expect((await put(foreign!.actions!.upload!, randomBytes(1000))).status).toBe(422);
    expect((await batch('ada/open', 'download', [object])).body.objects![0]!.error?.code).toBe(404);
  });

  it('of a public repository is fetched by anybody, and sent by nobody without a token', async () => {
    const object = await store('ada/open', randomBytes(500));
    expect((await get(await actionOf('ada/open', 'download', object, null))).status).toBe(200);
    const refused = await batch('ada/open', 'upload', [named(randomBytes(5))], null);
    expect(refused.status).toBe(401);
    expect(refused.headers['lfs-authenticate']).toBe('Basic realm="Latchkey", charset="UTF-8"');
    expect(refused.headers['www-authenticate']).toBeUndefined();
  });
});

describe('a pass for an object', () => {
  it('is good for its object, repository and direction alone, and for an hour', async () => {
    const object = await store('ada/closed', randomBytes(700));
    const other = await store('ada/closed', randomBytes(700));
    const down = await actionOf('ada/closed', 'download', object);
    const at = (oid: string, repository = 'ada/closed'): Action => ({
      ...down,
      href: `${world.url}/${repository}.git/info/lfs/objects/${oid}`,
    });
    expect((await get(at(object.oid))).status).toBe(200);
    expect((await get(at(other.oid))).status).toBe(403);
    expect((await get(at(object.oid, 'ada/open'))).status).toBe(403);
    expect((await put(at(object.oid), randomBytes(700))).status).toBe(403);
    const [text = '', ...signature] = down.header['Authorization']!.replace('Bearer ', '').split('.');
    const changed = JSON.parse(Buffer.from(text, 'base64url').toString()) as Record<string, unknown>;
    const forged = Buffer.from(JSON.stringify({ ...changed, d: other.oid })).toString('base64url');
    const forgedPass = { ...at(other.oid), header: { Authorization: `Bearer ${[forged, ...signature].join('.')}` } };
    expect((await get(forgedPass)).status).toBe(403);
    for (const header of [{}, basic(world.full), { Authorization: `Bearer ${world.full.reveal()}` }])
      expect((await get({ ...down, header: { ...header } as Record<string, string> })).status).toBe(403);
    const { clock } = world.server.context;
    const now = clock.now();
    const late = vi.spyOn(clock, 'now').mockReturnValue(now + PASS_SEC + 1);
    try {
      expect((await get(down)).status).toBe(403);
    } finally {
      late.mockRestore();
    }
  });

  it('ends with its token, and with the role of whoever holds it', async () => {
    const ctx = world.server.context;
    const object = await store('ada/shared', randomBytes(800));
    const token = await classic('ada', ['repo']);
    const pass = await actionOf('ada/shared', 'download', object, token);
    expect((await get(pass)).status).toBe(200);
    const { id } = await ctx.store.db
      .selectFrom('token_secrets')
      .select('token_id as id')
      .where('digest', '=', token.digest())
      .executeTakeFirstOrThrow();
    await revokeToken(ctx, operatorPermit(), id);
    const refused = await get(pass);
    expect(refused.status).toBe(401);
    expect(JSON.parse(refused.body)).toMatchObject({ reason: 'token_revoked' });
    const bob = await actionOf('ada/shared', 'upload', named(Buffer.from('x')), bobs);
    await setCollaborator(ctx, operatorPermit(), { owner: 'ada', name: 'shared', login: 'bob', role: 'read' });
    expect((await put(bob, Buffer.from('x'))).status).toBe(403);
    await setCollaborator(ctx, operatorPermit(), { owner: 'ada', name: 'shared', login: 'bob', role: 'write' });
    expect((await put(bob, Buffer.from('x'))).status).toBe(200);
  });

  it('spends no use of a token with a limit: its batch did', async () => {
    const token = await classic('ada', ['repo'], { usesLeft: 1 });
    const objects = [randomBytes(10), randomBytes(11)];
    const { body } = await batch('ada/shared', 'upload', objects.map(named), token);
    for (const [i, bytes] of objects.entries())
      expect((await put(body.objects![i]!.actions!.upload!, bytes)).status).toBe(200);
    const again = await batch('ada/shared', 'upload', objects.map(named), token);
    expect([again.status, again.body.reason]).toEqual([401, 'token_used_up']);
  });
});

describe('a batch', () => {
  it('says no as git does, in JSON that git-lfs prints', async () => {
    const object = named(Buffer.from('a'));
    const unseen = await batch('ada/closed', 'download', [object], bobs);
    expect([unseen.status, unseen.body.reason]).toEqual([404, 'not_found']);
    const reader = await batch('ada/closed', 'upload', [object], world.reader);
    expect([reader.status, reader.body.reason]).toEqual([403, 'permission_missing']);
    expect(reader.body.message).toContain('contents: write');
    expect(reader.body.documentation_url).toMatch(/\/help\/permission_missing$/);
    const dead = await batch('ada/closed', 'download', [object], new Secret(mistyped(world.full)));
    expect(dead.status).toBe(401);
    await archiveRepository(world.server.context, operatorPermit(), { owner: 'ada', name: 'old' });
    const archived = await batch('ada/old', 'upload', [object]);
    expect([archived.status, archived.body.reason]).toEqual([403, 'repository_archived']);
    const none = await batch('ada/nothing', 'download', [object]);
    expect([none.status, none.body.reason]).toEqual([404, 'not_found']);
  });

  it('answers for each object, and refuses whole what cannot be read', async () => {
    const good = named(Buffer.from('good'));
    const mixed = await batch('ada/closed', 'upload', [
      good,
      { oid: '../../etc', size: 1 },
      { oid: good.oid, size: -1 },
    ]);
    expect(mixed.status).toBe(200);
    expect(mixed.body.objects!.map(({ error }) => error?.code)).toEqual([undefined, 422, 422]);
    expect((await batch('ada/closed', 'upload', [{ oid: good.oid.toUpperCase(), size: 4 }])).status).toBe(422);
    const ask = (body: unknown): Promise<number> =>
      lfs('ada/closed', 'objects/batch', { body }).then(({ status }) => status);
    expect(await ask('{')).toBe(400);
    expect(await ask('[]')).toBe(422);
    expect(await ask({ operation: 'delete', objects: [] })).toBe(422);
    expect(await ask({ operation: 'download', objects: [], hash_algo: 'sha512' })).toBe(409);
    expect(await ask({ operation: 'download', objects: [], transfers: ['tus'] })).toBe(422);
    expect(await ask({ operation: 'download', objects: Array(MAX_BATCH).fill(good) })).toBe(200);
    expect(await ask({ operation: 'download', objects: Array(MAX_BATCH + 1).fill(good) })).toBe(413);
    expect(await ask({ operation: 'download', objects: [], more: 'x'.repeat(MIB) })).toBe(413);
    const plain = await lfs('ada/closed', 'objects/batch', { headers: { 'Content-Type': 'text/plain' } });
    expect(plain.status).toBe(415);
    expect((await lfs('ada/closed', 'objects/batch', { headers: { Accept: 'text/html' } })).status).toBe(406);
    expect((await lfs('ada/closed', 'objects/batch', { method: 'GET' })).status).toBe(403);
    expect((await lfs('ada/closed', 'nothing/here', { method: 'GET' })).status).toBe(404);
  });

  it('refuses an object of another size than the one that is there', async () => {
    const object = await store('ada/closed', randomBytes(900));
    for (const operation of ['download', 'upload'] as const) {
      const { body } = await batch('ada/closed', operation, [{ ...object, size: 901 }, named(Buffer.from('z'))]);
      expect(body.objects![0]!.error).toMatchObject({ code: 422 });
    }
  });

  it('holds the limits of a file and of a repository, each on both sides', async () => {
    const over = await batch('ada/full', 'upload', [{ oid: 'a'.repeat(64), size: 2 * MIB + 1 }]);
    expect(over.status).toBe(422);
    expect(over.body.message).toContain('larger than 2 MiB');
    await store('ada/full', randomBytes(2 * MIB));
    const two = await batch('ada/full', 'upload', [
      { oid: 'a'.repeat(64), size: MIB },
      { oid: 'b'.repeat(64), size: 1 },
    ]);
    expect(two.body.objects!.map(({ error }) => error?.code)).toEqual([undefined, 507]);
    expect(two.body.objects![1]!.error!.message).toContain('may have 3 MiB at most');
    expect(
      (await batch('ada/full', 'upload', [{ oid: 'b'.repeat(64), size: MIB + 1 }])).body.objects![0]!.error?.code,
    ).toBe(507);
  });

  it('is one entry of the audit log, with what may be sent', async () => {
    await batch('ada/shared', 'upload', [named(randomBytes(3)), named(randomBytes(4))]);
    const row = await world.server.context.store.db
      .selectFrom('audit')
      .select(['data_json', 'actor_login'])
      .where('action', '=', 'git_lfs.upload')
      .orderBy('id', 'desc')
      .executeTakeFirstOrThrow();
    expect(row.actor_login).toBe('ada');
    expect(JSON.parse(row.data_json)).toEqual({ repo: 'ada/shared', objects: 2, bytes: 7 });
  });
});

describe('a repository whose lfs folder leads elsewhere', () => {
  it('gives and takes nothing there', async () => {
    const ctx = world.server.context;
    await addRepository(ctx, operatorPermit(), { owner: 'ada', name: 'linked', visibility: 'private' });
    const bytes = Buffer.from('somebody else’s');
    const { oid } = named(bytes);
    const elsewhere = join(world.folder, 'elsewhere');
    mkdirSync(join(elsewhere, 'objects', oid.slice(0, 2), oid.slice(2, 4)), { recursive: true });
    writeFileSync(join(elsewhere, 'objects', oid.slice(0, 2), oid.slice(2, 4), oid), bytes);
    symlinkSync(elsewhere, join(ctx.git.path('ada', 'linked'), 'lfs'));
    expect((await batch('ada/linked', 'download', [named(bytes)])).body.objects![0]!.error?.code).toBe(404);
    const action = await actionOf('ada/linked', 'upload', named(bytes));
    expect((await put(action, bytes)).status).toBe(500);
    expect(existsSync(join(elsewhere, 'incomplete'))).toBe(false);
  });
});

describe('a lock', () => {
  const lock = (path: unknown, token = world.full) => lfs('ada/shared', 'locks', { token, body: { path } });

  it('is taken by one, seen by all, and taken away by its holder, or by force by who administers', async () => {
    const made = await lock('art/logo.psd');
    expect(made.status).toBe(201);
    expect(made.body.lock).toMatchObject({ path: 'art/logo.psd', owner: { name: 'ada' } });
    const taken = await lock('art/logo.psd', bobs);
    expect([taken.status, taken.body.message, taken.body.lock?.id]).toEqual([
      409,
      'ada has locked this file.',
      made.body.lock!.id,
    ]);
    const seen = await lfs('ada/shared', 'locks/verify', { token: bobs });
    expect([seen.body.ours, seen.body.theirs?.map(({ path }) => path)]).toEqual([[], ['art/logo.psd']]);
    const id = made.body.lock!.id;
    const notBobs = await lfs('ada/shared', `locks/${id}/unlock`, { token: bobs, body: { force: true } });
    expect([notBobs.status, notBobs.body.message]).toEqual([
      403,
      'ada has locked this file. They can unlock it, or whoever administers the repository, by --force.',
    ]);
    expect((await lfs('ada/shared', `locks/${id}/unlock`)).body.lock?.path).toBe('art/logo.psd');
    const bobLock = (await lock('art/logo.psd', bobs)).body.lock!;
    const admin = await classic('ada', ['repo']);
    const asked = await lfs('ada/shared', `locks/${bobLock.id}/unlock`, { token: admin });
    expect([asked.status, asked.body.message]).toEqual([
      403,
      'bob has locked this file. To take the lock away: git lfs unlock --force',
    ]);
    expect(
      (await lfs('ada/shared', `locks/${bobLock.id}/unlock`, { token: admin, body: { force: true } })).status,
    ).toBe(200);
    expect((await lfs('ada/shared', `locks/${bobLock.id}/unlock`, { token: admin })).status).toBe(404);
  });

  it('needs to write, a path that a file can have, and is listed page by page', async () => {
    expect((await lfs('ada/closed', 'locks', { token: world.reader, body: { path: 'a' } })).status).toBe(403);
    for (const path of ['', '/etc', '../x', 'a//b', 'a/./b', 'a\0b', 'é'.repeat(2049), 7])
      expect((await lock(path)).status, String(path)).toBe(422);
    for (const path of ['é'.repeat(2048), 'b', 'c']) expect((await lock(path)).status).toBe(201);
    const list = (query: string) => lfs('ada/shared', `locks?${query}`, { method: 'GET', token: bobs });
    const first = await list('limit=2');
    expect(first.body.locks).toHaveLength(2);
    const second = await list(`limit=2&cursor=${first.body.next_cursor}`);
    expect(second.body.locks?.map(({ path }) => path)).toEqual(['c']);
    expect(second.body.next_cursor).toBeUndefined();
    expect((await list('path=b')).body.locks?.map(({ path }) => path)).toEqual(['b']);
    expect((await list('id=999999')).body.locks).toEqual([]);
    expect((await list('cursor=zzz')).status).toBe(422);
  });

  it(`is one of ${MAX_LFS_LOCKS} in a repository at most`, async () => {
    const { db } = world.server.context.store;
    const { id } = await db
      .selectFrom('repositories')
      .select('id')
      .where('name', '=', 'closed')
      .executeTakeFirstOrThrow();
    const { id: userId } = await db
      .selectFrom('accounts')
      .select('id')
      .where('login', '=', 'ada')
      .executeTakeFirstOrThrow();
    const rows = Array.from({ length: MAX_LFS_LOCKS - 1 }, (_, i) => ({
      repository_id: id,
      path: `f${i}`,
      path_digest: digestOf(`f${i}`),
      user_id: userId,
      locked_at: 1,
    }));
    for (let at = 0; at < rows.length; at += 1000)
      await db
        .insertInto('lfs_locks')
        .values(rows.slice(at, at + 1000))
        .execute();
    const take = (path: string) => lfs('ada/closed', 'locks', { body: { path } });
    expect((await take('last')).status).toBe(201);
    const over = await take('one more');
    expect([over.status, over.body.message]).toEqual([
      422,
      'A repository has at most 10000 locks. Take some away first.',
    ]);
  });
});

describe('collection of LFS objects', () => {
  const DAY_MS = 86_400_000;
  const age = (oid: string, days: number): void => {
    const file = join(
      world.server.context.git.path('ada', 'kept'),
      'lfs/objects',
      oid.slice(0, 2),
      oid.slice(2, 4),
      oid,
    );
    const at = new Date(Date.now() - days * DAY_MS);
    utimesSync(file, at, at);
  };
  const collect = async (isDry: boolean, name = { owner: 'ada', name: 'kept' }): Promise<readonly Collected[]> =>
    Array.fromAsync(collectLfs(world.server.context, operatorPermit(), { name, olderThanDays: 14, isDry }));
  const pointer = ({ oid, size }: { oid: string; size: number }): string =>
    `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize ${size}\n`;

  it('removes what no file names, not what any commit holds, reached or not, nor what a push may need', async () => {
    await addRepository(world.server.context, operatorPermit(), { owner: 'ada', name: 'kept', visibility: 'private' });
    const [reached, deleted, unnamed, young, again] = await Promise.all(
      Array.from({ length: 5 }, () => store('ada/kept', randomBytes(2000))),
    );
    const remote = world.remote('ada/kept', world.full);
    await world.ok(['init', '-q', 'kept']);
    const commit = async (name: string, object: { oid: string; size: number }): Promise<void> => {
      writeFileSync(join(world.folder, 'kept', name), pointer(object));
      await world.ok(['add', '.'], { in: 'kept' });
      await world.ok(['commit', '-qm', name], { in: 'kept' });
    };
    await commit('a.psd', reached!);
    await world.ok(['push', '-q', remote, 'main'], { in: 'kept' });
    await commit('b.psd', deleted!);
    await world.ok(['push', '-q', remote, 'HEAD:refs/heads/side'], { in: 'kept' });
    await world.ok(['push', '-q', remote, ':refs/heads/side'], { in: 'kept' });
    for (const { oid } of [reached!, deleted!, unnamed!, again!]) age(oid, 15);
    age(young!.oid, 13);
    // Somebody is about to push a file that names it.
    expect((await batch('ada/kept', 'upload', [again!])).body.objects).toEqual([again!]);
    const expected = [{ fullName: 'ada/kept', objects: 1, bytes: 2000, kept: 4 }];
    expect(await collect(true)).toEqual(expected);
    expect(filesOf('kept')).toHaveLength(5);
    expect(await collect(false)).toEqual(expected);
    expect(filesOf('kept').sort()).toEqual([reached!, deleted!, young!, again!].map(({ oid }) => oid).sort());
    expect(await collect(false)).toEqual([{ fullName: 'ada/kept', objects: 0, bytes: 0, kept: 4 }]);
    await expect(collect(true, { owner: 'ada', name: 'kep' })).rejects.toThrow('There is no repository ada/kep.');
  });
});
