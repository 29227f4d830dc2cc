/** The hook that checks pushes, run by a real receive-pack. */

import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { gitEnvironment } from '../../../src/git/processes/environment.ts';
import { hooksOf } from '../../../src/git/push/hooks.ts';
import { type Bench, makeBench } from '../bench.ts';
import { commitIn, type Files, initWorkTree } from '../work-tree.ts';

const REFUSAL = { sentence: 'refused: needs workflows: write', remedy: 'ask for it' };
const FILE = '.github/workflows/ci.yml';

let bench: Bench;
let work: string;
let bare: string;
let receivePack: string;

beforeEach(async () => {
  bench = await makeBench();
  work = initWorkTree(bench);
  bare = bench.room.path('ada', 'site');
  await bench.room.create('ada', 'site');
  const home = join(bench.room.root, '.latchkey', 'home');
  const folders = {
    noHooks: join(bench.room.root, '.latchkey', 'no-hooks'),
    hooks: join(bench.room.root, '.latchkey', 'hooks'),
  };
  const environment = gitEnvironment({
    homeFolder: home,
    ...hooksOf(folders, { workflowRefusal: REFUSAL, scan: null, oddRefs: false }, false),
  });
  receivePack = join(bench.folder, 'receive-pack');
  const exports = Object.entries(environment).map(
    ([name, value]) => `export ${name}='${value.replaceAll("'", "'\\''")}'`,
  );
  writeFileSync(receivePack, `#!/bin/sh\n${exports.join('\n')}\nexec git receive-pack "$@"\n`, { mode: 0o755 });
});
afterEach(() => bench.close());

const commit = (files: Files): string => commitIn(bench, work, files);

/** Pushes as somebody without the permission. Returns git's output when it was refused, null when it was accepted. */
function push(...refs: string[]): string | null {
  const ran = spawnSync('git', ['-C', work, 'push', `--receive-pack=${receivePack}`, bare, ...refs], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH']!, HOME: bench.folder, LANG: 'C.UTF-8' },
  });
  return ran.status === 0 ? null : ran.stderr;
}

/** Pushes as somebody with the permission. */
const pushFreely = (...refs: string[]): string =>
  execFileSync('git', ['-C', work, 'push', '-q', bare, ...refs], { encoding: 'utf8', stdio: 'pipe' });

describe('a push without workflows: write', () => {
  it('is taken when it changes other files', () => {
    commit({
      'readme.md': 'x',
      '.github/dependabot.yml': 'x',
      'workflows/ci.yml': 'x',
      'sub/.github/workflows/ci.yml': 'x',
    });
    expect(push('main')).toBeNull();
  });

  it('is refused when it adds a workflow file, with its name and the words for it', () => {
    commit({ [FILE]: 'on: push', 'readme.md': 'x' });
    const said = push('main');
    expect(said).toContain(`remote: ${REFUSAL.sentence}`);
    expect(said).toContain(`remote:   ${FILE}`);
    expect(said).toContain(`remote: ${REFUSAL.remedy}`);
    expect(said).not.toContain('readme.md');
    expect(bench.git(['-C', bare, 'for-each-ref'])).toBe('');
  });

  it('is refused when it changes or deletes a workflow file', () => {
    commit({ [FILE]: 'one' });
    pushFreely('main');
    commit({ [FILE]: 'two' });
    expect(push('main')).toContain(FILE);
    bench.git(['-C', work, 'reset', '-q', '--hard', 'HEAD~']);
    commit({ [FILE]: null });
    expect(push('main')).toContain(FILE);
  });

  it('is refused when only a commit between changes one, since a branch could be made there later', () => {
    commit({ 'readme.md': 'x' });
    commit({ [FILE]: 'one' });
    commit({ [FILE]: null });
    expect(push('main')).toContain(FILE);
  });

  it('names every file once, and stops naming after twenty', () => {
    commit(
      Object.fromEntries(
        Array.from({ length: 25 }, (_, i) => [`.github/workflows/w${String(i).padStart(2, '0')}.yml`, 'x']),
      ),
    );
    commit({ '.github/workflows/w00.yml': 'y' });
    const said = push('main')!;
    expect(said.match(/w00\.yml/g)).toHaveLength(1);
    expect(said).toContain('w19.yml');
    expect(said).not.toContain('w20.yml');
    expect(said).toContain('and 5 more');
  });

  it.each([
    '.github/workflows/a b.yml',
    '.github/workflows/ä.yml',
    '.github/workflows/tab\there.yml',
    '.github/workflows/line\nbreak.yml',
    '.github/workflows/"quoted".yml',
    '.github/workflows/back\\slash.yml',
    '.github/workflows/sub/deep.yml',
    '.github/workflows/ok refs/x',
  ])('is refused for the file %j, and taken when that stands there already', (name) => {
    commit({ 'readme.md': 'x' });
    pushFreely('main');
    bench.git(['-C', work, 'checkout', '-q', '-b', 'with']);
    commit({ [name]: 'x' });
    expect(push('with')).toContain('.github/workflows/');
    pushFreely('with');
    bench.git(['-C', work, 'checkout', '-q', 'main']);
    commit({ [name]: 'x' });
    expect(push('main')).toBeNull();
  });

  it('is refused for the same content under another name, and for other content under the same name', () => {
    commit({ [FILE]: 'one' });
    pushFreely('main');
    bench.git(['-C', work, 'checkout', '-q', '--orphan', 'other']);
    bench.git(['-C', work, 'rm', '-rqf', '.']);
    commit({ '.github/workflows/renamed.yml': 'one' });
    expect(push('other')).toContain('renamed.yml');
    commit({ '.github/workflows/renamed.yml': null, [FILE]: 'two' });
    expect(push('other')).toContain('ci.yml');
  });

  it('is taken when it makes a branch or tag at a commit that is there', () => {
    commit({ [FILE]: 'one' });
    pushFreely('main');
    bench.git(['-C', work, 'tag', '-a', '-m', 'v1', 'v1']);
    expect(push('main:refs/heads/copy', 'v1')).toBeNull();
  });

  it('is taken when it deletes a branch, or moves one back', () => {
    commit({ 'readme.md': 'x' });
    commit({ [FILE]: 'one' });
    pushFreely('main', 'main:gone', 'main:back');
    expect(push('+main~1:back', ':gone')).toBeNull();
  });

  it('is taken when it merges a workflow file that is there, and refused when the merge changes it', () => {
    commit({ 'readme.md': 'x' });
    bench.git(['-C', work, 'checkout', '-q', '-b', 'side']);
    commit({ [FILE]: 'one' });
    pushFreely('main', 'side');
    bench.git(['-C', work, 'checkout', '-q', 'main']);
    commit({ 'readme.md': 'y' });
    bench.git(['-C', work, 'merge', '-q', '--no-edit', 'side']);
    expect(push('main')).toBeNull();
    commit({ 'readme.md': 'z' });
    bench.git(['-C', work, 'checkout', '-q', '-b', 'evil', 'main~']);
    bench.git(['-C', work, 'merge', '-q', '--no-ff', '--no-commit', 'main']);
    commit({ [FILE]: 'slipped in' });
    expect(push('evil')).toContain(FILE);
  });

  it('is refused as a whole when one of many refs changes one', () => {
    commit({ 'readme.md': 'x' });
    const refs = Array.from({ length: 30 }, (_, i) => `main:refs/heads/b${i}`);
    bench.git(['-C', work, 'checkout', '-q', '-b', 'bad']);
    commit({ [FILE]: 'x' });
    expect(push(...refs, 'bad')).toContain(FILE);
    expect(bench.git(['-C', bare, 'for-each-ref'])).toBe('');
    expect(push(...refs)).toBeNull();
  });

  it('is not fooled by a tag of a tag, or a replaced commit', () => {
    commit({ 'readme.md': 'x' });
    const clean = bench.git(['-C', work, 'rev-parse', 'HEAD']).trim();
    pushFreely('main');
    commit({ [FILE]: 'x' });
    const dirty = bench.git(['-C', work, 'rev-parse', 'HEAD']).trim();
    bench.git(['-C', work, 'tag', '-a', '-m', 't1', 't1']);
    bench.git(['-C', work, 'tag', '-a', '-m', 't2', 't2', 't1']);
    expect(push('refs/tags/t2')).toContain(FILE);
    expect(push(`${clean}:refs/replace/${dirty}`)).toBeNull();
    expect(push('main')).toContain(FILE);
  });

  it('is taken when it tags a tree or a blob, which no workflow runs from', () => {
    commit({ 'readme.md': 'x' });
    expect(
      push(
        'main',
        'main^{tree}:refs/tags/tree',
        'main:readme.md:refs/tags/blob'.replace(
          'main:readme.md',
          bench.git(['-C', work, 'rev-parse', 'main:readme.md']).trim(),
        ),
      ),
    ).toBeNull();
  });
});
