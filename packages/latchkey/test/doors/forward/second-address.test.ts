/** Requests that reach further than their address says: WebDAV's second address, and headers that replace the first. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseRouteMap } from '../../../src/catalogue/route-maps/file.ts';
import { type ForwardWorld, forwardWorld } from './door.ts';

const WEBDAV = join(import.meta.dirname, '../../../../../examples/route-map/webdav.yaml');
const HOST = ['X-Original-Host', 'dav.example.org'] as const;

/** A world behind which lies a WebDAV server, and a token that may write to acme/site alone. */
async function davWorld(): Promise<{
  world: ForwardWorld;
  asked: (operation: string, ...more: (readonly [string, string])[]) => Promise<string>;
  ask: (operation: string, ...more: (readonly [string, string])[]) => ReturnType<ForwardWorld['nginx']>;
  token: string;
}> {
  const world = await forwardWorld({ routeMap: WEBDAV });
  const token = await world.token('ada', {
    kind: 'fine-grained',
    scopes: [],
    grants: [
      {
        owner: 'acme',
        selection: 'selected',
        repositories: ['site'],
        permissions: { contents: 'write' },
        justification: null,
      },
    ],
  });
  const ask = (operation: string, ...more: (readonly [string, string])[]): ReturnType<ForwardWorld['nginx']> =>
    world.nginx(operation, token, [HOST, ...more]);
  const asked = async (operation: string, ...more: (readonly [string, string])[]): Promise<string> => {
    const { status, headers } = await ask(operation, ...more);
    return `${status} ${headers['x-latchkey-reason'] ?? ''}`.trim();
  };
  return { world, asked, ask, token };
}

describe('a token for one repository', () => {
  it.each(['COPY', 'MOVE'])('%s stays inside it, by address and by path', async (method) => {
    const { asked } = await davWorld();
    for (const destination of [
      'https://dav.example.org/acme/site/b.txt',
      '/acme/site/b.txt',
      'http://DAV.example.org:443/acme/site/c/',
    ])
      expect(await asked(`${method} /acme/site/a.txt`, ['Destination', destination]), destination).toBe('200');
  });

  it.each([
    ['into another repository', '/acme/docs/planted.txt', '403 repository_not_selected'],
    ['by its full address', 'https://dav.example.org/acme/docs/planted.txt', '403 repository_not_selected'],
    ['into one that nobody has', '/acme/nothing/planted.txt', '403 not_found'],
    ['by a climb', '/acme/site/../docs/planted.txt', '403 path_ambiguous'],
    ['by an encoded climb', '/acme/site/%2e%2e/docs/planted.txt', '403 path_ambiguous'],
    ['by other capitals', '/Acme/Site/planted.txt', '403 name_spelled_otherwise'],
    ['to another host', 'https://evil.example/acme/site/b.txt', '403 destination_elsewhere'],
    ['to a host behind a name', 'https://dav.example.org@evil.example/acme/site/b.txt', '403 destination_elsewhere'],
    ['to a network path', '//evil.example/acme/site/b.txt', '403 destination_elsewhere'],
    ['by a relative path', 'b.txt', '403 destination_elsewhere'],
    ['to two places', '/acme/site/b.txt, /acme/docs/b.txt', '403 path_ambiguous'],
    ['to nowhere', '', '403 destination_elsewhere'],
    ['by a fragment', '/acme/site/b.txt#/../../docs', '403 path_ambiguous'],
    ['to what no map knows', '/', '403 route_unknown'],
  ])('can’t plant a file %s', async (_how, destination, answer) => {
    const { asked } = await davWorld();
    for (const method of ['COPY', 'MOVE'])
      expect(await asked(`${method} /acme/site/a.txt`, ['Destination', destination])).toBe(answer);
  });

  it('can’t plant a file by a header that the proxy keeps back', async () => {
    const { asked } = await davWorld();
    expect(await asked('MOVE /acme/site/a.txt')).toBe('403 destination_missing');
    expect(await asked('MOVE /acme/site/a.txt', ['Destination', '/acme/site/b'], ['destination', '/acme/docs/b'])).toBe(
      '403 header_twice',
    );
  });

  it('can’t take a file out of what it may not read', async () => {
    const { asked } = await davWorld();
    expect(await asked('COPY /bob/notes/secret.txt', ['Destination', '/acme/site/b.txt'])).toBe('403 not_found');
  });

  it('spends no use on a request that leads nowhere', async () => {
    const { world } = await davWorld();
    const once = await world.token('ada', { usesLeft: 1 });
    const move = (destination: string): ReturnType<ForwardWorld['nginx']> =>
      world.nginx('MOVE /acme/site/a.txt', once, [HOST, ['Destination', destination]]);
    expect((await move('/acme/nothing/b.txt')).status).toBe(403);
    expect((await move('/acme/site/b.txt')).status).toBe(200);
    expect((await move('/acme/site/b.txt')).headers['x-latchkey-reason']).toBe('token_used_up');
  });

  it.each([
    ['X-HTTP-Method-Override', 'DELETE'],
    ['X-HTTP-Method', 'DELETE'],
    ['X-Method-Override', 'DELETE'],
    ['X-Rewrite-URL', '/acme/docs/a.txt'],
    ['X-Amz-Copy-Source', '/acme/docs/a.txt'],
    ['X-Override-URL', '/acme/docs/a.txt'],
    ['X-HTTP-Path-Override', '/acme/docs/a.txt'],
    ['X-Goog-Copy-Source', '/acme/docs/a.txt'],
    ['X-OSS-Copy-Source', '/acme/docs/a.txt'],
    ['X-MS-Copy-Source', '/acme/docs/a.txt'],
    ['X-MS-Rename-Source', '/acme/docs/a.txt'],
    ['X-Copy-From', '/acme/docs/a.txt'],
    ['X-Object-Manifest', 'docs/a'],
    ['X-Symlink-Target', 'docs/a.txt'],
    ['X-Accel-Mapping', '/acme/site=/acme/docs'],
    ['X-Sendfile-Type', 'X-Accel-Redirect'],
    ['Destination', '/acme/docs/a.txt'],
  ])('can’t turn a request into another one with %s', async (name, value) => {
    const { ask } = await davWorld();
    for (const operation of ['GET /acme/site/a.txt', 'PUT /acme/site/a.txt']) {
      const { status, headers, text } = await ask(operation, [name, value]);
      expect([status, headers['x-latchkey-reason']]).toEqual([403, 'header_unread']);
      expect(text).toBe(
        'A header can turn this request into another one, and no route map says how to read it: ' +
          `${name.toLowerCase()}\n`,
      );
    }
  });

  it('can’t hide another such header beside Destination', async () => {
    const { asked } = await davWorld();
    const destination = ['Destination', '/acme/site/b.txt'] as const;
    expect(await asked('COPY /acme/site/a.txt', ['X-HTTP-Method-Override', 'DELETE'], destination)).toBe(
      '403 header_unread',
    );
  });
});

describe('somebody without a token', () => {
  it('can’t turn a preflight, which needs none, into another request', async () => {
    const { world } = await davWorld();
    const preflight = (...more: (readonly [string, string])[]): ReturnType<ForwardWorld['nginx']> =>
      world.nginx('OPTIONS /acme/site/a.txt', null, [
        HOST,
        ['Origin', 'https://app.example.org'],
        ['Access-Control-Request-Method', 'PUT'],
        ...more,
      ]);
    expect((await preflight()).status).toBe(200);
    for (const [name, value] of [
      ['X-HTTP-Method-Override', 'DELETE'],
      ['X-Rewrite-URL', '/acme/docs/a.txt'],
      ['Destination', '/acme/docs/a.txt'],
    ] as const)
      expect((await preflight([name, value])).headers['x-latchkey-reason'], name).toBe('header_unread');
  });

  it('is asked for one before anything about the second address', async () => {
    const { world } = await davWorld();
    const { status, headers } = await world.nginx('MOVE /acme/site/a.txt', null, [
      HOST,
      ['Destination', '/acme/nothing/x'],
    ]);
    expect([status, headers['x-latchkey-reason']]).toEqual([401, 'credentials_missing']);
  });
});

describe('a route map', () => {
  it('takes COPY and MOVE only with what is needed where they lead to', () => {
    const map = (route: string): unknown =>
      parseRouteMap(`services:\n  - routes:\n      - { path: /x, needs: {}, ${route} }\n`);
    expect(map('method: MOVE')).toEqual([
      { line: 3, message: 'MOVE needs destination: the methods that a token must be allowed where it leads to.' },
    ]);
    expect(map('method: [COPY, MOVE], destination: PUT')).toHaveProperty('services');
    expect(map('method: COPY, destination: []')).toEqual([expect.objectContaining({ line: 3 })]);
  });

  it('is not taken to know where a MOVE leads because it has every method', async () => {
    const world = await forwardWorld({ routeMap: await anyMethod() });
    const token = await world.token('ada');
    expect((await world.nginx('PUT /a', token)).status).toBe(200);
    expect((await world.nginx('MOVE /a', token, [['Destination', '/b']])).headers['x-latchkey-reason']).toBe(
      'header_unread',
    );
    expect((await world.nginx('MOVE /a', token)).headers['x-latchkey-reason']).toBe('destination_missing');
  });
});

async function anyMethod(): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), 'route-map-')), 'map.yaml');
  await writeFile(path, 'services:\n  - routes:\n      - { method: "*", path: "/{name}", needs: {} }\n');
  return path;
}

describe('a token for one project of a GitLab', () => {
  const API = '/api/v4/projects/acme%2Fsite';
  const MAP = join(import.meta.dirname, '../../../../../examples/route-map/gitlab.yaml');

  /** What Traefik sends about a request with a JSON body, if there is one. */
  async function gitlab(): Promise<(operation: string, body?: object | string) => Promise<string>> {
    const world = await forwardWorld({ routeMap: MAP });
    const permissions = { contents: 'write', pull_requests: 'write', issues: 'write' } as const;
    const token = await world.token('ada', {
      kind: 'fine-grained',
      scopes: [],
      grants: [{ owner: 'acme', selection: 'selected', repositories: ['site'], permissions, justification: null }],
    });
    return async (operation, body) => {
      const [method = '', path = ''] = operation.split(' ');
      const text = typeof body === 'object' ? JSON.stringify(body) : (body ?? '');
      const type = typeof body === 'string' ? 'application/x-www-form-urlencoded' : 'application/json';
      const { status, headers } = await world.ask(
        '/forward-auth',
        [
          ['X-Forwarded-Method', method],
          ['X-Forwarded-Uri', `${API}${path}`],
          ['X-Forwarded-Host', 'gitlab.example.org'],
          ['Authorization', `Bearer ${token}`],
          ...(text === ''
            ? []
            : ([
                ['Content-Type', type],
                ['Content-Length', String(Buffer.byteLength(text))],
              ] as const)),
        ],
        { body: text === '' ? [] : [text] },
      );
      return `${status} ${headers['x-latchkey-reason'] ?? ''}`.trim();
    };
  }

  it('names no other one, in the query or in the body', async () => {
    const asked = await gitlab();
    const opened = { source_branch: 'fix', target_branch: 'main', title: 'Fix' };
    for (const [operation, body, answer] of [
      ['POST /merge_requests', opened, '200'],
      ['POST /merge_requests', { ...opened, target_project_id: 7 }, '403 body_ambiguous'],
      ['POST /merge_requests', { ...opened, target_project_id: 'acme/docs' }, '403 route_unknown'],
      ['POST /merge_requests', { ...opened, Target_Project_Id: 7 }, '403 body_ambiguous'],
      ['POST /merge_requests', 'source_branch=fix&target_project_id=7', '403 body_not_declared'],
      ['POST /merge_requests?target_project_id=7', opened, '403 route_unknown'],
      ['POST /issues/3/links', { target_issue_iid: 1, target_project_id: 7 }, '403 body_ambiguous'],
      ['GET /repository/compare?from=a&to=b', undefined, '200'],
      ['GET /repository/compare?from=a&to=b&from_project_id=7', undefined, '403 route_unknown'],
      ['POST /repository/commits?start_project=7', { branch: 'x' }, '403 route_unknown'],
      ['POST /forks?namespace_path=acme', {}, '403 route_unknown'],
    ] as const)
      expect(await asked(operation, body), `${operation} ${JSON.stringify(body)}`).toBe(answer);
  });
});
