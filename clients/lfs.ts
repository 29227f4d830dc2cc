/**
 * Real git-lfs against this server: what people do with it in a week. Needs git-lfs on the machine (Debian: `git-lfs`).
 *
 * Each step prints what it shows; the first that fails ends the run.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../bench/command.ts';
import { startWorld } from '../bench/server.ts';

const MIB = 1024 * 1024;
/** More than one batch of git-lfs, which asks for 100 at a time. */
const MANY = 1_000;

interface Desk {
  /** Runs git in a folder of this person; returns everything that it printed. */
  git(folder: string, ...args: readonly string[]): Promise<string>;
  /** The same for what must fail. */
  fails(folder: string, ...args: readonly string[]): Promise<string>;
}

export async function lfs(): Promise<void> {
  const version = (await run('git', ['lfs', 'version'])).stdout.trim();
  console.log(version);
  const base = await mkdtemp(join(tmpdir(), 'latchkey-lfs-'));
  const world = await startWorld(join(base, 'data'), null, ['--max-lfs-file-mib', '64']);
  try {
    await world.admin(['user', 'add', 'bob', '--email', 'bob@example.org', '--verified']);
    await world.admin(['repo', 'add', 'ada/art']);
    await world.admin(['repo', 'collaborator', 'add', 'ada/art', 'bob', '--role', 'write']);
    const bobs = await world.admin(['token', 'add', 'bob', '--name', 'art', '--classic', '--scope', 'repo']);
    const [ada, bob] = [await desk(base, 'ada', world.url, world.token), await desk(base, 'bob', world.url, bobs)];
    const place = { url: `${world.url}/ada/art.git`, base };
    await tell('a hundred files of 1 MiB are pushed, cloned by somebody else, and are the same', () =>
      pushAndClone(ada, bob, place),
    );
    await tell('a download that was cut off goes on where it ended', () => resume(bob, base));
    await tell(`${MANY} objects are pushed and fetched`, () => pushMany(ada, bob, place));
    await tell('a history is moved to Git LFS by git lfs migrate', () => migrate(ada, place, world.admin));
    await tell('a lock keeps somebody else’s push back, until it is taken away', () => lock(ada, bob, base));
    await tell('a file over the limit is refused with the limit, and the page that says more', async () => {
      await writeFile(join(base, 'ada/art/huge.bin'), Buffer.alloc(64 * MIB + 1, 1));
      await ada.git('ada/art', 'add', '.');
      await ada.git('ada/art', 'commit', '-qm', 'huge');
      const said = await ada.fails('ada/art', 'push', 'origin', 'main');
      if (!said.includes('larger than 64 MiB') || !said.includes('/help/file_too_large')) throw new Error(said);
      await ada.git('ada/art', 'reset', '-q', '--hard', 'HEAD~1');
    });
    await tell('a token that may only read is told what it lacks', async () => {
      const reads = ['--owner', 'ada', '--all-repos', '--permission', 'contents=read'];
      const token = await world.admin(['token', 'add', 'ada', '--name', 'reads', ...reads]);
      const reader = await desk(base, 'reader', world.url, token);
      await reader.git('reader', 'clone', '-q', place.url, 'art');
      await writeFile(join(base, 'reader/art/new.bin'), randomBytes(1000));
      await reader.git('reader/art', 'add', '.');
      await reader.git('reader/art', 'commit', '-qm', 'new');
      const said = await reader.fails('reader/art', 'lfs', 'push', 'origin', 'main');
      if (!said.includes('contents: write')) throw new Error(said);
    });
  } finally {
    await world.stop();
    await rm(base, { recursive: true, force: true });
  }
}

async function tell(claim: string, step: () => Promise<unknown>): Promise<void> {
  const start = performance.now();
  try {
    await step();
  } catch (error) {
    console.log(`FAILED  ${claim}`);
    throw error;
  }
  console.log(`ok      ${claim} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
}

async function desk(base: string, person: string, url: string, token: string): Promise<Desk> {
  const home = join(base, person);
  await mkdir(home);
  const address = new URL(url);
  await writeFile(join(home, '.git-credentials'), `http://${person}:${token}@${address.host}\n`, { mode: 0o600 });
  const env = { PATH: process.env['PATH'], HOME: home, GIT_TERMINAL_PROMPT: '0', LANG: 'C.UTF-8' };
  const git: Desk['git'] = async (folder, ...args) => {
    const { stdout, stderr } = await run('git', args, { cwd: join(base, folder), env });
    return stdout + stderr;
  };
  for (const [name, value] of [
    ['user.name', person],
    ['user.email', `${person}@example.org`],
    ['init.defaultBranch', 'main'],
    ['credential.helper', 'store'],
  ] as const)
    await git(person, 'config', '--global', name, value);
  await git(person, 'lfs', 'install');
  return {
    git,
    fails: (folder, ...args) =>
      git(folder, ...args).then(
        (said) => {
          throw new Error(`git ${args.join(' ')} worked: ${said}`);
        },
        (error: Error) => error.message,
      ),
  };
}

interface Place {
  readonly url: string;
  readonly base: string;
}

const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

async function pushAndClone(ada: Desk, bob: Desk, { url, base }: Place): Promise<void> {
  await ada.git('ada', 'init', '-q', 'art');
  await ada.git('ada/art', 'remote', 'add', 'origin', url);
  await ada.git('ada/art', 'lfs', 'track', '--lockable', '*.bin');
  const files = Array.from({ length: 100 }, (_, i) => [`f${i}.bin`, randomBytes(MIB)] as const);
  for (const [name, bytes] of files) await writeFile(join(base, 'ada/art', name), bytes);
  await ada.git('ada/art', 'add', '.');
  await ada.git('ada/art', 'commit', '-qm', 'one');
  await ada.git('ada/art', 'push', '-q', 'origin', 'main');
  await bob.git('bob', 'clone', '-q', url, 'art');
  for (const [name, bytes] of files)
    if (digest(await readFile(join(base, 'bob/art', name))) !== digest(bytes)) throw new Error(`${name} differs`);
}

/** Git-lfs keeps what it has of an object in `.git/lfs/incomplete`, and asks for the rest. */
async function resume(bob: Desk, base: string): Promise<void> {
  const bytes = await readFile(join(base, 'bob/art/f0.bin'));
  const oid = digest(bytes);
  const folder = join(base, 'bob/art/.git/lfs');
  await rm(join(folder, 'objects', oid.slice(0, 2), oid.slice(2, 4), oid));
  await rm(join(base, 'bob/art/f0.bin'));
  await mkdir(join(folder, 'incomplete'), { recursive: true });
  await writeFile(join(folder, 'incomplete', `${oid}.part`), bytes.subarray(0, MIB / 2));
  const said = await bob.git('bob/art', '-c', 'lfs.concurrenttransfers=1', 'lfs', 'pull');
  if (digest(await readFile(join(base, 'bob/art/f0.bin'))) !== oid) throw new Error(said);
}

async function pushMany(ada: Desk, bob: Desk, { base }: Place): Promise<void> {
  await mkdir(join(base, 'ada/art/many'));
  for (let i = 0; i < MANY; i++) await writeFile(join(base, `ada/art/many/${i}.bin`), randomBytes(100));
  await ada.git('ada/art', 'add', '.');
  await ada.git('ada/art', 'commit', '-qm', 'many');
  await ada.git('ada/art', 'push', '-q', 'origin', 'main');
  await bob.git('bob/art', 'pull', '-q');
  const last = await readFile(join(base, `bob/art/many/${MANY - 1}.bin`));
  if (last.length !== 100) throw new Error(last.toString());
}

async function migrate(ada: Desk, { url, base }: Place, admin: (args: string[]) => Promise<string>): Promise<void> {
  await admin(['repo', 'add', 'ada/moved']);
  await ada.git('ada', 'init', '-q', 'moved');
  for (const i of [1, 2, 3]) {
    await writeFile(join(base, 'ada/moved/film.mov'), randomBytes(i * 10_000));
    await ada.git('ada/moved', 'add', '.');
    await ada.git('ada/moved', 'commit', '-qm', String(i));
  }
  await ada.git('ada/moved', 'lfs', 'migrate', 'import', '--include=*.mov', '--everything', '--yes');
  await ada.git('ada/moved', 'remote', 'add', 'origin', url.replace('art', 'moved'));
  await ada.git('ada/moved', 'push', '-q', 'origin', 'main');
  await ada.git('ada', 'clone', '-q', url.replace('art', 'moved'), 'again');
  await ada.git('ada/again', 'lfs', 'fetch', '--all');
  await ada.git('ada/again', 'lfs', 'fsck');
}

async function lock(ada: Desk, bob: Desk, base: string): Promise<void> {
  await ada.git('ada/art', 'lfs', 'lock', 'f1.bin');
  const listed = await bob.git('bob/art', 'lfs', 'locks');
  if (!/f1\.bin\s+ada/.test(listed)) throw new Error(listed);
  await bob.fails('bob/art', 'lfs', 'lock', 'f1.bin');
  await bob.git('bob/art', 'config', 'lfs.setlockablereadonly', 'false');
  await bob.git('bob/art', 'config', 'lfs.locksverify', 'true');
  await rm(join(base, 'bob/art/f1.bin'));
  await writeFile(join(base, 'bob/art/f1.bin'), randomBytes(1000));
  await bob.git('bob/art', 'commit', '-qam', 'changed');
  const kept = await bob.fails('bob/art', 'push', 'origin', 'main');
  if (!kept.includes('Cannot update locked files')) throw new Error(kept);
  await bob.fails('bob/art', 'lfs', 'unlock', 'f1.bin');
  await ada.git('ada/art', 'lfs', 'unlock', 'f1.bin');
  await bob.git('bob/art', 'push', '-q', 'origin', 'main');
  await ada.git('ada/art', 'pull', '-q', 'origin', 'main');
}
