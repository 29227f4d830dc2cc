/**
 * Git over SSH without an sshd: git runs the two programs as sshd would, the line of `authorized_keys` first, then its
 * command in a shell. `npm run clients -- ssh` does the same behind OpenSSH.
 */
import { hash } from 'node:crypto';
import { stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { operatorPermit } from '../../src/actions/decision/authorize.ts';
import { ssh } from '../../src/actions/instance/installation-parts.ts';
import { addRepository } from '../../src/actions/repositories/repositories.ts';
import { createToken, revokeToken } from '../../src/actions/tokens/tokens.ts';
import { readSshPlace, SSH_HEADERS } from '../../src/base/machine/ssh-place.ts';
import type { Secret } from '../../src/base/secret.ts';
import { listAudit } from '../../src/store/audit.ts';
import { makeWorld, type Ran, type World } from '../doors/git/server.ts';
import { sshPublicKey } from '../ssh-keys.ts';
import { latchkeyInside, MAIN, runProgram } from './latchkey-process.ts';

const AS_SSHD = join(import.meta.dirname, 'as-sshd.mjs');
const FROM = '198.51.100.7';

const OWNER = {
  userLogin: 'ada',
  kind: 'classic',
  name: 'owner',
  description: '',
  scopes: ['repo', 'admin:public_key'],
  grants: [],
};

let world: World;
let owner: Secret;
beforeAll(async () => {
  world = await makeWorld({ sshAddress: 'git@git.example.org' });
  owner = (await createToken(world.server.context, operatorPermit(), OWNER as never)).secret;
  await world.ok(['init', '-q', '-b', 'main', 'work']);
  await world.ok(['commit', '-q', '--allow-empty', '-m', 'first'], { in: 'work' });
  await world.ok(['push', '-q', world.remote('ada/closed', world.full), 'main'], { in: 'work' });
});
afterAll(() => world.close());

interface Key {
  readonly id: number;
  readonly fingerprint: string;
}

async function deployKey(repository: string, readOnly: boolean): Promise<Key> {
  const key = sshPublicKey('ed25519').trim();
  const answer = await rest('POST', `/repos/${repository}/keys`, { key, title: 'server', read_only: readOnly });
  expect(answer.status).toBe(201);
  const { id } = (await answer.json()) as { id: number };
  return { id, fingerprint: fingerprintOf(key) };
}

function fingerprintOf(key: string): string {
  const blob = Buffer.from(key.split(' ')[1] ?? '', 'base64');
  return `SHA256:${hash('sha256', blob, 'base64').replace(/=+$/, '')}`;
}

function rest(method: string, path: string, body?: object): Promise<Response> {
  return fetch(`${world.url}/api/v3${path}`, {
    method,
    headers: { Authorization: `Bearer ${owner.reveal()}`, 'Content-Type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

const db = () => world.server.context.store.db;
const data = (): string => world.server.context.settings.data;

/** What sshd would start, for git and by hand. */
const over = ({ fingerprint }: Key) => ({
  GIT_SSH_COMMAND: `${process.execPath} ${AS_SSHD}`,
  GIT_SSH_VARIANT: 'ssh',
  AS_SSHD: JSON.stringify({ main: MAIN, data: data(), fingerprint, from: FROM }),
});

const git = (key: Key, args: readonly string[], place?: string): Promise<Ran> =>
  world.git(args, { env: over(key), ...(place === undefined ? {} : { in: place }) });

/** As `ssh git@HOST COMMAND` would. */
const session = (key: Key, command: string) => runProgram(process.execPath, [AS_SSHD, command], { env: over(key) });

const CLOSED = 'git@git.example.org:ada/closed.git';

describe('a deploy key', () => {
  it.each(['2', '1', '0'])('clones its repository, in version %s of the protocol', async (version) => {
    const key = await deployKey('ada/closed', true);
    const ran = await git(key, ['-c', `protocol.version=${version}`, 'clone', '-q', CLOSED, `clone-${version}`]);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(await world.ok(['log', '-1', '--format=%s'], { in: `clone-${version}` })).toBe('first\n');
    expect((await git(key, ['-c', `protocol.version=${version}`, 'fetch', '-q'], `clone-${version}`)).code).toBe(0);
  });

  it('pushes, deletes and has nothing to push, and the log names it', async () => {
    const key = await deployKey('ada/closed', false);
    await world.ok(['checkout', '-q', '-b', 'topic'], { in: 'work' });
    await world.ok(['commit', '-q', '--allow-empty', '-m', 'second'], { in: 'work' });
    expect(await git(key, ['push', '-q', CLOSED, 'topic'], 'work')).toMatchObject({ code: 0, stderr: '' });
    expect(await git(key, ['push', CLOSED, 'topic'], 'work')).toMatchObject({ code: 0 });
    expect(await git(key, ['push', '-q', '-o', 'an=option', CLOSED, ':topic'], 'work')).toMatchObject({ code: 0 });
    const [deleted, pushed] = await listAudit(
      world.server.context.store.db,
      { action: 'git.push' },
      { beforeId: null, limit: 2 },
    );
    const data = { repo: 'ada/closed', ssh_key: key.fingerprint };
    expect(pushed).toMatchObject({ actorLogin: 'deploy-key', actorId: null, address: FROM, data });
    expect(pushed?.data['refs']).toMatchObject([{ ref: 'refs/heads/topic', before: null }]);
    expect(deleted?.data['refs']).toMatchObject([{ ref: 'refs/heads/topic', after: null }]);
  });

  it('that only reads does not push, and hears why', async () => {
    const key = await deployKey('ada/closed', true);
    const ran = await git(key, ['push', CLOSED, 'HEAD:refs/heads/no'], 'work');
    expect(ran.code).toBe(128);
    expect(ran.stderr).toMatch(/^This deploy key only reads\.\nAn administrator of ada\/closed can add one that also /);
  });

  it('opens no other repository, and reads a public one', async () => {
    const key = await deployKey('ada/open', false);
    const ran = await git(key, ['clone', '-q', CLOSED, 'none']);
    expect(ran.stderr).toMatch(/^ada\/closed does not exist, or you may not see it\.\n/);
    const other = await deployKey('ada/closed', false);
    expect(await git(other, ['ls-remote', 'git@git.example.org:ada/open'])).toMatchObject({ code: 0 });
    expect((await git(other, ['push', 'git@git.example.org:ada/open', 'main'], 'work')).code).toBe(128);
  });

  it('that was removed opens nothing, in a session that had begun either', async () => {
    const key = await deployKey('ada/closed', true);
    const line = await runProgram(process.execPath, [MAIN, 'ssh-keys', '--data', data(), key.fingerprint]);
    await rest('DELETE', `/repos/ada/closed/keys/${key.id}`);
    expect((await git(key, ['ls-remote', CLOSED])).stderr).toMatch(/Permission denied \(publickey\)/);
    const command = /command="(.*)" ssh-ed25519/.exec(line.stdout)![1]!;
    const late = await runProgram('/bin/sh', ['-c', command], {
      env: { SSH_ORIGINAL_COMMAND: "git-upload-pack 'ada/closed'" },
    });
    expect(late).toEqual({ code: 1, stdout: '', stderr: expect.stringMatching(/^This SSH key is not known/) });
    expect(late.stderr).toMatch(/^This SSH key is not known here any more\./);
  });
});

describe('a person’s key', () => {
  async function ownKey(key = sshPublicKey('ed25519').trim()): Promise<Key> {
    const answer = await rest('POST', '/user/keys', { key, title: 'laptop' });
    expect(answer.status).toBe(201);
    return { id: ((await answer.json()) as { id: number }).id, fingerprint: fingerprintOf(key) };
  }

  it('opens what the person may open, in their name, and shows that it was used', async () => {
    const key = await ownKey();
    expect(await git(key, ['push', '-q', CLOSED, 'HEAD:refs/heads/mine'], 'work')).toMatchObject({
      code: 0,
      stderr: '',
    });
    expect(await git(key, ['push', '-q', 'git@git.example.org:ada/open', 'main'], 'work')).toMatchObject({ code: 0 });
    const [pushed] = await listAudit(db(), { action: 'git.push' }, { beforeId: null, limit: 1 });
    expect(pushed).toMatchObject({ actorLogin: 'ada', address: FROM, data: { ssh_key: key.fingerprint } });
    const seen = (await (await rest('GET', `/user/keys/${key.id}`)).json()) as { last_used: string | null };
    expect(Date.parse(seen.last_used ?? '')).toBeGreaterThan(0);
    expect((await session(key, '')).stderr).toMatch(/^Hello ada, your key works\./);
  });

  it('moves no protected branch', async () => {
    const branch = '/repos/ada/closed/branches/guarded/protection';
    const guard = { required_status_checks: null, enforce_admins: true, required_pull_request_reviews: null };
    await git(await ownKey(), ['push', '-q', CLOSED, 'HEAD:refs/heads/guarded'], 'work');
    expect((await rest('PUT', branch, { ...guard, restrictions: null })).status).toBe(200);
    await world.ok(['commit', '-q', '--amend', '--allow-empty', '-m', 'other'], { in: 'work' });
    const ran = await git(await ownKey(), ['push', '-f', CLOSED, 'HEAD:refs/heads/guarded'], 'work');
    expect(ran.stderr).toMatch(/guarded \(protected/);
    expect(ran.code).toBe(1);
  });

  it('is nobody else’s, and no repository’s', async () => {
    const key = sshPublicKey('ed25519').trim();
    await ownKey(key);
    const again = await rest('POST', '/repos/ada/closed/keys', { key, title: 'server' });
    expect([again.status, await again.text()]).toEqual([422, expect.stringContaining('key is already in use')]);
    const deploy = sshPublicKey('ed25519').trim();
    await rest('POST', '/repos/ada/closed/keys', { key: deploy, title: 'server' });
    const other = await rest('POST', '/user/keys', { key: deploy });
    expect([other.status, await other.text()]).toEqual([422, expect.stringContaining('key is already in use')]);
  });

  it('ends with the token that added it', async () => {
    const draft = { ...OWNER, name: 'short' } as never;
    const { token, secret } = await createToken(world.server.context, operatorPermit(), draft);
    const key = sshPublicKey('ed25519').trim();
    const headers = { Authorization: `Bearer ${secret.reveal()}`, 'Content-Type': 'application/json' };
    const body = JSON.stringify({ key, title: 'left behind' });
    expect((await fetch(`${world.url}/api/v3/user/keys`, { method: 'POST', headers, body })).status).toBe(201);
    const left = { id: 0, fingerprint: fingerprintOf(key) };
    expect((await git(left, ['ls-remote', CLOSED])).code).toBe(0);
    await revokeToken(world.server.context, operatorPermit(), token.id);
    expect((await git(left, ['ls-remote', CLOSED])).stderr).toMatch(/Permission denied \(publickey\)/);
  });

  it('is told the way over HTTPS where keys are kept out, and that a suspended person gets nothing', async () => {
    const key = await ownKey();
    const ctx = world.server.context;
    const admin = (...args: string[]) => latchkeyInside(['admin', ...args, '--data', data()]);
    await admin('org', 'add', 'acme', '--owner', 'ada');
    await addRepository(ctx, operatorPermit(), { owner: 'acme', name: 'site', visibility: 'private' });
    const site = 'git@git.example.org:acme/site.git';
    expect((await git(key, ['ls-remote', site])).code).toBe(0);
    await admin('policy', 'set', 'acme', '--forbid', 'classic');
    const ran = await git(key, ['ls-remote', site]);
    expect(ran.stderr).toMatch(/^acme does not allow people’s SSH keys\.\nSwitch the remote to HTTPS, /);
    expect(ran.stderr).toContain(`git remote set-url origin ${world.url}/acme/site.git\n`);
    await admin('user', 'suspend', 'ada');
    expect((await git(key, ['ls-remote', CLOSED])).stderr).toMatch(/^The account of ada is suspended|is suspended/);
    await admin('user', 'restore', 'ada');
  });

  it.each([
    ['a DSA key', 'ssh-dss AAAAB3NzaC1kc3M=', 'DSA keys are too weak. Make another: ssh-keygen -t ed25519'],
    ['a short RSA key', sshPublicKey('rsa', 1024), 'An RSA key has 2048 bits or more'],
    ['a certificate', 'ssh-ed25519-cert-v01@openssh.com AAAA', 'Certificates are not taken'],
    ['a private key', '-----BEGIN OPENSSH PRIVATE KEY-----', 'That is a private key: it stays with you'],
    ['options before the key', `command="id" ${sshPublicKey('ed25519')}`, 'key is invalid'],
    ['two keys', sshPublicKey('ed25519') + sshPublicKey('ed25519'), 'key is invalid'],
  ])('is not %s', async (_what, key, words) => {
    const answer = await rest('POST', '/user/keys', { key });
    expect(answer.status).toBe(422);
    expect(await answer.text()).toContain(words);
  });
});

describe('Git LFS', () => {
  const LFS_JSON = 'application/vnd.git-lfs+json';
  const BYTES = Buffer.from('what git-lfs keeps apart');
  const oid = hash('sha256', BYTES);

  interface Given {
    readonly href: string;
    readonly header: { readonly Authorization: string };
    readonly expires_in: number;
  }
  const given = async (key: Key, operation: string, repository = 'ada/closed'): Promise<Given> =>
    JSON.parse((await session(key, `git-lfs-authenticate ${repository}.git ${operation}`)).stdout) as Given;
  const ask = (at: Given, path: string, body: object) =>
    fetch(at.href + path, {
      method: 'POST',
      headers: { ...at.header, 'Content-Type': LFS_JSON, Accept: LFS_JSON },
      body: JSON.stringify(body),
    });
  interface Batch {
    readonly objects: { actions: Record<string, { href: string; header: Record<string, string> }> }[];
  }
  const batch = async (at: Given, operation: string) => {
    const answer = await ask(at, '/objects/batch', { operation, objects: [{ oid, size: BYTES.length }] });
    const text = await answer.text();
    return { status: answer.status, text, actions: (JSON.parse(text) as Batch).objects?.[0]?.actions ?? {} };
  };

  it('is told over SSH what opens its API over HTTP, and sends and fetches with that', async () => {
    const writes = await deployKey('ada/closed', false);
    const at = await given(writes, 'upload');
    expect(at).toMatchObject({ href: `${world.url}/ada/closed.git/info/lfs`, expires_in: 3600 });
    const { upload } = (await batch(at, 'upload')).actions;
    expect((await fetch(upload!.href, { method: 'PUT', headers: upload!.header, body: BYTES })).status).toBe(200);
    const reads = await given(await deployKey('ada/closed', true), 'download');
    const { download } = (await batch(reads, 'download')).actions;
    const fetched = await fetch(download!.href, { headers: download!.header });
    expect(Buffer.from(await fetched.arrayBuffer())).toEqual(BYTES);
    await rest('DELETE', `/repos/ada/closed/keys/${writes.id}`);
    expect((await fetch(upload!.href, { method: 'PUT', headers: upload!.header, body: BYTES })).status).toBe(403);
  });

  it('opens no more than the key does, for no longer than the key is there', async () => {
    const key = await deployKey('ada/closed', true);
    const refused = await session(key, 'git-lfs-authenticate ada/closed.git upload');
    expect([refused.code, refused.stdout]).toEqual([1, '']);
    expect(refused.stderr).toMatch(/^This deploy key only reads\./);
    const reads = await given(key, 'download');
    const upload = await ask(reads, '/objects/batch', { operation: 'upload', objects: [] });
    expect([upload.status, await upload.text()]).toEqual([403, expect.stringContaining('This deploy key only reads')]);
    const elsewhere = { ...reads, href: reads.href.replace('closed', 'open') };
    expect((await batch(elsewhere, 'download')).text).toContain('is for another repository');
    const writes = await given(await deployKey('ada/closed', false), 'download');
    expect((await batch(writes, 'upload')).text).toContain('for fetching alone');
    const lock = await ask(await given(await deployKey('ada/closed', false), 'upload'), '/locks', { path: 'a.psd' });
    expect([lock.status, await lock.text()]).toEqual([403, expect.stringContaining('A deploy key locks nothing')]);
    await rest('DELETE', `/repos/ada/closed/keys/${key.id}`);
    expect((await batch(reads, 'download')).text).toContain('not known here any more');
    const forged = { ...reads, header: { Authorization: `${reads.header.Authorization.slice(0, -2)}xx` } };
    expect((await batch(forged, 'download')).status).toBe(401);
  });

  it('locks in the name of a person', async () => {
    const key = sshPublicKey('ed25519').trim();
    expect((await rest('POST', '/user/keys', { key, title: 'locks' })).status).toBe(201);
    const at = await given({ id: 0, fingerprint: fingerprintOf(key) }, 'upload');
    const lock = await ask(at, '/locks', { path: 'art/logo.psd' });
    expect([lock.status, await lock.json()]).toMatchObject([201, { lock: { owner: { name: 'ada' } } }]);
    const verified = await ask(at, '/locks/verify', {});
    expect(await verified.json()).toMatchObject({ ours: [{ path: 'art/logo.psd' }], theirs: [] });
  });
});

describe('an operator', () => {
  it('reads where SSH is and which host key clients ask about, before a start and on the page Health', async () => {
    const settings = world.server.context.settings;
    expect(ssh({ ...settings, sshPort: null })).toMatchObject({
      state: 'ok',
      found: expect.stringContaining("git@git.example.org:OWNER/NAME.git, by the machine's own sshd"),
    });
    expect(ssh({ ...settings, sshPort: 2222 }).found).toContain('host key made at the first start');
    const folder = join(settings.data, 'ssh');
    await writeFile(join(folder, 'host_ed25519.pub'), sshPublicKey('ed25519'));
    expect(ssh({ ...settings, sshPort: 2222 }).found).toMatch(/host key SHA256:[A-Za-z0-9+/]{43}$/);
    expect(ssh({ ...settings, sshAddress: null }).state).toBe('skip');
  });
});

describe('addresses', () => {
  it('over SSH stand in both dialects', async () => {
    const url = 'git@git.example.org:ada/closed.git';
    expect(await (await rest('GET', '/repos/ada/closed')).json()).toMatchObject({ ssh_url: url });
    const headers = { Authorization: `Bearer ${owner.reveal()}` };
    const query = JSON.stringify({ query: '{ repository(owner: "ada", name: "closed") { sshUrl } }' });
    const asked = await fetch(`${world.url}/api/graphql`, { method: 'POST', headers, body: query });
    expect(await asked.json()).toEqual({ data: { repository: { sshUrl: url } } });
    const scoped = { ...OWNER, kind: 'scoped', name: 'lab', scopes: ['read_api'] } as never;
    const { secret } = await createToken(world.server.context, operatorPermit(), scoped);
    const project = await fetch(`${world.url}/api/v4/projects/ada%2Fclosed`, {
      headers: { 'PRIVATE-TOKEN': secret.reveal() },
    });
    expect(await project.json()).toMatchObject({ ssh_url_to_repo: url });
  });
});

describe('a session', () => {
  it('runs nothing but git', async () => {
    const key = await deployKey('ada/closed', false);
    for (const command of ["git-upload-pack 'ada/closed'; id", 'scp -f ada/closed', "git-upload-archive 'ada/closed'"])
      expect(await session(key, command)).toEqual({
        code: 1,
        stdout: '',
        stderr: 'There is no shell here, only git: clone, fetch and push.\n',
      });
  });

  it('greets whoever wants a shell', async () => {
    const ran = await session(await deployKey('ada/closed', false), '');
    expect(ran.stderr).toMatch(/^Hello a deploy key, your key works\. There is no shell here/);
    expect(ran.code).toBe(1);
  });
});

describe('the place in the data folder', () => {
  it('is for the account of the server alone, and answers nobody without its secret', async () => {
    expect((await stat(join(data(), 'ssh'))).mode & 0o777).toBe(0o700);
    expect((await stat(join(data(), 'ssh', 'server.json'))).mode & 0o777).toBe(0o600);
    const key = await deployKey('ada/closed', false);
    const { socket } = readSshPlace(data());
    const asked = (authorization: string) =>
      new Promise<number>((resolve, reject) => {
        const headers = { authorization, [SSH_HEADERS.key]: `deploy-${key.id}` };
        const path = '/ada/closed.git/info/refs?service=git-upload-pack';
        request({ socketPath: socket, path, headers }, (answer) => resolve(answer.resume().statusCode ?? 0))
          .once('error', reject)
          .end();
      });
    expect(await asked('')).toBe(401);
    expect(await asked(`Bearer ${owner.reveal()}`)).toBe(401);
  });

  it('makes no key of a header of an ordinary request', async () => {
    const key = await deployKey('ada/closed', false);
    const answer = await fetch(`${world.url}/ada/closed.git/info/refs?service=git-upload-pack`, {
      headers: { [SSH_HEADERS.key]: `deploy-${key.id}`, [SSH_HEADERS.client]: '127.0.0.1' },
    });
    expect(answer.status).toBe(401);
    expect((await fetch(`${world.url}/~key?fingerprint=${encodeURIComponent(key.fingerprint)}`)).status).toBe(404);
  });

  it('knows no key that is only like one', async () => {
    for (const fingerprint of ['SHA256:', `SHA256:${'A'.repeat(43)}`, 'MD5:aa', "' or 1=1", 'SHA256:%']) {
      const ran = await runProgram(process.execPath, [MAIN, 'ssh-keys', '--data', data(), fingerprint]);
      expect(ran).toEqual({ code: 0, stdout: '', stderr: '' });
    }
  });

  it('that is not there is said in words', async () => {
    const ran = await runProgram(process.execPath, [MAIN, 'ssh-keys', '--data', '/nonexistent', 'SHA256:x']);
    expect(ran).toMatchObject({ code: 3, stdout: '' });
    expect(ran.stderr).toMatch(/^The server is not running, or not with SSH\./);
  });
});
