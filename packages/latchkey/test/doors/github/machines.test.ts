/**
 * Machine accounts: the way of an owner whose jobs need an account that stays, and the ways of somebody who would like
 * to sign in to one, to get more out of it than was given, or to use another's.
 */
import { describe, expect, it } from 'vitest';
import { addUser, removeMember, setMember, suspendUser } from '../../../src/actions/accounts/accounts.ts';
import { lockUser } from '../../../src/actions/accounts/locks.ts';
import { handPasswordLink, mailPasswordLink } from '../../../src/actions/accounts/new-password.ts';
import { signIn } from '../../../src/actions/accounts/sign-in.ts';
import { resetTwoFactor } from '../../../src/actions/accounts/two-factor.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { openMail } from '../../../src/actions/ground/mail.ts';
import { deleteUser } from '../../../src/actions/instance/account-deletion.ts';
import { addRepository, setCollaborator } from '../../../src/actions/repositories/repositories.ts';
import { revokeLeaked } from '../../../src/actions/tokens/leaks.ts';
import { noticeEnds } from '../../../src/actions/tokens/upkeep.ts';
import { Secret } from '../../../src/base/secret.ts';
import { DAY_SEC } from '../../../src/base/time.ts';
import { PERMISSIONS } from '../../../src/catalogue/permissions.ts';
import { CLASSIC_SCOPES } from '../../../src/catalogue/scopes/classic.ts';
import { ENDPOINTS } from '../../../src/doors/github/endpoints.ts';
import { setAdmin, setPasswordDigest, setTwoFactor } from '../../../src/store/accounts.ts';
import { insertEmail } from '../../../src/store/emails.ts';
import { insertIdentity } from '../../../src/store/external-identities.ts';
import { insertLink } from '../../../src/store/one-time-links.ts';
import { listMails } from '../../../src/store/outbox.ts';
import { insertPasskey } from '../../../src/store/passkeys.ts';
import { insertSession } from '../../../src/store/sessions.ts';
import { type ApiWorld, apiWorld, grant } from './api.ts';

const MACHINES = '/orgs/Acme/machines';
const OWNERS_RIGHTS = {
  contents: 'write',
  administration: 'write',
  members: 'write',
  organization_personal_access_tokens: 'write',
  organization_administration: 'write',
} as const;

/** A token with which Ada, who owns Acme, manages it. */
async function ownersToken(world: ApiWorld, permissions: Record<string, string> = OWNERS_RIGHTS): Promise<string> {
  const grants = [grant({ owner: 'Acme', selection: 'all', permissions })];
  return (await world.token('Ada', { name: `of Ada ${Object.keys(permissions).length}`, grants })).secret;
}

async function machineIn(world: ApiWorld): Promise<{ owner: string; secret: string; tokenId: number }> {
  const owner = await ownersToken(world);
  const made = await world.ask(`POST ${MACHINES}`, { token: owner, body: { login: 'Deploy-Bot', purpose: 'deploys' } });
  expect([made.status, made.body.type]).toEqual([201, 'Bot']);
  await world.ask('PUT /repos/Acme/site/collaborators/deploy-bot', { token: owner, body: { permission: 'push' } });
  const token = await world.ask(`POST ${MACHINES}/deploy-bot/tokens`, {
    token: owner,
    body: { name: 'ci', repositories: ['site'], permissions: { contents: 'write' } },
  });
  expect([token.status, token.body.errors]).toEqual([201, undefined]);
  return { owner, secret: token.body.token, tokenId: token.body.id };
}

const idOf = async (world: ApiWorld, login: string): Promise<number> =>
  (
    await world.ctx.store.db
      .selectFrom('accounts')
      .select('id')
      .where('login_key', '=', login.toLowerCase())
      .executeTakeFirstOrThrow()
  ).id;

describe('a machine account', () => {
  it('works with the roles and tokens that owners give it, and says what it is used by', async () => {
    const world = await apiWorld();
    const { owner, secret } = await machineIn(world);
    expect((await world.ask('GET /repos/Acme/site', { token: secret })).status).toBe(200);
    expect((await world.ask('GET /user', { token: secret })).body).toMatchObject({ login: 'Deploy-Bot', type: 'Bot' });
    expect((await world.ask('GET /repos/Bob/notes', { token: secret })).status).toBe(404);
    const list = await world.ask(`GET ${MACHINES}`, { token: owner });
    expect(list.body).toEqual([
      expect.objectContaining({
        login: 'Deploy-Bot',
        purpose: 'deploys',
        member: false,
        used_by: expect.objectContaining({
          repositories: [{ full_name: 'Acme/site', role: 'write' }],
          tokens: 1,
        }),
      }),
    ]);
    expect(list.text).not.toContain(secret);
    const actions = await world.ctx.store.db.selectFrom('audit').select(['action', 'actor_login']).execute();
    expect(actions).toContainEqual({ action: 'machine_account.create', actor_login: 'Ada' });
  });

  it('stays when everybody who made it leaves, and still may not do more', async () => {
    const world = await apiWorld();
    const { secret } = await machineIn(world);
    const permit = operatorPermit();
    await setMember(world.ctx, permit, { organization: 'Acme', login: 'Bob', role: 'owner' });
    await removeMember(world.ctx, permit, { organization: 'Acme', login: 'Ada' });
    await deleteUser(world.ctx, permit, { login: 'Ada', repositories: 'delete' });
    expect((await world.ask('GET /repos/Acme/site', { token: secret })).status).toBe(200);
    expect((await world.ask(`GET ${MACHINES}`, { token: secret })).status).toBe(403);
  });

  it('ends with its organization, and nobody gets its name for a while', async () => {
    const world = await apiWorld();
    const { owner, secret } = await machineIn(world);
    expect((await world.ask('DELETE /orgs/Acme', { token: owner })).status).toBe(202);
    expect((await world.ask('GET /user', { token: secret })).body.reason).toBe('token_unknown');
    const draft = { login: 'deploy-bot', email: 'eve@example.org', verified: true, admin: false, password: null };
    await expect(addUser(world.ctx, operatorPermit(), draft)).rejects.toThrow('is reserved until');
  });

  it('ends with its own deletion, and its tokens one by one, at the next request', async () => {
    const world = await apiWorld();
    const { owner, secret, tokenId } = await machineIn(world);
    const path = `${MACHINES}/deploy-bot`;
    const second = await world.ask(`POST ${path}/tokens`, {
      token: owner,
      body: { name: 'two', repository_selection: 'all', permissions: { contents: 'read' } },
    });
    expect((await world.ask(`DELETE ${path}/tokens/${tokenId}`, { token: owner })).status).toBe(204);
    expect((await world.ask('GET /user', { token: secret })).body.reason).toBe('token_revoked');
    expect((await world.ask('GET /user', { token: second.body.token })).status).toBe(200);
    expect((await world.ask(`GET ${path}/tokens`, { token: owner })).body).toHaveLength(1);
    expect((await world.ask(`DELETE ${path}`, { token: owner })).status).toBe(204);
    expect((await world.ask('GET /user', { token: second.body.token })).body.reason).toBe('token_unknown');
    expect((await world.ask(`GET ${path}`, { token: owner })).status).toBe(404);
  });

  it('can belong to a person, and works in that person’s repositories', async () => {
    const world = await apiWorld();
    const grants = [
      grant({
        selection: 'all',
        permissions: { contents: 'write', personal_access_tokens: 'write', administration: 'write' },
      }),
    ];
    const { secret: token } = await world.token('Bob', { grants });
    expect((await world.ask('POST /user/machines', { token, body: { login: 'bobs-bot' } })).status).toBe(201);
    await world.ask('PUT /repos/Bob/notes/collaborators/bobs-bot', { token, body: { permission: 'pull' } });
    const made = await world.ask('POST /user/machines/bobs-bot/tokens', {
      token,
      body: { name: 'x', repositories: ['notes'], permissions: { contents: 'read' } },
    });
    expect((await world.ask('GET /repos/Bob/notes', { token: made.body.token })).status).toBe(200);
    expect((await world.ask('GET /user/machines', { token: await ownersToken(world) })).status).toBe(403);
  });

  it('needs no second factor where its organization demands one: there is nobody who could sign in', async () => {
    const world = await apiWorld();
    const { owner, secret } = await machineIn(world);
    const ada = await idOf(world, 'Ada');
    await world.ctx.store.transaction((tx) => setTwoFactor(tx, ada, world.ctx.clock.now()));
    const policy = await world.ask('PATCH /orgs/Acme/personal-access-token-policy', {
      token: owner,
      body: { two_factor_from: '2020-01-01T00:00:00Z' },
    });
    expect(policy.status).toBe(200);
    expect((await world.ask('GET /orgs/Acme/members?filter=2fa_disabled', { token: owner })).text).not.toContain('Bot');
    expect((await world.ask('GET /repos/Acme/site', { token: secret })).status).toBe(200);
  });

  it('can be suspended, which stops its tokens', async () => {
    const world = await apiWorld();
    const { secret } = await machineIn(world);
    await suspendUser(world.ctx, operatorPermit(), 'deploy-bot');
    expect((await world.ask('GET /user', { token: secret })).body.reason).toBe('owner_suspended');
  });
});

describe('a token of a machine account, in the hands of its owners', () => {
  it('is edited and keeps its secret, and is renewed with or without an overlap', async () => {
    const world = await apiWorld();
    const { owner, secret, tokenId } = await machineIn(world);
    const path = `${MACHINES}/deploy-bot/tokens/${tokenId}`;
    expect((await world.ask(`GET ${path}`, { token: owner })).body).toMatchObject({ id: tokenId, name: 'ci' });
    const edited = await world.ask(`PATCH ${path}`, {
      token: owner,
      body: { name: 'reader', repositories: ['site'], permissions: { contents: 'read' }, allowed_addresses: null },
    });
    expect([edited.status, edited.body.name]).toEqual([200, 'reader']);
    expect(edited.text).not.toContain(secret);
    expect((await world.ask('GET /user', { token: secret })).status).toBe(200);
    const file = { token: secret, body: { message: 'x', content: 'eA==' } };
    expect((await world.ask('PUT /repos/Acme/site/contents/a', file)).body.reason).toBe('permission_missing');
    const rotated = await world.ask(`POST ${path}/rotate`, { token: owner, body: { overlap_seconds: 600 } });
    expect([rotated.status, rotated.body.id]).toEqual([200, tokenId]);
    expect((await world.ask('GET /user', { token: secret })).status, 'both work').toBe(200);
    const renewed = await world.ask(`POST ${path}/regenerate`, { token: owner, body: { expires_in: 7 } });
    expect((await world.ask('GET /user', { token: renewed.body.token })).status).toBe(200);
    for (const old of [secret, rotated.body.token])
      expect((await world.ask('GET /user', { token: old })).status).toBe(401);
    const told = await world.ctx.store.db
      .selectFrom('audit')
      .innerJoin('accounts', 'accounts.id', 'audit.organization_id')
      .select(['action', 'accounts.login'])
      .where('token_id', '=', tokenId)
      .orderBy('audit.id')
      .execute();
    expect(told.map(({ action, login }) => `${login} ${action.replace('personal_access_token.', '')}`)).toEqual([
      'Acme create',
      'Acme access_granted',
      'Acme update',
      'Acme credential_regenerated',
      'Acme credential_regenerated',
    ]);
  });

  it('is out of reach by another machine’s address, with a token that has less, and with a derived one', async () => {
    const world = await apiWorld();
    const { owner, secret, tokenId } = await machineIn(world);
    await world.ask(`POST ${MACHINES}`, { token: owner, body: { login: 'other-bot' } });
    const { contents: _, ...managing } = OWNERS_RIGHTS;
    const weak = await ownersToken(world, managing);
    const derived = await world.ask('POST /user/personal-access-tokens/current/derive', { token: owner, body: {} });
    const bob = await world.token('Bob', { kind: 'classic', scopes: CLASSIC_SCOPES.map(({ name }) => name) });
    const adas = await world.token('Ada', { name: 'of Ada herself' });
    const one = `${MACHINES}/deploy-bot/tokens/${tokenId}`;
    for (const [why, token, path, status] of [
      ['another machine', owner, `${MACHINES}/other-bot/tokens/${tokenId}`, 404],
      ['a token of a person', owner, `${MACHINES}/deploy-bot/tokens/${adas.id}`, 404],
      ['an own one', owner, `/user/personal-access-tokens/${tokenId}`, 403],
      ['less than it', weak, one, 422],
      ['derived', derived.body.token, one, 403],
      ['a member', bob.secret, one, 403],
      ['itself', secret, one, 403],
    ] as const)
      for (const [deed, body] of [
        [`PATCH ${path}`, { description: 'mine now' }],
        [`POST ${path}/regenerate`, {}],
        [`POST ${path}/rotate`, {}],
      ] as const)
        expect([why, deed, (await world.ask(deed, { token, body })).status]).toEqual([why, deed, status]);
    expect((await world.ask('GET /user', { token: secret })).status).toBe(200);
  });

  it('is told of to every owner by mail, as to a person: made, ends soon, ended, leaked, revoked', async () => {
    const world = await apiWorld();
    const { ctx } = world;
    await setMember(ctx, operatorPermit(), { organization: 'Acme', login: 'Cy', role: 'owner' });
    const { owner, secret, tokenId } = await machineIn(world);
    await world.ask(`POST ${MACHINES}/deploy-bot/tokens/${tokenId}/regenerate`, { token: owner, body: {} });
    for (const name of ['leaky', 'over']) {
      const body = { name, repository_selection: 'all', permissions: { contents: 'read' } };
      const made = await world.ask(`POST ${MACHINES}/deploy-bot/tokens`, { token: owner, body });
      if (name === 'leaky') await revokeLeaked(ctx, operatorPermit(), [made.body.token]);
      else await world.ask(`DELETE ${MACHINES}/deploy-bot/tokens/${made.body.id}`, { token: owner });
    }
    ctx.clock.advance(29 * DAY_SEC);
    await noticeEnds(ctx, null, new AbortController().signal);
    ctx.clock.advance(DAY_SEC);
    await noticeEnds(ctx, null, new AbortController().signal);
    const mails = (await listMails(ctx.store.db, { beforeId: null, limit: 50 })).map((mail) => openMail(ctx, mail));
    const ofBot = mails.filter(({ text }) => text.includes('Deploy-Bot')).toReversed();
    const subjects = [
      'A personal access token of Deploy-Bot was created: ci',
      'A personal access token of Deploy-Bot was regenerated: ci',
      'A personal access token of Deploy-Bot was created: leaky',
      'Action needed: Personal access token was revoked',
      'A personal access token of Deploy-Bot was created: over',
      'Deploy-Bot’s personal access token over was revoked',
      'Deploy-Bot’s personal access token ci ends in 1 day',
      'Deploy-Bot’s personal access token ci has ended',
    ];
    for (const address of ['ada@example.org', 'cy@example.org'])
      expect(ofBot.filter((mail) => mail.address === address).map(({ subject }) => subject)).toEqual(subjects);
    expect(ofBot).toHaveLength(2 * subjects.length);
    const page = `/organizations/Acme/settings/machines/Deploy-Bot/tokens/${tokenId}`;
    expect(ofBot[0]!.text).toContain(page);
    expect(ofBot.map(({ text }) => text).join()).not.toContain(secret);
  });
});

describe('nobody but an owner manages the machines of an organization', () => {
  it.each([
    ['a member', 'Bob'],
    ['an outsider', 'Cy'],
  ])('%s', async (_who, login) => {
    const world = await apiWorld();
    await machineIn(world);
    const { secret } = await world.token(login, { kind: 'classic', scopes: CLASSIC_SCOPES.map(({ name }) => name) });
    for (const operation of [`GET ${MACHINES}`, `GET ${MACHINES}/deploy-bot/tokens`, `DELETE ${MACHINES}/deploy-bot`])
      expect([403, 404], operation).toContain((await world.ask(operation, { token: secret })).status);
    const own = await world.ask('GET /user/machines/deploy-bot', { token: secret });
    expect([403, 404], 'nor as if it were their own').toContain(own.status);
  });

  it('a token makes no token that can do more than itself, and a derived one makes none at all', async () => {
    const world = await apiWorld();
    const { owner } = await machineIn(world);
    const { contents: _, ...managing } = OWNERS_RIGHTS;
    const weak = await ownersToken(world, managing);
    const body = { name: 'more', repository_selection: 'all', permissions: { contents: 'write' } };
    const refused = await world.ask(`POST ${MACHINES}/deploy-bot/tokens`, { token: weak, body });
    expect([refused.status, refused.text]).toEqual([422, expect.stringContaining("can't give permissions")]);
    const derived = await world.ask('POST /user/personal-access-tokens/current/derive', { token: owner, body: {} });
    for (const [path, what] of [
      [`${MACHINES}/deploy-bot/tokens`, body],
      [MACHINES, { login: 'another' }],
    ] as const) {
      const answer = await world.ask(`POST ${path}`, { token: derived.body.token, body: what });
      expect([answer.status, answer.body.reason]).toEqual([403, 'token_derived']);
    }
  });

  it('it gets no role with another owner, is no owner, owns nothing, and has no other kind of token', async () => {
    const world = await apiWorld();
    const { owner } = await machineIn(world);
    const { ctx } = world;
    const permit = operatorPermit();
    const login = 'deploy-bot';
    await expect(setCollaborator(ctx, permit, { owner: 'Bob', name: 'notes', login, role: 'read' })).rejects.toThrow(
      'There is no user deploy-bot.',
    );
    const promoted = await world.ask(`PUT /orgs/Acme/memberships/${login}`, { token: owner, body: { role: 'admin' } });
    expect([promoted.status, promoted.text]).toEqual([422, expect.stringContaining('the owners are people')]);
    const member = await world.ask(`PUT /orgs/Acme/memberships/${login}`, { token: owner, body: { role: 'member' } });
    expect(member.status).toBe(200);
    await expect(addRepository(ctx, permit, { owner: login, name: 'mine', visibility: 'private' })).rejects.toThrow(
      'There is no user or organization',
    );
    for (const kind of ['classic', 'scoped'] as const)
      await expect(world.token(login, { kind, scopes: [], name: kind })).rejects.toThrow('fine-grained tokens only');
    const towardsBob = [grant({ owner: 'Bob', selection: 'all', permissions: { contents: 'read' } })];
    await expect(world.token(login, { grants: towardsBob })).rejects.toThrow('Cannot find the specified');
    for (const target of ['', 'instance', login])
      await expect(
        world.token(login, { grants: [grant({ owner: target, permissions: { personal_access_tokens: 'write' } })] }),
      ).rejects.toThrow();
  });
});

describe('nobody signs in to a machine account', () => {
  it('whoever tries: not a page, not a mail, not the operator, not the most powerful tokens', async () => {
    const world = await apiWorld();
    await machineIn(world);
    const { ctx } = world;
    const visitor = { address: '192.0.2.1', userAgent: null };
    const login = 'deploy-bot';
    const before = await ctx.store.db.selectFrom('accounts').selectAll().where('login', '=', 'Deploy-Bot').execute();
    for (const password of ['', 'null', 'correct horse battery'])
      await expect(
        signIn(ctx, { name: login, password: new Secret(password), device: new Secret('x') }, visitor),
      ).rejects.toThrow('wrong');
    await mailPasswordLink(ctx, { name: login, address: visitor.address });
    for (const operation of [
      () => handPasswordLink(ctx, operatorPermit(), login),
      () => resetTwoFactor(ctx, operatorPermit(), login),
      () => lockUser(ctx, operatorPermit(), login),
      () => deleteUser(ctx, operatorPermit(), { login, repositories: 'none' }),
    ])
      await expect(operation()).rejects.toThrow('There is no user deploy-bot.');
    const mighty = [
      await world.token('Root', { kind: 'classic', scopes: CLASSIC_SCOPES.map(({ name }) => name) }),
      await world.token('Root', {
        name: 'instance',
        grants: [
          grant({
            owner: 'instance',
            selection: 'public',
            permissions: Object.fromEntries(
              PERMISSIONS.filter(({ group }) => group === 'instance').map(({ name, levels }) => [name, levels.at(-1)!]),
            ),
          }),
        ],
      }),
    ];
    for (const { path, method } of ENDPOINTS.filter((each) => each.path.startsWith('/enterprise/users/')))
      for (const { secret } of mighty) {
        const operation = `${method} ${path.replace('{username}', login).replace(/\{\w+\}/g, '1')}`;
        if (path.endsWith('suspended')) continue;
        const answer = await world.ask(operation, { token: secret, ...(method === 'GET' ? {} : { body: {} }) });
        expect([operation, answer.status >= 400]).toEqual([operation, true]);
      }
    expect(await ctx.store.db.selectFrom('accounts').selectAll().where('login', '=', 'Deploy-Bot').execute()).toEqual(
      before,
    );
    const id = await idOf(world, login);
    for (const table of ['sessions', 'emails', 'passkeys', 'external_identities', 'one_time_links', 'outbox'] as const)
      expect([table, await ctx.store.db.selectFrom(table).selectAll().where('user_id', '=', id).execute()]).toEqual([
        table,
        [],
      ]);
  });

  it('whatever leads there one day: the store itself takes nothing that signs in, mails or proves', async () => {
    const world = await apiWorld();
    await machineIn(world);
    const { db } = world.ctx.store;
    const userId = await idOf(world, 'deploy-bot');
    const at = world.ctx.clock.now();
    const each: readonly (() => Promise<unknown>)[] = [
      () => insertSession(db, { userId, digest: 'x', state: 'active', createdAt: at } as never),
      () => insertEmail(db, { userId, address: 'bot@example.org', verifiedAt: at, primary: true, at }),
      () => insertPasskey(db, { userId, transports: [] } as never),
      () => insertIdentity(db, { userId, issuer: 'i', subject: 's', label: 'l', createdAt: at }),
      () => insertLink(db, { userId, purpose: 'password', digest: 'x', createdAt: at, endsAt: at + DAY_SEC } as never),
      () => setPasswordDigest(db, userId, 'digest'),
      () => setTwoFactor(db, userId, at),
      () => setAdmin(db, userId, true),
    ];
    for (const operation of each) await expect(operation()).rejects.toThrow('it is no person');
  });
});
