/**
 * The rare cases of the git door: renamed repositories, SHA-256, hooks that an operator allows, the record of a push,
 * TLS.
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { generate } from 'selfsigned';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { addRepository, importRepository } from '../../../src/actions/repositories/repositories.ts';
import { createToken, revokeToken } from '../../../src/actions/tokens/tokens.ts';
import { Secret } from '../../../src/base/secret.ts';
import { MAX_PREFILTERED_BYTES } from '../../../src/git/push/pack-prefilter.ts';
import { listAudit } from '../../../src/store/audit.ts';
import { tokenByDigest } from '../../../src/store/presented-tokens.ts';
import { once, until } from '../../waits.ts';
import { makeWorld, type Ran, type World } from './server.ts';

let world: World;
afterEach(() => world.close());

async function pushed(remote: string, file = 'readme.md'): Promise<void> {
  await world.ok(['init', '-q', '-b', 'main', 'work']);
  await writeFile(join(world.folder, 'work', file), 'x');
  await world.ok(['add', '.'], { in: 'work' });
  await world.ok(['commit', '-qm', 'one'], { in: 'work' });
  await world.ok(['push', '-q', remote, 'main'], { in: 'work' });
}

describe('a renamed repository', () => {
  it('redirects to its new name, only for those who may see it', async () => {
    world = await makeWorld();
    await pushed(world.remote('ada/closed', world.full));
    const grant = {
      owner: 'ada',
      selection: 'all' as const,
      repositories: [],
      permissions: { administration: 'write' },
      justification: null,
    };
    const { secret } = await createToken(world.server.context, operatorPermit(), {
      userLogin: 'ada',
      kind: 'fine-grained',
      name: 'admin',
      description: '',
      scopes: [],
      grants: [grant],
    });
    const renamed = await fetch(`${world.url}/api/v3/repos/ada/closed`, {
      method: 'PATCH',
      headers: { authorization: `Bearer ${secret.reveal()}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'sealed' }),
    });
    expect(renamed.status).toBe(200);

    const answer = await fetch(`${world.url}/ada/closed.git/info/refs?service=git-upload-pack`, {
      redirect: 'manual',
      headers: { authorization: `Basic ${Buffer.from(`ada:${world.reader.reveal()}`).toString('base64')}` },
    });
    expect(answer.status).toBe(301);
    expect(answer.headers.get('location')).toBe('/ada/sealed.git/info/refs?service=git-upload-pack');
    expect(await world.ok(['ls-remote', world.remote('ada/closed', world.reader), 'main'])).toMatch(
      /^[0-9a-f]{40}\trefs\/heads\/main\n$/,
    );
    expect(
      (await fetch(`${world.url}/ada/closed.git/info/refs?service=git-upload-pack`, { redirect: 'manual' })).status,
    ).toBe(401);
  });
});

describe('a push that is overtaken between its list of refs and itself', () => {
  /** Runs the push up to the client's hook, which waits until something was done meanwhile. */
  async function pushAround(remote: string, meanwhile: () => Promise<unknown>): Promise<Ran> {
    await world.ok(['init', '-q', '-b', 'main', 'work']);
    await world.ok(['commit', '-q', '--allow-empty', '-m', 'one'], { in: 'work' });
    const hook = join(world.folder, 'work/.git/hooks/pre-push');
    await writeFile(
      hook,
      '#!/bin/sh\necho > ../asked\nwhile [ -e ../asked ] && [ ! -e ../go ]; do sleep 0.01; done\n',
      { mode: 0o755 },
    );
    const push = world.git(['push', '-q', remote, 'main'], { in: 'work' });
    await until(() => existsSync(join(world.folder, 'asked')), 'the client has the list of refs');
    await meanwhile();
    await writeFile(join(world.folder, 'go'), '');
    return push;
  }

  async function rename(name: string, to: string): Promise<void> {
    const grant = {
      owner: 'ada',
      selection: 'all' as const,
      repositories: [],
      permissions: { administration: 'write' },
      justification: null,
    };
    const { secret } = await createToken(world.server.context, operatorPermit(), {
      userLogin: 'ada',
      kind: 'fine-grained',
      name: 'admin',
      description: '',
      scopes: [],
      grants: [grant],
    });
    const renamed = await fetch(`${world.url}/api/v3/repos/ada/${name}`, {
      method: 'PATCH',
      headers: { authorization: `Bearer ${secret.reveal()}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name: to }),
    });
    expect(renamed.status).toBe(200);
  }

  it('goes to the repository that bears the name then, not to the one that bore it', async () => {
    world = await makeWorld();
    const ran = await pushAround(world.remote('ada/closed', world.full), async () => {
      await rename('closed', 'sealed');
      await addRepository(world.server.context, operatorPermit(), {
        owner: 'ada',
        name: 'closed',
        visibility: 'private',
      });
    });
    expect(ran).toMatchObject({ code: 0 });
    expect(await world.ok(['ls-remote', world.remote('ada/closed', world.full)])).toContain('refs/heads/main');
    expect(await world.ok(['ls-remote', world.remote('ada/sealed', world.full)])).toBe('');
  });

  it('is refused when its token was revoked, and leaves the repository as it was', async () => {
    world = await makeWorld();
    const { id } = (await tokenByDigest(world.server.context.store.db, world.full.digest()))!;
    const ran = await pushAround(world.remote('ada/closed', world.full), () =>
      revokeToken(world.server.context, operatorPermit(), id),
    );
    expect(ran.code).not.toBe(0);
    expect(await world.ok(['ls-remote', world.remote('ada/closed', world.reader)])).toBe('');
  });

  it('is still scanned for workflow files', async () => {
    world = await makeWorld();
    await world.ok(['init', '-q', '-b', 'main', 'work']);
    await mkdir(join(world.folder, 'work/.github/workflows'), { recursive: true });
    await writeFile(join(world.folder, 'work/.github/workflows/ci.yml'), 'on: push\n');
    await world.ok(['add', '.'], { in: 'work' });
    const ran = await pushAround(world.remote('ada/closed', world.writer), async () => {});
    expect(ran.stderr).toContain('.github/workflows/ci.yml');
    expect(ran.code).not.toBe(0);
  });
});

describe('a repository of SHA-256', () => {
  it('is cloned and pushed to', async () => {
    world = await makeWorld();
    const source = join(world.folder, 'source.git');
    await world.ok(['init', '-q', '--bare', '--object-format=sha256', '-b', 'main', source]);
    await importRepository(world.server.context, operatorPermit(), {
      owner: 'ada',
      name: 'wide',
      visibility: 'private',
      path: source,
    });
    await world.ok(['init', '-q', '--object-format=sha256', '-b', 'main', 'wide']);
    await world.ok(['commit', '-q', '--allow-empty', '-m', 'one'], { in: 'wide' });
    await world.ok(['push', '-q', world.remote('ada/wide', world.full), 'main'], { in: 'wide' });
    await world.ok(['clone', '-q', world.remote('ada/wide', world.reader), 'again']);
    expect((await world.ok(['rev-parse', 'HEAD'], { in: 'again' })).trim()).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('the hooks of a repository', () => {
  const hook = '#!/bin/sh\necho "the hook of the repository ran" >&2\n';

  it.each([
    [false, false],
    [true, true],
  ])('with allowRepositoryHooks %s: they run: %s', async (allowRepositoryHooks, runs) => {
    world = await makeWorld({ allowRepositoryHooks });
    const hooks = join(world.server.context.git.path('ada', 'closed'), 'hooks');
    await mkdir(hooks, { recursive: true });
    await writeFile(join(hooks, 'pre-receive'), hook);
    await chmod(join(hooks, 'pre-receive'), 0o755);
    await world.ok(['init', '-q', '-b', 'main', 'work']);
    for (const [i, token] of [world.full, world.writer].entries()) {
      await world.ok(['commit', '-q', '--allow-empty', '-m', String(i)], { in: 'work' });
      const ran = await world.git(['push', world.remote('ada/closed', token), 'main'], { in: 'work' });
      expect(ran.code).toBe(0);
      expect(ran.stderr.includes('remote: the hook of the repository ran')).toBe(runs);
    }
  });
});

describe('who pushed', () => {
  it('is named in reflogs, of a push and over REST, and told to hooks that an operator allows', async () => {
    world = await makeWorld({ allowRepositoryHooks: true });
    const path = world.server.context.git.path('ada', 'closed');
    await world.ok(['-C', path, 'config', 'core.logAllRefUpdates', 'always']);
    const hook = join(path, 'hooks', 'post-receive');
    await mkdir(dirname(hook), { recursive: true });
    const names = ['LATCHKEY_REPOSITORY', 'LATCHKEY_USER', 'LATCHKEY_USER_ID', 'REMOTE_USER', 'REMOTE_ADDR'];
    await writeFile(hook, `#!/bin/sh\necho ${names.map((name) => `"$${name}"`).join(' ')} "$GIT_COMMITTER_EMAIL"\n`);
    await chmod(hook, 0o755);
    await world.ok(['init', '-q', '-b', 'main', 'work']);
    await world.ok(['commit', '-q', '--allow-empty', '-m', 'one'], { in: 'work' });
    const ran = await world.git(['push', world.remote('ada/closed', world.full), 'main'], { in: 'work' });
    expect(ran.stderr).toContain('remote: ada/closed ada 1 ada 127.0.0.1 1+ada@users.noreply');
    const answer = await fetch(`${world.url}/api/v3/repos/ada/closed/contents/file`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${world.full.reveal()}`, 'content-type': 'application/json' },
      body: JSON.stringify({ message: 'two', content: 'eA==' }),
    });
    expect(answer.status).toBe(201);
    const log = (await readFile(join(path, 'logs/refs/heads/main'), 'utf8')).trim().split('\n');
    expect(log).toHaveLength(2);
    for (const line of log) expect(line).toContain(' ada <1+ada@users.noreply> ');

    const derived = await fetch(`${world.url}/api/v3/user/personal-access-tokens/current/derive`, {
      method: 'POST',
      headers: { authorization: `Bearer ${world.full.reveal()}`, 'content-type': 'application/json' },
      body: JSON.stringify({ agent: 'claude-code/2.1', session: 's-17' }),
    });
    const { token } = (await derived.json()) as { token: string };
    await world.ok(['push', '-q', world.remote('ada/closed', new Secret(token)), 'main:other'], { in: 'work' });
    expect(await readFile(join(path, 'logs/refs/heads/other'), 'utf8')).toContain(
      ' ada via claude-code/2.1 (session s-17) <1+ada@users.noreply> ',
    );
  });

  it.each(['0', '1'])(
    'is not proven by a certificate: signed pushes are not offered in protocol %s',
    async (version) => {
      world = await makeWorld();
      const path = world.server.context.git.path('ada', 'closed');
      await world.ok(['-C', path, 'config', 'receive.certNonceSeed', 'a repository’s own']);
      await world.ok(['init', '-q', '-b', 'main', 'work']);
      await world.ok(['commit', '-q', '--allow-empty', '-m', 'one'], { in: 'work' });
      const push = ['-c', `protocol.version=${version}`, 'push', world.remote('ada/closed', world.full), 'main'];
      const signed = await world.git([...push, '--signed'], { in: 'work' });
      expect(signed.stderr).toContain('the receiving end does not support --signed push');
      expect((await world.git(push, { in: 'work' })).code).toBe(0);
    },
  );
});

describe("an operator's own hook", () => {
  it.each(['reference-transaction', 'update', 'pre-receive'])(
    '%s has its say about a push that is looked at, too',
    async (name) => {
      world = await makeWorld({ allowRepositoryHooks: true });
      const hook = join(world.server.context.git.path('ada', 'closed'), 'hooks', name);
      await mkdir(dirname(hook), { recursive: true });
      await writeFile(hook, '#!/bin/sh\necho "the operator says no" >&2\nexit 1\n');
      await chmod(hook, 0o755);
      await world.ok(['init', '-q', '-b', 'main', 'work']);
      for (const bytes of [10, MAX_PREFILTERED_BYTES]) {
        await writeFile(join(world.folder, 'work/file'), randomBytes(bytes));
        await world.ok(['add', '.'], { in: 'work' });
        await world.ok(['commit', '-q', '-m', String(bytes)], { in: 'work' });
        const ran = await world.git(['push', world.remote('ada/closed', world.full), 'main'], { in: 'work' });
        expect(ran.code).toBe(1);
        // git doesn't pass on the output of a transaction's hook.
        if (name !== 'reference-transaction') expect(ran.stderr).toContain('remote: the operator says no');
      }
      expect(await world.ok(['ls-remote', world.remote('ada/closed', world.full)])).toBe('');
    },
  );
});

describe('the record of a push', () => {
  it('is written once for a push that changed a ref, and not for one that changed none', async () => {
    world = await makeWorld();
    const pushes = async (): Promise<number> => {
      const entries = await listAudit(world.server.context.store.db, {}, { beforeId: null, limit: 100 });
      return entries.filter((entry) => entry.action === 'git.push').length;
    };
    await pushed(world.remote('ada/closed', world.full));
    expect(await pushes()).toBe(1);
    await world.ok(['push', '-q', world.remote('ada/closed', world.full), 'main'], { in: 'work' });
    expect(await pushes()).toBe(1);
    await mkdir(join(world.folder, 'work/.github/workflows'), { recursive: true });
    await writeFile(join(world.folder, 'work/.github/workflows/ci.yml'), 'on: push');
    await world.ok(['add', '.'], { in: 'work' });
    await world.ok(['commit', '-qm', 'workflow'], { in: 'work' });
    expect(
      (await world.git(['push', '-q', world.remote('ada/closed', world.writer), 'main'], { in: 'work' })).code,
    ).toBe(1);
    expect(await pushes()).toBe(1);
  });
});

describe('a client that asks before it sends', () => {
  it.each([
    [
      '/api/v3/credentials/revoke',
      'application/json',
      '{"credentials":["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"]}',
      202,
    ],
    ['/login/nowhere', 'application/x-www-form-urlencoded', 'a=b', 404],
  ])('is told to go on by %s, too', async (path, type, body, status) => {
    world = await makeWorld();
    const { hostname, port } = new URL(world.url);
    const asked = request({
      hostname,
      port,
      path,
      method: 'POST',
      headers: { expect: '100-continue', 'content-type': type },
    });
    await once(asked, 'continue');
    asked.end(body);
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    expect(answer.statusCode).toBe(status);
    answer.resume();
  });
});

describe('over TLS', () => {
  it('git clones with the certificate trusted, and not without', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'latchkey-tls-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const made = await generate([{ name: 'commonName', value: 'localhost' }], {
      keySize: 2048,
      algorithm: 'sha256',
      extensions: [
        { name: 'basicConstraints', cA: true },
        { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] },
      ],
    });
    const [tlsCert, tlsKey] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    await writeFile(tlsCert, made.cert);
    await writeFile(tlsKey, made.private, { mode: 0o600 });
    world = await makeWorld({ tlsCert, tlsKey });
    expect(world.url).toMatch(/^https:/);
    await world.ok([
      '-c',
      `http.sslCAInfo=${tlsCert}`,
      'clone',
      '-q',
      world.remote('ada/closed', world.reader),
      'trusted',
    ]);
    const untrusted = await world.git(['clone', '-q', world.remote('ada/closed', world.reader), 'untrusted']);
    expect(untrusted.code).toBe(128);
    expect(untrusted.stderr).toMatch(/certificate/i);
  });
});
