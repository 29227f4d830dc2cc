/**
 * An attack: a repository is adopted in place. The programs named in its config and hooks must not run, whether at a
 * clone, a push or maintenance.
 */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { importRepository } from '../../../src/actions/repositories/repositories.ts';
import { makeWorld, type World } from './server.ts';

const PROGRAMS = [
  'core.fsmonitor',
  'core.alternateRefsCommand',
  'core.sshCommand',
  'core.askPass',
  'core.gitProxy',
  'core.pager',
  'core.editor',
  'credential.helper',
  'gpg.program',
  'gpg.openpgp.program',
  'gpg.x509.program',
  'gpg.ssh.program',
  'gpg.ssh.defaultKeyCommand',
  'uploadpack.packObjectsHook',
  'gc.recentObjectsHook',
  'diff.external',
  'filter.evil.smudge',
  'filter.evil.clean',
  'filter.evil.process',
  'tar.tar.gz.command',
  'tar.tgz.command',
  'diff.evil.textconv',
  'diff.evil.command',
  'merge.evil.driver',
  'pager.upload-pack',
  'sequence.editor',
  'hook.evil.command',
  'remote.origin.vcs',
  'remote.origin.uploadpack',
  'alias.upload-pack',
  'alias.pack-objects',
  'trailer.x.command',
] as const;
const SETTINGS = {
  'hook.evil.event': 'pre-receive',
  'remote.origin.promisor': 'true',
  'protocol.ext.allow': 'always',
  'receive.denyCurrentBranch': 'updateInstead',
  'receive.procReceiveRefs': 'refs/for',
  'receive.certNonceSeed': 'seed',
  'receive.autogc': 'true',
  'gc.auto': '1',
  'transfer.fsckObjects': 'false',
  'uploadpack.allowFilter': 'false',
} as const;
const HOOKS = [
  'pre-receive',
  'update',
  'post-receive',
  'post-update',
  'reference-transaction',
  'proc-receive',
  'push-to-checkout',
  'pre-auto-gc',
  'fsmonitor-watchman',
];

let world: World;
let path: string;
let marks: string;

/** A program that leaves a mark with its name when it runs. */
function trap(name: string): string {
  const script = join(world.folder, `trap-${name}`);
  writeFileSync(script, `#!/bin/sh\ntouch '${join(marks, name)}'\n`, { mode: 0o755 });
  return script;
}

async function setTraps(): Promise<void> {
  for (const key of PROGRAMS) await world.ok(['-C', path, 'config', key, trap(key)]);
  for (const [key, value] of Object.entries(SETTINGS)) await world.ok(['-C', path, 'config', key, value]);
  await world.ok(['-C', path, 'config', 'remote.origin.url', `ext::${trap('ext')}`]);
  for (const folder of ['hooks', 'other-hooks']) {
    mkdirSync(join(path, folder), { recursive: true });
    for (const hook of HOOKS)
      writeFileSync(join(path, folder, hook), `#!/bin/sh\ntouch '${join(marks, `${folder}-${hook}`)}'\n`, {
        mode: 0o755,
      });
  }
  await world.ok(['-C', path, 'config', 'core.hooksPath', join(path, 'other-hooks')]);
  writeFileSync(join(path, 'info/attributes'), '* filter=evil diff=evil merge=evil\n');
}

async function commit(message: string): Promise<void> {
  writeFileSync(join(world.folder, 'work', 'file.txt'), message);
  await world.ok(['add', '.'], { in: 'work' });
  await world.ok(['commit', '-qm', message], { in: 'work' });
}

beforeAll(async () => {
  world = await makeWorld();
  path = world.server.context.git.path('ada', 'trap');
  marks = join(world.folder, 'marks');
  mkdirSync(marks);
  await world.ok(['init', '-q', 'work']);
  await commit('one');
  await world.ok(['clone', '-q', '--bare', 'work', path]);
  await world.ok(['init', '-q', '--bare', 'other.git']);
  await importRepository(world.server.context, operatorPermit(), {
    owner: 'ada',
    name: 'trap',
    visibility: 'private',
    path,
  });
  await setTraps();
});

afterAll(() => world.close());

describe('an adopted hostile repository', () => {
  it('has traps that work', async () => {
    await world.git(['-C', path, 'push', join(world.folder, 'other.git'), 'main']);
    await world.git(['-c', `safe.directory=*`, 'push', path, 'main:other'], { in: 'work' });
    expect(readdirSync(marks)).toContain('other-hooks-reference-transaction');
    for (const mark of readdirSync(marks)) await rm(join(marks, mark));
  });

  it.each([0, 2])('runs nothing at a clone, with protocol version %i', async (version) => {
    await world.ok([
      '-c',
      `protocol.version=${version}`,
      'clone',
      '-q',
      '--filter=blob:none',
      '--no-checkout',
      world.remote('ada/trap', world.reader),
      `clone-${version}`,
    ]);
    expect(readdirSync(marks)).toEqual([]);
  });

  it('runs nothing while its files are packed for a download', async () => {
    for (const form of ['tar.gz', 'zip']) {
      const answer = await fetch(`${world.url}/ada/trap/archive/main.${form}`, {
        headers: { authorization: `Bearer ${world.reader.reveal()}` },
      });
      expect([answer.status, (await answer.arrayBuffer()).byteLength > 100]).toEqual([200, true]);
    }
    expect(readdirSync(marks)).toEqual([]);
  });

  it('runs nothing at a push, checked or not', async () => {
    for (const token of [world.full, world.writer]) {
      await commit(`by ${token === world.full ? 'full' : 'writer'}`);
      await world.ok(['push', '-q', world.remote('ada/trap', token), 'main'], { in: 'work' });
    }
    expect(readdirSync(marks)).toEqual([]);
    expect(await world.ok(['-C', path, 'rev-parse', 'main'])).toBe(
      await world.ok(['rev-parse', 'main'], { in: 'work' }),
    );
  });

  it('runs nothing when a promised object is missing', async () => {
    const blob = (await world.ok(['rev-parse', 'main:file.txt'], { in: 'work' })).trim();
    await rm(join(path, 'objects', blob.slice(0, 2), blob.slice(2)), { force: true });
    const ran = await world.git(['clone', '-q', '--no-local', world.remote('ada/trap', world.reader), 'broken']);
    expect(ran.code).not.toBe(0);
    expect(readdirSync(marks)).toEqual([]);
  });

  it('runs nothing at the upkeep', async () => {
    await world.server.context.git.maintain(path);
    expect(readdirSync(marks)).toEqual([]);
  });
});
