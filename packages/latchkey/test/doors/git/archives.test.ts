/** The files of a revision as one file: what is in it, who gets it, and by which address, at all three doors. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeWorld, type World } from './server.ts';

let world: World;
let head: string;

beforeAll(async () => {
  world = await makeWorld();
  await world.ok(['init', '-q', 'work']);
  const files = { 'a.txt': 'one\n', 'secret.txt': 'no\n', 'version.txt': '$Format:%H$\n' };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(world.folder, 'work', name), text);
  writeFileSync(join(world.folder, 'work/.gitattributes'), 'secret.txt export-ignore\nversion.txt export-subst\n');
  await world.ok(['add', '.'], { in: 'work' });
  await world.ok(['commit', '-qm', 'one'], { in: 'work' });
  await world.ok(['tag', 'v1.0'], { in: 'work' });
  for (const name of ['ada/closed', 'ada/open'])
    await world.ok(['push', '-q', world.remote(name, world.full), 'main', 'main:feature/x', 'v1.0'], { in: 'work' });
  head = (await world.ok(['rev-parse', 'main'], { in: 'work' })).trim();
});

afterAll(() => world.close());

const as = (token: World['reader']): RequestInit => ({ headers: { authorization: `Bearer ${token.reveal()}` } });

/** The names in an archive, as tar or unzip list them; `…/name` with the text after it for single ones. */
async function unpacked(response: Response, file: string): Promise<string[]> {
  const path = join(world.folder, file);
  writeFileSync(path, Buffer.from(await response.arrayBuffer()));
  return execFileSync('tar', ['-tzf', path], { encoding: 'utf8' }).trim().split('\n').sort();
}

describe('an archive', () => {
  it('has the files of its revision in one folder, as .gitattributes say', async () => {
    const response = await fetch(`${world.url}/ada/open/archive/v1.0.tar.gz`);
    expect(response.headers.get('content-type')).toBe('application/gzip');
    expect(response.headers.get('content-disposition')).toBe('attachment; filename=open-v1.0.tar.gz');
    expect(await unpacked(response, 'v1.tar.gz')).toEqual([
      'open-1.0/',
      'open-1.0/.gitattributes',
      'open-1.0/a.txt',
      'open-1.0/version.txt',
    ]);
    const path = join(world.folder, 'v1.tar.gz');
    const text = execFileSync('tar', ['-xzOf', path, 'open-1.0/version.txt'], { encoding: 'utf8' });
    expect(text).toBe(`${head}\n`);
  });

  it.each(['main', 'refs/heads/main', 'feature/x', 'feature%2Fx', 'refs/tags/v1.0', 'HEAD'])(
    'is there for %s, as tar and as zip',
    async (revision) => {
      const root = `open-${decodeURIComponent(revision)
        .replace(/^refs\/\w+\/v?/, '')
        .replace('/', '-')}`;
      const tar = await fetch(`${world.url}/ada/open/archive/${revision}.tgz`);
      expect(await unpacked(tar, 'some.tgz')).toContain(`${root}/a.txt`);
      const zip = Buffer.from(await (await fetch(`${world.url}/ada/open/archive/${revision}.zip`)).arrayBuffer());
      expect([zip.toString('latin1', 0, 2), zip.includes(`${root}/a.txt`)]).toEqual(['PK', true]);
    },
  );

  it('is made of one revision only: no range, no path, no option', async () => {
    for (const revision of ['gone', 'main~1', 'main..v1.0', 'main:a.txt', '--output=x', '-o', `${head}x`])
      expect([revision, (await fetch(`${world.url}/ada/open/archive/${revision}.zip`)).status]).toEqual([
        revision,
        404,
      ]);
    const answer = await fetch(`${world.url}/ada/open/archive/main.zip`, { method: 'POST' });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET']);
    const only = await fetch(`${world.url}/ada/open/archive/main.zip`, { method: 'HEAD' });
    expect([only.status, await only.text()]).toEqual([200, '']);
  });

  it('of a private repository is for those who may clone it, and looks like none to others', async () => {
    const url = `${world.url}/ada/closed/archive/main.tar.gz`;
    expect(await unpacked(await fetch(url, as(world.reader)), 'closed.tar.gz')).toContain('closed-main/a.txt');
    const basic = Buffer.from(`ada:${world.reader.reveal()}`).toString('base64');
    expect((await fetch(url, { headers: { authorization: `Basic ${basic}` } })).status).toBe(200);
    const stranger = await fetch(url);
    expect(stranger.status).toBe(401);
    const missing = await fetch(url.replace('closed', 'nothing'));
    expect([missing.status, await missing.text()]).toEqual([401, (await stranger.text()).replace('closed', 'nothing')]);
    expect(stranger.headers.get('www-authenticate')).toBe(missing.headers.get('www-authenticate'));
  });
});

it('GitHub’s API leads there, and clients bring their credentials along', async () => {
  const api = `${world.url}/api/v3/repos/ada/closed`;
  for (const [path, target] of [
    ['tarball/main', 'main.tar.gz'],
    ['zipball/feature/x', 'feature/x.zip'],
    ['tarball', `${head}.tar.gz`],
  ]) {
    const answer = await fetch(`${api}/${path}`, { ...as(world.reader), redirect: 'manual' });
    expect([answer.status, answer.headers.get('location')]).toEqual([302, `${world.url}/ada/closed/archive/${target}`]);
  }
  expect(await unpacked(await fetch(`${api}/tarball/main`, as(world.reader)), 'api.tar.gz')).toContain(
    'closed-main/a.txt',
  );
  expect((await fetch(`${api}/tarball/gone`, as(world.reader))).status).toBe(404);
  expect((await fetch(`${api}/tarball/main`)).status).toBe(401);
});

it('GitLab’s API sends it at once, whole or a part', async () => {
  const api = `${world.url}/api/v4/projects/ada%2Fclosed/repository/archive`;
  const root = `closed-main-${head}`;
  const whole = await fetch(`${api}.tar.gz`, as(world.reader));
  expect(whole.headers.get('content-disposition')).toBe(`attachment; filename=${root}.tar.gz`);
  expect(await unpacked(whole, 'gitlab.tar.gz')).toContain(`${root}/a.txt`);
  expect(await unpacked(await fetch(`${api}?sha=v1.0&path=a.txt`, as(world.reader)), 'part.tar.gz')).toEqual([
    `closed-v1.0-${head}-a.txt/`,
    `closed-v1.0-${head}-a.txt/a.txt`,
  ]);
  expect((await fetch(`${api}.zip?sha=main`, as(world.reader))).headers.get('content-type')).toBe('application/zip');
  for (const wrong of ['?sha=gone', '?path=gone', '?path=../a.txt', '.tar.bz2'])
    expect((await fetch(`${api}${wrong}`, as(world.reader))).status).toBe(404);
});
