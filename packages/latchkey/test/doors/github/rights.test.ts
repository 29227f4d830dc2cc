/**
 * Every endpoint about a repository, against every way of not being allowed to use it. The body isn't read before that
 * is decided.
 */
import { describe, expect, it } from 'vitest';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { archiveRepository } from '../../../src/actions/repositories/repositories.ts';
import {
  atLeast,
  levelIn,
  type PermissionName,
  type PermissionSet,
  wholeOf,
} from '../../../src/catalogue/permissions.ts';
import type { Endpoint } from '../../../src/doors/github/endpoint.ts';
import { ENDPOINTS } from '../../../src/doors/github/endpoints.ts';
import type { Answer } from '../small-world.ts';
import { type ApiWorld, apiWorld, grant } from './api.ts';

const ABOUT_REPOSITORIES = ENDPOINTS.filter(
  ({ target, path }) => target.kind === 'repository' && path.startsWith('/repos/{owner}/{repo}'),
);
const VALUES: Readonly<Record<string, string>> = {
  owner: 'Acme',
  repo: 'site',
  username: 'Bob',
  path: 'a',
  ref: 'heads/main',
  branch: 'main',
  sha: '1'.repeat(40),
};
const NOT_OF_RIGHTS = [
  'credentials_missing',
  'not_found',
  'permission_missing',
  'scope_missing',
  'repository_not_selected',
  'resource_owner_mismatch',
  'role_insufficient',
];

function operation({ method, path }: Endpoint, repo = 'site'): string {
  const valueOf = (name: string): string => (name === 'repo' ? repo : (VALUES[name] ?? '1'));
  return `${method} ${path.replace(/\{(\w+)\}/g, (_, name: string) => valueOf(name))}`;
}

/** Asks with a body that no endpoint accepts, so that an allowed request changes nothing. */
function askFor({ ask }: ApiWorld, endpoint: Endpoint, token: string | null, repo?: string): Promise<Answer> {
  return ask(operation(endpoint, repo), {
    token,
    ...(endpoint.method === 'GET' ? {} : { body: { not_a_field: true } }),
  });
}

function suffices(have: PermissionSet, { need }: Endpoint): boolean {
  return need.sets.some((set) =>
    Object.entries(set).every(([name, level]) => atLeast(levelIn(have, name as PermissionName), level!)),
  );
}

describe('an endpoint about a repository', () => {
  it('tells strangers nothing: neither that a private one exists, nor that it does not', async () => {
    const world = await apiWorld('sqlite', { anonymousRateLimit: 0 });
    const stranger = await world.token('Cy', {
      grants: [grant({ owner: 'Cy', selection: 'all', permissions: { contents: 'write', administration: 'write' } })],
    });
    const classic = await world.token('Cy', { kind: 'classic', scopes: ['repo', 'delete_repo', 'admin:repo_hook'] });
    expect(ABOUT_REPOSITORIES.length).toBeGreaterThan(40);
    for (const endpoint of ABOUT_REPOSITORIES) {
      expect([operation(endpoint), (await askFor(world, endpoint, null)).status]).toEqual([operation(endpoint), 401]);
      for (const token of [stranger.secret, classic.secret]) {
        const [there, not] = [await askFor(world, endpoint, token), await askFor(world, endpoint, token, 'nothing')];
        expect([operation(endpoint), there.status, there.body.message]).toEqual([
          operation(endpoint),
          404,
          'Not Found',
        ]);
        expect({ ...there.body, detail: '', fix: '' }).toEqual({ ...not.body, detail: '', fix: '' });
      }
    }
  });

  it('takes a token that holds what it needs, and refuses one that holds something else, naming the gap', async () => {
    const world = await apiWorld();
    const permissions: PermissionSet[] = [
      { metadata: 'read' },
      { contents: 'read' },
      { contents: 'write' },
      { administration: 'read' },
      { administration: 'write' },
      { statuses: 'read' },
      { statuses: 'write' },
      { repository_hooks: 'read' },
    ];
    for (const held of permissions) {
      const { secret } = await world.token('Ada', {
        grants: [grant({ owner: 'Acme', selection: 'all', permissions: held as Record<string, string> })],
      });
      for (const endpoint of ABOUT_REPOSITORIES) {
        const enough = suffices({ metadata: 'read', ...held }, endpoint);
        if (enough && endpoint.method === 'DELETE' && endpoint.path === '/repos/{owner}/{repo}') continue;
        const answer = await askFor(world, endpoint, secret);
        const told = [operation(endpoint), JSON.stringify(held), answer.status, answer.body?.reason];
        if (enough)
          expect(
            NOT_OF_RIGHTS.filter((reason) => reason !== 'not_found'),
            told.join(' '),
          ).not.toContain(answer.body?.reason);
        else
          expect(answer, told.join(' ')).toMatchObject({
            status: 403,
            body: { message: 'Resource not accessible by personal access token', reason: 'permission_missing' },
          });
        if (!enough)
          expect(Object.keys(answer.body.missing), told.join(' ')).toEqual(
            expect.arrayContaining(Object.keys(endpoint.need.sets[0]!).map((name) => wholeOf(name as PermissionName))),
          );
        expect(answer.headers['x-accepted-github-permissions'], told.join(' ')).toMatch(/^[a-z_]+=/);
      }
    }
  });

  it('does not change an archived one', async () => {
    const world = await apiWorld();
    await archiveRepository(world.ctx, operatorPermit(), { owner: 'Acme', name: 'site' });
    const { secret } = await world.token('Ada', {
      grants: [
        grant({
          owner: 'Acme',
          selection: 'all',
          permissions: {
            contents: 'write',
            administration: 'write',
            statuses: 'write',
            repository_hooks: 'write',
            workflows: 'write',
          },
        }),
      ],
    });
    const changing = ABOUT_REPOSITORIES.filter(({ need }) => need.writes);
    expect(changing.length).toBeGreaterThan(15);
    for (const endpoint of changing)
      expect([operation(endpoint), await askFor(world, endpoint, secret)]).toMatchObject([
        operation(endpoint),
        { status: 403, body: { message: 'Repository was archived so is read-only.' } },
      ]);
  });
});
