/**
 * A stranger follows the README on a fresh machine: an account, a repository and a token on the command line; clone,
 * commit, push; the refusal of a read-only token, and the remedy on the screen. With real git, on both databases.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ENGINES, freshDatabase } from '../engines/engines.ts';
import { dataOptions, type Ended, latchkeyInside, runProgram, serveUntilReady } from './latchkey-process.ts';

interface Scene {
  readonly url: string;
  readonly home: string;
  admin(line: string): Promise<string>;
  git(args: readonly string[], cwd?: string): Promise<Ended>;
  /** The same, but fails the test when git fails. */
  ok(args: readonly string[], cwd?: string): Promise<string>;
  remote(token: string, path?: string): string;
}

async function scene(engine: (typeof ENGINES)[number]): Promise<Scene> {
  const database = await freshDatabase(engine);
  onTestFinished(database.remove);
  const options = dataOptions(database);
  const home = await mkdtemp(join(tmpdir(), 'latchkey-stranger-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const server = await serveUntilReady(options);
  const admin = async (line: string): Promise<string> => {
    const ended = await latchkeyInside(['admin', ...line.split(' '), ...options]);
    expect(ended.stderr).not.toContain('error:');
    expect(ended.code).toBe(0);
    return ended.stdout.trim();
  };
  const git = (args: readonly string[], cwd = home): Promise<Ended> =>
    runProgram(
      'git',
      ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', '-c', 'init.defaultBranch=main', ...args],
      { cwd, env: { HOME: home } },
    );
  await admin('user add ada --email ada@example.org --verified --admin');
  await admin('repo add ada/notes');
  return {
    url: server.url,
    home,
    admin,
    git,
    ok: async (args, cwd) => {
      const ended = await git(args, cwd);
      expect(ended.stderr).not.toMatch(/^(?:fatal|error):/m);
      expect(ended.code).toBe(0);
      return ended.stdout;
    },
    remote: (token, path = 'ada/notes') => `${server.url.replace('://', `://ada:${token}@`)}/${path}.git`,
  };
}

async function commit({ ok }: Scene, cwd: string, text: string): Promise<void> {
  await writeFile(join(cwd, 'readme.md'), text);
  await ok(['add', '.'], cwd);
  await ok(['commit', '-qm', text], cwd);
}

describe.each(ENGINES)('a stranger [%s]', (engine) => {
  test('clones, is told why a read-only token can’t push, and pushes with the one that the words lead to', async () => {
    const at = await scene(engine);
    const reader = await at.admin('token add ada --name reader --repo notes --permission contents=read');
    const work = join(at.home, 'notes');
    await at.ok(['clone', '-q', at.remote(reader), work]);
    await commit(at, work, 'first');

    const refused = await at.git(['push', '-q', 'origin', 'HEAD:main'], work);
    expect(refused.code).toBe(128);
    const remoteLines = refused.stderr.split('\n').filter((line) => line.startsWith('remote: '));
    expect(remoteLines[0]).toBe('remote: The token "reader" lacks contents: write on ada/notes.');
    expect(remoteLines.length).toBeLessThanOrEqual(4);
    expect(remoteLines.at(-1)).toContain(
      `${at.url}/settings/personal-access-tokens/1?target_name=ada&repositories=notes&contents=write`,
    );
    expect(refused.stderr).toContain('The requested URL returned error: 403');
    expect(refused.stderr).not.toContain(reader);

    const writer = await at.admin('token add ada --name writer --repo notes --permission contents=write');
    await at.ok(['remote', 'set-url', 'origin', at.remote(writer)], work);
    await at.ok(['push', '-q', 'origin', 'HEAD:main'], work);
    await at.ok(['clone', '-q', at.remote(reader), join(at.home, 'again')]);
    expect(await readFile(join(at.home, 'again/readme.md'), 'utf8')).toBe('first');
  });

  test('is refused on the very next request after a revocation, and git forgets the stored token', async () => {
    const at = await scene(engine);
    const token = await at.admin('token add ada --name laptop --classic --scope repo');
    const store = join(at.home, 'credentials');
    const host = new URL(at.url).host;
    await writeFile(store, `http://ada:${token}@${host}\n`);
    const lsRemote = ['-c', `credential.helper=store --file=${store}`, 'ls-remote', `${at.url}/ada/notes.git`];
    await at.ok(lsRemote);
    expect(await readFile(store, 'utf8')).toContain(token);
    await at.admin('token revoke 1');
    const refused = await at.git(lsRemote);
    expect(refused.stderr).toMatch(
      /^remote: The token "laptop" was revoked on \d+ \w{3} \d{4}, \d\d:\d\d UTC \(operator\)\.$/m,
    );
    expect(refused.stderr).toContain('Authentication failed');
    expect(await readFile(store, 'utf8')).toBe('');
  });

  test('can’t tell a private repository from none, with no token or with one for something else', async () => {
    const at = await scene(engine);
    await at.admin('user add eve --email eve@example.org --verified');
    const eve = await at.admin('token add eve --name all --classic --scope repo');
    for (const credential of ['', `eve:${eve}@`]) {
      const [there, none] = await Promise.all(
        ['ada/notes', 'ada/nothing'].map((path) =>
          at.git(['ls-remote', `${at.url.replace('://', `://${credential}`)}/${path}.git`]),
        ),
      );
      expect(there!.code).toBe(128);
      expect(there!.stderr.replaceAll('ada/notes', 'NAME')).toBe(none!.stderr.replaceAll('ada/nothing', 'NAME'));
    }
  });

  test('loses what the person loses, and has it back when it comes back', async () => {
    const at = await scene(engine);
    await at.admin('user add grace --email grace@example.org --verified');
    await at.admin('repo collaborator add ada/notes grace --role read');
    const token = await at.admin('token add grace --name all --classic --scope repo');
    const lsRemote = (): Promise<Ended> => at.git(['ls-remote', at.remote(token).replace('ada:', 'grace:')]);
    expect((await lsRemote()).code).toBe(0);
    await at.admin('repo collaborator remove ada/notes grace');
    expect((await lsRemote()).stderr).toContain('ada/notes');
    await at.admin('repo collaborator add ada/notes grace --role read');
    expect((await lsRemote()).code).toBe(0);
    await at.admin('user suspend grace');
    expect((await lsRemote()).stderr).toMatch(/^remote: The account grace is suspended\b/m);
    await at.admin('user restore grace');
    expect((await lsRemote()).code).toBe(0);
  });

  test('needs a username with the token, whatever it is', async () => {
    const at = await scene(engine);
    const token = await at.admin('token add ada --name laptop --classic --scope repo');
    expect((await at.git(['ls-remote', at.remote(token).replace('ada:', 'anything:')])).code).toBe(0);
    const nobody = await fetch(`${at.url}/ada/notes.git/info/refs?service=git-upload-pack`, {
      headers: { authorization: `Basic ${Buffer.from(`:${token}`).toString('base64')}` },
    });
    expect(nobody.status).toBe(401);
    expect(await nobody.text()).toMatch(/^A username is needed/);
  });
});
