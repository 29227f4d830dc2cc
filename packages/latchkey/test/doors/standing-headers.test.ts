/**
 * What every answer tells a browser, whichever door sends it and whatever its status, including errors before any door:
 * its type isn't guessed, nothing is loaded or framed, and only HTTPS is used. Also: clients that leave are not logged.
 */
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { once } from '../waits.ts';
import { FETCH_TYPE } from './git/server.ts';
import { type Running, startWorld } from './github/running.ts';

let world: Running;
let token: string;
beforeAll(async () => {
  world = await startWorld({
    publicUrl: 'https://git.example.org',
    trustedProxies: ['127.0.0.1'],
    bodyTimeoutSec: 1,
  });
  await world.person('ada');
  await world.repository('ada/open', 'public');
  token = (await world.token('ada', { kind: 'classic', scopes: ['repo', 'user'] })).secret;
});
afterEach(() => vi.restoreAllMocks());
afterAll(() => world.close());

/** The server's output after these bytes, up to the end of the connection. */
async function answerTo(bytes: string): Promise<string> {
  const socket = connect(Number(new URL(world.server.url).port), '127.0.0.1');
  socket.setEncoding('latin1').on('error', () => undefined);
  let said = '';
  socket.on('data', (text: string) => {
    said += text;
  });
  socket.write(bytes, 'latin1');
  await once(socket, 'close');
  return said;
}

const request = (line: string, headers: readonly string[] = [], body = ''): string =>
  [`${line} HTTP/1.1`, 'Host: git.example.org', 'Connection: close', ...headers, '', body].join('\r\n');
const form = (path: string, body: string): string =>
  request(
    `POST ${path}`,
    ['Content-Type: application/x-www-form-urlencoded', `Content-Length: ${body.length}`, 'Accept: text/html'],
    body,
  );
const basic = (password: string): string => `Authorization: Basic ${Buffer.from(`ada:${password}`).toString('base64')}`;
const forwarded = (path: string, ...headers: string[]): string =>
  request('GET /forward-auth', ['X-Forwarded-Method: GET', `X-Forwarded-Uri: ${path}`, ...headers]);

const ANSWERS: readonly [status: number, what: string, bytes: () => string][] = [
  [200, 'a page', () => request('GET /login', ['Accept: text/html'])],
  [303, 'a page that asks who it is', () => request('GET /settings/profile', ['Accept: text/html'])],
  [404, 'no page', () => request('GET /nowhere/at/all', ['Accept: text/html'])],
  [422, 'a form without its token', () => form('/login', 'form=sign-in&login=ada&password=x')],
  [200, 'the reference of the API', () => request('GET /api/v3/docs', ['Accept: text/html'])],
  [200, 'GitHub’s API', () => request('GET /api/v3/user', [`Authorization: Bearer ${token}`])],
  [401, 'GitHub’s API to nobody', () => request('GET /api/v3/user')],
  [404, 'GitHub’s API, no such endpoint', () => request('GET /api/v3/nowhere')],
  [
    400,
    'GitHub’s API, no JSON',
    () => request('PATCH /api/v3/user', [`Authorization: Bearer ${token}`, 'Content-Length: 1'], '{'),
  ],
  [401, 'GitLab’s API to nobody', () => request('GET /api/v4/user')],
  [404, 'GitLab’s API, no such endpoint', () => request('GET /api/v4/nowhere')],
  [401, 'OAuth, a wrong form', () => form('/login/oauth/access_token', 'grant_type=x')],
  [
    415,
    'OAuth, no form',
    () => request('POST /login/oauth/access_token', ['Content-Type: text/x', 'Content-Length: 1'], 'x'),
  ],
  [
    200,
    'git, what it can do',
    () => request('GET /ada/open.git/info/refs?service=git-upload-pack', ['Git-Protocol: version=2']),
  ],
  [200, 'git, a list of refs', () => request('GET /ada/open.git/info/refs?service=git-upload-pack')],
  [
    200,
    'git, a list before a push',
    () => request('GET /ada/open.git/info/refs?service=git-receive-pack', [basic(token)]),
  ],
  [
    200,
    'git, refs in version 2',
    () =>
      request(
        'POST /ada/open.git/git-upload-pack',
        ['Git-Protocol: version=2', `Content-Type: ${FETCH_TYPE}`, 'Content-Length: 23'],
        '0013command=ls-refs0000',
      ),
  ],
  [401, 'git to nobody', () => request('GET /ada/closed.git/info/refs?service=git-upload-pack')],
  [401, 'git, a wrong token', () => request('GET /ada/open.git/info/refs?service=git-upload-pack', [basic('wrong')])],
  [403, 'git, the dumb protocol', () => request('GET /ada/open.git/info/refs')],
  [405, 'git, a wrong method', () => request('PUT /ada/open.git/info/refs?service=git-upload-pack')],
  [
    204,
    'git, a preflight',
    () =>
      request('OPTIONS /ada/open.git/info/refs?service=git-upload-pack', [
        'Origin: https://a.example',
        'Access-Control-Request-Method: GET',
      ]),
  ],
  [200, 'forward authorization, yes', () => forwarded('/api/v3/repos/ada/open', `Authorization: Bearer ${token}`)],
  [401, 'forward authorization, nobody', () => forwarded('/api/v3/repos/ada/closed')],
  [403, 'forward authorization, no', () => forwarded('/api/v3/repos/ada/nowhere', `Authorization: Bearer ${token}`)],
  [403, 'forward authorization, unreadable', () => forwarded('/a#b')],
  [401, 'a resource server that nobody knows', () => form('/oauth/introspect', 'token=x')],
  [200, 'health', () => request('GET /healthz')],
  [200, 'readiness', () => request('GET /readyz')],
  [404, 'no TRACE', () => request('TRACE /login', ['X-Secret: told-to-nobody'])],
  [
    400,
    'a length beside chunks',
    () => request('POST /login', ['Content-Length: 4', 'Transfer-Encoding: chunked'], '0\r\n\r\n'),
  ],
  [400, 'two hosts', () => request('GET /login', ['Host: other.example'])],
  [400, 'no host', () => 'GET /login HTTP/1.1\r\nConnection: close\r\n\r\n'],
  [400, 'a line that was to be the host', () => request('GET /login').replace('Host:', 'Hos:')],
  [200, 'HTTP/1.0, which may have no host', () => 'GET /login HTTP/1.0\r\n\r\n'],
  [200, 'an expectation that nobody knows', () => request('GET /login', ['Expect: a-miracle'])],
  [400, 'a tunnel', () => request('CONNECT other.example:443')],
  [400, 'no HTTP', () => 'nonsense\r\n\r\n'],
  [431, 'too many headers', () => request('GET /login', [`X: ${'x'.repeat(20_000)}`])],
  [
    408,
    'a body that does not come',
    () => request('PATCH /api/v3/user', [`Authorization: Bearer ${token}`, 'Content-Length: 5']),
  ],
];

/** Text with its charset, or one of git's own types. */
const TYPE = /^(?:text\/(?:plain|html)|application\/(?:\w+\+)?json); charset=utf-8$|^application\/x-git-/;

describe('every answer', () => {
  it.each(ANSWERS)('with status %i says how it is to be read: %s', async (status, _, bytes) => {
    const answer = await answerTo(bytes());
    const [head = '', body = ''] = answer.split('\r\n\r\n');
    const values = (name: string): string[] =>
      [...head.matchAll(new RegExp(`^${name}: (.*)$`, 'gim'))].map(([, value]) => value!.trim());
    expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer).not.toContain('told-to-nobody');
    const framed = /^transfer-encoding: chunked$/im.test(head) ? '0\r\n' : '';
    if (body !== framed) expect(values('content-type')).toEqual([expect.stringMatching(TYPE)]);
    expect(values('x-content-type-options')).toEqual(['nosniff']);
    expect(values('strict-transport-security')).toEqual(['max-age=31536000; includeSubDomains']);
    expect(values('content-security-policy')).toEqual([expect.stringMatching(/default-src 'none'/)]);
    expect(values('content-security-policy')[0]).toMatch(/frame-ancestors 'none'/);
  });
});

describe('a client that goes away', () => {
  const AWAY: readonly [door: string, head: () => string][] = [
    ['a form', () => form('/login', 'form=sign-in').replace('Content-Length: 12', 'Content-Length: 99')],
    [
      'GitHub’s API',
      () => request('PATCH /api/v3/user', [`Authorization: Bearer ${token}`, 'Content-Length: 99'], '{'),
    ],
    [
      'GitLab’s API',
      () =>
        request(
          'POST /api/v4/personal_access_tokens/self/rotate',
          [`PRIVATE-TOKEN: ${token}`, 'Content-Type: application/json', 'Content-Length: 99'],
          '{',
        ),
    ],
    [
      'OAuth',
      () => form('/login/oauth/access_token', 'grant_type=x').replace('Content-Length: 12', 'Content-Length: 99'),
    ],
    ['introspection', () => form('/oauth/introspect', 'token=x').replace('Content-Length: 7', 'Content-Length: 99')],
    [
      'git',
      () =>
        request(
          'POST /ada/open.git/git-receive-pack',
          [basic(token), 'Content-Type: application/x-git-receive-pack-request', 'Content-Length: 99'],
          '00',
        ),
    ],
    ['forward authorization', () => forwarded('/api/v3/repos/ada/open', 'Content-Length: 99')],
  ];

  it.each(AWAY)('in the middle of a request is no error for the log: %s', async (_, head) => {
    const { log, metrics } = world.server.context;
    const [errors, warnings, served] = [vi.spyOn(log, 'error'), vi.spyOn(log, 'warn'), vi.spyOn(metrics, 'served')];
    const socket = connect(Number(new URL(world.server.url).port), '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(head().replace('Connection: close', 'Connection: keep-alive'));
    // When a later request is answered, the server has read the earlier ones.
    await answerTo(request('GET /healthz'));
    socket.resetAndDestroy();
    await vi.waitFor(() => expect(served).toHaveBeenCalledTimes(2), { timeout: 20_000 });
    expect([...errors.mock.calls, ...warnings.mock.calls]).toEqual([]);
  });
});
