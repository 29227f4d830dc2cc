/**
 * A server that is killed the moment a ref has moved: what the push made public does not stay usable.
 *
 * The story: somebody pushes a token into a public repository while the server is about to die. Everybody can read it
 * now, and nobody is left to revoke it.
 */
import { execFile } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test, vi } from 'vitest';
import { readyDatabase } from '../engines/engines.ts';
import { once } from '../waits.ts';
import { dataOptions, latchkeyInside, serveUntilReady } from './latchkey-process.ts';

/** Git calls it with `committed` when a ref has moved, before it says so. */
const KILLS = (pidFile: string) => `#!/bin/sh
[ "$1" = committed ] || exit 0
kill -9 "$(cat ${pidFile})"
`;

test('a token that a push made public is revoked at the next start of a server that was killed over it', {
  timeout: 120_000,
}, async () => {
  const database = await readyDatabase('sqlite');
  onTestFinished(database.remove);
  const options = dataOptions(database);
  const admin = (line: string) => latchkeyInside(['admin', ...line.split(' '), ...options]);
  const tokenOf = async (name: string) =>
    (await admin(`token add ada --name ${name} --classic --scope repo`)).stdout.trim();
  await admin('user add ada --email ada@example.org --verified');
  await admin('repo add ada/open --public');
  const [pusher, leaked] = [await tokenOf('pusher'), await tokenOf('leaked')];
  const folder = join(database.dataDir, 'clone');
  const env = {
    PATH: process.env['PATH'],
    HOME: database.dataDir,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    ...Object.fromEntries(
      ['AUTHOR', 'COMMITTER'].flatMap((who) => [
        [`GIT_${who}_NAME`, 'Ada'],
        [`GIT_${who}_EMAIL`, 'ada@example.org'],
      ]),
    ),
  };
  const git = (...args: string[]) => promisify(execFile)('git', ['-C', folder, ...args], { env });
  await mkdir(folder);
  await git('init', '-q', '-b', 'main');
  await writeFile(join(folder, 'notes.txt'), leaked);
  await git('add', '-A');
  await git('commit', '-q', '-m', 'Notes');

  const server = await serveUntilReady([...options, '--allow-repository-hooks']);
  const pidFile = join(database.dataDir, 'pid');
  await writeFile(pidFile, String(server.child.pid));
  const hook = join(database.dataDir, 'repositories/ada/open.git/hooks/reference-transaction');
  await mkdir(join(hook, '..'), { recursive: true });
  await writeFile(hook, KILLS(pidFile));
  await chmod(hook, 0o755);
  const ended = once(server.child, 'exit');
  const remote = (url: string) => url.replace('//', `//ada:${pusher}@`);
  await expect(git('push', `${remote(server.url)}/ada/open.git`, 'main')).rejects.toThrow();
  expect(await ended).toEqual([null, 'SIGKILL']);

  const again = await serveUntilReady(options);
  const { stdout } = await git('ls-remote', `${again.url}/ada/open.git`);
  expect(stdout).toContain('refs/heads/main');
  const answer = () =>
    fetch(`${again.url}/api/v3/user`, { headers: { authorization: `token ${leaked}` } }).then(({ status }) => status);
  await vi.waitFor(async () => expect(await answer()).toBe(401), { timeout: 30_000, interval: 100 });
  const shown = await admin('audit export');
  expect(shown.stdout).toContain('found in ada/open, notes.txt, line 1');
});
