/**
 * Classic tokens from end to end: made, edited, renewed, and what they may do at the API and in git in GitHub's words.
 */
import { describe, expect, it } from 'vitest';
import { setMember } from '../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../src/actions/decision/authorize.ts';
import { editToken } from '../../src/actions/tokens/edits.ts';
import { regenerateToken } from '../../src/actions/tokens/secrets.ts';
import { createToken } from '../../src/actions/tokens/tokens.ts';
import { Problem } from '../../src/base/errors.ts';
import { DAY_SEC } from '../../src/base/time.ts';
import type { TokenDraft } from '../../src/rules/draft.ts';
import { NO_POLICY, type StoredPolicy } from '../../src/rules/policy.ts';
import { setPolicy } from '../../src/store/policies.ts';
import { causesWorld } from '../causes/world.ts';
import { type GitlabWorld, gitlabWorld, type MadeToken } from '../doors/gitlab/api.ts';

const OPERATOR = operatorPermit();

function make({ ctx }: GitlabWorld, given: Partial<TokenDraft>): ReturnType<typeof createToken> {
  return createToken(ctx, OPERATOR, {
    userLogin: 'Bob',
    kind: 'classic',
    name: 'note',
    description: '',
    scopes: [],
    grants: [],
    ...given,
  });
}

async function complaints(work: Promise<unknown>): Promise<string[]> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Problem);
  return (error as Problem).complaints.map(({ message }) => message);
}

const classic = (world: GitlabWorld, login: string, scopes: readonly string[]): Promise<MadeToken> =>
  world.token(login, scopes, { kind: 'classic' });

describe('a new classic token', () => {
  it('keeps its scopes as GitHub does, and its end as it was chosen', async () => {
    const world = await gitlabWorld();
    const { token } = await make(world, {
      scopes: ['user', 'gist', 'user:email', 'repo', 'public_repo', 'repo'],
      expiresInDays: 7,
    });
    expect(token).toMatchObject({
      kind: 'classic',
      scopes: ['gist', 'repo', 'user'],
      expiresAt: world.ctx.clock.now() + 7 * DAY_SEC,
    });
    expect((await make(world, { expiresInDays: null })).token.expiresAt).toBeNull();
    expect((await make(world, {})).token.expiresAt).toBe(world.ctx.clock.now() + 30 * DAY_SEC);
  });

  it('may share its note with another', async () => {
    const world = await gitlabWorld();
    expect([(await make(world, {})).token.name, (await make(world, {})).token.name]).toEqual(['note', 'note']);
  });

  it('is refused with every complaint at once, and nothing is made', async () => {
    const world = await gitlabWorld();
    await world.ctx.store.transaction((tx) =>
      setPolicy(
        tx,
        0,
        { ...NO_POLICY, maxLifetimeDays: { ...NO_POLICY.maxLifetimeDays, classic: 90 } },
        world.ctx.clock.now(),
      ),
    );
    expect(await complaints(make(world, { name: ' ', scopes: ['repo', 'everything'], expiresInDays: null }))).toEqual([
      'A token needs a name.',
      'Unknown scope: everything.',
      'A policy caps the life of this token: choose 1 to 90 days.',
    ]);
    expect(await complaints(make(world, { expiresInDays: 91 }))).toEqual([
      'A policy caps the life of this token at 90 days.',
    ]);
    await world.ctx.store.transaction((tx) => tx.updateTable('emails').set({ verified_at: null }).execute());
    expect(await complaints(make(world, { expiresInDays: 90 }))).toEqual([
      'Verify your e-mail address first: tokens can be created only after that.',
    ]);
    expect(await world.ctx.store.db.selectFrom('tokens').select('id').execute()).toEqual([]);
  });
});

describe('a living classic token', () => {
  it('has new scopes on the very next request, normalised', async () => {
    const world = await gitlabWorld();
    const { secret, id } = await classic(world, 'Bob', []);
    const read = async (): Promise<number> => (await world.askGithub('GET /repos/Bob/notes', { token: secret })).status;
    expect(await read()).toBe(404);
    expect((await editToken(world.ctx, OPERATOR, id, { scopes: ['repo:status', 'repo', 'workflow'] })).scopes).toEqual([
      'repo',
      'workflow',
    ]);
    expect(await read()).toBe(200);
    expect((await world.askGithub('GET /user', { token: secret })).headers['x-oauth-scopes']).toBe('repo, workflow');
    expect(await complaints(editToken(world.ctx, OPERATOR, id, { scopes: ['api'] }))).toEqual(['Unknown scope: api.']);
    await editToken(world.ctx, OPERATOR, id, { scopes: [] });
    expect(await read()).toBe(404);
  });

  it('keeps its scopes when it is regenerated; the old secret is dead at once', async () => {
    const world = await gitlabWorld();
    const { secret, id } = await classic(world, 'Bob', ['repo']);
    const renewed = await regenerateToken(world.ctx, OPERATOR, id, { expiresInDays: 30 });
    expect(renewed.token).toMatchObject({ id, scopes: ['repo'] });
    expect(await world.askGithub('GET /user', { token: secret })).toMatchObject({
      status: 401,
      body: { message: 'Bad credentials', reason: 'token_replaced' },
    });
    expect((await world.askGithub('GET /repos/Bob/notes', { token: renewed.secret.reveal() })).status).toBe(200);
  });
});

describe('scopes', () => {
  it('open what GitHub opens with them, and never more than their owner may', async () => {
    const world = await gitlabWorld();
    const asks = async (
      login: string,
      scopes: readonly string[],
      operation: string,
      body?: object,
    ): Promise<[number, unknown]> => {
      const { secret } = await classic(world, login, scopes);
      const answer = await world.askGithub(operation, { token: secret, ...(body === undefined ? {} : { body }) });
      return [answer.status, answer.body?.reason];
    };
    // none: public things, and oneself
    expect(await asks('Bob', [], 'GET /repos/Acme/docs/branches')).toEqual([200, undefined]);
    expect(await asks('Bob', [], 'GET /repos/Acme/site')).toEqual([404, 'public_only']);
    // repo is for repositories, not for deleting them
    expect(await asks('Bob', ['repo'], 'GET /repos/Bob/notes/branches')).toEqual([200, undefined]);
    expect(await asks('Bob', ['repo'], 'DELETE /repos/Bob/notes')).toEqual([403, 'scope_missing']);
    expect(await asks('Bob', ['delete_repo'], 'DELETE /repos/Acme/site')).toEqual([403, 'role_insufficient']);
    expect(await asks('Bob', ['delete_repo'], 'DELETE /repos/Bob/notes')).toEqual([204, undefined]);
    // public_repo stops at private repositories
    expect(await asks('Ada', ['public_repo'], 'GET /repos/Acme/site')).toEqual([404, 'public_only']);
    // admin:org gives a member nothing that is for owners
    expect(await asks('Bob', ['admin:org'], 'PATCH /orgs/Acme', { description: 'mine' })).toEqual([
      403,
      'role_insufficient',
    ]);
    expect(await asks('Bob', ['admin:org'], 'GET /orgs/Acme/personal-access-tokens')).toEqual([
      403,
      'role_insufficient',
    ]);
    expect(await asks('Ada', ['admin:org'], 'PATCH /orgs/Acme', { description: 'ours' })).toEqual([200, undefined]);
    expect(await asks('Ada', ['repo'], 'PUT /orgs/Acme/memberships/Cy', { role: 'member' })).toEqual([
      403,
      'scope_missing',
    ]);
    // two that are required together
    expect(await asks('Ada', ['repo'], 'GET /repos/Acme/site/collaborators')).toEqual([403, 'scope_missing']);
    expect(await asks('Ada', ['repo', 'read:org'], 'GET /repos/Acme/site/collaborators')).toEqual([200, undefined]);
  });

  it('follow their owner’s place: what they lose, the token loses, the moment it happens', async () => {
    const world = await gitlabWorld();
    const { secret } = await classic(world, 'Cy', ['repo']);
    const read = async (): Promise<number> => (await world.askGithub('GET /repos/Acme/site', { token: secret })).status;
    expect(await read()).toBe(404);
    await setMember(world.ctx, OPERATOR, { organization: 'Acme', login: 'Cy', role: 'member' });
    expect(await read()).toBe(200);
  });
});

describe('what an organization forbids', () => {
  it('is said in GitHub’s words; public reading stays', async () => {
    const world = await gitlabWorld();
    const { ctx } = world;
    const acme = await ctx.store.db
      .selectFrom('accounts')
      .select('id')
      .where('login', '=', 'Acme')
      .executeTakeFirstOrThrow();
    const { secret } = await classic(world, 'Bob', ['repo']);
    const said = async (
      change: Partial<StoredPolicy>,
      path = '/repos/Acme/site/branches',
    ): Promise<[number, string]> => {
      await ctx.store.transaction((tx) => setPolicy(tx, acme.id, { ...NO_POLICY, ...change }, ctx.clock.now()));
      const answer = await world.askGithub(`GET ${path}`, { token: secret });
      return [answer.status, answer.body.message];
    };
    const forbidden = { allowed: { 'fine-grained': null, classic: false, scoped: null } };
    const short = { maxLifetimeDays: { 'fine-grained': null, classic: 7, scoped: null } };
    expect(await said({})).toEqual([200, undefined]);
    expect(await said(forbidden)).toEqual([
      403,
      '`Acme` forbids access via a personal access token (classic). Please use a GitHub App, OAuth App, or a ' +
        'personal access token with fine-grained permissions.',
    ]);
    const [status, message] = await said(short);
    expect(status).toBe(403);
    expect(message.replace(/(?<=URL: http).*/, '')).toBe(
      "The 'Acme' organization forbids access via a personal access tokens (classic) if the token's lifetime is " +
        "greater than 7 days. Please adjust your token's lifetime at the following URL: http",
    );
    for (const change of [forbidden, short])
      expect(await said(change, '/repos/Acme/docs/branches')).toEqual([200, undefined]);
  });
});

describe('git with a classic token', () => {
  it('takes repo alone, and workflow for workflow files', async () => {
    const world = await causesWorld();
    const tried = async (
      scopes: readonly string[],
      operation: 'clone' | 'push',
      repository = 'acme/site',
      file?: string,
    ) => {
      const { secret } = await world.token({ kind: 'classic', scopes });
      return world.git({ username: 'bob', secret, repository, operation, ...(file === undefined ? {} : { file }) });
    };
    expect((await tried(['repo'], 'push')).ok).toBe(true);
    expect((await tried(['repo'], 'clone')).ok).toBe(true);
    const refused = await tried(['repo'], 'push', 'acme/site', '.github/workflows/ci.yml');
    expect(refused.ok).toBe(false);
    expect(refused.output).toContain('lacks the scope workflow');
    expect((await tried(['repo', 'workflow'], 'push', 'acme/site', '.github/workflows/ci.yml')).ok).toBe(true);
    expect((await tried(['public_repo'], 'push', 'acme/docs')).ok).toBe(true);
    expect((await tried(['public_repo'], 'push', 'acme/site')).ok).toBe(false);
    expect((await tried([], 'clone', 'acme/docs')).ok).toBe(true);
  }, 120_000);
});
