/**
 * Limits that nobody can exceed: the largest push, file and repository, the refs of a repository, the tokens of a
 * person, the repositories of an account. Each on both sides of its limit, with git and over both REST dialects.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addOrganization } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { refusalsOf } from '../../../src/actions/decision/token-refusals.ts';
import { addRepository } from '../../../src/actions/repositories/repositories.ts';
import { createToken, revokeToken } from '../../../src/actions/tokens/tokens.ts';
import { collectOutput } from '../../../src/git/processes/git-process.ts';
import { packetLine } from '../../../src/git/protocol/pkt-lines.ts';
import { NO_TOKEN_LEFT } from '../../../src/rules/draft.ts';
import { countTokens } from '../../../src/store/tokens.ts';
import { makeWorld, type Ran, type World } from './server.ts';

const MIB = 1024 * 1024;
let world: World;
/** Ada's, classic: accepted by both dialects. */
let classic: string;
let scoped: string;

beforeAll(async () => {
  world = await makeWorld({
    maxPushMib: 2,
    maxFileMib: 1,
    maxRepositoryMib: 3,
    maxRepositoriesPerUser: 8,
    maxRepositoriesPerOrganization: 1,
    maxRefs: 4,
    maxTokensPerUser: 10,
  });
  const ctx = world.server.context;
  await addOrganization(ctx, operatorPermit(), { name: 'acme', owner: 'ada' });
  for (const name of ['pushes', 'files', 'full', 'refs', 'packed'])
    await addRepository(ctx, operatorPermit(), { owner: 'ada', name, visibility: 'private' });
  const token = async (kind: 'classic' | 'scoped', scopes: string[]): Promise<string> => {
    const draft = { userLogin: 'ada', kind, name: kind, description: '', scopes, grants: [] };
    return (await createToken(ctx, operatorPermit(), draft)).secret.reveal();
  };
  classic = await token('classic', ['repo']);
  scoped = await token('scoped', ['api']);
});
afterAll(() => world.close());

let folders = 0;
const DATES = { GIT_AUTHOR_DATE: '2026-11-28T12:00:00Z', GIT_COMMITTER_DATE: '2026-11-28T12:00:00Z' };

/** A repository whose one commit has these files. */
async function workWith(files: Readonly<Record<string, Buffer>>): Promise<string> {
  const folder = `work-${++folders}`;
  await world.ok(['init', '-q', folder]);
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(world.folder, folder, name), bytes);
  await world.ok(['add', '.'], { in: folder });
  await world.ok(['commit', '-qm', 'one'], { in: folder, env: DATES });
  return folder;
}

/** The pack that a push of `main` sends to an empty repository. */
function packOf(folder: string): Buffer {
  const args = ['-C', join(world.folder, folder), 'pack-objects', '--revs', '--stdout', '-q'];
  return execFileSync('git', args, { input: 'main\n', maxBuffer: 64 * MIB, env: { PATH: process.env['PATH'] } });
}

/** A repository whose push sends a few hundred bytes more than this, in two files within the file limit. */
const workOf = (bytes: number): Promise<string> => workWith({ a: randomBytes(bytes / 2), b: randomBytes(bytes / 2) });

const push = (folder: string, repository: string, ref = 'main'): Promise<Ran> =>
  world.git(['push', world.remote(`ada/${repository}`, world.full), `main:refs/heads/${ref}`], { in: folder });

const objectsOf = (repository: string): string[] =>
  readdirSync(join(world.server.context.git.path('ada', repository), 'objects'), { recursive: true })
    .map(String)
    .filter((name) => /^[0-9a-f]{2}\/|pack\/|incoming/.test(name));

async function rest(
  method: string,
  path: string,
  body: unknown,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const headers = path.startsWith('/api/v4/')
    ? { 'private-token': scoped, 'content-type': 'application/json' }
    : { authorization: `Bearer ${classic}`, 'content-type': 'application/json' };
  const answer = await fetch(world.url + path, { method, headers, body: JSON.stringify(body) });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}
const put = (repository: string, name: string, content: Buffer): ReturnType<typeof rest> =>
  rest('PUT', `/api/v3/repos/ada/${repository}/contents/${name}`, {
    message: 'x',
    content: content.toString('base64'),
  });
const post = (repository: string, name: string, content: Buffer): ReturnType<typeof rest> =>
  rest('POST', `/api/v4/projects/ada%2F${repository}/repository/files/${name}`, {
    branch: 'main',
    commit_message: 'x',
    encoding: 'base64',
    content: content.toString('base64'),
  });

describe('the largest push', () => {
  it('is refused with a sentence when it is larger, and leaves nothing behind', async () => {
    const over = await push(await workOf(2 * MIB), 'pushes');
    expect(over.code).not.toBe(0);
    const said = over.stderr.split('\n').filter((line) => line.startsWith('remote:'));
    expect(said.map((line) => line.slice('remote: '.length).trim())).toEqual([
      'A push may send 2 MiB at most; this one is larger.',
      'Push some commits at a time, or ask an administrator for more:',
      `${world.server.context.settings.publicUrl}/help/push_too_large`,
    ]);
    expect(over.stderr).toMatch(/! \[remote rejected\] main -> main \(unpacker error\)/);
    expect(objectsOf('pushes')).toEqual([]);
    const [token] = await world.server.context.store.db.selectFrom('tokens').select('id').orderBy('id').execute();
    expect((await refusalsOf(world.server.context, token!.id)).map(({ reason }) => reason)).toEqual(['push_too_large']);
    expect((await push(await workOf(2 * MIB - 4096), 'pushes')).stderr).toContain('[new branch]');
  });

  it('is counted to the byte', async () => {
    const { git } = world.server.context;
    const path = git.path('ada', 'closed');
    expect((await git.roomFor(path)).bytes).toBe(2 * MIB);
    const folder = await workWith({ a: randomBytes(100) });
    const pack = packOf(folder);
    const id = (await world.ok(['rev-parse', 'main'], { in: folder })).trim();
    const told = async (maxInputBytes: number): Promise<string> => {
      const caller = { caller: 'user 1', workflowRefusal: null, scan: null, oddRefs: false, protocol: undefined };
      const run = { service: 'receive-pack', path, advertise: false, maxInputBytes, ...caller } as const;
      const command = packetLine(`${'0'.repeat(40)} ${id} refs/heads/main\0report-status`);
      const input = Buffer.concat([Buffer.from(`${command}0000`), pack]);
      return (await collectOutput(await git.serve(run), [], { input })).toString();
    };
    expect(await told(pack.length - 1)).toContain('unpack unpack-objects abnormal exit');
    expect(await told(pack.length)).toContain('ok refs/heads/main');
  });
});

describe('the largest file', () => {
  it('is accepted at its limit, and refused with one byte more, even in an older commit', async () => {
    expect((await push(await workWith({ a: randomBytes(MIB) }), 'files')).code).toBe(0);
    const noise = await push(await workWith({ 'b.bin': randomBytes(MIB + 1) }), 'files', 'noise');
    expect(noise.stderr).toMatch(/^remote: b\.bin is larger than 1 MiB, the most that a file may have\. *$/m);
    expect(noise.stderr).toContain('/help/file_too_large');
    expect(noise.stderr).toContain('(pre-receive hook declined)');
    // A few hundred bytes on the wire.
    const zeros = await push(await workWith({ zeros: Buffer.alloc(20 * MIB) }), 'files', 'zeros');
    expect(zeros.stderr).toMatch(/^remote: zeros is larger than 1 MiB/m);
    const older = await workWith({ old: Buffer.alloc(MIB + 1), old2: Buffer.alloc(MIB + 2) });
    await world.ok(['rm', '-q', 'old', 'old2'], { in: older });
    await world.ok(['commit', '-qm', 'gone'], { in: older });
    expect((await push(older, 'files', 'older')).stderr).toMatch(/^remote: old2? and 1 more are larger than 1 MiB/m);
  });

  it('that grows by a delta of some bytes is refused, too', async () => {
    const folder = await workWith({ a: randomBytes(600 * 1024) });
    expect((await push(folder, 'files', 'delta')).code).toBe(0);
    const file = join(world.folder, folder, 'a');
    const once = execFileSync('cat', [file], { maxBuffer: 64 * MIB });
    writeFileSync(file, Buffer.concat([once, once]));
    await world.ok(['commit', '-qam', 'twice'], { in: folder });
    expect((await push(folder, 'files', 'delta')).stderr).toMatch(/^remote: a is larger than 1 MiB/m);
  });

  it('is the same over REST, in both dialects', async () => {
    for (const write of [put, post]) {
      expect(await write('files', `ok-${write.name}`, Buffer.alloc(MIB))).toMatchObject({ status: 201 });
      const refused = await write('files', `big-${write.name}`, Buffer.alloc(MIB + 1));
      expect(refused).toMatchObject({ status: 403, body: { reason: 'file_too_large' } });
      expect(JSON.stringify(refused.body)).toContain('larger than 1 MiB');
    }
  });
});

describe('a repository', () => {
  it('takes what it has room for, by any door, says how full it is, and still takes deletions', async () => {
    const [first, second] = [await workOf(2 * MIB - 8192), await workOf(2 * MIB - 4096)];
    expect((await push(first, 'full')).code).toBe(0);
    const size = async (): Promise<number> =>
      Number(((await rest('GET', '/api/v3/repos/ada/full', undefined)).body as { size: number }).size);
    expect(await size()).toBeGreaterThan(2000);
    const refused = await push(second, 'full', 'second');
    expect(refused.stderr).toMatch(
      /^remote: ada\/full has no room for this: a repository may have 3 MiB at most\. *$/m,
    );
    expect(refused.stderr).toContain('/help/repository_full');
    expect((await push(await workOf(MIB - 32 * 1024), 'full', 'second')).code).toBe(0);
    expect(await size()).toBeGreaterThan(2990);
    const project = await rest('GET', '/api/v4/projects/ada%2Ffull?statistics=true', undefined);
    expect(project.body['statistics']).toMatchObject({ repository_size: (await size()) * 1024 });
    for (const write of [put, post]) {
      const written = await write('full', 'more', Buffer.alloc(512 * 1024));
      expect(written).toMatchObject({ status: 403, body: { reason: 'repository_full' } });
    }
    const deleted = await world.git(['push', world.remote('ada/full', world.full), ':second'], { in: first });
    expect(deleted.stderr).toContain('[deleted]');
  });
});

describe('how many refs a repository may have', () => {
  const refsOf = async (repository: string): Promise<number> => {
    const path = world.server.context.git.path('ada', repository);
    return (await world.ok(['-C', path, 'for-each-ref', '--format=x'])).split('x').length - 1;
  };
  const pushAll = (folder: string, repository: string, refs: readonly string[]): Promise<Ran> =>
    world.git(['push', world.remote(`ada/${repository}`, world.full), ...refs], { in: folder });

  it('is reported in the push that would exceed it, of which nothing is accepted, refs packed or not', async () => {
    const folder = await workWith({ a: randomBytes(100) });
    for (const repository of ['refs', 'packed']) {
      expect((await pushAll(folder, repository, ['main', 'main:two', 'main:refs/tags/v1'])).code).toBe(0);
      if (repository === 'packed')
        await world.ok(['-C', world.server.context.git.path('ada', repository), 'pack-refs', '--all']);
      const over = await pushAll(folder, repository, ['main:three', 'main:refs/notes/four']);
      expect(
        over.stderr
          .split('\n')
          .filter((line) => line.startsWith('remote:'))
          .map((line) => line.slice(8).trim()),
      ).toEqual([
        `ada/${repository} has no room for more branches and tags: a repository may have 4 of them at most.`,
        'Delete some that nobody needs, then try again, or ask an administrator:',
        `${world.server.context.settings.publicUrl}/help/too_many_refs`,
      ]);
      expect(over.stderr).toContain('[remote rejected] main -> three (the repository has no room for more refs)');
      expect(await refsOf(repository)).toBe(3);
      expect((await pushAll(folder, repository, ['main:four'])).code).toBe(0);
      expect((await pushAll(folder, repository, ['main:five'])).code).not.toBe(0);
      expect((await pushAll(folder, repository, [':four', 'main:five', 'main'])).code).toBe(0);
      expect(await refsOf(repository)).toBe(4);
    }
  });

  it('is the same over REST, in both dialects, and deleting one makes room', async () => {
    const id = (await rest('GET', '/api/v3/repos/ada/refs/commits/main', undefined)).body['sha'];
    const makers: readonly (() => ReturnType<typeof rest>)[] = [
      () => rest('POST', '/api/v3/repos/ada/refs/git/refs', { ref: 'refs/heads/rest', sha: id }),
      () => rest('POST', '/api/v4/projects/ada%2Frefs/repository/branches?branch=rest&ref=main', undefined),
      () =>
        rest('POST', '/api/v4/projects/ada%2Frefs/repository/commits', {
          branch: 'rest',
          start_branch: 'main',
          commit_message: 'x',
          actions: [{ action: 'create', file_path: 'x', content: 'x' }],
        }),
    ];
    for (const make of makers) {
      expect(await make()).toMatchObject({ status: 403, body: { reason: 'too_many_refs' } });
      expect((await rest('GET', '/api/v3/repos/ada/refs/branches/rest', undefined)).status).toBe(404);
    }
    expect(await put('refs', 'more', Buffer.from('x'))).toMatchObject({ status: 201 });
    const [first] = makers;
    const gone = { authorization: `Bearer ${classic}` };
    await fetch(`${world.url}/api/v3/repos/ada/refs/git/refs/heads/five`, { method: 'DELETE', headers: gone });
    expect(await first?.()).toMatchObject({ status: 201 });
  });

  it('refuses a push whose commands lie in a certificate', async () => {
    // A signed push carries its commands in a certificate, which this server asks no client for.
    const folder = await workWith({ a: randomBytes(90) });
    const pack = packOf(folder);
    const id = (await world.ok(['rev-parse', 'main'], { in: folder })).trim();
    const lines = [
      'push-cert\0report-status side-band-64k',
      'certificate version 0.1\n',
      'pusher ada 1 +0000\n',
      'pushee http://x\n',
      'nonce \n',
      '\n',
      ...Array.from({ length: 9 }, (_, i) => `${'0'.repeat(40)} ${id} refs/heads/signed-${i}\n`),
      '-----BEGIN PGP SIGNATURE-----\n',
      'push-cert-end\n',
    ];
    const body = Buffer.concat([Buffer.from(`${lines.map(packetLine).join('')}0000`, 'latin1'), pack]);
    const answer = await fetch(`${world.url}/ada/packed.git/git-receive-pack`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(`ada:${world.full.reveal()}`).toString('base64')}`,
        'content-type': 'application/x-git-receive-pack-request',
      },
      body,
    });
    expect(await answer.text()).toContain('signed pushes are not taken here');
    expect(await refsOf('packed')).toBe(4);
  });
});

describe('how many tokens a person may have', () => {
  it('is counted over all kinds; revoking one makes room, and the operator may go beyond', async () => {
    const ctx = world.server.context;
    const draft = { userLogin: 'ada', kind: 'classic', description: '', scopes: [], grants: [] } as const;
    const count = () => countTokens(ctx.store.db, 1, null);
    const make = (name: string) => rest('POST', '/api/v4/user/personal_access_tokens', { name, scopes: ['read_api'] });
    while ((await count()) < 9) await createToken(ctx, operatorPermit(), { ...draft, name: 'more' });
    const last = await make('tenth');
    expect(last).toMatchObject({ status: 201 });
    const refused = await make('eleventh');
    expect(refused.status).toBe(400);
    expect(JSON.stringify(refused.body)).toContain(NO_TOKEN_LEFT);
    await revokeToken(ctx, operatorPermit(), Number(last.body['id']), 'operator');
    expect(await make('twelfth')).toMatchObject({ status: 201 });
    await createToken(ctx, operatorPermit(), { ...draft, name: 'of the operator' });
    expect(await count()).toBe(11);
  });
});

describe('how many repositories an account may have', () => {
  it('is counted for a person and for an organization, over REST; the operator may go beyond', async () => {
    const make = (path: string, name: string): ReturnType<typeof rest> => rest('POST', `/api/v3${path}`, { name });
    expect(await make('/user/repos', 'eighth')).toMatchObject({ status: 201 });
    expect(await make('/user/repos', 'ninth')).toMatchObject({
      status: 422,
      body: {
        errors: [
          {
            field: 'name',
            code: 'custom',
            message: expect.stringContaining('ada has 8 repositories, and may have 8.') as string,
          },
        ],
      },
    });
    expect(world.server.context.git.exists('ada', 'ninth')).toBe(false);
    const ctx = world.server.context;
    await addRepository(ctx, operatorPermit(), { owner: 'acme', name: 'one', visibility: 'private' });
    await addRepository(ctx, operatorPermit(), { owner: 'acme', name: 'two', visibility: 'private' });
    expect(await make('/orgs/acme/repos', 'three')).toMatchObject({ status: 422 });
  });
});
