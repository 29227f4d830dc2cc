/**
 * What a service behind a proxy pays: finding the route of a request among the 1,600 patterns of the standard map, in
 * this process; and the whole forward authorization over HTTP, beside a bare `node:http` server that answers the same
 * bytes to anybody.
 */
import { type CanonicalPath, canonicalPath } from '../packages/latchkey/dist/base/canonical-path.js';
import { standardServices } from '../packages/latchkey/dist/catalogue/route-maps/file.js';
import { RouteFinder } from '../packages/latchkey/dist/catalogue/route-maps/finder.js';
import { figureOf, type Row, spread } from './measure.ts';
import type { World } from './server.ts';
import { againstBare, type Question } from './token-check.ts';

const CALLS = 1_000_000;
type Asked = readonly [path: string, query: string];
const PLAIN: readonly Asked[] = [
  ['/acme/site.git/info/refs', 'service=git-upload-pack'],
  ['/api/v3/repos/acme/site', ''],
  ['/api/v3/repos/acme/site/pulls/42/reviews/7/comments', ''],
  ['/api/v3/repos/acme/site/contents/src/main.ts', ''],
  ['/api/v3/orgs/acme/actions/runners/downloads', ''],
];
const ENCODED: readonly Asked[] = [['/api/v4/projects/acme%2Fsite/merge_requests/3/notes', '']];

export function benchRoutes(rounds: number): Row[] {
  const services = standardServices();
  const finder = new RouteFinder(services);
  const patterns = services.reduce((sum, { rows }) => sum + rows.length, 0);
  const run = (paths: readonly Asked[]): number => {
    const start = process.cpuUsage();
    for (let i = 0; i < CALLS; i++) {
      const [path, query] = paths[i % paths.length]!;
      if (finder.find('', 'GET', canonicalPath(path) as CanonicalPath, query) === null)
        throw new Error(`the bench asks for ${path}, which has no route`);
    }
    return process.cpuUsage(start).user / CALLS;
  };
  const figureFor = (paths: readonly Asked[]): ReturnType<typeof figureOf> =>
    figureOf(Array.from({ length: rounds + 1 }, () => run(paths)).slice(1));
  const [plain, encoded] = [figureFor(PLAIN), figureFor(ENCODED)];
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

export async function benchForward(world: World, rounds: number): Promise<Row[]> {
  const { ratio, detail } = await againstBare(world, forwardQuestion(world), rounds);
  return [
    {
      suite: 'forward',
      what: 'forward authorization of a git request, against bare node:http with the same bytes',
      figure: `${spread(ratio, 2)} of the throughput`,
      goal: '≥ 0.90',
      reached: ratio.median >= 0.9,
      detail,
    },
  ];
}
