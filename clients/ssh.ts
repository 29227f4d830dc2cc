/**
 * Git through real OpenSSH, client and server, with an sshd that `latchkey serve --ssh-port` runs. Needs OpenSSH on the
 * machine (Debian: `openssh-server`), git-lfs, and an account with a shell.
 *
 * Each step prints what it shows; the first that fails ends the run.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { run } from '../bench/command.ts';
import { startWorld } from '../bench/server.ts';

interface Said {
  readonly code: number | null;
  readonly text: string;
}

export async function ssh(): Promise<void> {
  console.log((await say('ssh', ['-V'])).text.trim());
  const base = await mkdtemp(join(tmpdir(), 'latchkey-ssh-'));
  const port = await freePort();
  const world = await startWorld(join(base, 'data'), null, ['--ssh-port', String(port)]);
  try {
    await world.admin(['repo', 'add', 'ada/site']);
    await world.admin(['org', 'add', 'acme', '--owner', 'ada']);
    await world.admin(['repo', 'add', 'acme/site']);
    const scopes = ['--classic', '--scope', 'repo', '--scope', 'admin:public_key'];
    const token = await world.admin(['token', 'add', 'ada', '--name', 'keys', ...scopes]);
    const rest = async (method: string, path: string, body?: object): Promise<{ id: number }> => {
      const answer = await fetch(`${world.url}/api/v3${path}`, {
        method,
        headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
      return answer.status === 204 ? { id: 0 } : ((await answer.json()) as { id: number });
    };
    const key = async (name: string): Promise<string> => {
      await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(base, name)]);
      return readFile(join(base, `${name}.pub`), 'utf8');
    };
    const options = (name: string): string[] => {
      const fixed = ['IdentitiesOnly=yes', 'StrictHostKeyChecking=no', `UserKnownHostsFile=${join(base, 'known')}`];
      return [
        '-F',
        'none',
        '-i',
        join(base, name),
        ...['IdentityAgent=none', ...fixed].flatMap((each) => ['-o', each]),
      ];
    };
    const git = (name: string, ...args: string[]): Promise<Said> =>
      say('git', ['-c', 'user.name=ada', '-c', 'user.email=ada@example.org', ...args], {
        cwd: base,
        env: { GIT_SSH_COMMAND: ['ssh', ...options(name)].join(' '), HOME: base },
      });
    const host = `${userInfo().username}@127.0.0.1`;
    const at = (repository: string): string => `ssh://${host}:${port}/${repository}.git`;

    const own = await rest('POST', '/user/keys', { key: await key('own'), title: 'own' });
    await tell('a person’s key pushes and clones, in every version of the protocol', async () => {
      await works(git('own', 'init', '-q', '-b', 'main', 'work'));
      await works(git('own', '-C', 'work', 'commit', '-q', '--allow-empty', '-m', 'one'));
      await works(git('own', '-C', 'work', 'push', '-q', at('ada/site'), 'main'));
      for (const version of ['0', '1', '2'])
        await works(git('own', '-c', `protocol.version=${version}`, 'clone', '-q', at('ada/site'), `c${version}`));
      await works(git('own', '-C', 'work', 'push', '-q', at('ada/site'), 'main:gone'));
      await works(git('own', '-C', 'work', 'push', '-q', at('ada/site'), ':gone'));
    });
    await tell('there is no shell, no terminal, no other command, and no forwarding', async () => {
      await fails(say('ssh', [...options('own'), '-p', String(port), host]), 'Hello ada, your key works.');
      await fails(say('ssh', [...options('own'), '-p', String(port), host, 'id']), 'There is no shell here');
      await fails(
        say('ssh', [...options('own'), '-p', String(port), '-tt', host, 'id']),
        'PTY allocation request failed',
      );
      const forward = ['-o', 'ExitOnForwardFailure=yes', '-R', '0:127.0.0.1:22', '-N'];
      await fails(say('ssh', [...options('own'), '-p', String(port), ...forward, host]), 'forwarding failed');
    });
    await tell('a deploy key that reads clones, and is told that it does not push', async () => {
      await rest('POST', '/repos/ada/site/keys', { key: await key('reads'), title: 'reads', read_only: true });
      await works(git('reads', 'clone', '-q', at('ada/site'), 'by-reader'));
      await fails(git('reads', '-C', 'work', 'push', at('ada/site'), 'main:no'), 'This deploy key only reads.');
      await fails(git('reads', 'ls-remote', at('acme/site')), 'acme/site does not exist');
    });
    await tell(
      'git-lfs sends and fetches what the keys open, and locks for a person, not for a key that reads',
      async () => {
        await works(git('own', '-C', 'work', 'lfs', 'install', '--local'));
        await works(git('own', '-C', 'work', 'lfs', 'track', '*.bin'));
        await writeFile(join(base, 'work', 'large.bin'), randomBytes(1024 * 1024));
        await works(git('own', '-C', 'work', 'add', '.'));
        await works(git('own', '-C', 'work', 'commit', '-q', '-m', 'large'));
        await works(git('own', '-C', 'work', 'remote', 'add', 'origin', at('ada/site')));
        await works(git('own', '-C', 'work', 'push', '-q', 'origin', 'main'));
        await works(git('own', '-C', 'work', 'lfs', 'lock', 'large.bin'));
        await works(git('own', '-C', 'work', 'lfs', 'unlock', 'large.bin'));
        await works(git('reads', 'clone', '-q', at('ada/site'), 'with-lfs'));
        await works(git('reads', '-C', 'with-lfs', 'lfs', 'pull'));
        const [sent, fetched] = await Promise.all(
          ['work', 'with-lfs'].map((folder) => readFile(join(base, folder, 'large.bin'))),
        );
        if (sent?.equals(fetched ?? Buffer.of()) !== true) throw new Error('what was fetched is not what was sent');
        // git-lfs keeps to itself what the server says over SSH.
        await fails(git('reads', '-C', 'with-lfs', 'lfs', 'lock', 'large.bin'), 'failed');
      },
    );
    await tell('an organization that forbids classic tokens takes no key, and says how to switch', async () => {
      await works(git('own', 'ls-remote', at('acme/site')));
      await world.admin(['policy', 'set', 'acme', '--forbid', 'classic']);
      await fails(git('own', 'ls-remote', at('acme/site')), `git remote set-url origin ${world.url}/acme/site.git`);
    });
    await tell('an unknown key, and one that was removed, open nothing', async () => {
      await key('stranger');
      await fails(git('stranger', 'ls-remote', at('ada/site')), 'Permission denied (publickey)');
      await rest('DELETE', `/user/keys/${own.id}`);
      await fails(git('own', 'ls-remote', at('ada/site')), 'Permission denied (publickey)');
    });
  } finally {
    await world.stop();
    await rm(base, { recursive: true, force: true });
  }
}

async function tell(claim: string, step: () => Promise<unknown>): Promise<void> {
  try {
    await step();
  } catch (error) {
    console.log(`FAILED  ${claim}`);
    throw error;
  }
  console.log(`ok      ${claim}`);
}

async function works(said: Promise<Said>): Promise<void> {
  const { code, text } = await said;
  if (code !== 0) throw new Error(text);
}

async function fails(said: Promise<Said>, words: string): Promise<void> {
  const { code, text } = await said;
  if (code === 0 || !text.includes(words)) throw new Error(`no ${JSON.stringify(words)} in: ${text}`);
}

/** Runs a program to its end, whatever that is; all that it printed. */
function say(
  program: string,
  args: readonly string[],
  { cwd, env = {} }: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Said> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (piece) => (text += piece));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, text }));
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
