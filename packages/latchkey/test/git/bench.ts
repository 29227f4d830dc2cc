/** A room on a fresh folder, and git without the room for whatever else a test needs. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeLog } from '../../src/base/log.ts';
import type { GitSettings } from '../../src/git/repositories/git-settings.ts';
import { type GitRoom, makeGitRoom } from '../../src/git/room.ts';

export interface Bench {
  readonly room: GitRoom;
  /** The test's own folder, next to the repositories. */
  readonly folder: string;
  /** Runs git as a person would and returns its output. */
  git(args: readonly string[], input?: string): string;
  close(): Promise<void>;
}

export async function makeBench(settings: Partial<GitSettings> = {}): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-git-room-'));
  const room = await opened(folder, settings);
  const identity = {
    GIT_AUTHOR_NAME: 'Ada',
    GIT_AUTHOR_EMAIL: 'ada@example.org',
    GIT_COMMITTER_NAME: 'Ada',
    GIT_COMMITTER_EMAIL: 'ada@example.org',
  };
  const env = { PATH: process.env['PATH']!, HOME: folder, GIT_CONFIG_NOSYSTEM: '1', ...identity };
  return {
    room,
    folder,
    git: (args, input = '') =>
      execFileSync('git', args, { cwd: folder, env, input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] }),
    close: async () => {
      await room.close(0);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function opened(folder: string, settings: Partial<GitSettings>): Promise<GitRoom> {
  try {
    return makeGitRoom(
      {
        repositories: join(folder, 'repositories'),
        readOnly: false,
        data: join(folder, 'data'),
        publicUrl: 'https://git.example.org',
        maxGitProcesses: 4,
        gitQueueLimit: 8,
        gitQueueWaitSec: 10,
        allowRepositoryHooks: false,
        partialClones: 'all',
        maxPushMib: 0,
        maxFileMib: 0,
        groupAccess: false,
        maxRepositoryMib: 0,
        ...settings,
      },
      makeLog('silent'),
    );
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}
