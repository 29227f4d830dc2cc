/**
 * Backups: made while a server runs and people push, put back elsewhere, and cut off, damaged or forged on the way.
 */
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { addUser } from '../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../src/actions/decision/authorize.ts';
import { type OpenContext, openContext } from '../../src/actions/instance/open.ts';
import { addRepository } from '../../src/actions/repositories/repositories.ts';
import { createToken, revokeToken } from '../../src/actions/tokens/tokens.ts';
import { makeLog } from '../../src/base/log.ts';
import { loadSettings } from '../../src/base/settings/settings.ts';
import { runGit } from '../doors/git/server.ts';
import { ENGINES, type FreshDatabase, freshDatabase } from '../engines/engines.ts';
import { once } from '../waits.ts';
import {
  dataOptions,
  type Ended,
  latchkey,
  latchkeyInside,
  MAIN,
  runProgram,
  serveUntilReady,
} from './latchkey-process.ts';

const operator = operatorPermit();

async function during<T>({ dataDir, databaseUrl }: FreshDatabase, act: (ctx: OpenContext) => Promise<T>): Promise<T> {
  const flags = { data: dataDir, ...(databaseUrl === null ? {} : { database: databaseUrl }) };
  const ctx = await openContext(loadSettings({ flags, env: {} }), makeLog('silent'));
  try {
    return await act(ctx);
  } finally {
    await ctx.close();
  }
}

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'latchkey-backup-'));
  onTestFinished(() => rm(path, { recursive: true, force: true, maxRetries: 5 }));
  return path;
}

async function database(engine: (typeof ENGINES)[number]): Promise<FreshDatabase> {
  const fresh = await freshDatabase(engine);
  onTestFinished(fresh.remove);
  return fresh;
}

async function makeToken(ctx: OpenContext, name: string): Promise<{ id: number; secret: string }> {
  const draft = { userLogin: 'ada', kind: 'classic', name, description: '', scopes: ['repo'], grants: [] } as const;
  const { token, secret } = await createToken(ctx, operator, draft);
  return { id: token.id, secret: secret.reveal() };
}

/** ada with two repositories and two tokens. */
async function instance(engine: (typeof ENGINES)[number]) {
  const place = await database(engine);
  const tokens = await during(place, async (ctx) => {
    const email = 'ada@example.org';
    await addUser(ctx, operator, { login: 'ada', email, password: null, admin: false, verified: true });
    for (const name of ['notes', 'empty'])
      await addRepository(ctx, operator, { owner: 'ada', name, visibility: 'private' });
    return { kept: await makeToken(ctx, 'kept'), ended: await makeToken(ctx, 'ended') };
  });
  return { place, ...tokens };
}

const backUp = (place: FreshDatabase, ...args: string[]): Promise<Ended> =>
  latchkeyInside(['admin', 'backup', ...args, ...dataOptions(place)]);
const restore = (place: FreshDatabase, ...args: string[]): Promise<Ended> =>
  latchkeyInside(['admin', 'restore', ...args, ...dataOptions(place)]);
const copyKey = async (from: FreshDatabase, to: FreshDatabase): Promise<void> => {
  await mkdir(to.dataDir, { recursive: true });
  await cp(join(from.dataDir, 'secret.key'), join(to.dataDir, 'secret.key'));
};
const bytesIn = async (path: string): Promise<number> => {
  const files = readdirSync(path, { recursive: true, encoding: 'utf8' });
  return (await Promise.all(files.map((name) => stat(join(path, name))))).reduce((sum, one) => sum + one.size, 0);
};

describe.each(ENGINES)('a backup [%s]', (engine) => {
  test('made while people push is of one moment, grows by what is new, and what was revoked since stays dead', {
    timeout: 240_000,
  }, async () => {
    const { place, kept, ended } = await instance(engine);
    const [to, work] = [await folder(), await folder()];
    const tail = join(await folder(), 'audit.jsonl');
    const server = await serveUntilReady(dataOptions(place));
    const remote = `${server.url.replace('://', `://ada:${kept.secret}@`)}/ada/notes.git`;
    const git = async (...args: string[]): Promise<string> => {
      const ran = await runGit(args, work, {});
      expect(ran.code, ran.stderr).toBe(0);
      return ran.stdout.trim();
    };
    await git('init', '--quiet', '--initial-branch=main', '.');
    await writeFile(join(work, 'large'), randomBytes(400_000));
    await git('add', '.');
    const commit = async (message: string): Promise<void> =>
      void (await git(
        '-c',
        'user.name=ada',
        '-c',
        'user.email=ada@example.org',
        'commit',
        '-qam',
        message,
        '--allow-empty',
      ));
    await commit('first');
    await git('push', '--quiet', remote, 'HEAD:main', 'HEAD:refs/tags/v1');
    const object = Buffer.from('a large object');
    const oid = createHash('sha256').update(object).digest('hex');
    const lfs = join(place.dataDir, 'repositories/ada/notes.git/lfs/objects', oid.slice(0, 2), oid.slice(2, 4));
    await mkdir(lfs, { recursive: true });
    await writeFile(join(lfs, oid), object);

    // Somebody pushes all the time.
    let isPushing = true;
    const pushing = (async () => {
      for (let i = 0; isPushing; i++) {
        await commit(`next ${i}`);
        await git(
          'push',
          '--quiet',
          '--force',
          remote,
          i % 3 === 2 ? ':other' : `HEAD:${i % 3 === 0 ? 'main' : 'other'}`,
        );
      }
    })();
    // A backup reads refs from the disk a moment after the rows: what was pushed in between is not in it.
    const first = await backUp(place, to);
    expect(first).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/made the backup \w+: \d+ rows, 2 repositories/),
    });
    const size = await bytesIn(to);
    await vi.waitFor(async () => expect(await backUp(place, to, '--tail', tail)).toMatchObject({ code: 0 }), 30_000);
    isPushing = false;
    await pushing;
    expect((await bytesIn(to)) - size).toBeLessThan(300_000);
    await during(place, (ctx) => revokeToken(ctx, operator, ended.id));
    const last = await latchkeyInside([
      'admin',
      'audit',
      'export',
      '--output',
      tail,
      '--resume',
      ...dataOptions(place),
    ]);
    expect(last.code).toBe(0);
    await server.stop('SIGTERM');
    expect(
      (await backUp(place, to, '--verify')).stderr.match(/: whole: .*signed with the key that is here/g),
    ).toHaveLength(2);

    const elsewhere = await database(engine);
    const lost = await restore(elsewhere, to, '--tail', tail);
    expect(lost).toMatchObject({ code: 3, stderr: expect.stringContaining('copy the key file of the instance there') });
    expect(existsSync(join(elsewhere.dataDir, 'repositories'))).toBe(false);
    await copyKey(place, elsewhere);
    const back = await restore(elsewhere, to, '--tail', tail);
    expect(back).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/put back 2 repositories[^]*revoked 1 tokens[^]*what works again[^]*: 1 tokens/),
    });
    const anew = await serveUntilReady(dataOptions(elsewhere));
    const statusOf = async (secret: string): Promise<number> =>
      (await fetch(`${anew.url}/api/v3/user`, { headers: { authorization: `Bearer ${secret}` } })).status;
    expect(await statusOf(kept.secret)).toBe(200);
    expect(await statusOf(ended.secret)).toBe(401);
    const seen = await git(
      'ls-remote',
      remote.replace(server.url.replace('http://', ''), anew.url.replace('http://', '')),
    );
    await anew.stop('SIGTERM');
    // Each ref is as the log of that moment says.
    const told = await during(elsewhere, async ({ store }) => {
      const rows = await store.db
        .selectFrom('audit')
        .select('data_json')
        .where('action', '=', 'git.push')
        .orderBy('id')
        .execute();
      const refs = new Map<string, string | null>();
      for (const row of rows)
        for (const { ref, after } of (JSON.parse(row.data_json) as { refs: { ref: string; after: string | null }[] })
          .refs)
          refs.set(ref, after);
      return [...refs].filter(([, id]) => id !== null).map(([ref, id]) => `${id}\t${ref}`);
    });
    expect(
      seen
        .split('\n')
        .filter((line) => !line.endsWith('\tHEAD'))
        .toSorted(),
    ).toEqual(told.toSorted());
    expect(
      await readFile(
        join(elsewhere.dataDir, 'repositories/ada/notes.git/lfs/objects', oid.slice(0, 2), oid.slice(2, 4), oid),
      ),
    ).toEqual(object);
    // And from the one engine into the other.
    const other = await database(engine === 'sqlite' ? 'postgres' : 'sqlite');
    await copyKey(place, other);
    expect(await restore(other, to, '--end-all-tokens')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('put back 2'),
    });
  });
});

test('an encrypted backup in one file opens with its identity alone, and brings the key along where asked', {
  timeout: 120_000,
}, async () => {
  const { place, kept } = await instance('sqlite');
  const at = await folder();
  const [identity, wrong, file] = [join(at, 'identity.txt'), join(at, 'wrong.txt'), join(at, 'latchkey.tar')];
  const recipient = (await backUp(place, identity, '--make-identity')).stdout.trim();
  expect(recipient).toMatch(/^age1/);
  expect((await stat(identity)).mode & 0o077).toBe(0);
  await backUp(place, wrong, '--make-identity');
  expect((await backUp(place, identity, '--make-identity')).stderr).toContain('is there already');
  expect((await backUp(place, at + '/clear', '--with-key')).stderr).toContain(
    'the key goes only into an encrypted backup',
  );

  const shell = `"$0" "$1" admin backup - --with-key --recipient "$2" --data "$3" > "$4"`;
  const made = await runProgram('sh', ['-c', shell, process.execPath, MAIN, recipient, place.dataDir, file]);
  expect(made).toMatchObject({ code: 0, stdout: '' });
  const text = (await readFile(file)).toString('latin1');
  for (const secret of [
    'ada@example.org',
    'notes',
    (await readFile(join(place.dataDir, 'secret.key'), 'utf8')).trim().slice(-43),
  ])
    expect(text).not.toContain(secret);
  expect((await backUp(place, file, '--verify')).stderr).toContain('parts are as they were written');
  expect((await backUp(place, file, '--verify', '--identity', identity)).stderr).toContain(': whole: ');

  const elsewhere = await database('sqlite');
  expect((await restore(elsewhere, file, '--nothing-ended')).stderr).toContain('name the identity that opens it');
  const refused = await restore(elsewhere, file, '--nothing-ended', '--identity', wrong);
  expect(refused).toMatchObject({ code: 3, stderr: expect.stringContaining('sealed for somebody else') });
  await writeFile(`${file}.cut`, (await readFile(file)).subarray(0, 20_000));
  expect((await restore(elsewhere, `${file}.cut`, '--nothing-ended', '--identity', identity)).stderr).toContain(
    'is cut off',
  );
  expect(readdirSync(elsewhere.dataDir)).toEqual([]);
  const back = await restore(elsewhere, file, '--nothing-ended', '--identity', identity);
  expect(back.code, back.stderr).toBe(0);
  expect((await stat(join(elsewhere.dataDir, 'secret.key'))).mode & 0o077).toBe(0);
  expect(kept.secret).not.toBe('');
  // It unpacks into the folder that a backup to a folder makes.
  const unpacked = await folder();
  expect((await runProgram('tar', ['-xf', file, '-C', unpacked])).code).toBe(0);
  expect((await backUp(place, unpacked, '--verify', '--identity', identity)).stderr).toContain(': whole: ');
});

test('a restoration that is killed lets nothing start until the same command has ended it', {
  timeout: 120_000,
}, async () => {
  const { place } = await instance('sqlite');
  const to = await folder();
  await during(place, async (ctx) => {
    for (let i = 0; i < 12; i++)
      await addRepository(ctx, operator, { owner: 'ada', name: `r${i}`, visibility: 'private' });
  });
  expect((await backUp(place, to)).code).toBe(0);
  const elsewhere = await database('sqlite');
  await copyKey(place, elsewhere);
  const args = ['admin', 'restore', to, '--nothing-ended', ...dataOptions(elsewhere)];
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: 'ignore' });
  await vi.waitFor(() => expect(existsSync(join(elsewhere.dataDir, 'repositories/ada/notes.git'))).toBe(true), {
    timeout: 60_000,
    interval: 2,
  });
  child.kill('SIGKILL');
  await once(child, 'close');
  const refused = await latchkey(['serve', '--port', '0', ...dataOptions(elsewhere)]);
  expect(refused.stderr).toMatch(/is being put back here, or that was cut off[^]*call the same/);
  const other = await backUp(place, await folder());
  expect(other.code).toBe(0);
  const back = await latchkeyInside(args);
  expect(back).toMatchObject({ code: 0, stderr: expect.stringContaining('put back 14 repositories') });
  expect((await latchkeyInside(args)).stderr).toContain('there is an instance in the database already');
});

test('a damaged, forged or foreign backup is told in words before anything is written', {
  timeout: 120_000,
}, async () => {
  const { place } = await instance('sqlite');
  const to = await folder();
  expect((await backUp(place, to)).code).toBe(0);
  const elsewhere = await database('sqlite');
  await copyKey(place, elsewhere);
  const attempt = async (change: (copy: string) => Promise<unknown>): Promise<string> => {
    const copy = join(await folder(), 'copy');
    await cp(to, copy, { recursive: true });
    await change(copy);
    const { code, stderr } = await restore(elsewhere, copy, '--nothing-ended');
    expect(code).toBe(3);
    expect(readdirSync(elsewhere.dataDir)).toEqual(['secret.key']);
    return stderr;
  };
  const filesIn = (copy: string, under: string): string[] =>
    readdirSync(join(copy, under), { recursive: true, withFileTypes: true, encoding: 'utf8' })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
  const rewrite = async (file: string, change: (text: string) => string): Promise<void> =>
    writeFile(file, change(await readFile(file, 'utf8')));
  const manifestIn = (copy: string): string => filesIn(copy, 'snapshots').find((name) => name.endsWith('.json'))!;

  expect(await attempt((copy) => writeFile(filesIn(copy, 'parts')[0]!, 'changed'))).toContain(
    'is not what was written',
  );
  expect(await attempt((copy) => rm(filesIn(copy, 'parts')[0]!))).toContain('is missing');
  // Somebody who can write there makes their own administrator: the parts have right names, and the list, too.
  expect(
    await attempt((copy) => rewrite(manifestIn(copy), (text) => text.replace('epoch\\":1', 'epoch\\":7'))),
  ).toContain('was not made with a key in');
  expect(await attempt((copy) => writeFile(manifestIn(copy), '{"manifest":1}'))).toContain("can't be read");
  // A link where a part should be leads to nothing that is read.
  expect(
    await attempt(async (copy) => {
      const [part] = filesIn(copy, 'parts');
      await rm(part!);
      await symlink('/etc/hostname', part!);
    }),
  ).toContain('a link lies where a file belongs');

  // What is damaged is written anew by a full backup.
  const [damaged] = filesIn(to, 'parts');
  await writeFile(damaged!, 'changed');
  expect((await backUp(place, to, '--verify')).code).toBe(3);
  await vi.waitFor(async () => expect(await backUp(place, to, '--full')).toMatchObject({ code: 0 }), 30_000);
  await writeFile(join(elsewhere.dataDir, 'file'), '');
  expect((await backUp(place, join(elsewhere.dataDir, 'file/folder'))).stderr).toContain(
    "can't be written to: it is no folder",
  );
  await rm(join(elsewhere.dataDir, 'file'));

  const stranger = await instance('sqlite');
  expect((await backUp(stranger.place, to)).stderr).toContain('are those of another instance');
  const crowded = await folder();
  await writeFile(join(crowded, 'letters.txt'), 'mine');
  expect((await backUp(place, crowded)).stderr).toContain('holds other things than backups');
  await copyKey(stranger.place, elsewhere);
  expect((await restore(elsewhere, to, '--nothing-ended')).stderr).toContain('was not made with a key in');
});
