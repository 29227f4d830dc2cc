/**
 * An attack: mallory brings a repository whose files reach into grace's private one, and gets it adopted. People who
 * may read the one must not be able to read or write the other through it.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { adoptRepositories } from '../../../src/actions/repositories/inventory/adoption.ts';
import { importRepository } from '../../../src/actions/repositories/repositories.ts';
import { makeWorld, type World } from './server.ts';

let world: World;
/** The repository with the secret, and the clean one with which each attack begins. */
let secret: string;
let clean: string;
let blob: string;
let attempts = 0;

beforeAll(async () => {
  world = await makeWorld();
  const commit = async (folder: string, text: string): Promise<void> => {
    await world.ok(['init', '-q', folder]);
    writeFileSync(join(world.folder, folder, 'file.txt'), text);
    await world.ok(['add', '.'], { in: folder });
    await world.ok(['commit', '-qm', 'one'], { in: folder });
  };
  await commit('grace', 'the recipe');
  await commit('mallory', 'nothing of note');
  await world.ok(['branch', 'hers'], { in: 'grace' });
  secret = join(world.folder, 'secret.git');
  await world.ok(['clone', '-q', '--bare', 'grace', secret]);
  await world.ok(['-C', secret, 'repack', '-adq']);
  blob = (await world.ok(['-C', secret, 'rev-parse', 'HEAD:file.txt'])).trim();
  clean = join(world.folder, 'clean.git');
  await world.ok(['clone', '-q', '--bare', 'mallory', clean]);
  await world.ok(['-C', clean, 'repack', '-adq']);
  mkdirSync(join(world.server.context.git.root, 'ada'), { recursive: true });
});
afterAll(() => world.close());

/** An index of packs in mallory's repository that names grace's pack. */
function indexElsewhere(path: string, chained: boolean): void {
  const pack = readdirSync(join(secret, 'objects/pack')).find((name) => name.endsWith('.idx'))!;
  execFileSync('git', ['-C', secret, 'multi-pack-index', 'write'], { stdio: 'pipe' });
  const file = join(secret, 'objects/pack/multi-pack-index');
  const whole = readFileSync(file);
  rmSync(file);
  const chunks = Array.from({ length: whole[6]! }, (_, i) => {
    const at = 12 + 12 * i;
    const [from, to] = [at + 4, at + 16].map((place) => Number(whole.readBigUInt64BE(place)));
    return { name: whole.subarray(at, at + 4), bytes: whole.subarray(from, to) };
  });
  const named = Buffer.from(`${'../'.repeat(40)}${join(secret, 'objects/pack')}/${pack}\0`);
  const padded = Buffer.concat([named, Buffer.alloc((4 - (named.length % 4)) % 4)]);
  const bodies = chunks.map(({ name, bytes }) => (name.toString() === 'PNAM' ? padded : bytes));
  let offset = 12 + 12 * (chunks.length + 1);
  const rows = [...chunks.map(({ name }) => name), Buffer.alloc(4)].map((name, i) => {
    const row = Buffer.alloc(12);
    name.copy(row);
    row.writeBigUInt64BE(BigInt(offset), 4);
    offset += bodies[i]?.length ?? 0;
    return row;
  });
  const written = Buffer.concat([whole.subarray(0, 12), ...rows, ...bodies]);
  const folder = join(path, 'objects/pack', chained ? 'multi-pack-index.d' : '.');
  mkdirSync(folder, { recursive: true });
  const name = chained ? `multi-pack-index-${'0'.repeat(40)}.midx` : 'multi-pack-index';
  writeFileSync(join(folder, name), Buffer.concat([written, createHash('sha1').update(written).digest()]));
}

function linked(path: string, place: string, target = join(secret, place)): void {
  rmSync(join(path, place), { recursive: true, force: true });
  symlinkSync(target, join(path, place));
}

const ways: readonly [what: string, plant: (path: string) => void][] = [
  ['alternates', (path) => writeFileSync(join(path, 'objects/info/alternates'), `${secret}/objects\n`)],
  [
    'a chain of alternates, by relative paths',
    (path) => {
      const link = join(path, '..', 'link.git');
      cpSync(clean, link, { recursive: true });
      mkdirSync(join(link, 'objects/info'), { recursive: true });
      writeFileSync(join(link, 'objects/info/alternates'), `${secret}/objects\n`);
      writeFileSync(join(path, 'objects/info/alternates'), '../../link.git/objects\n');
      renameSync(link, join(world.folder, `link-${attempts}.git`));
    },
  ],
  ['alternates of HTTP', (path) => writeFileSync(join(path, 'objects/info/http-alternates'), `${secret}/objects\n`)],
  ['another common folder', (path) => writeFileSync(join(path, 'commondir'), `${secret}\n`)],
  ['a file .git that stands in for it at pushes', (path) => writeFileSync(join(path, '.git'), `gitdir: ${secret}\n`)],
  ['a link for its objects', (path) => linked(path, 'objects')],
  ['a link for its packs', (path) => linked(path, 'objects/pack')],
  [
    'a link to one pack',
    (path) => {
      for (const name of readdirSync(join(secret, 'objects/pack')))
        symlinkSync(join(secret, 'objects/pack', name), join(path, 'objects/pack', name));
    },
  ],
  ['a link for its refs', (path) => linked(path, 'refs')],
  ['a link to one ref', (path) => linked(path, 'refs/heads/hers', join(secret, 'refs/heads/hers'))],
  ['a link for its packed refs', (path) => linked(path, 'packed-refs')],
  ['a link for its reflogs', (path) => linked(path, 'logs', world.folder)],
  ['an index of packs elsewhere', (path) => indexElsewhere(path, false)],
  ['an index of packs elsewhere, in a chain', (path) => indexElsewhere(path, true)],
];

/** A copy of the clean repository in place, so that it would be adopted there. */
function inPlace(): { name: string; path: string } {
  const name = `trap-${++attempts}`;
  const path = world.server.context.git.path('ada', name);
  cpSync(clean, path, { recursive: true });
  mkdirSync(join(path, 'objects/info'), { recursive: true });
  return { name, path };
}

const adopted = (name: string, path: string): Promise<unknown> =>
  importRepository(world.server.context, operatorPermit(), { owner: 'ada', name, visibility: 'private', path });

async function rest(path: string, init: RequestInit = {}): Promise<{ status: number; reason: unknown; body: string }> {
  const headers = { authorization: `Bearer ${world.full.reveal()}` };
  const answer = await fetch(`${world.url}${path}`, { ...init, headers });
  const body = await answer.text();
  return { status: answer.status, reason: JSON.parse(body).reason, body };
}

describe('a repository that reaches into another one', () => {
  it('would give the secret, if git were simply let at it', () => {
    const { path } = inPlace();
    indexElsewhere(path, false);
    expect(execFileSync('git', ['-C', path, 'cat-file', 'blob', blob], { encoding: 'utf8' })).toBe('the recipe');
    rmSync(path, { recursive: true });
  });

  it.each(ways)('is not adopted with %s, in its place or as a copy', async (_, plant) => {
    const { name, path } = inPlace();
    plant(path);
    await expect(adopted(name, path)).rejects.toThrow(/isn't whole/);
    await expect(adopted(`${name}-copy`, path)).rejects.toThrow(/isn't whole/);
    const found = await adoptRepositories(world.server.context, operatorPermit());
    expect(found).toMatchObject({ adopted: [], leftOut: [{ place: `ada/${name}.git` }] });
    rmSync(path, { recursive: true });
  });

  it.each(ways)('is served at no door once it has %s', async (_, plant) => {
    const { name, path } = inPlace();
    await adopted(name, path);
    const remote = world.remote(`ada/${name}`, world.full);
    expect(await world.ok(['ls-remote', remote])).toContain('refs/heads/main');
    const before = await world.ok(['-C', secret, 'for-each-ref']);
    plant(path);
    // What is remembered about a repository is read again when what it borrows, or its config, changes. Links are
    // checked then, and at a start.
    appendFileSync(join(path, 'config'), '# touched\n');
    const words = 'Parts of this repository lie outside of its folder';
    for (const version of [0, 2])
      expect((await world.git(['-c', `protocol.version=${version}`, 'ls-remote', remote])).stderr).toContain(words);
    const pushed = await world.git(['push', remote, 'HEAD:refs/heads/planted'], { in: 'mallory' });
    expect(pushed.stderr).toContain(words);
    for (const place of [
      `contents/file.txt?ref=hers`,
      `git/blobs/${blob}`,
      'branches',
      'commits',
      'git/ref/heads/hers',
    ])
      expect([place, await rest(`/api/v3/repos/ada/${name}/${place}`)]).toMatchObject([
        place,
        { status: 503, reason: 'repository_not_whole' },
      ]);
    const content = Buffer.from('x').toString('base64');
    const written = await rest(`/api/v3/repos/ada/${name}/contents/new.txt`, {
      method: 'PUT',
      body: JSON.stringify({ message: 'x', content, branch: 'hers' }),
    });
    expect(written).toMatchObject({ status: 503, reason: 'repository_not_whole' });
    await world.server.context.git.maintain(path);
    expect(await world.ok(['-C', secret, 'for-each-ref'])).toBe(before);
    rmSync(path, { recursive: true });
  });

  it('is seen at the very next request when it borrows by a file', async () => {
    const { name, path } = inPlace();
    await adopted(name, path);
    await world.ok(['ls-remote', world.remote(`ada/${name}`, world.full)]);
    writeFileSync(join(path, 'objects/info/alternates'), `${secret}/objects\n`);
    const asked = await rest(`/api/v3/repos/ada/${name}/git/blobs/${blob}`);
    expect(asked).toMatchObject({ status: 503, reason: 'repository_not_whole' });
    rmSync(join(path, 'objects/info/alternates'));
    expect(await world.ok(['ls-remote', world.remote(`ada/${name}`, world.full)])).toContain('refs/heads/main');
  });
});

describe('what an adopted repository says of itself', () => {
  it('links within it are its own', async () => {
    const { name, path } = inPlace();
    writeFileSync(join(path, 'refs/heads/main'), await world.ok(['-C', path, 'rev-parse', 'main']));
    rmSync(join(path, 'HEAD'));
    symlinkSync('refs/heads/main', join(path, 'HEAD'));
    await adopted(name, path);
    expect(await world.ok(['ls-remote', world.remote(`ada/${name}`, world.full)])).toContain('HEAD');
  });

  it('hidden refs are refused, at the adoption and afterwards: they could be asked for by id', async () => {
    for (const key of ['transfer.hideRefs', 'uploadpack.hideRefs', 'receive.hideRefs']) {
      const { name, path } = inPlace();
      await adopted(name, path);
      await world.ok(['-C', path, 'config', key, 'refs/heads/hers']);
      const asked = await world.git(['ls-remote', world.remote(`ada/${name}`, world.full)]);
      expect(asked.stderr).toContain('hides refs, which is not possible here');
      expect(await rest(`/api/v3/repos/ada/${name}/branches`)).toMatchObject({ status: 503, reason: 'refs_hidden' });
      await expect(adopted(`${name}-copy`, path)).rejects.toThrow('hides refs');
    }
  });

  it('namespaces are not adopted: their refs would be everybody’s', async () => {
    const { name, path } = inPlace();
    await world.ok(['-C', path, 'update-ref', 'refs/namespaces/hers/refs/heads/main', 'refs/heads/main']);
    await expect(adopted(name, path)).rejects.toThrow('has namespaces');
    await expect(adopted(`${name}-copy`, path)).rejects.toThrow('has namespaces');
    rmSync(path, { recursive: true });
  });

  it.each([
    ['in its place', false],
    ['as a copy', true],
  ])('switches off pushes, and fetches, for every door, taken over %s', async (_, copies) => {
    const { name: original, path } = inPlace();
    const name = copies ? `${original}-copy` : original;
    await world.ok(['-C', path, 'config', 'http.receivepack', 'false']);
    await adopted(name, path);
    const place = world.server.context.git.path('ada', name);
    const remote = world.remote(`ada/${name}`, world.full);
    expect(await world.ok(['ls-remote', remote])).toContain('refs/heads/main');
    const pushed = await world.git(['push', remote, 'HEAD:refs/heads/more'], { in: 'mallory' });
    expect(pushed.stderr).toMatch(/^remote: .*switches that off \(http\.receivepack\)/m);
    const write = { method: 'PUT', body: JSON.stringify({ message: 'x', content: 'eA==' }) };
    const file = `/api/v3/repos/ada/${name}/contents/new.txt`;
    expect(await rest(file, write)).toMatchObject({ status: 403, reason: 'switched_off' });
    await world.ok(['-C', place, 'config', '--unset', 'http.receivepack']);
    expect(await rest(file, write)).toMatchObject({ status: 201 });

    await world.ok(['-C', place, 'config', 'http.uploadpack', 'off']);
    for (const version of [0, 2])
      expect((await world.git(['-c', `protocol.version=${version}`, 'ls-remote', remote])).stderr).toMatch(
        /^remote: .*switches that off \(http\.uploadpack\)/m,
      );
    expect(await rest(file)).toMatchObject({ status: 403, reason: 'switched_off' });
    const gitlab = await fetch(`${world.url}/api/v4/projects/ada%2F${basename(name)}/repository/branches`, {
      headers: { 'private-token': world.full.reveal() },
    });
    expect([gitlab.status, await gitlab.text()]).toEqual([403, expect.stringContaining('http.uploadpack')]);
  });

  it('branches that it keeps from deletion and force are kept over REST, too', async () => {
    const { name, path } = inPlace();
    await world.ok(['-C', path, 'config', 'receive.denyDeletes', 'true']);
    await world.ok(['-C', path, 'config', 'receive.denyNonFastForwards', 'true']);
    await adopted(name, path);
    const repository = `/api/v3/repos/ada/${name}`;
    const write = { method: 'PUT', body: JSON.stringify({ message: 'x', content: 'eA==' }) };
    const before = (await world.ok(['-C', path, 'rev-parse', 'main'])).trim();
    expect(await rest(`${repository}/contents/new.txt`, write)).toMatchObject({ status: 201 });
    const main = `${repository}/git/refs/heads/main`;
    const forced = await rest(main, { method: 'PATCH', body: JSON.stringify({ sha: before, force: true }) });
    expect(forced).toMatchObject({ status: 403, reason: 'switched_off' });
    expect(forced.body).toContain('receive.denyNonFastForwards');
    const created = { method: 'POST', body: JSON.stringify({ ref: 'refs/heads/more', sha: before }) };
    expect(await rest(`${repository}/git/refs`, created)).toMatchObject({ status: 201 });
    expect(await rest(`${repository}/git/refs/heads/more`, { method: 'DELETE' })).toMatchObject({
      status: 403,
      reason: 'switched_off',
    });
    expect(await world.ok(['-C', path, 'for-each-ref', '--format=%(refname)'])).toContain('refs/heads/more');
    expect((await world.ok(['-C', path, 'rev-parse', 'main~1'])).trim()).toBe(before);
  });
});
