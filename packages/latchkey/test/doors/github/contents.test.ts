/** Files, commits, branches, tags and refs over GitHub's API, each answer checked against GitHub's schemas. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { MAX_WRITTEN_FILE_BYTES } from '../../../src/actions/repositories/contents.ts';
import { setCollaborator } from '../../../src/actions/repositories/repositories.ts';
import { type ApiWorld, apiWorld, grant } from './api.ts';
import { validated } from './schema-harness.ts';

const SITE = '/repos/Acme/site';
const base64 = (text: string): string => Buffer.from(text).toString('base64');

interface Bench extends ApiWorld {
  /** Without checking GitHub's schemas. */
  readonly plain: ApiWorld['ask'];
  /** Ada's token: contents, workflows and the rest of the repository. */
  readonly ada: string;
  put(path: string, text: string, more?: object): ReturnType<ApiWorld['ask']>;
  git(args: readonly string[]): string;
}

async function bench(
  permissions: object = { contents: 'write', workflows: 'write', statuses: 'write' },
): Promise<Bench> {
  const world = await apiWorld();
  const { secret: ada } = await world.token('Ada', {
    grants: [grant({ owner: 'Acme', selection: 'all', permissions: permissions as never })],
  });
  const ask = validated(world.ask);
  const put: Bench['put'] = (path, text, more = {}) =>
    ask(`PUT ${SITE}/contents/${path}`, {
      token: ada,
      body: { message: `write ${path}`, content: base64(text), ...more },
    });
  const git = (args: readonly string[]): string =>
    execFileSync('git', ['-C', world.ctx.git.path('Acme', 'site'), ...args], { encoding: 'utf8' });
  return { ...world, plain: world.ask, ask, ada, put, git };
}

describe('a file over the API', () => {
  it('is written as a commit that git sees, read back, replaced and deleted', async () => {
    const { ask, put, ada, git, ctx } = await bench();
    const made = await put('docs/read%20me.md', 'hello\n', {
      committer: { name: 'CI', email: 'ci@example.org', date: '2026-01-02T03:04:05Z' },
    });
    expect(made).toMatchObject({
      status: 201,
      body: {
        content: { path: 'docs/read me.md', size: 6, type: 'file' },
        commit: { message: 'write docs/read%20me.md', author: { name: 'CI', date: '2026-01-02T03:04:05Z' } },
      },
    });
    expect(git(['show', 'main:docs/read me.md'])).toBe('hello\n');
    const clone = join(ctx.settings.data, 'clone');
    execFileSync('git', ['clone', '-q', ctx.git.path('Acme', 'site'), clone]);
    expect(execFileSync('git', ['-C', clone, 'log', '--format=%an %cn %s'], { encoding: 'utf8' })).toBe(
      'CI CI write docs/read%20me.md\n',
    );

    const read = await ask(`GET ${SITE}/contents/docs/read%20me.md`, { token: ada });
    expect(read).toMatchObject({
      status: 200,
      body: { encoding: 'base64', content: `${base64('hello\n')}\n`, sha: made.body.content.sha },
    });
    const raw = await ask(`GET ${SITE}/contents/docs/read%20me.md`, {
      token: ada,
      headers: { accept: 'application/vnd.github.raw+json' },
    });
    expect([raw.text, raw.headers['content-type'], raw.headers['content-length']]).toEqual([
      'hello\n',
      'application/vnd.github.raw; charset=utf-8',
      '6',
    ]);
    expect(
      (
        await ask(`GET ${SITE}/contents/docs/read%20me.md`, {
          token: ada,
          headers: { 'if-none-match': read.headers['etag']! },
        })
      ).status,
    ).toBe(304);

    const replaced = await put('docs/read%20me.md', 'bye\n', { sha: made.body.content.sha });
    expect(replaced.status).toBe(200);
    const gone = await ask(`DELETE ${SITE}/contents/docs/read%20me.md`, {
      token: ada,
      body: { message: 'away', sha: replaced.body.content.sha },
    });
    expect(gone).toMatchObject({
      status: 200,
      body: { content: null, commit: { message: 'away', author: { name: 'Ada' } } },
    });
    expect(await ask(`GET ${SITE}/contents/docs/read%20me.md`, { token: ada })).toMatchObject({
      status: 404,
      body: { message: 'Not Found' },
    });
    expect(git(['rev-list', '--count', 'main'])).toBe('3\n');
  });

  it('is replaced only by a client that has seen its current content', async () => {
    const { put, ask, ada, git } = await bench();
    const first = await put('a', '1');
    expect(await put('a', '2')).toMatchObject({
      status: 422,
      body: { message: 'Invalid request.\n\n"sha" wasn\'t supplied.' },
    });
    expect(await put('a', '2', { sha: '1'.repeat(40) })).toMatchObject({
      status: 409,
      body: { message: `a does not match ${'1'.repeat(40)}` },
    });
    const race = await Promise.all(['x', 'y', 'z'].map((text) => put('a', text, { sha: first.body.content.sha })));
    expect(race.map(({ status }) => status).toSorted()).toEqual([200, 409, 409]);
    expect(git(['rev-list', '--count', 'main'])).toBe('2\n');
    expect(
      await ask(`DELETE ${SITE}/contents/a`, { token: ada, body: { message: 'x', sha: first.body.content.sha } }),
    ).toMatchObject({ status: 409 });
  });

  it('is refused with a sentence when it is invalid, and nothing is written', async () => {
    const { put, git } = await bench();
    await put('a', '1');
    const refused: [string, object, number, string][] = [
      ['../a', {}, 404, 'Not Found'],
      ['.git/config', {}, 422, 'path contains a malformed path component'],
      ['a/b', {}, 422, 'a/b lies below a file.'],
      ['x', { content: '***' }, 422, 'content is not valid Base64'],
      ['x', { branch: 'nope' }, 404, 'Branch nope not found'],
      ['x', { branch: 'a..b' }, 422, 'Validation Failed'],
      ['x', { message: '' }, 422, 'Validation Failed'],
      ['x', { author: { name: 'A', email: 'b', date: 'tomorrow' } }, 422, 'Validation Failed'],
    ];
    for (const [path, more, status, message] of refused)
      expect([path, await put(path, 'x', more)]).toMatchObject([path, { status, body: { message } }]);
    expect(git(['rev-list', '--count', 'main'])).toBe('1\n');
  });

  it('is taken up to its largest size, byte by byte, and refused beyond', async () => {
    const { ask, ada, git } = await bench();
    const write = (bytes: number): ReturnType<ApiWorld['ask']> =>
      ask(`PUT ${SITE}/contents/big-${bytes}`, {
        token: ada,
        body: { message: 'm', content: Buffer.alloc(bytes, 7).toString('base64') },
      });
    expect((await write(MAX_WRITTEN_FILE_BYTES)).status).toBe(201);
    expect(git(['cat-file', '-s', `main:big-${MAX_WRITTEN_FILE_BYTES}`])).toBe(`${MAX_WRITTEN_FILE_BYTES}\n`);
    expect(await write(MAX_WRITTEN_FILE_BYTES + 1)).toMatchObject({
      status: 422,
      body: { errors: [{ field: 'content' }] },
    });
    const raw = await ask(`GET ${SITE}/contents/big-${MAX_WRITTEN_FILE_BYTES}`, { token: ada });
    expect(raw.body).toMatchObject({ size: MAX_WRITTEN_FILE_BYTES, content: '', encoding: 'none' });
    for (const [content, status] of [
      ['YQ==', 201],
      ['YQ', 201],
      ['Y\nQ=\n=', 201],
      ['YWI=', 201],
      ['', 201],
      ['Y', 422],
      ['YQ=', 422],
      ['YQ===', 422],
      ['YW=I', 422],
      ['Y Q', 422],
      ['-_', 422],
    ] as const) {
      expect([
        content,
        (
          await ask(`PUT ${SITE}/contents/c-${Buffer.from(content).toString('hex')}`, {
            token: ada,
            body: { message: 'm', content },
          })
        ).status,
      ]).toEqual([content, status]);
    }
  });

  it('that is a workflow needs the permission for it', async () => {
    const { put, git } = await bench({ contents: 'write' });
    expect(await put('a', '1')).toMatchObject({ status: 201 });
    expect(await put('.github/workflows/ci.yml', 'on: push')).toMatchObject({
      status: 403,
      body: {
        message: 'Resource not accessible by personal access token',
        reason: 'workflow_permission_missing',
        missing: { workflows: 'write' },
      },
    });
    expect(git(['rev-list', '--count', 'main'])).toBe('1\n');
    const { put: putWith } = await bench();
    expect(await putWith('.github/workflows/ci.yml', 'on: push')).toMatchObject({ status: 201 });
  });

  it('that holds a token is refused in a private repository, and the token revoked in a public one', async () => {
    const { ask, ada, put, git, token, ctx } = await bench({ contents: 'write', administration: 'write' });
    await put('a', '1');
    const leaked = await token('Ada', { name: 'leaked' });
    const state = async (): Promise<number | null> =>
      (
        await ctx.store.db
          .selectFrom('tokens')
          .select('revoked_at')
          .where('id', '=', leaked.id)
          .executeTakeFirstOrThrow()
      ).revoked_at;
    const refused = await put('src/key.ts', `// my key\n${leaked.secret}`);
    expect(refused).toMatchObject({
      status: 409,
      body: { reason: 'token_in_content', detail: expect.stringContaining('src/key.ts, line 2 (ends in ') as string },
    });
    expect(JSON.stringify(refused.body)).not.toContain(leaked.secret);
    expect([git(['rev-list', '--count', 'main']), await state()]).toEqual(['1\n', null]);
    expect(await ask(`PATCH ${SITE}`, { token: ada, body: { visibility: 'public' } })).toMatchObject({ status: 200 });
    expect(await put('src/key.ts', leaked.secret)).toMatchObject({ status: 201 });
    expect(await state()).not.toBeNull();
  });

  it('lists folders, follows links, and tells submodules', async () => {
    const { ask, put, ada, ctx } = await bench();
    await put('src/main.ts', 'x');
    const work = join(ctx.settings.data, 'work');
    const run = (script: string): string =>
      execFileSync('sh', ['-ec', script], {
        encoding: 'utf8',
        env: {
          ...process.env,
          GIT_AUTHOR_NAME: 'A',
          GIT_AUTHOR_EMAIL: 'a@b',
          GIT_COMMITTER_NAME: 'A',
          GIT_COMMITTER_EMAIL: 'a@b',
        },
      });
    run(`git clone -q ${ctx.git.path('Acme', 'site')} ${work}; cd ${work}
      ln -s src/main.ts link; ln -s /etc/passwd out; ln -s ../../x up
      printf '[submodule "m"]\\n path = mod\\n url = ../tool.git\\n' > .gitmodules; git add -A
      git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),mod; git commit -qm more; git push -q`);
    const root = await ask(`GET ${SITE}/contents/`, { token: ada });
    expect(root.body.map(({ name, type }: { name: string; type: string }) => [name, type])).toEqual([
      ['.gitmodules', 'file'],
      ['link', 'symlink'],
      ['mod', 'submodule'],
      ['out', 'symlink'],
      ['src', 'dir'],
      ['up', 'symlink'],
    ]);
    expect((await ask(`GET ${SITE}/contents`, { token: ada })).body).toHaveLength(6);
    expect((await ask(`GET ${SITE}/contents/src?ref=main`, { token: ada })).body).toMatchObject([
      { path: 'src/main.ts' },
    ]);
    expect((await ask(`GET ${SITE}/contents/link`, { token: ada })).body).toMatchObject({
      type: 'file',
      path: 'link',
      content: 'eA==\n',
    });
    for (const [path, target] of [
      ['out', '/etc/passwd'],
      ['up', '../../x'],
    ])
      expect((await ask(`GET ${SITE}/contents/${path}`, { token: ada })).body).toMatchObject({
        type: 'symlink',
        target,
      });
    expect((await ask(`GET ${SITE}/contents/mod`, { token: ada })).body).toMatchObject({
      type: 'submodule',
      submodule_git_url: `${ctx.settings.publicUrl}/Acme/tool.git`,
    });
    const tree = await ask(`GET ${SITE}/contents/src`, {
      token: ada,
      headers: { accept: 'application/vnd.github.object' },
    });
    expect(tree.body).toMatchObject({ type: 'dir', entries: [{ name: 'main.ts' }] });
    expect(await ask(`GET ${SITE}/contents/src?ref=nope`, { token: ada })).toMatchObject({
      status: 404,
      body: { message: 'No commit found for the ref nope' },
    });
  });

  it('is out of reach for tokens and people without the right, and for archived repositories', async () => {
    const { ask, put, token, ctx } = await bench();
    await put('a', '1');
    const write = (secret: string | null): ReturnType<ApiWorld['ask']> =>
      ask(`PUT ${SITE}/contents/b`, { token: secret, body: { message: 'm', content: '' } });
    const reader = await token('Ada', {
      grants: [grant({ owner: 'Acme', selection: 'all', permissions: { contents: 'read' } })],
    });
    expect(await write(reader.secret)).toMatchObject({
      status: 403,
      body: { reason: 'permission_missing', missing: { contents: 'write' } },
    });
    const elsewhere = await token('Cy', {});
    expect(await write(elsewhere.secret)).toMatchObject({ status: 404 });
    expect(await ask(`GET ${SITE}/contents/a`, { token: elsewhere.secret })).toMatchObject({
      status: 404,
      body: { message: 'Not Found' },
    });
    expect(await ask(`GET ${SITE}/contents/a`)).toMatchObject({ status: 401 });
    const classic = await token('Bob', { kind: 'classic', scopes: ['repo'] });
    expect(await write(classic.secret)).toMatchObject({ status: 403, body: { reason: 'role_insufficient' } });
    await setCollaborator(ctx, operatorPermit(), { owner: 'Acme', name: 'site', login: 'Bob', role: 'write' });
    expect(await write(classic.secret)).toMatchObject({ status: 201 });
    const publicOnly = await token('Bob', { kind: 'classic', scopes: ['public_repo'] });
    expect(await write(publicOnly.secret)).toMatchObject({ status: 404 });
  });
});

describe('the addresses of objects', () => {
  it('lead to them', async () => {
    const api = await bench();
    const { body: made } = await api.put('docs/a', 'hello');
    const plain = api.plain;
    const follow = (url: string, accept = 'application/json'): ReturnType<ApiWorld['ask']> =>
      plain(`GET ${url.slice(url.indexOf('/api/v3') + '/api/v3'.length)}`, { token: api.ada, headers: { accept } });
    expect((await follow(made.content.git_url)).body).toMatchObject({
      sha: made.content.sha,
      size: 5,
      content: 'aGVsbG8=\n',
      encoding: 'base64',
    });
    expect((await follow(made.content.git_url, 'application/vnd.github.raw')).text).toBe('hello');
    expect((await follow(made.commit.url)).body).toMatchObject({ sha: made.commit.sha, message: 'write docs/a' });
    expect((await follow(made.commit.tree.url)).body).toMatchObject({
      sha: made.commit.tree.sha,
      truncated: false,
      tree: [{ path: 'docs', type: 'tree', mode: '040000' }],
    });
    expect(
      (await follow(`/api/v3${SITE}/git/trees/main?recursive=1`)).body.tree.map(({ path }: { path: string }) => path),
    ).toEqual(['docs', 'docs/a']);
    for (const path of [
      `blobs/${made.commit.sha}`,
      'blobs/main',
      `commits/${made.content.sha}`,
      `trees/${made.content.sha}`,
      'trees/main~1',
    ])
      expect([path, (await follow(`/api/v3${SITE}/git/${path}`)).status]).toEqual([path, 404]);
  });
});

describe('history over the API', () => {
  it('lists commits in pages that commits which are pushed meanwhile do not shift', async () => {
    const { ask, put, ada } = await bench();
    for (const name of ['a', 'b', 'c', 'd', 'e']) await put(name, name);
    const first = await ask(`GET ${SITE}/commits?per_page=2`, { token: ada });
    expect(first.body.map(({ commit }: { commit: { message: string } }) => commit.message)).toEqual([
      'write e',
      'write d',
    ]);
    expect(first.body[0]).toMatchObject({
      author: { login: 'Ada' },
      commit: { author: { email: 'ada@example.org' }, verification: { reason: 'unsigned' } },
    });
    await put('f', 'f');
    const next = /<([^>]+)>; rel="next"/.exec(first.headers['link']!)![1]!;
    const second = await ask(`GET ${new URL(next).pathname.slice('/api/v3'.length)}${new URL(next).search}`, {
      token: ada,
    });
    expect(second.body.map(({ commit }: { commit: { message: string } }) => commit.message)).toEqual([
      'write c',
      'write b',
    ]);
    expect((await ask(`GET ${SITE}/commits?path=a`, { token: ada })).body).toHaveLength(1);
    expect((await ask(`GET ${SITE}/commits?author=ada`, { token: ada })).body).toHaveLength(6);
    expect((await ask(`GET ${SITE}/commits?author=bob`, { token: ada })).body).toHaveLength(0);
    expect((await ask(`GET ${SITE}/commits?until=2020-01-01T00:00:00Z`, { token: ada })).body).toHaveLength(0);
    expect(await ask(`GET ${SITE}/commits?since=yesterday`, { token: ada })).toMatchObject({ status: 422 });
    expect(await ask(`GET ${SITE}/commits?sha=nope`, { token: ada })).toMatchObject({ status: 404 });
  });

  it('shows a commit with files and stats, as id, diff and patch', async () => {
    const { ask, put, ada } = await bench();
    const { body } = await put('a', 'one\ntwo\n');
    await put('a', 'one\n2\n', { sha: body.content.sha, message: 'change' });
    const commit = await ask(`GET ${SITE}/commits/main`, { token: ada });
    expect(commit.body).toMatchObject({
      stats: { total: 2, additions: 1, deletions: 1 },
      files: [{ filename: 'a', status: 'modified', patch: '@@ -1,2 +1,2 @@\n one\n-two\n+2' }],
    });
    const as = async (media: string): Promise<string> =>
      (await ask(`GET ${SITE}/commits/main`, { token: ada, headers: { accept: `application/vnd.github.${media}` } }))
        .text;
    expect(await as('sha')).toBe(commit.body.sha);
    expect(await as('v3.diff')).toMatch(/^diff --git a\/a b\/a\n/);
    expect(await as('patch')).toMatch(/^From [0-9a-f]{40} .*\nFrom: Ada <ada@example.org>\n/);
    expect(await ask(`GET ${SITE}/commits/${'1'.repeat(40)}`, { token: ada })).toMatchObject({
      status: 422,
      body: { message: `No commit found for SHA: ${'1'.repeat(40)}` },
    });
    expect(await ask(`GET ${SITE}/commits/main~1`, { token: ada })).toMatchObject({ status: 422 });
  });

  it('answers 409 while a repository is empty', async () => {
    const { ask, ada } = await bench();
    for (const path of ['/commits', '/commits/main', '/git/ref/heads/main', '/git/matching-refs/heads'])
      expect(await ask(`GET ${SITE}${path}`, { token: ada })).toMatchObject({
        status: 409,
        body: { message: 'Git Repository is empty.' },
      });
    expect(await ask(`GET ${SITE}/contents/`, { token: ada })).toMatchObject({
      status: 404,
      body: { message: 'This repository is empty.' },
    });
    for (const path of ['/branches', '/tags'])
      expect(await ask(`GET ${SITE}${path}`, { token: ada })).toMatchObject({ status: 200, body: [] });
  });
});

describe('refs over the API', () => {
  it('are made, moved forwards, forced and deleted', async () => {
    const { ask, put, ada } = await bench();
    const first = (await put('a', '1')).body.commit.sha;
    const second = (await put('b', '2')).body.commit.sha;
    const refs = `${SITE}/git/refs`;
    const made = await ask(`POST ${refs}`, { token: ada, body: { ref: 'refs/heads/feature/x', sha: second } });
    expect(made).toMatchObject({
      status: 201,
      body: { ref: 'refs/heads/feature/x', object: { type: 'commit', sha: second } },
    });
    expect(await ask(`POST ${refs}`, { token: ada, body: { ref: 'refs/heads/feature/x', sha: second } })).toMatchObject(
      { status: 422, body: { message: 'Reference already exists' } },
    );
    expect(await ask(`POST ${refs}`, { token: ada, body: { ref: 'refs/heads/y', sha: '1'.repeat(40) } })).toMatchObject(
      { status: 422, body: { message: 'Object does not exist' } },
    );
    expect(await ask(`POST ${refs}`, { token: ada, body: { ref: 'refs/heads/y', sha: 'main' } })).toMatchObject({
      status: 422,
      body: { message: 'The sha parameter must be exactly 40 characters and contain only [0-9a-f].' },
    });
    for (const ref of ['heads/y', 'refs/y', 'refs/heads/a..b', 'refs/latchkey/x', 'refs/replace/x', 'HEAD'])
      expect(await ask(`POST ${refs}`, { token: ada, body: { ref, sha: second } })).toMatchObject({ status: 422 });
    expect(await ask(`PATCH ${refs}/heads/feature/x`, { token: ada, body: { sha: first } })).toMatchObject({
      status: 422,
      body: { message: 'Update is not a fast forward' },
    });
    expect(await ask(`PATCH ${refs}/heads/feature/x`, { token: ada, body: { sha: first, force: true } })).toMatchObject(
      { status: 200, body: { object: { sha: first } } },
    );
    expect(await ask(`PATCH ${refs}/heads/nope`, { token: ada, body: { sha: first } })).toMatchObject({
      status: 422,
      body: { message: 'Reference does not exist' },
    });
    expect(await ask(`GET ${SITE}/git/ref/heads/feature/x`, { token: ada })).toMatchObject({
      status: 200,
      body: { ref: 'refs/heads/feature/x' },
    });
    expect(await ask(`GET ${SITE}/git/ref/heads/feature`, { token: ada })).toMatchObject({ status: 404 });
    expect((await ask(`GET ${SITE}/git/matching-refs/heads/feat`, { token: ada })).body).toHaveLength(1);
    expect(await ask(`DELETE ${refs}/heads/feature/x`, { token: ada })).toMatchObject({ status: 204 });
    expect(await ask(`DELETE ${refs}/heads/feature/x`, { token: ada })).toMatchObject({ status: 422 });
    expect(await ask(`DELETE ${refs}/heads/main`, { token: ada })).toMatchObject({
      status: 422,
      body: { message: 'The default branch cannot be deleted.' },
    });
  });

  it('show as branches and tags, in pages', async () => {
    const { ask, put, ada, git } = await bench();
    const sha = (await put('a', '1')).body.commit.sha;
    for (const name of ['b', 'c', 'd/e']) git(['update-ref', `refs/heads/${name}`, sha]);
    for (const name of ['v1', 'v2', 'v10']) git(['update-ref', `refs/tags/${name}`, sha]);
    const first = await ask(`GET ${SITE}/branches?per_page=2`, { token: ada });
    expect(first.body.map(({ name }: { name: string }) => name)).toEqual(['b', 'c']);
    git(['update-ref', 'refs/heads/a', sha]);
    const next = new URL(/<([^>]+)>; rel="next"/.exec(first.headers['link']!)![1]!);
    expect(
      (await ask(`GET ${SITE}/branches${next.search}`, { token: ada })).body.map(({ name }: { name: string }) => name),
    ).toEqual(['d/e', 'main']);
    expect(await ask(`GET ${SITE}/branches/d/e`, { token: ada })).toMatchObject({
      status: 200,
      body: { name: 'd/e', commit: { sha }, protected: false },
    });
    expect(await ask(`GET ${SITE}/branches/nope`, { token: ada })).toMatchObject({
      status: 404,
      body: { message: 'Branch not found' },
    });
    expect((await ask(`GET ${SITE}/tags`, { token: ada })).body.map(({ name }: { name: string }) => name)).toEqual([
      'v10',
      'v2',
      'v1',
    ]);
  });
});

describe('somebody who writes over REST what a push would not bring in', () => {
  const module = (url: string): string => `[submodule "x"]\n\tpath = x\n\turl = ${url}\n`;

  it.each([
    ['an option in the place of a submodule’s address', '.gitmodules', module('--upload-pack=touch /tmp/x')],
    ['a submodule’s name that climbs', '.gitmodules', '[submodule "../../x"]\n\tpath = x\n\turl = https://a/b\n'],
    ['the same under a name that NTFS shortens', 'GITMOD~1', module('-u./payload')],
    ['the same under a name that HFS+ reads alike', '.git\u200cmodules', module('-u./payload')],
  ])('is refused with git’s own words: %s', async (_, path, text) => {
    const world = await bench();
    const answer = await world.put(encodeURIComponent(path), text);
    expect(answer.status).toBe(422);
    expect((answer.body as { message: string }).message).toMatch(/read by git itself, which refuses it: gitmodules/);
    expect(world.git(['for-each-ref', 'refs/latchkey'])).toBe('');
  });

  it('may write a .gitmodules that a push may bring', async () => {
    const world = await bench();
    expect((await world.put('.gitmodules', module('https://example.org/x.git'))).status).toBe(201);
    expect((await world.put('.gitattributes', '*.txt text\n')).status).toBe(201);
  });

  it.each(['a%5C..%5Cb', '..%5Cx', '.git%5Chooks%5Cpost-checkout'])(
    'is refused a path with backslashes: %s',
    async (path) => expect((await (await bench()).put(path, 'x')).status).toBe(422),
  );

  it.each(['--output=x', '-x', 'HEAD'])(
    'is refused a branch or tag that git takes for something else: %s',
    async (name) => {
      const world = await bench();
      const made = await world.put('a.txt', 'a');
      expect(made.status).toBe(201);
      const { sha } = (made.body as { commit: { sha: string } }).commit;
      for (const ref of [`refs/heads/${name}`, `refs/tags/${name}`])
        expect((await world.plain(`POST ${SITE}/git/refs`, { token: world.ada, body: { ref, sha } })).status, ref).toBe(
          422,
        );
      expect((await world.put('b.txt', 'b', { branch: name })).status).toBe(422);
      expect(world.git(['for-each-ref', '--format=%(refname)'])).toBe('refs/heads/main\n');
    },
  );
});
