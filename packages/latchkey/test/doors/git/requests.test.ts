import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, basic, type Call, call, FETCH_TYPE, makeWorld, PUSH_TYPE, type World } from './server.ts';

let world: World;
const LS_REFS = '0014command=ls-refs\n00010000';

beforeAll(async () => {
  world = await makeWorld();
  await world.ok(['init', '-q', 'seed']);
  await writeFile(join(world.folder, 'seed', 'file.txt'), 'one\n');
  await world.ok(['add', '.'], { in: 'seed' });
  await world.ok(['commit', '-qm', 'one'], { in: 'seed' });
  await world.ok(['push', '-q', world.remote('ada/closed', world.full), 'main'], { in: 'seed' });
});
afterAll(() => world.close());

function post(service: 'upload' | 'receive', body: Buffer | string, more: Call = {}): Promise<Answer> {
  const type = service === 'upload' ? FETCH_TYPE : PUSH_TYPE;
  const headers = { ...basic(world.full), 'Content-Type': type, 'Git-Protocol': 'version=2', ...more.headers };
  return call(world.url, `/ada/closed.git/git-${service}-pack`, { method: 'POST', body, ...more, headers });
}

/** A definite refusal: a 4xx status, and at most four lines of text. */
function expectWords(answer: Answer, status: number, words: string | RegExp): void {
  expect(answer.status).toBe(status);
  expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
  expect(answer.headers['cache-control']).toBe('no-store');
  expect(answer.body).toMatch(words);
  expect(answer.body.trimEnd().split('\n').length).toBeLessThanOrEqual(4);
}

describe('what the git door answers', () => {
  it('lists capabilities to authorized readers', async () => {
    const answer = await call(world.url, '/ada/closed.git/info/refs?service=git-upload-pack', {
      headers: { ...basic(world.reader), 'Git-Protocol': 'version=2' },
    });
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('application/x-git-upload-pack-advertisement');
    expect(answer.headers['cache-control']).toBe('no-cache, max-age=0, must-revalidate');
    expect(answer.body).toMatch(/^000eversion 2\n/);
    expect(answer.body).toContain('fetch=shallow wait-for-done filter');
    expect(answer.body).toContain('object-format=sha1');
  });

  it.each([
    ['with doubled slashes', () => '//ada///closed.git//info/refs'],
    ['in its absolute form, as clients of a proxy send it', () => `${world.url}/ada/closed.git/info/refs`],
    ['in its absolute form, with doubled slashes', () => `${world.url}//ada//closed.git/info/refs`],
  ])('reads a target %s as the same address, for those who may and for nobody else', async (_, target) => {
    const path = `${target()}?service=git-upload-pack`;
    const headers = { 'Git-Protocol': 'version=2' };
    const allowed = await call(world.url, path, { headers: { ...headers, ...basic(world.reader) } });
    expect([allowed.status, allowed.body.slice(0, 14)]).toEqual([200, '000eversion 2\n']);
    expect((await call(world.url, path, { headers })).status).toBe(401);
  });

  it('serves git where the address of a clone has slashes too many, before, within and at the end', async () => {
    const remote = world.remote('ada/closed', world.reader);
    for (const address of [remote.replace('/ada/', '//ada//'), `${remote}/`, `${remote}//`])
      expect(await world.ok(['ls-remote', address, 'main'])).toContain('refs/heads/main');
  });

  it.each(['gzip', 'x-gzip', 'GZIP'])('reads a body in %s', async (encoding) => {
    const answer = await post('upload', gzipSync(LS_REFS), { headers: { 'Content-Encoding': encoding } });
    expect(answer.status).toBe(200);
    expect(answer.body).toContain('refs/heads/main');
  });

  it('sends for the body when the answer can be yes, and only then', async () => {
    const yes = await post('upload', LS_REFS, { headers: { Expect: '100-continue' } });
    expect(yes).toMatchObject({ status: 200, continued: true });
    const no = await post('receive', 'x', { headers: { Expect: '100-continue', ...basic(world.reader) } });
    expect(no).toMatchObject({ status: 403, continued: false });
    expect(no.headers['connection']).toBe('close');
  });

  it('answers the question whether a push may come', async () => {
    expect(await post('receive', '0000')).toMatchObject({ status: 200, body: '' });
  });

  it.each([
    ['no credentials', {}, 401],
    ['no credentials, no such repository', {}, 401],
  ])('asks for a password with %s', async (what, headers, status) => {
    const answer = await call(
      world.url,
      `/ada/${what.includes('such') ? 'nothing' : 'closed'}.git/info/refs?service=git-upload-pack`,
      { headers },
    );
    expectWords(answer, status, /./);
    expect(answer.headers['www-authenticate']).toMatch(/^Basic realm="Latchkey"/);
  });

  it('says the same of a private repository and of none, to a stranger', async () => {
    const [closed, nothing] = await Promise.all(
      ['closed', 'nothing'].map((name) => call(world.url, `/ada/${name}.git/info/refs?service=git-upload-pack`)),
    );
    expect(closed!.body.replaceAll('closed', 'nothing')).toBe(nothing!.body);
  });

  it('tells a bad credential on a public repository', async () => {
    const answer = await call(world.url, '/ada/open.git/info/refs?service=git-upload-pack', {
      headers: { Authorization: `Basic ${Buffer.from('ada:correct horse').toString('base64')}` },
    });
    expectWords(answer, 401, /./);
  });

  it.each([
    ['git/2.0 (libgit2 1.9.1)', 'error-line'],
    ['JGit/7.1.0.202411261347-r', 'error-line'],
    ['git/dulwich/1.2.21', 'error-line'],
    ['Mozilla/5.0 (X11; Linux x86_64)', 'reason-phrase'],
    ['go-git/5.x', 'body'],
    ['git/2.39.5', 'body'],
    ['git/2.50.1.windows.1', 'body'],
  ])('says no to %s where that prints it: %s', async (agent, place) => {
    const ask = (headers: Record<string, string>): Promise<Answer> =>
      call(world.url, '/ada/none.git/info/refs?service=git-upload-pack', {
        headers: { 'User-Agent': agent, ...headers },
      });
    const no = await ask(basic(world.full));
    const said = 'ada/none does not exist';
    expect([no.status, no.headers['cache-control']]).toEqual([place === 'error-line' ? 200 : 404, 'no-store']);
    expect(no.body.startsWith('001e# service=git-upload-pack\n0000')).toBe(place === 'error-line');
    expect(no.body).toContain(place === 'error-line' ? `ERR ${said}` : said);
    expect(no.statusMessage.includes(said)).toBe(place === 'reason-phrase');
    // Callers without a living credential are asked for one, whoever they are.
    const dead = { Authorization: `Basic ${Buffer.from('ada:lkc_nonsense').toString('base64')}` };
    for (const headers of [{}, dead])
      expect(await ask(headers)).toMatchObject({
        status: 401,
        headers: { 'www-authenticate': expect.stringContaining('Basic'), 'content-type': 'text/plain; charset=utf-8' },
      });
  });

  it('says to go-git in an error line what it would drop beside a 400', async () => {
    const Authorization = `Basic ${Buffer.from('ada:$LATCHKEY_TOKEN').toString('base64')}`;
    const answer = await call(world.url, '/ada/closed.git/info/refs?service=git-upload-pack', {
      headers: { 'User-Agent': 'go-git/5.x', Authorization },
    });
    expect([answer.status, answer.body]).toEqual([200, expect.stringMatching(/ERR What came .* is the name of a var/)]);
  });

  it('refuses two Authorization headers', async () => {
    const { Authorization } = basic(world.full);
    const answer = await call(world.url, '/ada/closed.git/info/refs?service=git-upload-pack', {
      headers: { Authorization: [Authorization, Authorization] },
    });
    expectWords(answer, 400, /More than one Authorization header/);
  });

  it.each<[string, string, Call, number, RegExp]>([
    [
      'another method for the list',
      '/ada/closed.git/info/refs?service=git-upload-pack',
      { method: 'POST' },
      405,
      /Only GET/,
    ],
    ['another method for a call', '/ada/closed.git/git-upload-pack', { method: 'PUT' }, 405, /Only POST/],
    ['OPTIONS', '/ada/closed.git/git-upload-pack', { method: 'OPTIONS' }, 405, /Only POST/],
    [
      'a form',
      '/ada/closed.git/git-upload-pack',
      { method: 'POST', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } },
      415,
      /Content-Type must be/,
    ],
    [
      "the other service's type",
      '/ada/closed.git/git-upload-pack',
      { method: 'POST', headers: { 'Content-Type': PUSH_TYPE } },
      415,
      /Content-Type must be/,
    ],
    ['no type', '/ada/closed.git/git-upload-pack', { method: 'POST' }, 415, /Content-Type must be/],
    [
      'brotli',
      '/ada/closed.git/git-upload-pack',
      { method: 'POST', headers: { 'Content-Type': FETCH_TYPE, 'Content-Encoding': 'br' } },
      415,
      /must be gzip/,
    ],
    [
      'two encodings',
      '/ada/closed.git/git-upload-pack',
      { method: 'POST', headers: { 'Content-Type': FETCH_TYPE, 'Content-Encoding': 'gzip, gzip' } },
      415,
      /must be gzip/,
    ],
    ['the dumb protocol', '/ada/closed.git/HEAD', {}, 403, /smart HTTP/],
    ['another service', '/ada/closed.git/info/refs?service=git-upload-archive', {}, 400, /git-upload-pack/],
    ['a path that climbs', '/ada/%2e%2e/info/refs?service=git-upload-pack', {}, 400, /not the address of a repository/],
    ['what git does not ask for', '/ada/closed.git/config', {}, 404, /nothing at this address/],
  ])('refuses %s in words for people', async (_what, path, options, status, words) => {
    expectWords(await call(world.url, path, options), status, words);
  });

  it('names the method that is possible', async () => {
    expect((await call(world.url, '/ada/closed.git/git-upload-pack', { method: 'GET' })).headers['allow']).toBe('POST');
    expect(
      (await call(world.url, '/ada/closed.git/info/refs?service=git-upload-pack', { method: 'HEAD' })).headers['allow'],
    ).toBe('GET');
  });

  it.each<[string, 'upload' | 'receive', Buffer | string, Record<string, string>]>([
    ['nothing', 'upload', '', {}],
    ['nothing, as a push', 'receive', '', {}],
    ['no pkt-line', 'upload', 'hello', {}],
    ['no pkt-line, in version 0', 'upload', 'hello', { 'Git-Protocol': '' }],
    ['no pkt-line, as a push', 'receive', 'zzzz', {}],
    ['a length of 3', 'upload', '0003', {}],
    ['a line that ends early', 'upload', '0032command=ls', {}],
    ['a line that ends early, as a push', 'receive', '00a0deadbeef', {}],
    ['an unknown command', 'upload', '0011command=evil\n0000', {}],
    ['a want of no object', 'upload', '000bwant x\n0000', { 'Git-Protocol': '' }],
    ['gzip that is none', 'upload', 'hello', { 'Content-Encoding': 'gzip' }],
    ['gzip that ends early', 'upload', gzipSync(LS_REFS).subarray(0, 20), { 'Content-Encoding': 'gzip' }],
    ['zeros', 'receive', Buffer.alloc(1000), {}],
    ['many bytes of anything', 'receive', Buffer.alloc(5_000_000, 0xff), {}],
  ])('refuses a body of %s', async (_what, service, body, headers) => {
    expectWords(await post(service, body, { headers }), 400, /Git could not read this request/);
    expect(world.server.context.git.load()).toEqual({ running: 0, queued: 0 });
  });

  it('refuses a truncated pack in band, and changes nothing', async () => {
    const before = await world.ok(['ls-remote', world.remote('ada/closed', world.full)]);
    const zero = '0'.repeat(40);
    const line = `${zero} ${'1'.repeat(40)} refs/heads/bad\0report-status`;
    const answer = await post(
      'receive',
      `${(line.length + 4).toString(16).padStart(4, '0')}${line}0000PACK\0\0\0\u0002\0\0\0\u0001`,
    );
    expect(answer.status).toBe(200);
    expect(answer.body).toMatch(/unpack .*(?:abnormal|failed|eof)/i);
    expect(answer.body).toContain('ng refs/heads/bad');
    expect(await world.ok(['ls-remote', world.remote('ada/closed', world.full)])).toBe(before);
  });

  it('serves a repository under any spelling of its name', async () => {
    expect(await world.ok(['ls-remote', world.remote('ADA/Closed', world.reader)])).toContain('refs/heads/main');
  });

  it('refuses a workflow file in band, with the reason', async () => {
    await world.ok(['checkout', '-qb', 'ci'], { in: 'seed' });
    await mkdir(join(world.folder, 'seed', '.github/workflows'), { recursive: true });
    await writeFile(join(world.folder, 'seed', '.github/workflows/ci.yml'), 'on: push\n');
    await world.ok(['add', '.'], { in: 'seed' });
    await world.ok(['commit', '-qm', 'ci'], { in: 'seed' });
    const refused = await world.git(['push', world.remote('ada/closed', world.writer), 'ci'], { in: 'seed' });
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain('remote:   .github/workflows/ci.yml');
    expect(refused.stderr).toMatch(/remote: .*workflows/);
    await world.ok(['push', '-q', world.remote('ada/closed', world.full), 'ci'], { in: 'seed' });
  });
});

describe('a POST that announces no body', () => {
  /** The first line of the answer. Node's client and curl send `Content-Length: 0`; many others send nothing. */
  async function statusOf(path: string, headers: Readonly<Record<string, string>>): Promise<string> {
    const socket = connect(Number(new URL(world.url).port), '127.0.0.1');
    const lines = Object.entries({ Host: 'localhost', Connection: 'close', ...headers }).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    );
    socket.write(`POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
    return (await text(socket)).split('\r\n', 1)[0]!;
  }

  it.each([
    ['/ada/closed.git/git-upload-pack', { 'Content-Type': FETCH_TYPE, 'Git-Protocol': 'version=2' }],
    ['/ada/closed.git/git-upload-pack', { 'Content-Type': FETCH_TYPE, 'Content-Encoding': 'gzip' }],
    ['/ada/closed.git/git-receive-pack', { 'Content-Type': PUSH_TYPE }],
    ['/api/v3/user/repos', { 'Content-Type': 'application/json' }],
    ['/api/v4/projects', {}],
    ['/login', { 'Content-Type': 'application/x-www-form-urlencoded', 'Sec-Fetch-Site': 'same-origin' }],
    ['/device/code', {}],
  ])('to %s is answered with a definite no: %j', async (path, headers) => {
    expect(await statusOf(path, { ...basic(world.full), ...headers })).toMatch(/^HTTP\/1\.1 4\d\d /);
  });
});
