import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { fingerprintOf, MAX_LOOSE_ENTRIES } from '../../../src/git/clones/fingerprint.ts';

async function repository() {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-fingerprint-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'r.git');
  const git = (args: string[], input = ''): string =>
    execFileSync('git', args, {
      cwd: folder,
      input,
      encoding: 'utf8',
      env: { PATH: process.env['PATH']!, GIT_DIR: path, GIT_CONFIG_NOSYSTEM: '1', HOME: folder },
    }).trim();
  git(['init', '-q', '--bare', path]);
  const commit = (message: string): string =>
    git([
      '-c',
      'user.name=Ada',
      '-c',
      'user.email=ada@example.org',
      'commit-tree',
      git(['hash-object', '-w', '-t', 'tree', '--stdin']),
      '-m',
      message,
    ]);
  return {
    path,
    git,
    commit,
    settled: async () => {
      await expect.poll(() => fingerprintOf(path)).not.toBeNull();
      return fingerprintOf(path);
    },
  };
}

it('a fingerprint changes with every way in which refs move and packs go, and stays when nothing happens', async () => {
  const { git, commit, settled } = await repository();
  const [one, two] = [commit('one'), commit('two')];
  const fingerprints = [await settled()];
  for (const args of [
    ['update-ref', 'refs/heads/main', one],
    ['update-ref', 'refs/heads/main', two],
    ['update-ref', 'refs/heads/deep/er/branch', one],
    ['update-ref', 'refs/heads/deep/er/branch', two],
    ['pack-refs', '--all', '--prune'],
    ['update-ref', '-d', 'refs/heads/deep/er/branch'],
    ['symbolic-ref', 'HEAD', 'refs/heads/other'],
    ['repack', '-adq'],
    ['config', 'transfer.hideRefs', 'refs/heads/secret'],
  ]) {
    git(args);
    fingerprints.push(await settled());
    expect(await settled()).toBe(fingerprints.at(-1));
  }
  expect(new Set(fingerprints).size).toBe(fingerprints.length);
});

it('there is no fingerprint of what changed this moment, of nothing, of links, or of too many loose refs', async () => {
  const { path, git, commit, settled } = await repository();
  const main = commit('one');
  git(['update-ref', 'refs/heads/main', main]);
  await settled();
  expect(fingerprintOf(path, 0)).toBeNull();
  expect(fingerprintOf(`${path}-gone`)).toBeNull();
  await symlink(tmpdir(), join(path, 'refs/heads/elsewhere'));
  expect(fingerprintOf(path, Date.now() + 60_000)).toBeNull();
  await rm(join(path, 'refs/heads/elsewhere'));
  const create = (from: number, to: number): string =>
    Array.from({ length: to - from }, (_, n) => `create refs/heads/b${from + n} ${main}\n`).join('');
  // In addition there are refs/heads, refs/tags and main.
  git(['update-ref', '--stdin'], create(0, MAX_LOOSE_ENTRIES - 3));
  await settled();
  git(['update-ref', '--stdin'], create(MAX_LOOSE_ENTRIES - 3, MAX_LOOSE_ENTRIES - 2));
  expect(fingerprintOf(path, Date.now() + 60_000)).toBeNull();
  git(['pack-refs', '--all', '--prune']);
  expect(await settled()).not.toBeNull();
});
