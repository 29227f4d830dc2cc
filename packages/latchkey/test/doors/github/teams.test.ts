/** Teams over GitHub's API: its shapes, who may do what, what a role by a team opens, and when it ends. */
import { describe, expect, it } from 'vitest';
import { removeMember, setMember, userNamed } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { changePolicy } from '../../../src/actions/organizations/policy-change.ts';
import { createTeam } from '../../../src/actions/organizations/teams/tree.ts';
import { relocate } from '../../../src/actions/repositories/moves.ts';
import { addRepository, repositoryNamed } from '../../../src/actions/repositories/repositories.ts';
import {
  MAX_TEAM_DEPTH,
  MAX_TEAM_DESCRIPTION_LENGTH,
  MAX_TEAM_NAME_LENGTH,
  MAX_TEAMS_PER_ORGANIZATION,
} from '../../../src/rules/names.ts';
import { ENGINES } from '../../engines/engines.ts';
import { type ApiWorld, apiWorld } from './api.ts';
import { validated } from './schema-harness.ts';

const OPERATOR = operatorPermit();

/** Reads whose shape GitHub's facts at hand don't have. */
const UNDESCRIBED = /\/teams\/[^/]+\/(?:teams|repos\/.*)$/;

interface World extends ApiWorld {
  readonly owner: string;
  readonly member: string;
  readonly outsider: string;
}

/** Acme without a base role; Ada owns it, Bob and Root are members, Cy is none. */
async function teamWorld(engine: Parameters<typeof apiWorld>[0] = 'sqlite'): Promise<World> {
  const plain = await apiWorld(engine);
  const checked = validated(plain.ask);
  // The facts at hand describe what is read.
  const ask: ApiWorld['ask'] = (operation, asking) =>
    operation.startsWith('GET ') && !UNDESCRIBED.test(operation)
      ? checked(operation, asking)
      : plain.ask(operation, asking);
  const world = { ...plain, ask };
  await setMember(world.ctx, OPERATOR, { organization: 'Acme', login: 'Root', role: 'member' });
  await changePolicy(world.ctx, OPERATOR, 'Acme', { basePermission: 'none', requiresApproval: false });
  const classic = async (login: string): Promise<string> =>
    (await world.token(login, { kind: 'classic', scopes: ['repo', 'admin:org'] })).secret;
  return { ...world, owner: await classic('Ada'), member: await classic('Bob'), outsider: await classic('Cy') };
}

async function make(world: World, name: string, more: object = {}): Promise<{ id: number; slug: string }> {
  const { status, body } = await world.ask('POST /orgs/Acme/teams', {
    token: world.owner,
    body: { name, privacy: 'closed', ...more },
  });
  expect(status).toBe(201);
  return body as { id: number; slug: string };
}

const put = (world: World, path: string, body: object = {}) => world.ask(`PUT ${path}`, { token: world.owner, body });

describe.each(ENGINES)('on %s', (engine) => {
  it('a role of a team opens a repository to its members and those of teams below it, and ends at once', async () => {
    const world = await teamWorld(engine);
    const { ask, owner, member } = world;
    const top = await make(world, 'Platform');
    const low = await make(world, 'Platform On-Call', { parent_team_id: top.id });
    expect(low.slug).toBe('platform-on-call');
    const sees = async (): Promise<number> => (await ask('GET /repos/Acme/site', { token: member })).status;
    expect(await sees()).toBe(404);
    expect((await put(world, `/orgs/Acme/teams/${top.slug}/repos/Acme/site`, { permission: 'push' })).status).toBe(204);
    expect(await sees()).toBe(404);
    expect((await put(world, `/orgs/Acme/teams/${low.slug}/memberships/Bob`)).body).toMatchObject({ role: 'member' });
    const { body: repository } = await ask('GET /repos/Acme/site', { token: member });
    expect(repository.permissions).toMatchObject({ push: true, maintain: false });
    const { body: mine } = await ask('GET /user/repos?affiliation=organization_member', { token: member });
    expect(mine.map(({ name }: { name: string }) => name)).toContain('site');
    const { body: people } = await ask('GET /repos/Acme/site/collaborators', { token: owner });
    expect(people.map(({ login, role_name }: never) => [login, role_name])).toContainEqual(['Bob', 'write']);
    const { body: direct } = await ask('GET /repos/Acme/site/collaborators?affiliation=direct', { token: owner });
    expect(direct.map(({ login }: { login: string }) => login)).not.toContain('Bob');

    for (const end of [
      () => ask(`DELETE /orgs/Acme/teams/${low.slug}/memberships/Bob`, { token: owner }),
      () => ask(`PATCH /orgs/Acme/teams/${low.slug}`, { token: owner, body: { parent_team_id: null } }),
      () => ask(`DELETE /orgs/Acme/teams/${top.slug}/repos/Acme/site`, { token: owner }),
    ]) {
      expect((await end()).status).toBeLessThan(300);
      expect(await sees()).toBe(404);
      await put(world, `/orgs/Acme/teams/${low.slug}/memberships/Bob`);
      await put(world, `/orgs/Acme/teams/${top.slug}/repos/Acme/site`, { permission: 'triage' });
      await ask(`PATCH /orgs/Acme/teams/${low.slug}`, { token: owner, body: { parent_team_id: top.id } });
      expect(await sees()).toBe(200);
    }
    expect((await ask(`DELETE /orgs/Acme/teams/${top.slug}`, { token: owner })).status).toBe(204);
    expect(await sees()).toBe(404);
    expect((await ask(`GET /orgs/Acme/teams/${low.slug}`, { token: owner })).status).toBe(404);
  });
});

describe('a team', () => {
  it('gives the highest of all roles that reach somebody', async () => {
    const world = await teamWorld();
    const top = await make(world, 'top');
    const low = await make(world, 'low', { parent_team_id: top.id });
    const other = await make(world, 'other');
    await put(world, `/orgs/Acme/teams/low/memberships/Bob`);
    await put(world, `/orgs/Acme/teams/other/memberships/Bob`);
    const role = async (): Promise<string> =>
      (await world.ask('GET /repos/Acme/site/collaborators/Bob/permission', { token: world.owner })).body.role_name;
    for (const [team, permission, held] of [
      [other.slug, 'triage', 'triage'],
      [top.slug, 'maintain', 'maintain'],
      [low.slug, 'pull', 'maintain'],
      [top.slug, 'pull', 'triage'],
    ] as const) {
      await put(world, `/orgs/Acme/teams/${team}/repos/Acme/site`, { permission });
      expect(await role()).toBe(held);
    }
    const { status, body } = await world.ask('GET /orgs/Acme/teams/low/repos/Acme/site', {
      token: world.owner,
      headers: { accept: 'application/vnd.github.v3.repository+json' },
    });
    expect([status, body?.role_name]).toEqual([200, 'read']);
    const { body: listed } = await world.ask('GET /repos/Acme/site/teams', { token: world.owner });
    expect(listed.map(({ slug, permission }: never) => [slug, permission])).toEqual([
      ['low', 'pull'],
      ['other', 'triage'],
      ['top', 'pull'],
    ]);
  });

  it('is changed by its maintainers, except where it would bring them other roles', async () => {
    const world = await teamWorld();
    const { ask, member } = world;
    const top = await make(world, 'top');
    await make(world, 'mine');
    const change = (body: object, slug = 'mine') => ask(`PATCH /orgs/Acme/teams/${slug}`, { token: member, body });
    await put(world, '/orgs/Acme/teams/mine/memberships/Bob');
    expect((await change({ description: 'x' })).body).toMatchObject({ reason: 'role_insufficient' });
    await put(world, '/orgs/Acme/teams/mine/memberships/Bob', { role: 'maintainer' });
    expect((await change({ description: 'ours' })).body).toMatchObject({ description: 'ours' });
    expect((await change({ description: 'x' }, 'top')).status).toBe(403);
    expect((await change({ parent_team_id: top.id })).status).toBe(422);
    expect((await ask('POST /orgs/Acme/teams', { token: member, body: { name: 'new' } })).status).toBe(403);
    const add = await ask('PUT /orgs/Acme/teams/mine/memberships/Root', { token: member, body: {} });
    expect(add.body).toMatchObject({ state: 'active' });
    expect((await ask('PUT /orgs/Acme/teams/mine/repos/Acme/site', { token: member, body: {} })).status).toBe(404);
    // A maintainer no longer: at once.
    await put(world, '/orgs/Acme/teams/mine/memberships/Bob', { role: 'member' });
    expect((await change({ description: 'again' })).status).toBe(403);
  });

  it('has only members of its organization, who leave it with their membership', async () => {
    const world = await teamWorld();
    await make(world, 'ours');
    await put(world, '/orgs/Acme/teams/ours/repos/Acme/site', { permission: 'admin' });
    const refused = await put(world, '/orgs/Acme/teams/ours/memberships/Cy');
    expect(refused.body.errors[0].message).toContain('not a member of Acme');
    await put(world, '/orgs/Acme/teams/ours/memberships/Bob');
    expect((await world.ask('GET /repos/Acme/site', { token: world.member })).status).toBe(200);
    await removeMember(world.ctx, OPERATOR, { organization: 'Acme', login: 'Bob', keepsRoles: true });
    expect((await world.ask('GET /repos/Acme/site', { token: world.member })).status).toBe(404);
    await setMember(world.ctx, OPERATOR, { organization: 'Acme', login: 'Bob', role: 'member' });
    expect((await world.ask('GET /repos/Acme/site', { token: world.member })).status).toBe(404);
    expect((await world.ask('GET /orgs/Acme/teams/ours/memberships/Bob', { token: world.owner })).status).toBe(404);
  });

  it('that is secret does not exist for anybody but its members and the owners', async () => {
    const world = await teamWorld();
    const { ask, member, owner } = world;
    const { id } = await make(world, 'Skunk Works', { privacy: 'secret' });
    await make(world, 'open');
    await put(world, '/orgs/Acme/teams/skunk-works/repos/Acme/docs', { permission: 'push' });
    const answers = async (slug: string, token: string): Promise<unknown[]> =>
      Promise.all(
        ['', '/members', '/repos', '/teams', '/memberships/Ada', '/repos/Acme/docs'].map(async (rest) => {
          const { status, body } = await ask(`GET /orgs/Acme/teams/${slug}${rest}`, { token });
          return [status, JSON.stringify(body ?? '').replaceAll(slug, '…')];
        }),
      );
    expect(await answers('skunk-works', member)).toEqual(await answers('no-such-team', member));
    expect(await answers('skunk-works', world.outsider)).toEqual(await answers('no-such-team', world.outsider));
    const names = async (token: string): Promise<string[]> =>
      (await ask('GET /orgs/Acme/teams', { token })).body.map(({ slug }: { slug: string }) => slug);
    expect(await names(member)).toEqual(['open']);
    expect(await names(owner)).toEqual(['open', 'skunk-works']);
    const below = await ask('POST /orgs/Acme/teams', {
      token: owner,
      body: { name: 'below', privacy: 'closed', parent_team_id: id },
    });
    expect(below.body.errors[0].message).toBe('A secret team has no team above it and none below.');
    await put(world, '/orgs/Acme/teams/skunk-works/memberships/Bob');
    expect(await names(member)).toEqual(['open', 'skunk-works']);
  });

  it('is in no cycle, and no deeper than the limit', async () => {
    const world = await teamWorld();
    const chain = [await make(world, 'level 1')];
    for (let level = 2; level <= MAX_TEAM_DEPTH; level++)
      chain.push(await make(world, `level ${level}`, { parent_team_id: chain.at(-1)!.id }));
    const [first, last] = [chain[0]!, chain.at(-1)!];
    const deeper = await world.ask('POST /orgs/Acme/teams', {
      token: world.owner,
      body: { name: 'too deep', privacy: 'closed', parent_team_id: last.id },
    });
    expect(deeper.body.errors[0].message).toBe(`Teams are nested at most ${MAX_TEAM_DEPTH} levels deep.`);
    const move = (slug: string, parent_team_id: number | null) =>
      world.ask(`PATCH /orgs/Acme/teams/${slug}`, { token: world.owner, body: { parent_team_id } });
    for (const parent of [first, last]) {
      const { status, body } = await move(first.slug, parent.id);
      expect([status, body.errors[0].message]).toEqual([422, expect.stringContaining('itself, or below it')]);
    }
    const top = await make(world, 'new top');
    expect((await move(first.slug, top.id)).status).toBe(422);
    expect((await move(chain[1]!.slug, top.id)).status).toBe(200);
    const { body: children } = await world.ask(`GET /orgs/Acme/teams/new-top/teams`, { token: world.owner });
    expect(children.map(({ slug }: { slug: string }) => slug)).toEqual(['level-2']);
    expect((await move(chain[1]!.slug, 999_999)).status).toBe(404);
  });

  it('has a name that forges nothing and a slug of its own', async () => {
    const world = await teamWorld();
    const attempt = async (name: string, description = ''): Promise<string> => {
      const { status, body } = await world.ask('POST /orgs/Acme/teams', {
        token: world.owner,
        body: { name, description, privacy: 'closed' },
      });
      return status === 201 ? body.slug : body.errors[0].message;
    };
    expect(await attempt('Élan & Vögel (2)')).toBe('elan-vogel-2');
    expect(await attempt('elan vogel 2')).toBe('The organization has a team elan-vogel-2 already.');
    expect(await attempt('core\u202Eteam')).toContain('U+202E');
    expect(await attempt('デザイン')).toContain('a letter from A to Z or a digit');
    expect(await attempt('  ')).toBe('A team needs a name.');
    expect(await attempt('New')).toBe('The team name new is reserved.');
    expect(await attempt('x'.repeat(MAX_TEAM_NAME_LENGTH))).toHaveLength(MAX_TEAM_NAME_LENGTH);
    expect(await attempt('x'.repeat(MAX_TEAM_NAME_LENGTH + 1))).toContain('at most 100 characters');
    expect(await attempt('long', 'd'.repeat(MAX_TEAM_DESCRIPTION_LENGTH))).toBe('long');
    expect(await attempt('longer', 'd'.repeat(MAX_TEAM_DESCRIPTION_LENGTH + 1))).toContain('at most 500 characters');
  });

  it('loses its role when the repository moves to another owner', async () => {
    const world = await teamWorld();
    await make(world, 'ours');
    await put(world, '/orgs/Acme/teams/ours/repos/Acme/site', { permission: 'admin' });
    await put(world, '/orgs/Acme/teams/ours/memberships/Bob');
    const { db } = world.ctx.store;
    const moved = await repositoryNamed(db, { owner: 'Acme', name: 'site' });
    await relocate(world.ctx, OPERATOR, { ...moved, to: { owner: await userNamed(db, 'Ada'), name: 'site' } });
    expect((await world.ask('GET /repos/Ada/site', { token: world.member })).status).toBe(404);
    const { body } = await world.ask('GET /orgs/Acme/teams/ours/repos', { token: world.owner });
    expect(body).toEqual([]);
    await addRepository(world.ctx, OPERATOR, { owner: 'Cy', name: 'hers', visibility: 'public' });
    const hers = await world.ask('PUT /orgs/Acme/teams/ours/repos/Cy/hers', { token: world.outsider, body: {} });
    expect(hers.status).toBeGreaterThanOrEqual(400);
  });

  it('counts up to the limit of an organization', async () => {
    const world = await teamWorld();
    const { db } = world.ctx.store;
    const { id } = await db
      .selectFrom('accounts')
      .select('id')
      .where('login_key', '=', 'acme')
      .executeTakeFirstOrThrow();
    const rows = Array.from({ length: MAX_TEAMS_PER_ORGANIZATION - 1 }, (_, i) => ({
      organization_id: id,
      name: `t${i}`,
      slug: `t${i}`,
      description: '',
      is_secret: 0 as const,
      parent_id: null,
      external_id: null,
      created_at: 1,
      updated_at: 1,
    }));
    for (let from = 0; from < rows.length; from += 500)
      await db
        .insertInto('teams')
        .values(rows.slice(from, from + 500))
        .execute();
    await createTeam(world.ctx, OPERATOR, { organization: 'Acme', name: 'the last' });
    await expect(createTeam(world.ctx, OPERATOR, { organization: 'Acme', name: 'one more' })).rejects.toThrow(
      'has 5000 teams',
    );
  });

  it('is told of by GET /user/teams as far as a token reaches', async () => {
    const world = await teamWorld();
    await make(world, 'ours');
    await put(world, '/orgs/Acme/teams/ours/memberships/Bob');
    const slugs = async (token: string): Promise<unknown> => {
      const { status, body } = await world.ask('GET /user/teams', { token });
      return status === 200 ? body.map(({ slug }: { slug: string }) => slug) : status;
    };
    expect(await slugs(world.member)).toEqual(['ours']);
    expect(await slugs((await world.token('Bob')).secret)).toEqual([]);
    const acme = await world.token('Bob', {
      grants: [{ owner: 'Acme', selection: 'all', repositories: [], permissions: {}, justification: null }],
    });
    expect(await slugs(acme.secret)).toEqual(['ours']);
    expect(await slugs((await world.token('Bob', { kind: 'classic', scopes: [] })).secret)).toEqual([]);
  });
});
