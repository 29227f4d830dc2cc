/** Attacks on the forward door, each told as an attempt. */

import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startServer } from '../../../src/app.ts';
import { loadSettings } from '../../../src/base/settings/settings.ts';
import { dontReadLog } from '../../actions/context.ts';
import { readyDatabase } from '../../engines/engines.ts';
import { within } from '../../waits.ts';
import { forwardWorld } from './door.ts';

describe('somebody with a token for one thing', () => {
  it.each([
    ['an encoded climb out of a public repository', 'GET /api/v3/repos/acme/docs/%2e%2e/site/hooks'],
    ['a climb that only the server behind resolves', 'GET /api/v3/repos/acme/docs/../site/hooks'],
    ['a climb encoded twice', 'GET /api/v3/repos/acme/docs/%252e%252e/site/hooks'],
    ['a climb with mixed encoding', 'GET /api/v3/repos/acme/docs/.%2E/site/hooks'],
    ['a dot segment', 'GET /api/v3/repos/acme/docs/./hooks'],
    ['an empty segment', 'GET /api/v3/repos//acme/docs'],
    ['a path that begins with another host', 'GET //evil.example/api/v3/repos/acme/docs'],
    ['a path parameter', 'GET /api/v3/repos/acme/docs;/../site'],
    ['a path parameter that is encoded', 'GET /api/v3/repos/acme/docs%3Bx'],
    ['a backslash', 'GET /api/v3/repos/acme/docs\\..\\site'],
    ['an encoded backslash', 'GET /api/v3/repos/acme/docs%5c..%5csite'],
    ['a null character', 'GET /api/v3/repos/acme/docs%00'],
    ['a dot at the end', 'GET /api/v3/repos/acme/docs.'],
    ['a space at the end', 'GET /api/v3/repos/acme/docs%20'],
    ['a line break', 'GET /api/v3/repos/acme/docs%0d%0aX-Evil:1'],
    ['half a percent sign', 'GET /api/v3/repos/acme/docs%2'],
    ['bytes that are no UTF-8', 'GET /api/v3/repos/acme/docs%ff'],
    ['a fragment', 'GET /api/v3/repos/acme/docs#/../site'],
    ['a fragment that hides the end of the path', 'GET /api/v3/repos/acme/docs#/hooks'],
    ['a fragment in the query', 'GET /api/v3/repos/acme/docs?a=1#b'],
    ['an absolute address', 'GET http://127.0.0.1/api/v3/repos/acme/docs'],
    ['a climb inside an encoded slash', 'GET /api/v3/repos/acme/docs/contents/a%2F..%2F..%2Fsite'],
    ['an encoded slash that makes one segment of two', 'GET /api/v3/repos/acme%2Fdocs'],
    ['an encoded slash that hides which route is meant', 'GET /api/v3/repos/acme/docs/branches/main%2Fprotection'],
    ['capitals in what is not a name', 'GET /API/v3/repos/acme/docs'],
    ['capitals in what is not a name', 'GET /api/v3/Repos/acme/docs'],
    ['a path of ten thousand segments', `GET /api/v3/repos/acme/docs/contents/${'a/'.repeat(10_000)}b`],
  ])('gets nowhere with %s', async (_what, operation) => {
    const world = await forwardWorld();
    const token = await world.token('cy');
    const answer = await world.nginx(operation, token);
    expect(answer.status).toBe(403);
    expect(answer.headers['x-latchkey-reason']).toMatch(/^path_|^route_unknown$/);
  });

  it('reads the public repository by its plain address, and the private one not at all', async () => {
    const world = await forwardWorld();
    const token = await world.token('cy');
    expect((await world.nginx('GET /api/v3/repos/acme/docs', token)).status).toBe(200);
    expect(await world.nginx('GET /api/v3/repos/acme/site', token)).toMatchObject({
      status: 403,
      headers: { 'x-latchkey-reason': 'not_found' },
    });
    expect(await world.nginx('GET /api/v3/repos/acme/nothing', token)).toMatchObject({
      status: 403,
      headers: { 'x-latchkey-reason': 'not_found' },
    });
  });

  it('can’t reach a repository that differs in capitals alone on a server behind that minds them', async () => {
    const world = await forwardWorld();
    const token = await world.token('ada');
    expect((await world.nginx('GET /acme/site.git/info/refs?service=git-upload-pack', token)).status).toBe(200);
    const other = await world.nginx('GET /Acme/SITE.git/info/refs?service=git-upload-pack', token);
    expect(other).toMatchObject({ status: 403, headers: { 'x-latchkey-reason': 'name_spelled_otherwise' } });
    expect(other.text).toBe('It is spelled otherwise here: acme/site\n');
    const stranger = await world.nginx('GET /Acme/SITE.git/info/refs?service=git-upload-pack', await world.token('cy'));
    expect(stranger.headers['x-latchkey-reason']).toBe('not_found');
    expect(stranger.text).not.toContain('spelled');
  });

  it('can’t push through the door for fetching', async () => {
    const world = await forwardWorld();
    const grant = { owner: 'ada', selection: 'all' as const, repositories: [], permissions: {}, justification: null };
    const reader = await world.token('ada', {
      kind: 'fine-grained',
      scopes: [],
      grants: [{ ...grant, owner: 'acme', permissions: { contents: 'read' } }],
    });
    const refs = '/acme/site.git/info/refs';
    expect((await world.nginx(`GET ${refs}?service=git-upload-pack`, reader)).status).toBe(200);
    for (const query of [
      '?service=git-receive-pack',
      '?service=git-upload-pack&service=git-receive-pack',
      '?x=1;service=git-receive-pack',
      '?%73ervice=git-receive-pack',
      '?service=git-upload-pack%00',
    ]) {
      expect((await world.nginx(`GET ${refs}${query}`, reader)).status, query).toBe(403);
    }
    expect((await world.nginx('POST /acme/site.git/git-receive-pack', reader)).status).toBe(403);
  });
});

describe('somebody who forges what proxies say', () => {
  it('is ignored from an address that is not a proxy’s', async () => {
    const world = await forwardWorld();
    const token = await world.token('ada');
    const answer = await world.ask(
      '/forward-auth',
      [
        ['X-Original-Method', 'GET'],
        ['X-Original-URI', '/api/v3/user'],
        ['Authorization', `Bearer ${token}`],
      ],
      { from: '203.0.113.9' },
    );
    expect(answer.status).toBe(403);
    expect(answer.text).toBe(
      "Only a trusted proxy may ask here. The server's administrator names it with --trusted-proxy.\n",
    );
  });

  it('can’t add an address in another convention to the one that the proxy sends', async () => {
    const world = await forwardWorld();
    const token = await world.token('cy');
    for (const forged of [
      ['X-Forwarded-Uri', '/api/v3/user'],
      ['X-Original-URL', 'https://git.example.org/api/v3/user'],
      ['X-Original-URI', '/api/v3/user'],
    ] as const) {
      expect(await world.nginx('GET /api/v3/repos/acme/site', token, [forged])).toMatchObject({ status: 403 });
    }
    const behindEnvoy = await world.ask('/forward-auth/api/v3/repos/acme/site', [
      ['X-Original-URI', '/api/v3/user'],
      ['Authorization', `Bearer ${token}`],
    ]);
    expect(behindEnvoy.headers['x-latchkey-reason']).toBe('address_twice');
  });

  it('can’t send a second Authorization header, a second host, or a token beside another', async () => {
    const world = await forwardWorld();
    const [mine, hers] = [await world.token('cy'), await world.token('ada')];
    expect(
      (await world.nginx('GET /api/v3/user', mine, [['Authorization', `Bearer ${hers}`]])).headers['x-latchkey-reason'],
    ).toBe('authorization_twice');
    expect(
      (
        await world.nginx('GET /api/v3/user', mine, [
          ['X-Original-Host', 'a.example'],
          ['X-Original-Host', 'b.example'],
        ])
      ).headers['x-latchkey-reason'],
    ).toBe('header_twice');
    expect(
      (
        await world.ask('/forward-auth/api/v3/user', [
          ['Host', 'a.example'],
          ['host', 'b.example'],
        ])
      ).headers['x-latchkey-reason'],
    ).toBe('header_twice');
    expect((await world.nginx('GET /api/v3/user', mine, [['PRIVATE-TOKEN', hers]])).headers['x-latchkey-reason']).toBe(
      'credentials_malformed',
    );
  });

  it('can’t come from an allowed address by saying so', async () => {
    const world = await forwardWorld();
    const token = await world.token('ada', { allowedAddresses: ['10.0.0.0/8'] });
    const from = (chain: string): Promise<{ status: number }> =>
      world.nginx('GET /api/v3/user', token, [['X-Forwarded-For', chain]]);
    expect((await from('10.1.2.3')).status).toBe(200);
    expect((await from('10.1.2.3, 203.0.113.9')).status).toBe(403);
  });

  it('can’t make the proxy pass on an identity they claim: each identity header is set, even for nobody', async () => {
    const world = await forwardWorld();
    const answer = await world.nginx('GET /acme/docs.git/info/refs?service=git-upload-pack', null, [
      ['Remote-User', 'ada'],
      ['X-Token-Permissions', 'administration=write'],
    ]);
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({
      'remote-user': '',
      'remote-name': '',
      'x-token-id': '',
      'x-token-kind': '',
      'x-token-permissions': '',
    });
  });

  it('can’t hide a second line in a refusal', async () => {
    const world = await forwardWorld();
    const token = await world.token('ada');
    // Such names are no longer accepted, but an old one may still exist.
    await world.ctx.store.db.updateTable('tokens').set({ name: 'x"\u2028\u00e9, error="none' }).execute();
    const { headers } = await world.nginx('DELETE /api/v3/repos/acme/site', token);
    expect(headers['x-latchkey-message']).toMatch(/^[\x20-\x7e]+$/);
    const parameters = ['error_description="[^"]*"', 'scope="[^"]+"', 'resource_metadata="[^"]+"'];
    expect(headers['www-authenticate']).toMatch(
      new RegExp(`^Bearer realm="Latchkey", error="insufficient_scope", ${parameters.join(', ')}$`),
    );
  });
});

describe('somebody who spells a header with an underscore', () => {
  it('is nobody else for a service that gets headers as variables, and asks for nothing else', async () => {
    const world = await forwardWorld();
    const token = await world.token('cy');
    for (const [name, value] of [
      ['Remote_User', 'ada'],
      ['X_Token_Permissions', 'administration=write'],
      ['X_HTTP_Method_Override', 'DELETE'],
      ['X_Original_URI', '/api/v3/user'],
      ['X_Forwarded_For', '192.0.2.1'],
      ['remote_user', ''],
    ] as const) {
      const { status, headers } = await world.nginx('GET /api/v3/repos/acme/docs', token, [[name, value]]);
      expect([name, status, headers['x-latchkey-reason']]).toEqual([name, 403, 'header_misspelled']);
    }
    expect((await world.nginx('GET /api/v3/repos/acme/docs', token, [['X_Own_Header', 'x']])).status).toBe(200);
  });
});

describe('somebody who breaks things', () => {
  it('is denied when the store can’t be asked, and told when to come again', async () => {
    const world = await forwardWorld();
    const token = await world.token('ada');
    dontReadLog(world.ctx);
    await world.ctx.store.close();
    const answer = await world.nginx('GET /api/v3/user', token);
    expect(answer).toMatchObject({
      status: 503,
      headers: { 'x-latchkey-reason': 'database_unavailable', 'retry-after': '5' },
    });
  });

  it('gets a definite answer to a header of a megabyte, and to two Host headers, from the real listener', async () => {
    const database = await readyDatabase('sqlite');
    onTestFinished(database.remove);
    const server = await startServer(
      loadSettings({ flags: { data: database.dataDir, port: 0, logLevel: 'silent' }, env: {} }),
    );
    onTestFinished(() => server.close());
    const send = async (request: string): Promise<string> => {
      const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
      let answer = '';
      socket
        .setEncoding('latin1')
        .on('data', (chunk: string) => (answer += chunk))
        .on('error', () => {});
      socket.write(request);
      // A server that has read enough closes while the rest is on its way.
      await within(new Promise((resolve) => socket.once('close', resolve)), 'the end of the connection');
      return answer;
    };
    const head = 'GET /forward-auth/acme/docs HTTP/1.1\r\nConnection: close\r\n';
    expect(await send(`${head}Host: a\r\nX-Original-URI: /${'a'.repeat(1024 * 1024)}\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 431 /,
    );
    expect(await send(`${head}Host: a\r\nHost: b\r\n\r\n`)).toMatch(/^HTTP\/1\.1 40[03] /);

    // A proxy passes the length of a body on, but not the body. Its client has chosen the length so that the next
    // question is eaten up to a header of its own, from where the rest reads like a question about something public.
    const hidden = 'GET /forward-auth/acme/docs HTTP/1.1\r\nHost: a\r\n\r\n';
    const next = `GET /forward-auth HTTP/1.1\r\nX-Original-Method: GET\r\nX-Original-URI: /acme/site\r\nX-A: ${hidden}`;
    const announcing = (length: string): string =>
      'GET /forward-auth HTTP/1.1\r\nHost: a\r\nX-Original-Method: POST\r\n' +
      `X-Original-URI: /acme/docs\r\n${length}\r\n\r\n`;
    const answers = await send(announcing(`Content-Length: ${next.indexOf(hidden)}`) + next);
    expect(answers.match(/HTTP\/1\.1 \d+|Connection: .*/g)).toEqual(['HTTP/1.1 403', 'Connection: close']);
    for (const both of ['Content-Length: 4\r\nTransfer-Encoding: chunked', 'Content-Length: 4\r\nContent-Length: 5'])
      expect(await send(announcing(both))).toMatch(/^HTTP\/1\.1 40[03] /);
  });
});
