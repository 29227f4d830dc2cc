/** Addresses as people and programs send them, over a real connection: doubled slashes, Go, browsers, API clients. */
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { once } from '../waits.ts';
import { makeWorld, type World } from './git/server.ts';

let world: World;
beforeAll(async () => {
  world = await makeWorld();
});
afterAll(() => world.close());

const basic = (): string => `Basic ${Buffer.from(`ada:${world.reader.reveal()}`).toString('base64')}`;

test.each([
  ['two slashes before the owner', '//ada/closed.git'],
  ['two before the name', '/ada//closed.git'],
  ['some at the end', '/ada/closed.git///'],
])('git clones from an address with %s, with a token alone', async (_what, path) => {
  const address = (user: string): string => `${world.url.replace('//', `//${user}`)}${path}`;
  await world.ok(['ls-remote', address(`ada:${world.reader.reveal()}@`)]);
  const refused = await world.git(['ls-remote', address('')]);
  expect(refused.code).not.toBe(0);
});

test('a request line with the whole address, as to a proxy, is decided like any other', async () => {
  const { host, port } = new URL(world.url);
  const statusOf = async (authorization: string): Promise<string> => {
    const socket = connect(Number(port), '127.0.0.1');
    const target = `http://${host}/ada/closed.git/info/refs?service=git-upload-pack`;
    socket.write(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\n${authorization}Connection: close\r\n\r\n`);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    return answer.toString('latin1').slice(9, 12);
  };
  expect(await statusOf('')).toBe('401');
  expect(await statusOf(`Authorization: ${basic()}\r\n`)).toBe('200');
});

test('a path that a proxy asks about is judged as it is passed on: doubled slashes are ambiguous there', async () => {
  // Envoy appends its client's path to ours, and forwards it unchanged. A server that reads two slashes differently
  // would answer another question than the one that was decided.
  const asked = async (path: string): Promise<[number, string | null]> => {
    const answer = await fetch(`${world.url}/forward-auth${path}`, { headers: { authorization: basic() } });
    return [answer.status, answer.headers.get('x-latchkey-reason')];
  };
  expect(await asked('/api/v3/user')).toEqual([200, null]);
  for (const path of ['//api/v3/user', '/api/v3//user', '/api//v3/repos/ada/closed'])
    expect(await asked(path)).toEqual([403, 'path_ambiguous']);
});

test.each(['/ada/closed.git', '/ada/closed.git/', '/nobody/nothing.git/'])(
  'the clone address %s, opened in a browser, leads to the page, whether the repository exists or not',
  async (path) => {
    const answer = await fetch(world.url + path, { redirect: 'manual', headers: { accept: 'text/html' } });
    expect(answer.status).toBe(301);
    expect(answer.headers.get('location')).toBe(path.replace(/\.git\/?$/, ''));
  },
);

test('the Go command is told where a module is, and nothing else, for every name alike', async () => {
  const told = async (path: string, headers: Record<string, string> = {}): Promise<string> => {
    const answer = await fetch(`${world.url}${path}?go-get=1`, { headers });
    expect(answer.status).toBe(200);
    return (await answer.text()).replaceAll(/ada\/\w+/g, 'NAME');
  };
  const host = new URL(world.url).host;
  expect(await told('/ada/open')).toContain(`<meta name="go-import" content="${host}/NAME git ${world.url}/NAME.git">`);
  expect(await told('/ada/closed')).toBe(await told('/ada/nothing'));
  expect(await told('/ada/closed/sub/package')).toBe(await told('/ada/closed', { authorization: basic() }));
  expect((await fetch(`${world.url}/?go-get=1`)).status).toBe(404);
  const hostile = await fetch(`${world.url}/ada/%22%3E%3Cscript%3E?go-get=1`);
  expect([hostile.status, await hostile.text()]).toEqual([404, 'No module is here.\n']);
});

test.each(['/user', '/user/repos', '/repos/ada/closed', '/ada/closed', '/rate_limit', '/graphql', '/'])(
  'an API client at %s hears in JSON where the APIs are',
  async (path) => {
    const answer = await fetch(world.url + path, { headers: { accept: 'application/vnd.github+json' } });
    expect(answer.status).toBe(404);
    expect(await answer.json()).toEqual({
      message:
        `There is no API at this address. The base address of GitHub's REST API is ${world.url}/api/v3, that of ` +
        `GitLab's is ${world.url}/api/v4.`,
      reason: 'endpoint_unknown',
      documentation_url: `${world.url}/api/v3/`,
    });
  },
);

test('an API client that posts to an address without its prefix is told the same', async () => {
  const headers = { accept: 'application/json', 'content-type': 'application/json' };
  const answer = await fetch(`${world.url}/user/repos`, { method: 'POST', headers, body: '{"name":"x"}' });
  expect(answer.status).toBe(404);
  expect(await answer.json()).toMatchObject({ reason: 'endpoint_unknown' });
});

test('an endpoint that does not exist is told from a resource that nobody may see', async () => {
  const reasonAt = async (path: string): Promise<unknown> =>
    (await (await fetch(`${world.url}/api/v3${path}`, { headers: { authorization: basic() } })).json()) as unknown;
  expect(await reasonAt('/no/such/endpoint')).toMatchObject({ message: 'Not Found', reason: 'endpoint_unknown' });
  expect(await reasonAt('/repos/ada/nothing')).toMatchObject({ message: 'Not Found', reason: 'not_found' });
});

test('a page of another site may speak git: preflights are answered, answers and refusals readable', async () => {
  const origin = 'https://ide.example';
  const preflight = async (path: string, method: string): Promise<Record<string, string>> => {
    const answer = await fetch(world.url + path, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': method },
    });
    expect(answer.status).toBe(204);
    const { date: _date, ...headers } = Object.fromEntries(answer.headers);
    return headers;
  };
  const list = '.git/info/refs?service=git-upload-pack';
  const known = await preflight(`/ada/closed${list}`, 'GET');
  expect(known).toMatchObject({ 'access-control-allow-origin': '*' });
  expect(known['access-control-allow-headers']).toMatch(/\bAuthorization\b.*\bGit-Protocol\b/);
  expect(known['access-control-allow-credentials']).toBeUndefined();
  expect(await preflight(`/ada/nothing${list}`, 'GET')).toEqual(known);
  expect(await preflight('/ada/closed.git/git-receive-pack', 'POST')).toEqual(known);

  const asked = async (name: string, headers: Record<string, string>): Promise<[number, string | null]> => {
    const answer = await fetch(`${world.url}/ada/${name}${list}`, { headers });
    await answer.arrayBuffer();
    return [answer.status, answer.headers.get('access-control-allow-origin')];
  };
  expect(await asked('open', { origin })).toEqual([200, '*']);
  expect(await asked('closed', { origin })).toEqual([401, '*']);
  expect(await asked('closed', { origin, authorization: basic() })).toEqual([200, '*']);
  expect(await asked('open', {})).toEqual([200, null]);
});
