import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type CanonicalPath, canonicalPath } from '../../src/base/canonical-path.ts';
import { parseRouteMap, type RouteMapFile, standardServices } from '../../src/catalogue/route-maps/file.ts';
import { InvalidRouteMap, RouteFinder } from '../../src/catalogue/route-maps/finder.ts';
import { ROUTE_MAP_SCHEMA } from '../../src/catalogue/route-maps/schema.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const EXAMPLE = readFileSync(join(ROOT, 'examples/route-map/route-map.yaml'), 'utf8');

function read(text: string): RouteMapFile {
  const file = parseRouteMap(text);
  if (!('services' in file)) throw new InvalidRouteMap(file);
  return file;
}

const problemsIn = (text: string): string[] => {
  const file = parseRouteMap(text);
  if (!('services' in file)) return file.map(({ line, message }) => `${line}: ${message}`);
  try {
    new RouteFinder(file.services);
    return [];
  } catch (error) {
    return (error as InvalidRouteMap).problems.map(({ line, message }) => `${line}: ${message}`);
  }
};

const route = (lines: string): string =>
  `services:\n  - routes:\n      - ${lines
    .trim()
    .split('\n')
    .map((line) => line.trim())
    .join('\n        ')}\n`;

/** Both with POST, at the same path by another name. */
const twoRoutes = (one: string, other: string): string =>
  `services:\n  - routes:\n      - { method: POST, path: '/{a}', needs: {}, ${one} }\n` +
  `      - { method: POST, path: '/{b}', needs: {}, ${other} }\n`;

describe('a route map', () => {
  it('of the examples is read whole, with its own permissions', () => {
    const file = read(EXAMPLE);
    expect(file.permissions).toEqual([
      { name: 'acme:deploy', title: 'Deployments', group: 'repository', levels: ['read', 'write'], source: 'operator' },
      { name: 'acme:billing', title: 'Billing', group: 'organization', levels: ['read'], source: 'operator' },
    ]);
    const finder = new RouteFinder(file.services);
    const find = (host: string, method: string, path: string, query = ''): unknown => {
      const found = finder.find(host, method, canonicalPath(path) as CanonicalPath, query);
      return found === null || 'fork' in found ? null : { needs: found.row.need.sets, target: found.target };
    };
    expect(find('git.example.org', 'GET', '/acme/site.git/HEAD')).toEqual({
      needs: [{ git: 'read' }],
      target: { kind: 'repository', owner: 'acme', name: 'site' },
    });
    expect(find('git.example.org', 'GET', '/cgit/acme/site.git/log/src/a.c')).toEqual({
      needs: [{ contents: 'read' }],
      target: { kind: 'repository', owner: 'acme', name: 'site' },
    });
    // For cgit, an address in the query counts in the place of the path.
    expect(find('git.example.org', 'GET', '/cgit/acme/docs/log', 'id=1&h=main')).not.toBeNull();
    for (const query of ['url=acme/site', 'h=main&url=acme/site', '%75rl=acme/site', 'url', 'r=acme/site', 'h=1;url=x'])
      expect(find('git.example.org', 'GET', '/cgit/acme/docs/log', query), query).toBeNull();
    // As CGI.pm, PHP, ASP.NET and Rack read names.
    for (const query of [
      '%u0075rl=x',
      'h=%u0026url=x',
      'URL=x',
      '%20url=x',
      'url[]=x',
      'url%5B0%5D=x',
      '+url',
      'h=1%2',
      'h=1%3burl=x',
      'h=1%26url=x',
    ])
      expect(find('git.example.org', 'GET', '/cgit/acme/docs/log', query), query).toBeNull();
    expect(find('git.example.org', 'GET', '/cgit/acme/docs/log', 'q=url;curl=1&h=100%25')).not.toBeNull();
    expect(find('soft.example.org', 'POST', '/site.git/git-receive-pack')).toEqual({
      needs: [{ git: 'write' }],
      target: { kind: 'repository', owner: 'acme', name: 'site' },
    });
    expect(find('deploy.example.org', 'PUT', '/apps/acme/site/releases/v1')).toEqual({
      needs: [{ 'acme:deploy': 'write' }, { administration: 'write' }],
      target: { kind: 'repository', owner: 'acme', name: 'site' },
    });
    expect(find('deploy.example.org', 'GET', '/invoices/acme')).toEqual({
      needs: [{ 'acme:billing': 'read' }],
      target: { kind: 'organization', login: 'acme' },
    });
    expect(find('deploy.example.org', 'GET', '/acme/site.git/HEAD')).toBeNull();
    expect(find('other.example.org', 'GET', '/whoami')).toBeNull();
  });

  it('takes a route that forbids something in the query for the same as one that says nothing of it', () => {
    expect(parseRouteMap(twoRoutes('query: { a: null }', 'public: false'))).toHaveProperty('services');
    const finder = (one: string, other: string): RouteFinder => new RouteFinder(read(twoRoutes(one, other)).services);
    expect(() => finder('query: { a: null }', 'public: false')).toThrow(/means the same requests/);
    expect(() => finder('query: { a: null }', 'query: { b: null }')).toThrow(/means the same requests/);
    const both = finder('query: { a: x, b: null }', 'query: { a: null }');
    const taken = (query: string): unknown => {
      const found = both.find('', 'POST', canonicalPath('/v') as CanonicalPath, query);
      return found === null || 'fork' in found ? null : found.row.query;
    };
    expect(taken('')).toEqual({ a: null });
    expect(taken('c=1')).toEqual({ a: null });
    expect(taken('a=x&c=1')).toEqual({ a: 'x', b: null });
    for (const query of ['a=y', 'a=x&a=x', 'a=x&b=1', 'b=1', 'a=x;c=1', 'c=1;a=x', 'c=1%3Ba=x'])
      expect(taken(query), query).toBeNull();
  });

  it('tells texts around a parameter apart, the longest first, and never takes one for a slash', () => {
    const paths = [
      '/{any}',
      '/@{scope}',
      '/@a{rest}',
      '/{file}.json',
      '/@{scope}%2F{name}',
      '/{a}%2F{b}',
      '/x/{tail...?}',
    ];
    const lines = paths.map((path) => `      - { method: GET, path: '${path}', needs: {} }`).join('\n');
    const finder = new RouteFinder(read(`services:\n  - routes:\n${lines}`).services);
    const taken = (path: string): string | null => {
      const found = finder.find('', 'GET', canonicalPath(path) as CanonicalPath, '');
      return found === null || 'fork' in found ? null : found.row.path;
    };
    expect(taken('/plain')).toBe('/{any}');
    expect(taken('/@b')).toBe('/@{scope}');
    expect(taken('/@')).toBe('/{any}');
    expect(taken('/@ab')).toBe('/@a{rest}');
    expect(taken('/package.json')).toBe('/{file}.json');
    expect(taken('/.json')).toBe('/{any}');
    expect(taken('/@b.json')).toBe('/{file}.json');
    expect(taken('/%40acme%2fsite')).toBe('/@{scope}%2F{name}');
    expect(taken('/@%2fsite')).toBe('/{a}%2F{b}');
    expect(taken('/acme%2Fsite')).toBe('/{a}%2F{b}');
    expect(taken('/a%2Fb%2Fc')).toBeNull();
    expect(taken('/x%2Fb')).toBe('/{a}%2F{b}');
    expect(taken('/x')).toBe('/x');
    expect(taken('/x/')).toBe('/x');
    expect(taken('/x/a/b')).toBe('/x/{tail...}');
  });

  it.each([
    [
      'npm.yaml',
      'npm.example.org',
      'registry:packages',
      [
        ['GET /left-pad', 'read'],
        ['GET /@acme%2fsite', 'read'],
        ['GET /@acme/site/-/site-1.0.0.tgz', 'read'],
        ['GET /-/whoami', 'read'],
        ['POST /-/npm/v1/security/advisories/bulk', 'read'],
        ['PUT /@acme%2fsite', 'write'],
        ['PUT /@acme%2fsite/-rev/3-a', 'admin'],
        ['DELETE /left-pad/-/left-pad-1.0.0.tgz/-rev/3-a', 'admin'],
        ['PUT /-/package/@acme%2fsite/dist-tags/latest', 'admin'],
        ['DELETE /left-pad', null],
      ],
    ],
    [
      'pypi.yaml',
      'pypi.example.org',
      'pypi:packages',
      [
        ['GET /simple/', 'read'],
        ['GET /simple/six/', 'read'],
        ['GET /packages/six-1.0.0.tar.gz', 'read'],
        ['POST /', 'write'],
        ['DELETE /packages/six-1.0.0.tar.gz', null],
      ],
    ],
    [
      'prometheus.yaml',
      'prometheus.example.org',
      'prometheus:metrics',
      [
        ['GET /', 'read'],
        ['GET /graph', 'read'],
        ['POST /api/v1/query', 'read'],
        ['POST /api/v1/admin/tsdb/delete_series', 'admin'],
        ['PUT /-/reload', 'admin'],
        ['GET /debug/pprof/heap', 'admin'],
        ['POST /api/v1/write', null],
      ],
    ],
    [
      'static-site.yaml',
      'docs.example.org',
      'docs:pages',
      [
        ['GET /', 'read'],
        ['GET /guides/a%20b.html', 'read'],
        ['PUT /guides/a.html', null],
      ],
    ],
    [
      'registry.yaml',
      'registry.example.org',
      'images:images',
      [
        ['GET /v2/_catalog', 'read'],
        ['GET /v2/site/manifests/latest', 'read'],
        ['HEAD /v2/acme/deep/site/blobs/sha256:00', 'read'],
        ['GET /v2/acme/site/tags/list', 'read'],
        ['POST /v2/acme/site/blobs/uploads/', 'write'],
        ['PATCH /v2/acme/site/blobs/uploads/0-1', 'write'],
        ['PUT /v2/acme/site/manifests/latest', 'write'],
        ['DELETE /v2/acme/site/manifests/sha256:00', 'admin'],
        ['DELETE /v2/acme/site/blobs/sha256:00', 'admin'],
        ['GET /v1/_ping', null],
      ],
    ],
    [
      'grafana.yaml',
      'grafana.example.org',
      'grafana:dashboards',
      [
        ['GET /d/abc/board', 'read'],
        ['POST /api/ds/query', 'read'],
        ['POST /api/datasources/proxy/1/api/v1/query', 'read'],
        ['POST /api/dashboards/db', 'write'],
        ['GET /api/admin/settings', 'admin'],
        ['POST /api/datasources', 'admin'],
        ['GET /metrics', 'admin'],
        ['POST /api/user/password', null],
      ],
    ],
    [
      'calls.yaml',
      'calls.example.org',
      'wiki:pages',
      [
        ['GET /mcp', 'read'],
        ['DELETE /mcp', 'read'],
        ['PUT /mcp', null],
      ],
    ],
  ] as const)('of the examples fits %s', (name, host, permission, requests) => {
    const file = read(readFileSync(join(ROOT, `examples/route-map/${name}`), 'utf8'));
    const finder = new RouteFinder(file.services);
    for (const [request, level] of requests) {
      const [method = '', path = ''] = request.split(' ');
      const found = finder.find(host, method, canonicalPath(path) as CanonicalPath, '');
      const needs = level === null ? null : [{ [permission]: level }];
      const route = found === null || 'fork' in found ? null : found;
      expect([request, route?.row.need.sets ?? null]).toEqual([request, needs]);
      if (route !== null) expect(route.target).toEqual({ kind: 'organization', login: 'acme' });
    }
  });

  it('of the examples fits cgit, and no address that names a second repository', () => {
    const finder = new RouteFinder(read(readFileSync(join(ROOT, 'examples/route-map/cgit.yaml'), 'utf8')).services);
    const target = { kind: 'repository', owner: 'acme', name: 'site' };
    for (const [path, query, expected] of [
      ['/acme/site/', '', target],
      ['/acme/site/plain/a.txt', 'h=main', target],
      ['/acme/site/plain/a.txt', 'url=acme/docs/plain/a.txt', null],
      ['/acme/site', 'r=acme/docs', null],
      ['/', '', null],
    ] as const) {
      const found = finder.find('code.example.org', 'GET', canonicalPath(path) as CanonicalPath, query);
      expect(found === null || 'fork' in found ? null : found.target, path + query).toEqual(expected);
    }
  });

  it('of the examples fits gitweb, and no address that names a second repository or lists all', () => {
    const finder = new RouteFinder(read(readFileSync(join(ROOT, 'examples/route-map/gitweb.yaml'), 'utf8')).services);
    const target = { kind: 'repository', owner: 'acme', name: 'site' };
    for (const [path, query, expected] of [
      ['/acme/site.git', '', target],
      ['/acme/site.git/log/refs/heads/main', 'pg=1', target],
      ['/acme/site.git/search', 's=Ada;st=author', target],
      ['/acme/site.git', 'a=search&s=Ada', target],
      ['/acme/site.git', 'a=project_list', null],
      ['/acme/site.git', 'a=search;a=opml', null],
      ['/acme/site.git', 'h=main;p=acme/docs.git', null],
      ['/acme/site.git/opml', '', { kind: 'instance' }],
      ['/acme/site.git/project_index/x', '', { kind: 'instance' }],
      ['/acme/site/log', '', null],
      ['/', '', { kind: 'instance' }],
    ] as const) {
      const found = finder.find('gitweb.example.org', 'GET', canonicalPath(path) as CanonicalPath, query);
      expect(found === null || 'fork' in found ? null : found.target, path + query).toEqual(expected);
    }
  });

  it('of the examples fits Gitea', () => {
    const finder = new RouteFinder(read(readFileSync(join(ROOT, 'examples/route-map/gitea.yaml'), 'utf8')).services);
    const target = { kind: 'repository', owner: 'acme', name: 'site' };
    for (const [request, needs] of [
      ['POST /acme/site.git/git-receive-pack', { git: 'write' }],
      ['GET /api/v1/repos/acme/site', { metadata: 'read' }],
      ['DELETE /api/v1/repos/acme/site', { administration: 'write' }],
      ['PUT /api/v1/repos/acme/site/contents/src/a.c', { contents: 'write' }],
      ['GET /api/v1/repos/acme/site/branches', { contents: 'read' }],
      ['POST /api/v1/repos/acme/site/issues/3/comments', { issues: 'write' }],
      ['POST /api/v1/repos/acme/site/pulls/3/merge', { contents: 'write' }],
      ['POST /api/v1/repos/acme/site/pulls/3/update', { contents: 'write' }],
      ['POST /api/v1/repos/acme/site/pulls/3/reviews', { pull_requests: 'write' }],
      ['GET /api/v1/repos/acme/site/hooks', { repository_hooks: 'read' }],
      ['POST /api/v1/repos/acme/site/keys', { administration: 'write' }],
      ['POST /api/v1/admin/users', null],
      ['POST /api/v1/users/acme/tokens', null],
    ] as const) {
      const [method = '', path = ''] = request.split(' ');
      const found = finder.find('gitea.example.org', method, canonicalPath(path) as CanonicalPath, '');
      const route = found === null || 'fork' in found ? null : found;
      expect([request, route?.row.need.sets, route?.target]).toEqual(
        needs === null ? [request, undefined, undefined] : [request, [needs], target],
      );
    }
  });

  it('of the examples fits GitLab, by the names of its projects', () => {
    const finder = new RouteFinder(read(readFileSync(join(ROOT, 'examples/route-map/gitlab.yaml'), 'utf8')).services);
    for (const [request, needs] of [
      ['POST /acme/site.git/git-receive-pack', { git: 'write' }],
      ['POST /api/v4/projects/acme%2Fsite/issues', { issues: 'write' }],
      ['PUT /api/v4/projects/acme%2Fsite/merge_requests/3/merge', { contents_rest: 'write' }],
      ['PUT /api/v4/projects/acme%2Fsite/merge_requests/3/rebase', { contents_rest: 'write' }],
      ['PUT /api/v4/projects/acme%2Fsite/merge_requests/3', { pull_requests: 'write' }],
      ['GET /api/v4/projects/acme/site/issues', null],
      ['GET /api/v4/application/settings', null],
    ] as const) {
      const [method = '', path = ''] = request.split(' ');
      const found = finder.find('gitlab.example.org', method, canonicalPath(path) as CanonicalPath, '');
      const route = found === null || 'fork' in found ? null : found;
      expect([request, route?.row.need.sets[0]]).toEqual([request, needs ?? undefined]);
    }
  });

  it('that is built in has no two routes for one request', () => {
    const services = standardServices();
    expect(() => new RouteFinder(services)).not.toThrow();
    expect(services.flatMap(({ rows }) => rows).length).toBeGreaterThan(1_500);
  });

  it.each([
    ['services: [', /^1: This is not valid YAML: /],
    ['', /^1: The file must be object\.$/],
    ['- x', /^1: The file must be object\.$/],
    ['routes: []\nservices:\n  - map: git', /^1: There is no entry named routes here\.$/],
    ['permissions: []', /^1: The file needs services\.$/],
    ['services:\n  - map: gitea', /^2: services\[1\]\.map must be .*: git, github, gitlab\.$/],
    ['services:\n  - prefix: /x', /^2: A service has either map or routes\.$/],
    ['services:\n  - map: github\n    owner: acme', /^3: What is behind the map github is named by its addresses\.$/],
    ['services:\n  - map: git\n    hosts: [Git.Example.org]', /^3: services\[1\]\.hosts\[1\] must match pattern/],
    ['services:\n  - map: git\n    prefix: git/', /^3: services\[1\]\.prefix must match pattern/],
    [
      route('method: GET\npath: /x\nneeds: { contents: all }'),
      /^5: services\[1\]\.routes\[1\]\.needs\.contents must be/,
    ],
    [route('method: GET\npath: /x\nneeds: { content: read }'), /^5: There is no permission named content\.$/],
    [
      route('method: GET\npath: /x\nneeds:\n  - { contents: read }\n  - { "acme:deploy": read }'),
      /^7: There is no permission named acme:deploy\.$/,
    ],
    [route('method: GET\npath: /x\nneeds: { workflows: read }'), /^5: workflows takes write, not read\.$/],
    [route('method: get\npath: /x\nneeds: {}'), /^3: services\[1\]\.routes\[1\]\.method must match/],
    [route('method: GET\npath: x\nneeds: {}'), /^4: The path must begin with a slash\.$/],
    [route('method: GET\npath: /x//y\nneeds: {}'), /^4: The path must have no empty segment\.$/],
    [
      route('method: GET\npath: /{a}-{b}\nneeds: {}'),
      /^4: The path has \{a\}-\{b\}: a segment has one parameter, as \{name\}, @\{name\}, \{name\}\.json or/,
    ],
    [route('method: GET\npath: /../x\nneeds: {}'), /^4: The path must have no segment that ends in a dot\.$/],
    [route('method: GET\npath: /{a}/{a}\nneeds: {}'), /^4: The path names a parameter twice\.$/],
    [route('method: GET\npath: /{a}\nneeds: {}\nrepository: "{a}/{b}"'), /^6: The path has no parameter \{b\}\.$/],
    [route('method: GET\npath: /{a}\nneeds: {}\nrepository: "{a}"'), /^6: A repository is named OWNER\/NAME/],
    [
      route('method: GET\npath: /{a}\nneeds: {}\naccount: "{a}"\norganization: "{a}"'),
      /^3: A route is about one thing, not organization and account\.$/,
    ],
    ['permissions:\n  - { name: deploy, title: x }\nservices:\n  - map: git', /^2: permissions\[1\]\.name must match/],
    [
      'permissions:\n  - { name: "github:x", title: x }\nservices:\n  - map: git',
      /^2: permissions\[1\]\.name must match/,
    ],
    [
      'permissions:\n  - { name: "a:x", title: x }\n  - { name: "a:x", title: y }\nservices:\n  - map: git',
      /^1: Two permissions have the same name\.$/,
    ],
    [
      'permissions:\n  - name: a:x\n    title: x\n    levels: [write, read]\nservices:\n  - map: git',
      /^4: The levels of a:x must rise: read, write\.$/,
    ],
    [route('method: GET\npath: /{a...?}/b\nneeds: {}'), /^4: The path has \{a\.\.\.\?\}: a segment has one parameter/],
    [route('method: GET\npath: /x/{a...?}\nneeds: {}\norganization: "{a}"'), /^6: The path has no parameter \{a\}\.$/],
    [
      'services:\n  - routes:\n      - { method: GET, path: /, needs: {} }\n    permissions: [{ name: x, title: X }]',
      /^2: A service with permissions of its own needs a name\.$/,
    ],
    [
      'services:\n  - name: latchkey\n    map: git\n    permissions: [{ name: x, title: X }]',
      /^2: latchkey is no name for a service of your own\.$/,
    ],
    [
      'services:\n  - name: files\n    map: git\n    permissions: [{ name: x, title: X, members: write }]',
      /^4: Only what is given on an organization has a level for its members\.$/,
    ],
    [
      'services:\n  - name: a\n    map: git\n    permissions: [{ name: x, title: X }, { name: x, title: Y }]',
      /^1: Two permissions have the same name\.$/,
    ],
    [
      route('method: POST\npath: /x\nneeds: {}\njson: { "a b": x }'),
      /^6: services\[1\]\.routes\[1\]\.json\.a b must match pattern/,
    ],
    [route('method: POST\npath: /x\nneeds: {}\njson: { method: 7 }'), /^6: services\[1\]\.routes\[1\]\.json/],
    [
      route('method: POST\npath: /x\nneeds: {}\nheaders: { Host: x }'),
      /^6: The header host can't decide: proxies change it, or it has another meaning\.$/,
    ],
    [route('method: POST\npath: /x\nneeds: {}\nheaders: { A: x, a: y }'), /^6: A header is named twice\.$/],
    [
      twoRoutes('json: { method: [a, b] }', 'json: { method: [b, c] }'),
      /^4: A request could fit this route and the one in line 3\.$/,
    ],
    [twoRoutes('json: { a: x }', 'json: { b: x }'), /^4: A request could fit this route and the one in line 3\.$/],
    [twoRoutes('json: {}', 'json: {}'), /^4: A request could fit this route and the one in line 3\.$/],
    [
      'services:\n  - map: git\n  - map: git',
      /^3: GET (\/\{owner\}\/\{repo\}\/info\/refs) means the same requests as GET \1 in line 2\.$/,
    ],
    [
      'services:\n  - routes:\n      - { method: GET, path: "/{a}", needs: {} }\n      - { method: "*", path: ' +
        '"/{b}", needs: {} }',
      /^4: \* \/\{b\} means the same requests as GET \/\{a\} in line 3\.$/,
    ],
  ])('with an error is refused with its line: %j', (text, expected) => {
    const problems = problemsIn(text);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems[0]).toMatch(expected);
  });

  it('with several problems tells them all', () => {
    expect(
      problemsIn(
        'services:\n  - routes:\n      - { method: GET, path: x, needs: { nothing: read } }\n      - { method: ' +
          'GET, path: /y, needs: { contents: write, no: read } }',
      ),
    ).toEqual([
      '3: The path must begin with a slash.',
      '3: There is no permission named nothing.',
      '4: There is no permission named no.',
    ]);
  });

  it('says where people sign in: at named hosts, each with one origin', () => {
    const service = (text: string): string =>
      `  - { ${text}, routes: [{ method: GET, path: '/{p...}', needs: {} }] }\n`;
    const told = (...services: string[]): string[] => problemsIn(`services:\n${services.map(service).join('')}`);
    expect(told('challenge: sign-in')).toEqual(['2: A service where people sign in names its hosts.']);
    expect(told('challenge: form, hosts: [a.example.org]')[0]).toMatch(/^2: .*challenge/);
    for (const wrong of ['https://b.example.org', 'http://a.example.org.evil.example', 'ftp://a.example.org'])
      expect(told(`challenge: sign-in, hosts: [a.example.org], origin: '${wrong}'`)[0], wrong).toMatch(/^2: .*origin/);
    expect(told("challenge: sign-in, hosts: [a.example.org, b.example.org], origin: 'https://a.example.org'")).toEqual([
      '2: A service with an origin names its host, and no other: [app.example.org].',
    ]);
    expect(
      told(
        'challenge: sign-in, hosts: [a.example.org]',
        "challenge: sign-in, hosts: [a.example.org], prefix: /b, origin: 'http://a.example.org'",
      ),
    ).toEqual(['3: People sign in at https://a.example.org, not http://a.example.org.']);
    expect(told("challenge: sign-in, hosts: [a.example.org], origin: 'https://a.example.org:443'")).toEqual([]);
  });

  it('that is too large is refused unread, and one of a million aliases does no harm', () => {
    expect(problemsIn(`# ${'x'.repeat(1024 * 1024)}`)).toEqual(['1: The file has more than 1048576 bytes.']);
    const bomb = [
      'a: &a [x,x,x,x,x,x,x,x,x]',
      ...'bcdefghi'.split('').map((name, i) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[i]}`).join(',')}]`),
    ].join('\n');
    expect(problemsIn(bomb)[0]).toMatch(/^1: /);
  });

  it('has its form in a JSON Schema, which is the one in assets', () => {
    expect(JSON.parse(readFileSync(join(ROOT, 'packages/latchkey/assets/route-map.schema.json'), 'utf8'))).toEqual(
      JSON.parse(JSON.stringify(ROUTE_MAP_SCHEMA)),
    );
  });
});
