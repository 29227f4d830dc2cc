/**
 * Objects written one by one over GitHub's API: many files in one commit, signatures kept, and nothing that a push
 * would not have brought. Each answer is checked against GitHub's schemas.
 */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { archiveRepository } from '../../../src/actions/repositories/repositories.ts';
import { type ApiWorld, apiWorld, grant } from './api.ts';
import { validated } from './schema-harness.ts';

const SITE = '/repos/Acme/site';
const DOCS = '/repos/Acme/docs';
const base64 = (text: string): string => Buffer.from(text).toString('base64');

interface Bench extends ApiWorld {
  readonly ada: string;
  /** Without checking GitHub's schemas. */
  readonly plain: ApiWorld['ask'];
  make(
    what: 'blobs' | 'trees' | 'commits' | 'tags' | 'refs',
    body: object,
    token?: string,
  ): ReturnType<ApiWorld['ask']>;
  git(args: readonly string[], input?: string): string;
}

async function bench(permissions: object = { contents: 'write', workflows: 'write' }): Promise<Bench> {
  const world = await apiWorld();
  const { secret: ada } = await world.token('Ada', {
    grants: [grant({ owner: 'Acme', selection: 'all', permissions: permissions as never })],
  });
  const ask = validated(world.ask);
  await ask(`PUT ${SITE}/contents/README.md`, { token: ada, body: { message: 'Begin', content: base64('hello\n') } });
  const git = (args: readonly string[], input = ''): string =>
    execFileSync('git', ['-C', world.ctx.git.path('Acme', 'site'), ...args], { encoding: 'utf8', input }).trim();
  return {
    ...world,
    ask,
    plain: world.ask,
    ada,
    git,
    make: (what, body, token = ada) => ask(`POST ${SITE}/git/${what}`, { token, body }),
  };
}

const file = (path: string, sha: string) => ({ path, mode: '100644', type: 'blob', sha });

describe('a commit with many files', () => {
  it('is made of blobs, a tree and a commit, and is on a branch when its ref moves', async () => {
    const { make, ask, ada, git } = await bench();
    const main = git(['rev-parse', 'main']);
    const blob = await make('blobs', { content: base64('\0binary'), encoding: 'base64' });
    expect(blob).toMatchObject({ status: 201, headers: { location: blob.body.url } });
    const tree = await make('trees', {
      base_tree: main,
      tree: [
        file('bin/data', blob.body.sha),
        { path: 'docs/a.md', mode: '100644', type: 'blob', content: 'one\n' },
        { path: 'run.sh', mode: '100755', content: '#!/bin/sh\n' },
        { path: 'link', mode: '120000', content: 'docs/a.md' },
        { path: 'module', mode: '160000', type: 'commit', sha: main },
        { path: 'README.md', mode: '100644', sha: null },
      ],
    });
    expect(tree.body.tree.map((entry: { path: string }) => entry.path)).toEqual([
      'bin',
      'docs',
      'link',
      'module',
      'run.sh',
    ]);
    const commit = await make('commits', {
      message: 'Many files\n\nat once',
      tree: tree.body.sha,
      parents: [main],
      author: { name: 'CI', email: 'ci@example.org', date: '2026-01-02T03:04:05+01:00' },
    });
    expect(commit.body).toMatchObject({ author: { date: '2026-01-02T02:04:05Z' }, committer: { name: 'CI' } });
    expect(git(['rev-parse', 'main'])).toBe(main);
    const moved = await ask(`PATCH ${SITE}/git/refs/heads/main`, { token: ada, body: { sha: commit.body.sha } });
    expect(moved.status).toBe(200);
    expect(git(['ls-tree', '-r', '--name-only', 'main']).split('\n')).toEqual([
      'bin/data',
      'docs/a.md',
      'link',
      'module',
      'run.sh',
    ]);
    expect(git(['log', '-1', '--format=%an %ad %B', '--date=raw', 'main'])).toBe(
      'CI 1767319445 +0100 Many files\n\nat once',
    );
    expect(git(['fsck', '--no-dangling', '--strict'])).toBe('');
  });

  it('begins a repository that is empty, too', async () => {
    const { ask, ada } = await bench();
    const make = (what: string, body: object) => ask(`POST ${DOCS}/git/${what}`, { token: ada, body });
    const tree = (await make('trees', { tree: [{ path: 'a', mode: '100644', content: 'a' }] })).body.sha;
    const sha = (await make('commits', { message: 'Begin', tree })).body.sha;
    expect(await make('refs', { ref: 'refs/heads/main', sha })).toMatchObject({ status: 201 });
    expect((await ask(`GET ${DOCS}/contents/a`, { token: ada })).body.content).toBe(`${base64('a')}\n`);
  });

  it('keeps its signature to the byte', async () => {
    const { make, git } = await bench();
    const tree = git(['rev-parse', 'main^{tree}']);
    const signature = '-----BEGIN PGP SIGNATURE-----\n\niQEzBAABCAAd\n=abcd\n-----END PGP SIGNATURE-----\n';
    const author = { name: 'Ada', email: 'ada@example.org', date: '2026-01-02T03:04:05Z' };
    const person = 'Ada <ada@example.org> 1767323045 +0000';
    const made = await make('commits', { message: 'Signed', tree, author, signature });
    expect(made.body.verification).toEqual({
      verified: false,
      reason: 'unknown_key',
      signature: signature.trimEnd(),
      payload: `tree ${tree}\nauthor ${person}\ncommitter ${person}\n\nSigned`,
      verified_at: null,
    });
    expect(git(['fsck', '--no-dangling', '--strict', made.body.sha])).toBe('');
    for (const wrong of [
      'signed',
      '-----BEGIN PGP SIGNATURE-----\ntree x\0\n-----END PGP SIGNATURE-----',
      `${signature}parent x\n`,
    ])
      expect(await make('commits', { message: 'x', tree, signature: wrong })).toMatchObject({ status: 422 });
  });
});

it('an annotated tag is an object first, and a tag once it has its ref', async () => {
  const { make, ask, ada, git } = await bench();
  const object = git(['rev-parse', 'main']);
  const made = await make('tags', { tag: 'v1', message: 'First', object, type: 'commit' });
  expect(made).toMatchObject({ status: 201, body: { tag: 'v1', object: { sha: object, type: 'commit' } } });
  expect((await ask(`GET ${SITE}/git/tags/${made.body.sha}`, { token: ada })).body).toEqual(made.body);
  expect(git(['tag'])).toBe('');
  await make('refs', { ref: 'refs/tags/v1', sha: made.body.sha });
  expect(git(['cat-file', '-t', 'v1'])).toBe('tag');
  expect(await make('tags', { tag: 'v1', message: 'x', object, type: 'tree' })).toMatchObject({ status: 422 });
  expect(await make('tags', { tag: 'a..b', message: 'x', object, type: 'commit' })).toMatchObject({ status: 422 });
  expect(await ask(`GET ${SITE}/git/tags/${object}`, { token: ada })).toMatchObject({ status: 404 });
});

describe('what a push would not bring', () => {
  it('is not written either: paths, types and files that git refuses', async () => {
    const { make, git } = await bench();
    const [commit, tree] = [git(['rev-parse', 'main']), git(['rev-parse', 'main^{tree}'])];
    const blob = git(['rev-parse', 'main:README.md']);
    const entry = (one: object) => ({ tree: [{ path: 'a', mode: '100644', ...one }] });
    const wrong = [
      entry({}),
      entry({ sha: tree }),
      entry({ sha: '1'.repeat(40) }),
      entry({ sha: 'HEAD' }),
      entry({ sha: blob, content: 'both' }),
      entry({ sha: null }),
      entry({ mode: '040000', content: 'x' }),
      entry({ mode: '040000', sha: blob }),
      ...['.git/config', 'a/../b', '/a', 'a//b', '.GIT', 'a\\b', 'a\nb'].map((path) => entry({ path, sha: blob })),
      entry({ path: '.gitmodules', content: '[submodule "a"]\n\tpath = a\n\turl = -u./payload\n' }),
      entry({ path: '.gitmodules', mode: '120000', content: 'elsewhere' }),
      { ...entry({ sha: blob }), base_tree: blob },
      { tree: [] },
    ];
    for (const body of wrong) expect([body, (await make('trees', body)).status]).toEqual([body, 422]);
    for (const body of [{ tree: blob }, { tree: commit }, { tree, parents: [tree] }, { tree, parents: ['main'] }])
      expect([body, (await make('commits', { message: 'x', ...body })).status]).toEqual([body, 422]);
    expect(await make('blobs', { content: '!', encoding: 'base64' })).toMatchObject({ status: 422 });
  });

  it('is refused with a token in it where few may read, and ends the token where all may', async () => {
    const { make, ask, ada, token } = await bench();
    const leaked = (await token('Bob')).secret;
    const tree = { tree: [{ path: 'a', mode: '100644', content: leaked }] };
    for (const [what, body] of [
      ['blobs', { content: leaked }],
      ['trees', tree],
    ] as const)
      expect(await make(what, body)).toMatchObject({ status: 409, body: { reason: 'token_in_content' } });
    expect(await ask('GET /user', { token: leaked })).toMatchObject({ status: 200 });
    expect(await ask(`POST ${DOCS}/git/blobs`, { token: ada, body: { content: leaked } })).toMatchObject({
      status: 201,
    });
    expect(await ask('GET /user', { token: leaked })).toMatchObject({ status: 401 });
  });

  it('brings no workflow file to a branch without that right, however it is put together', async () => {
    const { make, ask, git, token } = await bench();
    const main = git(['rev-parse', 'main']);
    const { secret } = await token('Ada', {
      grants: [grant({ owner: 'Acme', selection: 'all', permissions: { contents: 'write' } })],
    });
    const folder = (await make('trees', { tree: [{ path: 'ci.yml', mode: '100644', content: 'on: push' }] }, secret))
      .body.sha;
    const workflows = (await make('trees', { tree: [{ path: 'workflows', mode: '040000', sha: folder }] }, secret)).body
      .sha;
    const tree = await make(
      'trees',
      { base_tree: main, tree: [{ path: '.github', mode: '040000', sha: workflows }] },
      secret,
    );
    const commit = async (parents: string[], tree: string): Promise<string> =>
      (await make('commits', { message: 'x', tree, parents }, secret)).body.sha;
    const bad = await commit([main], tree.body.sha);
    const later = await commit([bad], git(['rev-parse', 'main^{tree}']));
    const refused = { status: 403, body: { reason: 'workflow_permission_missing' } };
    for (const sha of [bad, later]) {
      expect(await make('refs', { ref: 'refs/heads/new', sha }, secret)).toMatchObject(refused);
      expect(await ask(`PATCH ${SITE}/git/refs/heads/main`, { token: secret, body: { sha } })).toMatchObject(refused);
    }
    const fine = await commit(
      [main],
      (await make('trees', { tree: [{ path: 'a', mode: '100644', content: 'a' }] })).body.sha,
    );
    expect(await make('refs', { ref: 'refs/heads/fine', sha: fine }, secret)).toMatchObject({ status: 201 });
    // With the right it goes, and what stands on a branch then is nothing new elsewhere.
    expect(await make('refs', { ref: 'refs/heads/new', sha: bad })).toMatchObject({ status: 201 });
    expect(
      await make('refs', { ref: 'refs/heads/again', sha: await commit([main], tree.body.sha) }, secret),
    ).toMatchObject({
      status: 201,
    });
    expect(await make('refs', { ref: 'refs/heads/gone', sha: later }, secret)).toMatchObject(refused);
  });
});

it('refs and statuses are also where GitHub once had them', async () => {
  const { make, ada, plain, git } = await bench({ contents: 'write', statuses: 'read' });
  await make('refs', { ref: 'refs/tags/v1', sha: git(['rev-parse', 'main']) });
  const refs = await plain(`GET ${SITE}/git/refs`, { token: ada });
  expect(refs.body.map(({ ref }: { ref: string }) => ref)).toEqual(['refs/heads/main', 'refs/tags/v1']);
  const [now, before] = await Promise.all(
    ['commits/main/statuses', 'statuses/main'].map((path) => plain(`GET ${SITE}/${path}`, { token: ada })),
  );
  expect([now!.status, before!.status, before!.body]).toEqual([200, 200, now!.body]);
});

it('nobody writes objects who may not write contents, nor to an archived repository', async () => {
  const { make, ask, token, ctx } = await bench();
  const reader = await token('Ada', {
    grants: [grant({ owner: 'Acme', selection: 'all', permissions: { contents: 'read' } })],
  });
  const stranger = await token('Cy', { kind: 'classic', scopes: ['repo'] });
  for (const what of ['blobs', 'trees', 'commits', 'tags'] as const) {
    expect(await make(what, {}, reader.secret)).toMatchObject({ status: 403 });
    expect(await make(what, {}, stranger.secret)).toMatchObject({ status: 404 });
    expect(await ask(`POST ${SITE}/git/${what}`, { body: {} })).toMatchObject({ status: 401 });
  }
  await archiveRepository(ctx, operatorPermit(), { owner: 'Acme', name: 'site' });
  expect(await make('blobs', { content: 'x' })).toMatchObject({ status: 403, body: { reason: 'repository_archived' } });
});
