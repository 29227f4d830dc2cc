/** Whatever is sent to the GitLab door, it answers in its own form, never with an internal error. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ENDPOINTS } from '../../../src/doors/gitlab/endpoints.ts';
import { gitlabWorld } from './api.ts';

const RUNS = 400;

/** Values that break parameters of every type, and some that they accept. */
const value = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.array(fc.string({ maxLength: 5 }), { maxLength: 3 }),
  fc.object({ maxDepth: 1 }),
  fc.constantFrom(
    'main',
    'main',
    'HEAD',
    '2026-10-01',
    '9999-99-99',
    '-1',
    '0',
    '1',
    '2',
    'self',
    'Bob/notes',
    '../..',
    '%00',
    '\u0000',
    '💥',
    'a'.repeat(5000),
  ),
  fc.constantFrom(
    'refs/heads/main',
    'main..main',
    '@{1}',
    '--help',
    'base64',
    'text',
    'create',
    ['read_user'],
    [{ action: 'create', file_path: 'b', content: 'b' }],
  ),
);
const segment = fc.oneof(
  fc.constantFrom(
    '1',
    '2',
    '3',
    '99',
    'Acme%2Fdocs',
    'self',
    'main',
    'a',
    '%',
    '%2e%2e',
    '%00',
    '-',
    '__proto__',
    'constructor',
    '99999999999999999999',
  ),
  fc.string({ maxLength: 12 }).map(encodeURIComponent),
);

const asking = fc.constantFrom(...ENDPOINTS).chain((endpoint) =>
  fc.record({
    method: fc.constant(endpoint.method),
    segments: fc.tuple(fc.oneof({ weight: 2, arbitrary: fc.constant('Bob%2Fnotes') }, segment), segment, segment),
    path: fc.constant(endpoint.path),
    query: fc.dictionary(
      fc.constantFrom(...Object.keys(endpoint.params), 'page', 'per_page', 'scopes[]', '__proto__', 'x[y]'),
      fc.string({ maxLength: 12 }),
      { maxKeys: 3 },
    ),
    body: fc.option(
      fc.oneof(
        {
          weight: 4,
          arbitrary: fc.record(Object.fromEntries(Object.keys(endpoint.params).map((name) => [name, value])), {
            requiredKeys: [],
          }),
        },
        value,
      ),
      { freq: 5 },
    ),
    type: fc.constantFrom('application/json', 'application/json', 'application/x-www-form-urlencoded', 'text/plain'),
  }),
);

it(`the GitLab door answers ${RUNS} random requests in its own form`, async () => {
  const world = await gitlabWorld();
  const owner = await world.token('Bob', ['api']);
  await world.ask('POST /projects/Bob%2Fnotes/repository/files/a', {
    token: owner.secret,
    body: { branch: 'main', commit_message: 'Begin', content: 'a' },
  });
  const seen = new Set<number>();
  await fc.assert(
    fc.asyncProperty(asking, async ({ method, path, segments, query, body, type }) => {
      // a token that happened to be revoked or rotated is replaced
      const { secret } = await world.token('Bob', ['api']);
      let next = 0;
      const filled = path.replace(/\{\w+\}/g, () => segments[next++ % segments.length]!);
      const search = new URLSearchParams(query as Record<string, string>).toString();
      const payload =
        body === null || method === 'GET'
          ? {}
          : { body: JSON.stringify(body) ?? 'undefined', headers: { 'content-type': type } };
      const answer = await world.ask(`${method} ${filled}${search === '' ? '' : `?${search}`}`, {
        token: secret,
        ...payload,
      });
      seen.add(answer.status);
      expect(answer.status, `${method} ${filled}?${search} ${answer.text}`).toBeLessThan(500);
      if (answer.status >= 400) expect(answer.body?.message ?? answer.body?.error, answer.text).toBeDefined();
    }),
    { numRuns: RUNS },
  );
  for (const status of [200, 400, 404]) expect(seen).toContain(status);
}, 240_000);
