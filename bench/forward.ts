/**
 * What a service behind a proxy pays: finding the route of a request among the 1,600 patterns of the standard map, in
 * this process; and the whole forward authorization over HTTP, beside a bare `node:http` server that answers the same
 * bytes to anybody.
 */
import { type CanonicalPath, canonicalPath } from '../packages/latchkey/dist/base/canonical-path.js';
import {
  type MapService,
  parseRouteMap,
  standardServices,
} from '../packages/latchkey/dist/catalogue/route-maps/file.js';
import { RouteFinder } from '../packages/latchkey/dist/catalogue/route-maps/finder.js';
import { figureOf, type Row, spread } from './measure.ts';
import type { World } from './server.ts';
import { againstBare, type Question } from './token-check.ts';

const CALLS = 200_000;
type Asked = readonly [path: string, query: string, host?: string];
const PLAIN: readonly Asked[] = [
  ['/acme/site.git/info/refs', 'service=git-upload-pack'],
  ['/api/v3/repos/acme/site', ''],
  ['/api/v3/repos/acme/site/pulls/42/reviews/7/comments', ''],
  ['/api/v3/repos/acme/site/contents/src/main.ts', ''],
  ['/api/v3/orgs/acme/actions/runners/downloads', ''],
];
const ENCODED: readonly Asked[] = [['/api/v4/projects/acme%2Fsite/merge_requests/3/notes', '']];

/** Services of an operator's file, on hosts and below prefixes of their own, with every kind of template. */
const SERVICES = 50;
const PATTERNS_EACH = 100;

function ownMap(): { readonly services: readonly MapService[]; readonly asked: readonly Asked[] } {
  const service = (n: number): string => {
    const routes = Array.from({ length: PATTERNS_EACH / 5 }, (_, i) =>
      [`/area${i}/{owner}/{repo}`, `/area${i}/{owner}/{repo}/items/{id}`, `/area${i}/@{scope}/{file}.json`]
        .concat([`/area${i}/@{scope}%2F{name}`, `/area${i}/files/{path...}`])
        .map((path) => `      - { method: GET, path: '${path}', needs: { things: read } }`),
    ).flat();
    return `  - name: service${n}
    owner: acme
    hosts: [s${n}.example.org]
    prefix: ${n % 2 === 0 ? '/' : `/service${n}`}
    permissions: [{ name: things, title: Things }]
    routes:\n${routes.join('\n')}`;
  };
  const file = parseRouteMap(`services:\n${Array.from({ length: SERVICES }, (_, n) => service(n)).join('\n')}`);
  if (!('services' in file)) throw new Error(JSON.stringify(file));
  const asked = Array.from({ length: SERVICES }, (_, n): Asked[] => {
    const [host, base] = [`s${n}.example.org`, n % 2 === 0 ? '' : `/service${n}`];
    return [
      [`${base}/area7/acme/site`, '', host],
      [`${base}/area13/acme/site/items/42`, 'page=2', host],
      [`${base}/area19/@acme/package.json`, '', host],
      [`${base}/area3/files/a/b/c.txt`, '', host],
    ];
  }).flat();
  return { services: file.services, asked };
}

export function benchRoutes(rounds: number): Row[] {
  const services = standardServices();
  const patterns = services.reduce((sum, { rows }) => sum + rows.length, 0);
  const run = (finder: RouteFinder, paths: readonly Asked[]): number => {
    const start = process.cpuUsage();
    for (let i = 0; i < CALLS; i++) {
      const [path, query, host = ''] = paths[i % paths.length]!;
      if (finder.find(host, 'GET', canonicalPath(path) as CanonicalPath, query) === null)
        throw new Error(`the bench asks for ${path}, which has no route`);
    }
    return process.cpuUsage(start).user / CALLS;
  };
  const figureFor = (finder: RouteFinder, paths: readonly Asked[]): ReturnType<typeof figureOf> =>
    figureOf(Array.from({ length: rounds + 1 }, () => run(finder, paths)).slice(1));
  const finder = new RouteFinder(services);
  const [plain, encoded] = [figureFor(finder, PLAIN), figureFor(finder, ENCODED)];
  const own = ownMap();
  const many = figureFor(new RouteFinder(own.services), own.asked);
  return [
    {
      suite: 'forward',
      what: `path to route, among ${patterns} patterns`,
      figure: spread(plain, 2, ' µs'),
      goal: '< 1 µs',
      reached: plain.median < 1,
      detail: `${CALLS} calls a run over ${PLAIN.length} kinds of paths, processor time`,
    },
    {
      suite: 'forward',
      what: `path to route, among ${SERVICES * PATTERNS_EACH} patterns of ${SERVICES} services`,
      figure: spread(many, 2, ' µs'),
      goal: '< 1 µs',
      reached: many.median < 1,
      detail: `${CALLS} calls a run over ${own.asked.length} paths, processor time`,
    },
    {
      suite: 'forward',
      what: 'the same where something is percent-encoded',
      figure: spread(encoded, 2, ' µs'),
      goal: null,
      reached: null,
      detail: '',
    },
  ];
}

/** A proxy's question about a git request. */
export function forwardQuestion(world: World): Question {
  const authorization = `Basic ${Buffer.from(`ada:${world.token}`).toString('base64')}`;
  return {
    path: '/forward-auth',
    headers: {
      'X-Original-Method': 'GET',
      'X-Original-URI': '/ada/work.git/info/refs?service=git-upload-pack',
      'X-Forwarded-For': '127.0.0.1',
      Authorization: authorization,
      'User-Agent': 'git/2.39.5',
      Accept: '*/*',
    },
  };
}

/** So short that the suite answers within a minute on a quiet machine. */
export const SHORT = { warmUpSeconds: 0.5, seconds: 1 };

export async function benchForward(world: World, rounds: number): Promise<Row[]> {
  const { ratio, detail } = await againstBare(world, forwardQuestion(world), rounds, SHORT);
  return [
    {
      suite: 'forward',
      what: 'forward authorization of a git request, against bare node:http with the same bytes',
      figure: `${spread(ratio, 2)} of the throughput`,
      goal: '≥ 0.97',
      reached: ratio.median >= 0.97,
      detail,
    },
  ];
}
