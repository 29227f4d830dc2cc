import {
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Fault, Problem } from '../../src/base/errors.ts';
import { Folders } from '../../src/git/repositories/folders.ts';
import { linkedPlace } from '../../src/git/repositories/links.ts';
import { type Bench, makeBench } from './bench.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await makeBench();
});
afterEach(() => bench.close());

/** A repository outside the room with one commit on `trunk`, a tag, hooks and a remote. */
function source(): string {
  const path = join(bench.folder, 'source');
  bench.git(['init', '-q', '-b', 'trunk', path]);
  bench.git(['-C', path, 'commit', '-q', '--allow-empty', '-m', 'one']);
  bench.git(['-C', path, 'tag', 'v1']);
  bench.git(['-C', path, 'remote', 'add', 'origin', 'https://example.org/x.git']);
  writeFileSync(join(path, '.git/hooks/pre-receive'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  return path;
}

describe('the place of a repository', () => {
  it('is its owner and name under the root', () => {
    expect(bench.room.path('ada', 'site')).toBe(join(bench.room.root, 'ada', 'site.git'));
  });

  it.each([
    ['..', 'site'],
    ['.', 'site'],
    ['ada', '..'],
    ['ada', ''],
    ['', 'site'],
    ['ada/../..', 'site'],
    ['ada', '../x'],
    ['ada', 'a/b'],
    ['ada', 'a\\b'],
    ['ada', 'a\0b'],
    ['-ada', 'site'],
    ['.latchkey', 'home'],
    ['ada', '-x'],
    ['ada', 'x'.repeat(101)],
    ['ada', 'ä'],
    ['ada', 'a b'],
    ['ada', 'a\nb'],
  ])('cannot be %j, %j', (owner, name) => {
    expect(() => bench.room.path(owner, name)).toThrow(Fault);
  });

  it('is elsewhere by a link of the operator’s, for an owner or a repository, and moves and ends with it', async () => {
    const elsewhere = join(bench.folder, 'elsewhere');
    bench.git(['init', '-q', '--bare', join(elsewhere, 'x.git')]);
    symlinkSync(elsewhere, join(bench.room.root, 'ada'));
    mkdirSync(join(bench.room.root, 'bob'));
    symlinkSync('../../elsewhere/x.git', join(bench.room.root, 'bob', 'x.git'));
    for (const owner of ['ada', 'bob']) expect(bench.room.path(owner, 'x')).toBe(join(elsewhere, 'x.git'));
    expect(await bench.room.list()).toEqual([
      { owner: 'ada', name: 'x' },
      { owner: 'bob', name: 'x' },
    ]);
    await bench.room.rename({ owner: 'bob', name: 'x' }, { owner: 'carol', name: 'y' });
    expect(bench.room.path('carol', 'y')).toBe(join(elsewhere, 'x.git'));
    await bench.room.remove('carol', 'y');
    expect(readdirSync(elsewhere)).toEqual([]);
  });

  it('is not where a link leads that is neither the operator’s nor of the owner of what it names', () => {
    const place = join(bench.room.root, 'mallory.git');
    symlinkSync('/usr', place);
    if (process.getuid?.() === 0) lchownSync(place, 12_345, 12_345);
    expect(linkedPlace(bench.room.root, place, [])).toBeNull();
    expect(linkedPlace(bench.room.root, place, [lstatSync(place).uid])).toBe('/usr');
  });

  it.each([
    ['to another repository of the folder', () => join(bench.room.root, 'acme', 'secret.git')],
    ['to a link, which may be somebody else’s', () => join(bench.folder, 'link')],
  ])('cannot be reached through a link %s', (_, target) => {
    mkdirSync(join(bench.room.root, 'acme', 'secret.git'), { recursive: true });
    mkdirSync(join(bench.room.root, 'ada'));
    symlinkSync(bench.folder, join(bench.folder, 'link'));
    symlinkSync(target(), join(bench.room.root, 'ada', 'x.git'));
    expect(() => bench.room.path('ada', 'x')).toThrow('outside of the folder');
  });

  it('behind a link to a disk that is away is missing, and nothing else', () => {
    mkdirSync(join(bench.room.root, 'ada'));
    symlinkSync(join(bench.folder, 'unmounted'), join(bench.room.root, 'ada', 'x.git'));
    expect(() => bench.room.open('ada', 'x', 'user 1')).toThrow('no repository lies at');
  });
});

describe('a new repository', () => {
  it.each(['sha1', 'sha256'] as const)('is bare and empty, with %s names', async (objectFormat) => {
    await bench.room.create('ada', 'site', { objectFormat, defaultBranch: 'trunk' });
    const path = bench.room.path('ada', 'site');
    expect(bench.git(['-C', path, 'rev-parse', '--is-bare-repository', '--show-object-format'])).toBe(
      `true\n${objectFormat}\n`,
    );
    expect(bench.git(['-C', path, 'symbolic-ref', 'HEAD'])).toBe('refs/heads/trunk\n');
    expect(existsSync(join(path, 'hooks'))).toBe(false);
  });

  it('does not replace what lies there', async () => {
    await bench.room.create('ada', 'site');
    await expect(bench.room.create('ada', 'site')).rejects.toThrow(Problem);
  });

  it('moves, goes, and is listed as long as it is there', async () => {
    await bench.room.create('ada', 'site');
    await bench.room.create('acme', 'tool');
    await bench.room.rename({ owner: 'ada', name: 'site' }, { owner: 'acme', name: 'page' });
    expect(await bench.room.list()).toEqual([
      { owner: 'acme', name: 'page' },
      { owner: 'acme', name: 'tool' },
    ]);
    expect(bench.room.exists('ada', 'site')).toBe(false);
    await expect(bench.room.rename({ owner: 'acme', name: 'page' }, { owner: 'acme', name: 'tool' })).rejects.toThrow(
      Fault,
    );
    await bench.room.remove('acme', 'page');
    await bench.room.remove('acme', 'page');
    expect(await bench.room.list()).toEqual([{ owner: 'acme', name: 'tool' }]);
    expect(readdirSync(join(bench.room.root, '.latchkey', 'trash'))).toEqual([]);
  });
});

describe('the trash', () => {
  it('is emptied at the start of what is a day old, since younger things may be in use', async () => {
    const trash = join(bench.room.root, '.latchkey', 'trash');
    for (const name of ['old.git', 'new.git']) mkdirSync(join(trash, name));
    const twoDaysAgo = Date.now() / 1000 - 2 * 86_400;
    utimesSync(join(trash, 'old.git'), twoDaysAgo, twoDaysAgo);
    await new Folders(bench.room.root).emptyTrash();
    expect(readdirSync(trash)).toEqual(['new.git']);
  });

  it('is emptied of all that is old, though something else is taken out of it meanwhile', async () => {
    const trash = join(bench.room.root, '.latchkey', 'trash');
    // A name that is listed but leads nowhere, as after another process has just moved its draft.
    symlinkSync(join(trash, 'moved'), join(trash, 'a.git'));
    mkdirSync(join(trash, 'b.git'));
    utimesSync(join(trash, 'b.git'), 1, 1);
    await new Folders(bench.room.root).emptyTrash();
    expect(readdirSync(trash)).toEqual(['a.git']);
  });
});

describe('an imported repository', () => {
  it('is a whole copy without hooks, settings and remotes', async () => {
    const from = source();
    expect(await bench.room.importFrom(from, 'ada', 'site')).toMatchObject({ objectFormat: 'sha1', copied: true });
    const path = bench.room.path('ada', 'site');
    expect(bench.git(['-C', path, 'for-each-ref', '--format=%(refname)'])).toBe('refs/heads/trunk\nrefs/tags/v1\n');
    expect(bench.git(['-C', path, 'symbolic-ref', 'HEAD'])).toBe('refs/heads/trunk\n');
    expect(bench.git(['-C', path, 'remote'])).toBe('');
    expect(existsSync(join(path, 'hooks'))).toBe(false);
    expect(bench.git(['-C', path, 'rev-parse', 'trunk'])).toBe(bench.git(['-C', from, 'rev-parse', 'trunk']));
  });

  it('is adopted as it is where it lies in its place', async () => {
    const path = bench.room.path('ada', 'site');
    bench.git(['clone', '-q', '--bare', source(), path]);
    expect(await bench.room.importFrom(path, 'ada', 'site')).toMatchObject({ objectFormat: 'sha1', copied: false });
    expect(bench.git(['-C', path, 'remote'])).toBe('origin\n');
  });

  it('is refused where there is none, with nothing left behind', async () => {
    await expect(bench.room.importFrom(bench.folder, 'ada', 'site')).rejects.toThrow('There is no Git repository at');
    expect(bench.room.exists('ada', 'site')).toBe(false);
  });

  it('is refused when it is damaged, with nothing left behind', async () => {
    const from = source();
    writeFileSync(join(from, '.git/refs/heads/broken'), `${'1'.repeat(40)}\n`);
    await expect(bench.room.importFrom(from, 'ada', 'site')).rejects.toThrow("can't be read whole");
    expect(bench.room.exists('ada', 'site')).toBe(false);
    expect(readdirSync(join(bench.room.root, '.latchkey', 'trash'))).toEqual([]);
  });
});
