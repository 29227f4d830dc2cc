/** What a client may ask for over SSH, and the line that gives it nothing else. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { makeSshPlace } from '../../src/base/machine/ssh-place.ts';
import { sshdConfiguration } from '../../src/cli/serve/sshd.ts';
import { askedFor } from '../../src/cli/ssh/asked.ts';
import { Input } from '../../src/cli/ssh/input.ts';
import { authorizedLine } from '../../src/cli/ssh/keys.ts';
import { listenForSsh } from '../../src/listener/ssh-socket.ts';

describe('git', () => {
  it.each([
    "git-upload-pack 'ada/closed'",
    "git-upload-pack '/ada/closed.git'",
    'git upload-pack "ada/closed.git/"',
    'git-upload-pack ada/closed.git',
  ])('is asked by %s', (command) => {
    expect(askedFor(command)).toEqual({ kind: 'git', service: 'upload-pack', repository: 'ada/closed' });
  });

  it('LFS is asked by git-lfs, in its versions', () => {
    const asked = { kind: 'lfs', operation: 'upload', repository: 'ada/closed' };
    expect(askedFor('git-lfs-authenticate ada/closed.git upload')).toEqual(asked);
    expect(askedFor("git-lfs-authenticate '/ada/closed.git' upload")).toEqual(asked);
    expect(askedFor(`git-lfs-authenticate ada/closed upload ${'a'.repeat(64)}`)).toEqual(asked);
    expect(askedFor('git-lfs-transfer ada/closed.git upload')).toEqual({ kind: 'lfs-transfer' });
    for (const wrong of ['../closed upload', 'ada/closed delete', 'ada/closed upload; id', 'ada/.. upload'])
      expect(askedFor(`git-lfs-authenticate ${wrong}`)).toEqual({ kind: 'unknown' });
  });

  it.each([
    ['a shell', 'git-upload-pack ada/closed; id'],
    ['substitution', "git-upload-pack '$(id)/closed'"],
    ['backquotes', 'git-upload-pack `id`/closed'],
    ['an option', "git-upload-pack '--upload-pack=id/closed'"],
    ['an option before the path', "git-upload-pack --strict 'ada/closed'"],
    ['a folder above', "git-upload-pack '../ada/closed'"],
    ['a folder in between', "git-upload-pack 'ada/../ada/closed'"],
    ['dots alone', "git-upload-pack 'ada/..'"],
    ['a home', "git-upload-pack '~ada/closed'"],
    ['a path of the machine', "git-upload-pack '/etc/x/passwd'"],
    ['a quote that ends early', "git-upload-pack 'ada/closed' 'x'"],
    ['a line break', "git-upload-pack 'ada/closed'\nid"],
    ['escapes of a path', "git-upload-pack 'ada%2fclosed/x/y'"],
    ['another service', "git-shell 'ada/closed'"],
    ['archives', "git-upload-archive 'ada/closed'"],
    ['scp', 'scp -f ada/closed'],
    ['sftp', 'internal-sftp'],
    ['an endless line', `git-upload-pack '${'a/'.repeat(10_000)}'`],
  ])('is not asked by %s', (_what, command) => {
    expect(askedFor(command)).toEqual({ kind: 'unknown' });
  });
});

describe('a line of authorized_keys', () => {
  const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA';

  async function lineFor(answer: string, self: readonly string[], inFolder = 'data'): Promise<string | null> {
    const folder = await mkdtemp(join(tmpdir(), 'latchkey-ssh-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const data = join(folder, inFolder);
    const server = await listenForSsh(makeSshPlace(data), (_request, response) => response.end(answer));
    onTestFinished(() => server.close());
    const line = await authorizedLine({ command: 'ssh-keys', data, of: 'SHA256:x' }, self);
    return line?.replaceAll(folder, '/F') ?? null;
  }

  it('gives one command and nothing else', async () => {
    expect(await lineFor(`deploy-12\n${KEY}`, ['/usr/bin/node', '/usr/bin/latchkey'])).toBe(
      `restrict,command="/usr/bin/node /usr/bin/latchkey ssh-session --data /F/data deploy-12" ${KEY}`,
    );
  });

  it('keeps whatever a path has from the shell, and from sshd', async () => {
    expect(await lineFor(`deploy-12\n${KEY}`, ['/a b/no"de'], "it's $(id)")).toBe(
      `restrict,command="'/a b/no\\"de' ssh-session --data '/F/it'\\''s $(id)' deploy-12" ${KEY}`,
    );
    await expect(lineFor(`deploy-12\n${KEY}`, ['/a\n/node'])).rejects.toThrow(RangeError);
  });

  it('is not made of an answer with anything else in it', async () => {
    for (const answer of [`deploy-12"\n${KEY}`, `deploy-12\n${KEY} comment`, `deploy-12\n${KEY}\nx`, KEY, ''])
      expect(await lineFor(answer, ['/usr/bin/node'])).toBeNull();
  });

  it('needs no short path of the data folder', async () => {
    expect(await lineFor(`deploy-1\n${KEY}`, ['/n'], 'long'.repeat(40))).toContain(' deploy-1" ');
  });
});

describe('what git sends', () => {
  const packet = (text: string) => (text.length + 4).toString(16).padStart(4, '0') + text;
  const OLD = 'a'.repeat(40);
  const NONE = '0'.repeat(40);
  const inputOf = (...pieces: string[]) => {
    // Its end stays open, as git leaves it.
    const stream = new PassThrough();
    for (const piece of pieces) stream.write(piece, 'latin1');
    return new Input(stream);
  };

  it('ends with its commands when it only deletes, with the options behind them', async () => {
    const commands = packet(`${OLD} ${NONE} refs/heads/x\0report-status push-options`) + '0000';
    const options = `${packet('an=option')}0000`;
    const head = await inputOf(commands.slice(0, 30), commands.slice(30), options).pushHead();
    expect(head).toEqual({ bytes: Buffer.from(commands + options), isAll: true });
    const without = packet(`${OLD} ${NONE} refs/heads/push-options\0report-status`) + '0000';
    expect(await inputOf(without).pushHead()).toEqual({ bytes: Buffer.from(without), isAll: true });
  });

  it('goes on behind a command that brings something', async () => {
    const commands = packet(`${OLD} ${NONE} refs/heads/x\0`) + packet(`${NONE} ${OLD} refs/heads/y`) + '0000';
    expect(await inputOf(commands, 'PACK').pushHead()).toMatchObject({ isAll: false });
  });

  it('is nothing where nothing is to be pushed, or wanted', async () => {
    expect(await inputOf('0000').pushHead()).toBeNull();
    expect(await new Input(Readable.from([])).pushHead()).toBeNull();
    expect(await inputOf('0000').request()).toBeNull();
    expect(await new Input(Readable.from([])).request()).toBeNull();
  });

  it('is cut into one request after the other', async () => {
    const [one, two] = [`${packet('command=ls-refs\n')}0001${packet('peel\n')}0000`, `${packet('command=fetch')}0000`];
    const input = inputOf(`${one}${two.slice(0, 3)}`, `${two.slice(3)}0000`);
    expect(String(await input.request())).toBe(one);
    expect(String(await input.request())).toBe(two);
    expect(await input.request()).toBeNull();
  });
});

describe('sshd of our own', () => {
  const about = { port: 2222, username: 'git', hostKey: '/d/ssh/host_ed25519' };

  it('is told to let nobody do anything but git', () => {
    const lines = sshdConfiguration({ ...about, settings: { data: '/d', host: '127.0.0.1' } }).split('\n');
    for (const line of [
      'ListenAddress 127.0.0.1',
      'AuthenticationMethods publickey',
      'AuthorizedKeysFile none',
      'AllowUsers git',
      'DisableForwarding yes',
      'PermitTTY no',
      'PermitUserEnvironment no',
      'AcceptEnv GIT_PROTOCOL',
    ])
      expect(lines).toContain(line);
  });

  it('is told of a folder whatever its name, and never of one that ends a line', () => {
    const text = sshdConfiguration({ ...about, settings: { data: '/a b/100%', host: '::1' } });
    expect(text).toContain(' "ssh-keys" "--data" "/a b/100%%" %f\n');
    for (const data of ['/a\nPermitTTY yes', '/a"b'])
      expect(() => sshdConfiguration({ ...about, settings: { data, host: '::1' } })).toThrow(/sshd can't be told of/);
  });
});
