import { randomBytes } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openBlob, readObjects } from '../../../src/git/objects/cat-file.ts';
import { listCommits, readCommit } from '../../../src/git/objects/commits.ts';
import { diffOf, patchText } from '../../../src/git/objects/diffs.ts';
import { commitFiles, type FileAction, type FileCommitOutcome } from '../../../src/git/objects/file-commit.ts';
import { MAX_PATH_BYTES, MAX_REF_BYTES, pathProblem, refNameProblem } from '../../../src/git/objects/names.ts';
import type { Plumbing } from '../../../src/git/objects/plumbing.ts';
import {
  changeRef,
  defaultBranch,
  isAncestor,
  listRefs,
  readRef,
  setDefaultBranch,
} from '../../../src/git/objects/refs.ts';
import { resolveCommit } from '../../../src/git/objects/revisions.ts';
import { entryAt, listTree } from '../../../src/git/objects/trees.ts';
import { type Bench, makeBench } from '../bench.ts';

let bench: Bench;
let site: Plumbing;
beforeEach(async () => {
  bench = await makeBench();
  await bench.room.create('ada', 'site');
  site = bench.room.open('ada', 'site', 'ada');
});
afterEach(() => bench.close());

const ADA = { name: 'Ada', email: 'ada@example.org', at: 1_790_000_000 };

function commit(
  actions: readonly FileAction[],
  more: { branch?: string; startId?: string | null; at?: Plumbing; message?: string } = {},
): Promise<FileCommitOutcome> {
  const change = {
    branch: more.branch ?? 'main',
    startId: more.startId ?? null,
    actions,
    message: more.message ?? 'change files',
    author: ADA,
    committer: ADA,
  };
  return commitFiles(more.at ?? site, change, async ({ to }) => to);
}

async function committed(actions: readonly FileAction[], more: Parameters<typeof commit>[1] = {}): Promise<string> {
  const outcome = await commit(actions, more);
  if (!outcome.ok) throw new Error(`${outcome.why} ${outcome.path}`);
  return outcome.commitId;
}

const create = (path: string, content: string | Buffer): FileAction => ({
  kind: 'create',
  path,
  content: Buffer.from(content as string),
});

describe('a commit over the plumbing', () => {
  it('begins a branch in an empty repository, and a clone sees it', async () => {
    const content = randomBytes(300_000);
    await committed([create('docs/a "b" é.txt', content), create('run.sh', '#!/bin/sh\n')], {
      message: 'ünïcode\n\nbody',
    });
    bench.git(['clone', '-q', site.path, join(bench.folder, 'clone')]);
    expect(bench.git(['-C', join(bench.folder, 'clone'), 'log', '--format=%an %ae %at %B'])).toBe(
      'Ada ada@example.org 1790000000 ünïcode\n\nbody\n',
    );
    expect(bench.git(['-C', site.path, 'fsck', '--strict', '--no-dangling'])).toBe('');
    const entry = await entryAt(site, 'main', 'docs/a "b" é.txt');
    expect(entry).toMatchObject({ mode: '100644', type: 'blob', sizeBytes: 300_000 });
    const [read] = await readObjects(site, [entry!.id], 1_000_000);
    expect(read!.content.equals(content)).toBe(true);
    expect((await listRefs(site, 'refs/', { offset: 0, limit: 10 })).map(({ name }) => name)).toEqual([
      'refs/heads/main',
    ]);
  });

  it('updates, moves, marks and deletes in one go', async () => {
    await committed([create('a', '1'), create('b', '2'), create('c/d', '3'), create('e', '4')]);
    await committed([
      { kind: 'update', path: 'a', content: Buffer.from('one'), expectedBlobId: null },
      { kind: 'move', from: 'b', path: 'c/b', content: null },
      { kind: 'chmod', path: 'e', executable: true },
      { kind: 'delete', path: 'c/d', expectedBlobId: null },
    ]);
    expect(bench.git(['-C', site.path, 'ls-tree', '-r', '--format=%(objectmode) %(path)', 'main'])).toBe(
      '100644 a\n100644 c/b\n100755 e\n',
    );
    expect(bench.git(['-C', site.path, 'show', 'main:a'])).toBe('one');
  });

  it('builds on the preceding actions of the same commit', async () => {
    const one = await commit([
      create('run', 'echo one'),
      { kind: 'chmod', path: 'run', executable: true },
      { kind: 'move', from: 'run', path: 'bin/run', content: null },
    ]);
    const id = one.ok ? one.blobIds.get('run')! : '';
    await committed([
      { kind: 'update', path: 'bin/run', content: Buffer.from('echo two'), expectedBlobId: id },
      create('bin/other', 'x'),
      { kind: 'delete', path: 'bin/other', expectedBlobId: null },
    ]);
    expect(bench.git(['-C', site.path, 'ls-tree', '-r', '--format=%(objectmode) %(path)', 'main'])).toBe(
      '100755 bin/run\n',
    );
    expect(await commit([create('new', '1'), create('new', '2')])).toMatchObject({
      ok: false,
      why: 'path_exists',
      path: 'new',
    });
  });

  it('writes nothing when one of its actions can not be done, and says which', async () => {
    const before = await committed([create('a', '1'), create('dir/b', '2')]);
    const refused: [FileAction, string, string][] = [
      [create('a', 'x'), 'path_exists', 'a'],
      [create('dir', 'x'), 'path_is_folder', 'dir'],
      [create('a/b', 'x'), 'path_below_file', 'a/b'],
      [{ kind: 'update', path: 'nope', content: Buffer.from('x'), expectedBlobId: null }, 'path_missing', 'nope'],
      [{ kind: 'delete', path: 'dir', expectedBlobId: null }, 'path_is_folder', 'dir'],
      [
        { kind: 'update', path: 'a', content: Buffer.from('x'), expectedBlobId: '1'.repeat(40) },
        'content_changed',
        'a',
      ],
      [create('../a', 'x'), 'path_invalid', '../a'],
      [create('x/.GIT/config', 'x'), 'path_invalid', 'x/.GIT/config'],
      [create('.gi\u200ct/config', 'x'), 'path_invalid', '.gi\u200ct/config'],
      [create('new\nline', 'x'), 'path_invalid', 'new\nline'],
    ];
    for (const [action, why, path] of refused)
      expect(await commit([create('fine', 'x'), action])).toMatchObject({ ok: false, why, path });
    expect((await readRef(site, 'refs/heads/main'))!.id).toBe(before);
  });

  it('lets exactly one of two writers win', async () => {
    await committed([create('a', '1')]);
    const outcomes = await Promise.all(
      [1, 2, 3].map((i) =>
        commit([{ kind: 'update', path: 'a', content: Buffer.from(`writer ${i}`), expectedBlobId: null }]),
      ),
    );
    const winners = outcomes.filter((outcome) => outcome.ok);
    expect(winners.length).toBeGreaterThanOrEqual(1);
    for (const loser of outcomes.filter((outcome) => !outcome.ok)) expect(loser).toMatchObject({ why: 'branch_moved' });
    expect(bench.git(['-C', site.path, 'rev-list', '--count', 'main'])).toBe(`${1 + winners.length}\n`);
  });

  it('starts a branch at a commit', async () => {
    const first = await committed([create('a', '1')]);
    await committed([create('b', '2')], { branch: 'feature/x', startId: first });
    expect(bench.git(['-C', site.path, 'rev-list', '--count', 'feature/x'])).toBe('2\n');
    expect(await commit([create('c', '3')], { branch: 'feature', startId: first })).toMatchObject({
      ok: false,
      why: 'branch_conflict',
    });
  });

  it('works with sha256 names', async () => {
    await bench.room.create('ada', 'new', { objectFormat: 'sha256' });
    const at = bench.room.open('ada', 'new', 'ada');
    const outcome = await commit([create('a', 'hello')], { at });
    expect(outcome).toMatchObject({ ok: true });
    expect((await entryAt(at, 'main', 'a'))!.id).toBe(outcome.ok ? outcome.blobIds.get('a') : '');
  });
});

describe('reading', () => {
  it('resolves ids, beginnings of ids, branches, tags and refs, and nothing of the revision language', async () => {
    const first = await committed([create('a', '1')]);
    const second = await committed([create('b', '2')]);
    bench.git(['-C', site.path, 'tag', '-a', 'v1', '-m', 'one', first]);
    for (const revision of [second, second.slice(0, 8), 'main', 'heads/main', 'refs/heads/main', 'HEAD'])
      expect((await resolveCommit(site, revision))?.commitId).toBe(second);
    expect(await resolveCommit(site, 'v1')).toEqual({ commitId: first, ref: 'refs/tags/v1' });
    for (const revision of [
      'main~1',
      'main^',
      'main@{0}',
      ':/one',
      'main:a',
      'a..b',
      '--all',
      '-h',
      '',
      'nope',
      'main\nHEAD',
      '../x',
      `${first}x`,
    ])
      expect(await resolveCommit(site, revision)).toBeNull();
  });

  it('lists branches and tags in pages', async () => {
    const id = await committed([create('a', '1')]);
    for (const name of ['b1', 'b2', 'b3', 'x/y'])
      expect(await changeRef(site, { ref: `refs/heads/${name}`, from: null, to: id })).toEqual({ ok: true });
    for (const name of ['v1.2', 'v1.10', 'v1.9'])
      await changeRef(site, { ref: `refs/tags/${name}`, from: null, to: id });
    expect((await listRefs(site, 'refs/heads/', { offset: 1, limit: 2 })).map(({ name }) => name)).toEqual([
      'refs/heads/b2',
      'refs/heads/b3',
    ]);
    expect((await listRefs(site, 'refs/heads/b', { offset: 0, limit: 9 })).length).toBe(3);
    expect(
      (await listRefs(site, 'refs/tags/', { offset: 0, limit: 9, sort: 'version' })).map(({ name }) => name),
    ).toEqual(['refs/tags/v1.10', 'refs/tags/v1.9', 'refs/tags/v1.2']);
    expect(await listRefs(site, 'refs/nothing/', { offset: 0, limit: 9 })).toEqual([]);
  });

  it('pages through history, narrowed by path, time and author', async () => {
    for (let i = 0; i < 5; i++) await committed([create(`f${i}`, String(i))], { message: `commit ${i}` });
    const tip = (await resolveCommit(site, 'main'))!.commitId;
    const messages = async (list: object): Promise<string[]> =>
      (await listCommits(site, tip, { offset: 0, limit: 10, ...list })).map(({ message }) => message);
    expect(await messages({ offset: 1, limit: 2 })).toEqual(['commit 3', 'commit 2']);
    expect(await messages({ path: 'f2' })).toEqual(['commit 2']);
    expect(await messages({ path: ':(glob)f*' })).toEqual([]);
    expect(await messages({ authors: ['ADA@EX'] })).toHaveLength(5);
    expect(await messages({ authors: ['.*'] })).toEqual([]);
    expect(await messages({ sinceAt: ADA.at + 1 })).toEqual([]);
    expect(await messages({ untilAt: ADA.at })).toHaveLength(5);
  });

  it('tells what a commit changed, with renames, binaries and patches', async () => {
    const text = Array.from({ length: 40 }, (_, i) => `line ${i}\n`).join('');
    const first = await committed([
      create('moved', text),
      create('gone', 'x\n'),
      create('kept', 'a\nb\n'),
      create('link', 'kept'),
    ]);
    const second = await committed([
      { kind: 'move', from: 'moved', path: 'dir/moved', content: Buffer.from(`${text}more\n`) },
      { kind: 'delete', path: 'gone', expectedBlobId: null },
      { kind: 'update', path: 'kept', content: Buffer.from('a\nc\n'), expectedBlobId: null },
      create('bin', Buffer.from([0, 1, 2, 0])),
    ]);
    const diff = await diffOf(site, (await readCommit(site, second))!, { offset: 0, limit: 100 });
    const shown = diff.files.map(({ path, previousPath, status, additions, deletions }) => ({
      path,
      previousPath,
      status,
      additions,
      deletions,
    }));
    expect(shown).toEqual([
      { path: 'bin', previousPath: null, status: 'added', additions: 0, deletions: 0 },
      { path: 'dir/moved', previousPath: 'moved', status: 'renamed', additions: 1, deletions: 0 },
      { path: 'gone', previousPath: null, status: 'removed', additions: 0, deletions: 1 },
      { path: 'kept', previousPath: null, status: 'modified', additions: 1, deletions: 1 },
    ]);
    expect(diff).toMatchObject({ additions: 2, deletions: 2 });
    expect(diff.files.map(({ patch }) => patch)).toEqual([
      null,
      expect.stringContaining('+more'),
      '@@ -1 +0,0 @@\n-x',
      '@@ -1,2 +1,2 @@\n a\n-b\n+c',
    ]);
    expect((await diffOf(site, (await readCommit(site, first))!, { offset: 0, limit: 100 })).files).toHaveLength(4);
  });

  it('lists folders in pages, shallow and deep', async () => {
    await committed([create('a/b/c', '1'), create('a/d', '2'), create('e', '3')]);
    const paths = async (path: string, list: object): Promise<string[]> =>
      (await listTree(site, 'main', path, { offset: 0, limit: 10, ...list })).map((entry) => entry.path);
    expect(await paths('', {})).toEqual(['a', 'e']);
    expect(await paths('a', {})).toEqual(['a/b', 'a/d']);
    expect(await paths('a', { recursive: true })).toEqual(['a/b', 'a/b/c', 'a/d']);
    expect(await paths('', { recursive: true, offset: 2, limit: 2 })).toEqual(['a/b/c', 'a/d']);
  });

  it('streams a large blob in pieces, and may be stopped halfway', async () => {
    await committed([create('big', Buffer.alloc(3_000_000, 7))]);
    let bytes = 0;
    for await (const chunk of await openBlob(site, (await entryAt(site, 'main', 'big'))!.id))
      bytes += (chunk as Buffer).length;
    expect(bytes).toBe(3_000_000);
    for await (const _ of await openBlob(site, (await entryAt(site, 'main', 'big'))!.id)) break;
    await bench.room.close(5);
    expect(bench.room.load().running).toBe(0);
  });

  it('keeps only the beginning of an object that is too large', async () => {
    await committed([create('big', Buffer.alloc(500_000, 65)), create('small', 'x')]);
    const [big, missing, small] = await readObjects(site, ['main:big', 'main:nope', 'main:small'], 10);
    expect([big!.content.toString(), big!.sizeBytes, missing, small!.content.toString()]).toEqual([
      'AAAAAAAAAA',
      500_000,
      null,
      'x',
    ]);
  });
});

describe('refs', () => {
  it('change only from what they held', async () => {
    const first = await committed([create('a', '1')]);
    const second = await committed([create('b', '2')]);
    const ref = 'refs/heads/x';
    expect(await changeRef(site, { ref, from: null, to: first })).toEqual({ ok: true });
    expect(await changeRef(site, { ref, from: null, to: second })).toEqual({ ok: false, why: 'exists' });
    expect(await changeRef(site, { ref, from: second, to: first })).toEqual({ ok: false, why: 'moved' });
    expect(await changeRef(site, { ref: 'refs/heads/y', from: first, to: second })).toEqual({
      ok: false,
      why: 'missing',
    });
    expect(await changeRef(site, { ref: 'refs/heads/x/y', from: null, to: second })).toEqual({
      ok: false,
      why: 'name_conflict',
    });
    expect(await changeRef(site, { ref: 'refs/heads/z', from: null, to: '1'.repeat(40) })).toEqual({
      ok: false,
      why: 'object_missing',
    });
    expect(await changeRef(site, { ref, from: first, to: second })).toEqual({ ok: true });
    expect([await isAncestor(site, first, second), await isAncestor(site, second, first)]).toEqual([true, false]);
    expect(await changeRef(site, { ref, from: first, to: null })).toEqual({ ok: false, why: 'moved' });
    expect(await changeRef(site, { ref, from: second, to: null })).toEqual({ ok: true });
    expect(await readRef(site, ref)).toBeNull();
  });

  it('has a default branch, which can be changed', async () => {
    expect(await defaultBranch(site.path)).toBe('main');
    await setDefaultBranch(site, 'trunk');
    expect(await defaultBranch(site.path)).toBe('trunk');
  });
});

describe('a hostile repository', () => {
  it('has nothing of its own run or read', async () => {
    const mark = join(bench.folder, 'mark');
    const run = join(bench.folder, 'run.sh');
    writeFileSync(run, `#!/bin/sh\ntouch ${mark}\ncat\n`, { mode: 0o755 });
    const hooks = ['reference-transaction', 'pre-receive', 'update', 'post-update', 'pre-commit', 'post-commit'];
    mkdirSync(join(site.path, 'hooks'), { recursive: true });
    for (const hook of hooks) copyFileSync(run, join(site.path, 'hooks', hook));
    mkdirSync(join(site.path, 'info'), { recursive: true });
    writeFileSync(join(site.path, 'info/attributes'), '* diff=evil filter=evil\n');
    writeFileSync(join(bench.folder, 'private'), 'a private file\n');
    const config = {
      'diff.external': run,
      'diff.evil.command': run,
      'diff.evil.textconv': run,
      'filter.evil.clean': run,
      'filter.evil.smudge': run,
      'core.pager': run,
      'core.hooksPath': join(site.path, 'hooks'),
      'hook.evil.command': run,
      'hook.evil.event': 'reference-transaction',
      'gpg.program': run,
      'log.showSignature': 'true',
      'commit.gpgSign': 'true',
      'core.fsmonitor': run,
      'format.signatureFile': join(bench.folder, 'private'),
    };
    for (const [key, value] of Object.entries(config)) bench.git(['--git-dir', site.path, 'config', key, value]);
    const first = await committed([create('a', 'one\n')]);
    const second = await committed([
      { kind: 'update', path: 'a', content: Buffer.from('two\n'), expectedBlobId: null },
    ]);
    expect((await diffOf(site, (await readCommit(site, second))!, { offset: 0, limit: 10 })).files[0]!.patch).toBe(
      '@@ -1 +1 @@\n-one\n+two',
    );
    for (const form of ['diff', 'patch'] as const) expect(await patchText(site, second, form)).toMatch(/-one\n\+two\n/);
    expect(await patchText(site, second, 'patch')).not.toContain('private');
    await listCommits(site, second, { offset: 0, limit: 10 });
    expect(await changeRef(site, { ref: 'refs/heads/x', from: null, to: first })).toEqual({ ok: true });
    expect(existsSync(mark)).toBe(false);
  });
});

describe('names', () => {
  it('of refs follow git', () => {
    for (const name of ['main', 'a/b', 'v1.0', 'é', 'a-b', 'refs/heads/x', 'a@b'])
      expect([name, refNameProblem(name)]).toEqual([name, null]);
    for (const name of [
      '',
      '-a',
      'a..b',
      'a b',
      'a~1',
      'a^',
      'a:b',
      'a?',
      'a*',
      'a[',
      'a\\b',
      '/a',
      'a/',
      'a//b',
      '.a',
      'a/.b',
      'a.lock',
      'a.lock/b',
      'a.',
      '@',
      'a@{b',
      'a\nb',
      'a\x7f',
    ])
      expect([name, refNameProblem(name) === null]).toEqual([name, false]);
    expect(refNameProblem('x'.repeat(MAX_REF_BYTES))).toBeNull();
    expect(refNameProblem('x'.repeat(MAX_REF_BYTES + 1))).toBe("A ref's name has at most 244 bytes.");
  });

  it('of files keep out of .git', () => {
    for (const path of ['a', 'a/b', '.gitignore', '.github/workflows/x.yml', 'a b', '-a', 'é', ':a', 'git', 'x.git'])
      expect([path, pathProblem(path)]).toEqual([path, null]);
    for (const path of [
      '',
      '/a',
      'a/',
      'a//b',
      '.',
      '..',
      'a/../b',
      '.git',
      '.Git/x',
      'a/.git/b',
      'git~1',
      '.git ',
      '.git.',
      'a\\.git\\b',
      '.git::$INDEX',
      'a\0b',
      'a\tb',
    ])
      expect([path, pathProblem(path) === null]).toEqual([path, false]);
    expect(pathProblem('x'.repeat(MAX_PATH_BYTES))).toBeNull();
    expect(pathProblem('x'.repeat(MAX_PATH_BYTES + 1))).toBe('A path has at most 1024 bytes.');
  });
});
