import { chmodSync, mkdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Log } from '../../../src/base/log.ts';
import { Folders } from '../../../src/git/repositories/folders.ts';
import { ModeWatch } from '../../../src/git/repositories/modes.ts';

let folder: string;
let folders: Folders;
let told: object[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-modes-'));
  folders = new Folders(join(folder, 'repositories'));
  told = [];
  for (const part of ['objects', 'refs', 'HEAD'])
    mkdirSync(join(folders.root, 'ada', 'site.git', part), { recursive: true });
});
afterEach(() => rm(folder, { recursive: true }));

const log = { warn: (facts: object) => told.push(facts) } as unknown as Log;
const watch = (groupAccess: boolean): ModeWatch => new ModeWatch(folders, log, groupAccess);

/** Sets the modes from the outermost folder down to the repository. */
function modes(all: number, root: number, owner: number, repository: number): void {
  for (const [place, mode] of [
    ['.', all],
    ['repositories', root],
    ['repositories/ada', owner],
    ['repositories/ada/site.git', repository],
  ] as const)
    chmodSync(join(folder, place), mode);
}

describe('repositories that other users of the machine can read', () => {
  it.each([
    ['everybody', 0o755, 0o755, 0o755, 0o755, 1, 1],
    ['the group', 0o755, 0o755, 0o755, 0o750, 1, 0],
    ['nobody: the repository is closed', 0o755, 0o755, 0o755, 0o700, 0, 0],
    ['nobody: its owner’s folder is closed', 0o755, 0o755, 0o700, 0o755, 0, 0],
    ['nobody: the folder of repositories is closed', 0o755, 0o700, 0o755, 0o755, 0, 0],
    ['nobody: the folder around it is closed', 0o700, 0o755, 0o755, 0o755, 0, 0],
  ])('are told of once a day: %s', async (_, all, root, owner, repository, alone, withGroup) => {
    modes(all, root, owner, repository);
    for (const [groupAccess, times] of [
      [false, alone],
      [true, withGroup],
    ] as const) {
      told = [];
      const one = watch(groupAccess);
      await one.look();
      await one.look();
      expect(told).toEqual(
        Array.from({ length: times }, () => ({ count: 1, first: join(folders.root, 'ada/site.git') })),
      );
    }
    modes(0o700, 0o700, 0o700, 0o700);
  });
});
