/**
 * Every endpoint of GitHub's API, through the real door: a token with exactly one of its permission sets, with one
 * permission less, and with none.
 */
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/base/secret.ts';
import { LEVELS, type Level, type PermissionName, wholeOf } from '../../../src/catalogue/permissions.ts';
import { type GithubRoute, githubRoutes } from '../../../src/catalogue/routes/github.ts';
import data from '../../../src/catalogue/routes/github-endpoints.json' with { type: 'json' };
import { INSTANCE_OWNER } from '../../../src/rules/model.ts';
import { lastEightOf, mintTokenText } from '../../../src/rules/token-text.ts';
import { accountByLogin } from '../../../src/store/accounts.ts';
import { insertToken } from '../../../src/store/tokens.ts';
import { type ForwardWorld, forwardWorld } from './door.ts';

type Set = Readonly<Record<string, Level>>;

/** The reference file, read independently of the code under test. */
const LISTED = new Map([...data.fineGrained].map(([method, path, sets]) => [`${method} ${path}`, sets!]));

function setsOf(route: GithubRoute): Set[] {
  const listed = LISTED.get(`${route.method} ${route.path}`) ?? '?';
  if (listed === '?')
    return route.need.sets.map((set) =>
      Object.fromEntries(Object.entries(set).map(([name, level]) => [wholeOf(name as PermissionName), level as Level])),
    );
  return listed === ''
    ? []
    : listed
        .split('; ')
        .map((set) => Object.fromEntries(set.split(',').map((pair) => pair.split('=') as [string, Level])));
}

const NAMES: Readonly<Record<string, string>> = {
  owner: 'acme',
  repo: 'site',
  org: 'acme',
  username: 'ada',
  template_owner: 'acme',
  template_repo: 'site',
  repo_owner: 'acme',
  repo_name: 'site',
  target_user: 'ada',
  path: 'src/a.ts',
  ref: 'heads/main',
  branch: 'main',
  dir: 'docs',
  basehead: 'main...next',
};
const filled = (path: string): string => path.replace(/\{([\w-]+)\}/g, (_whole, name: string) => NAMES[name] ?? '7');

/** Sets with one permission less than this one: missing, or one level lower. */
function lessThan(set: Set): Set[] {
  return Object.entries(set).flatMap(([name, level]) => {
    const { [name]: _gone, ...rest } = set;
    const lower = LEVELS[LEVELS.indexOf(level) - 1];
    return [rest, ...(lower === undefined ? [] : [{ ...rest, [name]: lower }])];
  });
}

const holds = (held: Set, needed: Set): boolean =>
  Object.entries(needed).every(
    ([name, level]) => held[name] !== undefined && LEVELS.indexOf(held[name]) >= LEVELS.indexOf(level),
  );

/** One token for each owner and set, made once. */
async function tokensOf({ ctx }: ForwardWorld): Promise<(owner: number, set: Set) => Promise<string>> {
  const made = new Map<string, string>();
  return async (owner, set) => {
    const key = `${owner} ${JSON.stringify(Object.entries(set).toSorted())}`;
    const known = made.get(key);
    if (known !== undefined) return known;
    const text = mintTokenText('fine-grained', randomBytes, null);
    made.set(key, text);
    await ctx.store.transaction((tx) =>
      insertToken(tx, {
        userId: 1,
        kind: 'fine-grained',
        name: `t${made.size}`,
        secret: { digest: digestOf(text), lastEight: lastEightOf(text) },
        expiresAt: null,
        at: ctx.clock.now(),
        grants: [{ ownerId: owner, selection: 'all', repositoryIds: [], permissions: set, state: 'active' }],
      }),
    );
    return text;
  };
}

describe('every endpoint of GitHub’s API behind a proxy', () => {
  it('answers as its permission sets say', { timeout: 300_000 }, async () => {
    const world = await forwardWorld();
    const { id: acme } = (await accountByLogin(world.ctx.store.db, 'acme'))!;
    const token = await tokensOf(world);
    const wrong: string[] = [];
    let asked = 0;
    for (const route of githubRoutes().filter(({ path }) => !path.endsWith('{base}...{head}'))) {
      const owner =
        { repository: acme, organization: acme, team: acme, instance: INSTANCE_OWNER }[route.target.kind as string] ??
        world.ada;
      const sets = setsOf(route);
      const anybody =
        sets.length === 0 ||
        (route.need.publicRead &&
          (route.target.kind === 'organization' ||
            route.target.kind === 'account' ||
            route.target.kind === 'team' ||
            route.target.kind === 'self'));
      const closed =
        sets.some((set) => 'github:no_token' in set) || (route.target.kind === 'account-by-id' && sets.length > 0);
      const check = async (held: Set, expected: boolean, what: string): Promise<void> => {
        asked++;
        const { status, text } = await world.nginx(
          `${route.method} /api/v3${filled(route.path)}`,
          await token(owner, held),
        );
        if (status !== (expected ? 200 : 403))
          wrong.push(`${route.method} ${route.path} with ${what} ${JSON.stringify(held)}: ${status} ${text}`);
      };
      for (const set of sets) {
        if (!closed) await check(set, true, 'exactly');
        for (const less of lessThan(set))
          await check(less, !closed && (anybody || sets.some((other) => holds(less, other))), 'less than');
      }
      // Where no permission is needed, the token must still reach a private repository.
      if (sets.length === 0) await check({ metadata: 'read' }, true, 'any');
      await check({}, anybody && !closed && !(sets.length === 0 && route.target.kind === 'repository'), 'none');
    }
    expect(wrong).toEqual([]);
    expect(asked).toBeGreaterThan(3_000);
  });
});
