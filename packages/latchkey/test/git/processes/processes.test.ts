import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type GitCommand,
  GitFailure,
  GitProcesses,
  readGit,
  startGit,
} from '../../../src/git/processes/git-process.ts';
import { once, until } from '../../waits.ts';
import { type Bench, makeBench } from '../bench.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await makeBench();
});
afterEach(() => bench.close());

/** `git` running a shell command as an alias: a process with a child. */
function shell(script: string): GitCommand {
  return {
    args: ['-c', `alias.run=!${script}`, 'run'],
    environment: { PATH: process.env['PATH']!, HOME: bench.folder },
    cwd: bench.folder,
  };
}

/** Processes of a group, by /proc. */
function groupOf(pid: number): number[] {
  const members = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const [state, , group] = readFileSync(join('/proc', name, 'stat'), 'utf8')
          .replace(/^.*\) /s, '')
          .split(' ');
        return Number(group) === pid && state !== 'Z';
      } catch {
        return false;
      }
    });
  return members.map(Number);
}

const LIMITS = { maxRunning: 2, maxRunningPerCaller: 2, maxQueued: 2, maxQueuedPerCaller: 2, maxWaitSec: 10 };

describe('a git process', () => {
  it('gives what it prints, and tells why it failed', async () => {
    const environment = { PATH: process.env['PATH']!, HOME: bench.folder };
    expect((await readGit({ args: ['--version'], environment, cwd: bench.folder })).toString()).toMatch(/^git version/);
    const failure = await readGit({ args: ['rev-parse', 'HEAD'], environment, cwd: bench.folder }).catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(GitFailure);
    expect((failure as GitFailure).message).toMatch(/rev-parse ended with 128: fatal: not a git repository/);
  });

  it('is stopped when it prints too much', async () => {
    await expect(readGit(shell('yes'), { maxBytes: 1000 })).rejects.toThrow(GitFailure);
  });

  it('says so when it cannot be started', async () => {
    const end = await startGit({ args: ['--version'], environment: { PATH: '/nowhere' }, cwd: bench.folder }).ended;
    expect(end).toMatchObject({ code: null, stderr: expect.stringContaining('could not be started') as string });
  });

  it('takes its children along when it is stopped', async () => {
    const git = startGit(shell('sleep 600 & sleep 600'));
    while (groupOf(git.pid!).length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    git.stop();
    const end = await git.ended;
    expect(end.stopped).toBe(true);
    await until(() => groupOf(git.pid!).length === 0, 'the whole group of git ends');
  });

  it('is ended by force when it does not listen', async () => {
    const git = startGit(shell("trap '' TERM; echo ready; while :; do sleep 1; done"));
    await once(git.stdout, 'data');
    git.stop();
    expect((await git.ended).signal ?? 'code').toMatch(/SIGTERM|SIGKILL|code/);
    await until(() => groupOf(git.pid!).length === 0, 'the whole group of git ends');
  });

  it('that tidies up is given the time to do so', async () => {
    const git = startGit({ ...shell('cat; echo tidied'), tidiesUp: true });
    let output = '';
    git.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    git.stop();
    expect(await git.ended).toMatchObject({ code: 0 });
    expect(output).toBe('tidied\n');
  });
});

describe('the processes that serve clients', () => {
  it('are counted, and drained at the end', async () => {
    const processes = new GitProcesses(LIMITS);
    const slow = await processes.start('ada', shell('sleep 600'));
    const quick = await processes.start('ada', shell('sleep 0.05'));
    expect(processes.running).toBe(2);
    const waiting = processes.start('bob', shell('true'));
    expect(processes.queued).toBe(1);
    const refused = expect(waiting).rejects.toThrow('Every place');
    await processes.drain(0.2, 10);
    await refused;
    expect(processes.running).toBe(0);
    expect((await slow.ended).stopped).toBe(true);
    expect((await quick.ended).stopped).toBe(false);
  });
});
