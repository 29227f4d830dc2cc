/**
 * What teams cost: checks of somebody in 50 teams beside a plain member's, in an organization with 10,000
 * repositories; and pages of an organization with 10,000 members and 1,000 teams.
 */
import { join } from 'node:path';
import Fastify, { type FastifyInstance } from 'fastify';
import { addOrganization, addUser } from '../packages/latchkey/dist/actions/accounts/accounts.js';
import { beginSession } from '../packages/latchkey/dist/actions/accounts/sessions.js';
import { authorize, operatorPermit } from '../packages/latchkey/dist/actions/decision/authorize.js';
import { type OpenContext, openContext } from '../packages/latchkey/dist/actions/instance/open.js';
import { createToken } from '../packages/latchkey/dist/actions/tokens/tokens.js';
import { makeLog } from '../packages/latchkey/dist/base/log.js';
import { Secret } from '../packages/latchkey/dist/base/secret.js';
import { loadSettings } from '../packages/latchkey/dist/base/settings/settings.js';
import { webDoor } from '../packages/latchkey/dist/doors/web/plugin.js';
import { bumpRevision } from '../packages/latchkey/dist/store/revision.js';
import { type Row, ratioOf, spread, takeTurns, timed } from './measure.ts';

const REPOSITORIES = 10_000;
const MEMBERS = 10_000;
const TEAMS = 1_000;
/** Teams of the person who is measured, each with a role in as many repositories. */
const OWN_TEAMS = 50;
/** Checks in one run, each of another repository that nothing remembers. */
const CHECKS = 2_000;
/** Requests in one run of a page. */
const REQUESTS = 10;
const AT = 1_800_000_000;
const PAGES = {
  'people, first page': '/organizations/acme/settings/people',
  'teams, first page': '/organizations/acme/settings/teams',
  'a team of 5,000': '/organizations/acme/settings/teams/t-0',
  groups: '/organizations/acme/settings/groups',
} as const;

export async function benchTeams(folder: string, rounds: number): Promise<Row[]> {
  const ctx = await openContext(loadSettings({ flags: { data: join(folder, 'teams') }, env: {} }), makeLog('silent'));
  const fastify = Fastify({ logger: false });
  try {
    const { owner, plain, many } = await fill(ctx);
    await fastify.register(webDoor(ctx, new AbortController().signal));
    return [...(await checks(ctx, rounds, { plain, many })), ...(await pages(fastify, rounds, owner))];
  } finally {
    await fastify.close();
    await ctx.close();
  }
}

async function checks(
  ctx: OpenContext,
  rounds: number,
  people: Readonly<Record<'plain' | 'many', Secret>>,
): Promise<Row[]> {
  const anew = async (secret: Secret): Promise<number> => {
    await ctx.store.transaction((tx) => bumpRevision(tx));
    return (await timed(() => checkEach(ctx, secret))) / CHECKS;
  };
  const again = async (secret: Secret): Promise<number> => (await timed(() => checkEach(ctx, secret))) / CHECKS;
  const figures = await takeTurns(rounds, {
    plain: () => anew(people.plain),
    'plain again': () => again(people.plain),
    many: () => anew(people.many),
    'many again': () => again(people.many),
  });
  const pair = (what: string, one: keyof typeof figures, other: keyof typeof figures): Row[] => {
    const ratio = ratioOf(figures[one], figures[other]);
    return [
      {
        suite: 'teams',
        what: `check of somebody in ${OWN_TEAMS} teams, ${what}`,
        figure: spread({ ...figures[one], ...scaled(figures[one]) }, 1, ' µs'),
        goal: null,
        reached: null,
        detail: `a plain member: ${spread({ ...figures[other], ...scaled(figures[other]) }, 1, ' µs')}`,
      },
      {
        suite: 'teams',
        what: `that to a plain member’s, ${what}`,
        figure: spread(ratio, 2, '×'),
        goal: '≤ 1.2×',
        reached: ratio.median <= 1.2,
        detail: `${CHECKS} of ${REPOSITORIES} repositories a run`,
      },
    ];
  };
  return [...pair('read anew', 'many', 'plain'), ...pair('remembered', 'many again', 'plain again')];
}

const scaled = ({ median, min, max }: { median: number; min: number; max: number }) => ({
  median: median * 1000,
  min: min * 1000,
  max: max * 1000,
});

async function checkEach(ctx: OpenContext, secret: Secret): Promise<void> {
  for (let i = 0; i < CHECKS; i++) {
    const verdict = await authorize(ctx, {
      credential: { form: 'bearer', secret },
      need: { sets: [{ metadata: 'read' }], publicRead: false, writes: false },
      target: { kind: 'repository', owner: 'acme', name: `r-${i * (REPOSITORIES / CHECKS)}` },
      address: '127.0.0.1',
      userAgent: null,
      purpose: 'bench',
      door: 'github',
    });
    if (!verdict.allowed) throw new Error(`r-${i}: ${verdict.explanation.reason}`);
  }
}

async function pages(fastify: FastifyInstance, rounds: number, session: Secret): Promise<Row[]> {
  const open = async (url: string): Promise<void> => {
    const headers = { cookie: `latchkey_session=${session.reveal()}`, accept: 'text/html' };
    const answer = await fastify.inject({ method: 'GET', url, headers });
    if (answer.statusCode !== 200) throw new Error(`${url}: ${answer.statusCode} ${String(answer.headers.location)}`);
  };
  const figures = await takeTurns(
    rounds,
    Object.fromEntries(
      Object.entries(PAGES).map(([name, url]) => [
        name,
        async () =>
          (await timed(async () => {
            for (let i = 0; i < REQUESTS; i++) await open(url);
          })) / REQUESTS,
      ]),
    ),
  );
  return Object.entries(figures).map(([name, figure]) => ({
    suite: 'teams',
    what: `${name}, of ${MEMBERS} members and ${TEAMS} teams`,
    figure: spread(figure, 1, ' ms'),
    goal: '< 50 ms',
    reached: figure.median < 50,
    detail: `${REQUESTS} requests a run, whole answers`,
  }));
}

/** Rows that are written at a time. */
const AT_ONCE = 500;

async function inParts<T>(rows: readonly T[], write: (part: T[]) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < rows.length; from += AT_ONCE) await write(rows.slice(from, from + AT_ONCE));
}

async function fill(ctx: OpenContext) {
  const operator = operatorPermit();
  const person = (login: string) =>
    addUser(ctx, operator, { login, email: `${login}@example.org`, verified: true, admin: false, password: null });
  const [owner, plain, many] = [await person('owner'), await person('plain'), await person('many')];
  const { id: organizationId } = await addOrganization(ctx, operator, { name: 'acme', owner: 'owner' });
  await ctx.store.transaction(async (tx) => {
    const count = (length: number): number[] => Array.from({ length }, (_, i) => i);
    await inParts(count(MEMBERS), (part) =>
      tx
        .insertInto('accounts')
        .values(
          part.map((i) => ({ kind: 'user' as const, login: `p-${i}`, login_key: `p-${i}`, name: '', created_at: AT })),
        )
        .execute(),
    );
    const people = (await tx.selectFrom('accounts').select('id').where('login', 'like', 'p-%').execute()).map(
      ({ id }) => id,
    );
    await inParts([plain.id, many.id, ...people], (part) =>
      tx
        .insertInto('memberships')
        .values(
          part.map((user_id) => ({
            organization_id: organizationId,
            user_id,
            role: 'member' as const,
            created_at: AT,
          })),
        )
        .execute(),
    );
    await inParts(count(REPOSITORIES), (part) =>
      tx
        .insertInto('repositories')
        .values(
          part.map((i) => ({
            owner_id: organizationId,
            name: `r-${i}`,
            name_key: `r-${i}`,
            visibility: 'private' as const,
            object_format: 'sha1' as const,
            created_at: AT,
            updated_at: AT,
          })),
        )
        .execute(),
    );
    await inParts(count(TEAMS), (part) =>
      tx
        .insertInto('teams')
        .values(
          part.map((i) => ({
            organization_id: organizationId,
            name: `t-${i}`,
            slug: `t-${i}`,
            description: '',
            is_secret: 0 as const,
            created_at: AT,
            updated_at: AT,
          })),
        )
        .execute(),
    );
    const teams = (await tx.selectFrom('teams').select('id').orderBy('id').execute()).map(({ id }) => id);
    await inParts(teams, (part) =>
      tx
        .insertInto('team_lines')
        .values(part.map((id) => ({ team_id: id, ancestor_id: id })))
        .execute(),
    );
    const repositories = (await tx.selectFrom('repositories').select('id').orderBy('id').execute()).map(({ id }) => id);
    // One team has half of the members, each other one a few; the measured person is in the first fifty.
    const members = [
      ...people.slice(0, MEMBERS / 2).map((user_id) => ({ team_id: teams[0]!, user_id })),
      ...people.flatMap((user_id, i) => (i % TEAMS === 0 ? [] : [{ team_id: teams[i % TEAMS]!, user_id }])),
      ...teams.slice(0, OWN_TEAMS).map((team_id) => ({ team_id, user_id: many.id })),
    ];
    await inParts(members, (part) =>
      tx
        .insertInto('team_members')
        .values(
          part.map((row) => ({ ...row, organization_id: organizationId, role: 'member' as const, created_at: AT })),
        )
        .execute(),
    );
    await inParts(repositories, (part) =>
      tx
        .insertInto('team_repositories')
        .values(
          part.map((repository_id, i) => ({
            repository_id,
            team_id: teams[i % OWN_TEAMS]!,
            role: 'write' as const,
            created_at: AT,
          })),
        )
        .execute(),
    );
    await bumpRevision(tx);
  });
  const token = async (userLogin: string): Promise<Secret> =>
    (
      await createToken(ctx, operator, {
        userLogin,
        kind: 'classic',
        name: 'checks',
        description: '',
        scopes: ['repo'],
        grants: [],
      })
    ).secret;
  const visitor = { address: '127.0.0.1', userAgent: null };
  const session = await ctx.store.transaction((tx) => beginSession(tx, ctx.clock.now(), owner.id, visitor));
  return { owner: session, plain: await token('plain'), many: await token('many') };
}
