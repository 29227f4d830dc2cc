/** Personal access tokens over GitLab's REST dialect: made, found, shown, rotated, revoked. */
import { describe, expect, it } from 'vitest';
import { suspendUser } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { REUSE_GRACE_SEC } from '../../../src/actions/tokens/families.ts';
import { DAY_SEC, isoDate } from '../../../src/base/time.ts';
import { NO_POLICY } from '../../../src/rules/policy.ts';
import type { Query } from '../../../src/store/db.ts';
import { listMails } from '../../../src/store/outbox.ts';
import { setPolicy } from '../../../src/store/policies.ts';
import { ENGINES } from '../../engines/engines.ts';
import { type GitlabWorld, gitlabWorld } from './api.ts';

/** Everything about tokens that a mistake could have changed. */
async function stateOf({ ctx }: GitlabWorld): Promise<unknown> {
  await ctx.usage.flush();
  const read = (q: Query) =>
    Promise.all([
      q.selectFrom('tokens').selectAll().orderBy('id').execute(),
      q.selectFrom('token_secrets').selectAll().orderBy('digest').execute(),
      q.selectFrom('audit').select('id').execute(),
    ]);
  return read(ctx.store.db);
}

async function capScoped({ ctx }: GitlabWorld, days: number): Promise<void> {
  const policy = { ...NO_POLICY, maxLifetimeDays: { ...NO_POLICY.maxLifetimeDays, scoped: days } };
  await ctx.store.transaction((tx) => setPolicy(tx, 0, policy, ctx.clock.now()));
}

const inDays = ({ ctx }: GitlabWorld, days: number): string => isoDate(ctx.clock.now() + days * DAY_SEC);

describe('a token about itself', () => {
  it('is shown as GitLab shows it, whatever its scopes', async () => {
    const world = await gitlabWorld();
    const { secret, id } = await world.token('Bob', ['write_repository'], {
      name: 'laptop',
      description: 'for pushing',
    });
    const { status, body, headers } = await world.ask('GET /personal_access_tokens/self', { token: secret });
    expect(status).toBe(200);
    expect(body).toEqual({
      id,
      name: 'laptop',
      ref_rules: null,
      revoked: false,
      created_at: '2026-09-21T14:13:20.000Z',
      description: 'for pushing',
      scopes: ['write_repository'],
      user_id: 2,
      last_used_at: '2026-09-21T14:13:20.000Z',
      active: true,
      granular: false,
      expires_at: null,
      last_used_ips: ['127.0.0.1'],
    });
    expect(headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'ratelimit-limit': '5000',
      'ratelimit-remaining': '4999',
    });
  });

  it('shows its last five addresses, the newest first', async () => {
    const world = await gitlabWorld();
    const { secret } = await world.token('Bob', ['read_user']);
    for (const last of [1, 2, 3, 4, 5, 6, 2]) {
      world.ctx.clock.advance(60);
      await world.ask('GET /user', { token: secret, from: `192.0.2.${last}` });
    }
    const { body } = await world.ask('GET /personal_access_tokens/self', { token: secret, from: '192.0.2.2' });
    expect(body.last_used_ips).toEqual(['192.0.2.2', '192.0.2.6', '192.0.2.5', '192.0.2.4', '192.0.2.3']);
  });

  it('revokes itself, and is told so afterwards in GitLab’s words', async () => {
    const world = await gitlabWorld();
    const { secret } = await world.token('Bob', ['read_registry']);
    expect(await world.ask('DELETE /personal_access_tokens/self', { token: secret })).toMatchObject({
      status: 204,
      text: '',
    });
    const after = await world.ask('GET /personal_access_tokens/self', { token: secret });
    expect(after).toMatchObject({
      status: 401,
      body: {
        error: 'invalid_token',
        error_description: 'Token was revoked. You have to re-authorize from the user.',
        reason: 'token_revoked',
      },
    });
    expect(after.body.detail).toContain('was revoked on 21 Sep 2026');
    expect(after.headers['www-authenticate']).toBe('Bearer realm="Latchkey", error="invalid_token"');
  });

  it('shows a fine-grained token as GitLab shows its own', async () => {
    const world = await gitlabWorld();
    const grants = [
      { owner: '', selection: 'all', repositories: [], permissions: { contents: 'read' }, justification: null },
    ] as const;
    const { secret } = await world.token('Bob', [], { kind: 'fine-grained', grants });
    expect((await world.ask('GET /personal_access_tokens/self', { token: secret })).body).toMatchObject({
      scopes: ['granular'],
      granular: true,
    });
  });
});

describe('a new token', () => {
  it('has what was asked for, and is shown once', async () => {
    const world = await gitlabWorld();
    const { secret, id } = await world.token('Bob', ['api']);
    const body = {
      name: 'ci',
      description: 'deploys',
      scopes: ['read_user', 'read_api', 'read_user'],
      expires_at: inDays(world, 30),
    };
    const made = await world.ask('POST /user/personal_access_tokens', { token: secret, body });
    expect(made).toMatchObject({
      status: 201,
      body: {
        name: 'ci',
        description: 'deploys',
        scopes: ['read_api', 'read_user'],
        expires_at: inDays(world, 30),
        active: true,
        user_id: 2,
      },
    });
    expect(made.body.token).toMatch(/^lks_[A-Za-z0-9]{36}$/);
    expect(made.headers['cache-control']).toBe('no-store');
    expect((await world.ask('GET /user', { token: made.body.token })).body).toMatchObject({ username: 'Bob', id: 2 });
    expect((await world.ask(`GET /personal_access_tokens/${made.body.id}`, { token: secret })).body).not.toHaveProperty(
      'token',
    );
    const [row] = await world.ctx.store.db
      .selectFrom('tokens')
      .selectAll()
      .where('id', '=', made.body.id as number)
      .execute();
    expect(row).toMatchObject({ parent_id: id, expires_at: Date.parse(inDays(world, 30)) / 1000 });
  });

  it('takes its parameters as a form, too', async () => {
    const world = await gitlabWorld();
    const { secret } = await world.token('Bob', ['api']);
    const made = await world.ask('POST /user/personal_access_tokens', {
      token: secret,
      body: 'name=form&scopes[]=read_user&scopes[]=read_api',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(made).toMatchObject({
      status: 201,
      body: { name: 'form', scopes: ['read_api', 'read_user'], expires_at: null },
    });
  });

  it('ends at 00:00 UTC of its date, to the second', async () => {
    const world = await gitlabWorld();
    const { secret } = await world.token('Bob', ['api']);
    const { body } = await world.ask('POST /user/personal_access_tokens', {
      token: secret,
      body: { name: 'short', scopes: ['read_user'], expires_at: inDays(world, 1) },
    });
    world.ctx.clock.advance(Date.parse(inDays(world, 1)) / 1000 - world.ctx.clock.now() - 1);
    expect((await world.ask('GET /user', { token: body.token })).status).toBe(200);
    world.ctx.clock.advance(1);
    expect(await world.ask('GET /user', { token: body.token })).toMatchObject({
      status: 401,
      body: {
        error: 'invalid_token',
        error_description: 'Token is expired. You can either do re-authorization or token refresh.',
        reason: 'token_expired',
      },
    });
  });

  it('without a date has no end, or the one that a policy allows', async () => {
    const world = await gitlabWorld();
    const { secret } = await world.token('Bob', ['api']);
    const make = async (more: object = {}) =>
      world.ask('POST /user/personal_access_tokens', {
        token: secret,
        body: { name: 'ci', scopes: ['read_user'], ...more },
      });
    expect((await make()).body.expires_at).toBeNull();
    await capScoped(world, 30);
    const dated = await world.token('Bob', ['api'], { expiresAt: Date.parse(inDays(world, 30)) / 1000 });
    const capped = await world.ask('POST /user/personal_access_tokens', {
      token: dated.secret,
      body: { name: 'ci', scopes: ['read_user'] },
    });
    expect(capped.body.expires_at).toBe(inDays(world, 30));
    const over = await world.ask('POST /user/personal_access_tokens', {
      token: dated.secret,
      body: { name: 'ci', scopes: ['read_user'], expires_at: inDays(world, 31) },
    });
    expect(over).toMatchObject({
      status: 400,
      body: { message: { expires_at: ['The expiration lies more than 30 days ahead.'] } },
    });
  });

  it('gives nothing that the token which makes it has not itself', async () => {
    const world = await gitlabWorld();
    const ending = await world.token('Bob', ['api'], { expiresAt: Date.parse(inDays(world, 10)) / 1000 });
    const before = await stateOf(world);
    const make = (body: object) =>
      world.ask('POST /user/personal_access_tokens', { token: ending.secret, body: { name: 'more', ...body } });
    expect(await make({ scopes: ['admin_mode', 'api'] })).toMatchObject({
      status: 400,
      body: { message: { scopes: ["A token can't give scopes that it does not have: admin_mode."] } },
    });
    expect(await make({ scopes: ['read_api'], expires_at: inDays(world, 11) })).toMatchObject({
      status: 400,
      body: { message: { expires_at: ["A token can't give a longer life than its own."] } },
    });
    expect(await stateOf(world)).toEqual(before);
    expect((await make({ scopes: ['read_api'] })).body.expires_at).toBe(inDays(world, 10));
  });

  it('is refused in GitLab’s words when it can’t be meant, and nothing is changed', async () => {
    const world = await gitlabWorld();
    const { secret } = await world.token('Bob', ['api']);
    const before = await stateOf(world);
    const refused = async (body: unknown, answer: object) =>
      expect(await world.ask('POST /user/personal_access_tokens', { token: secret, body })).toMatchObject({
        status: 400,
        body: answer,
      });
    await refused({}, { error: 'name is missing, scopes is missing' });
    await refused({ name: 'x' }, { error: 'scopes is missing' });
    await refused({ name: '', scopes: ['api'] }, { message: { name: ['A token needs a name.'] } });
    await refused({ name: 'x', scopes: [] }, { message: { scopes: ['Choose at least one scope.'] } });
    await refused(
      { name: 'x', scopes: ['api', 'everything', 'repo'] },
      { message: { scopes: ['Unknown scopes: everything, repo.'] } },
    );
    await refused({ name: 'x', scopes: 7 }, { error: 'scopes is invalid' });
    await refused({ name: 'x', scopes: ['api'], expires_at: '2026-02-30' }, { error: 'expires_at is invalid' });
    await refused({ name: 'x', scopes: ['api'], expires_at: 'tomorrow' }, { error: 'expires_at is invalid' });
    await refused(
      { name: 'x', scopes: ['api'], expires_at: inDays(world, 0) },
      { message: { expires_at: ['The expiration lies in the past.'] } },
    );
    await refused(
      { name: 'x', scopes: ['api'], expires_at: inDays(world, 368) },
      { message: { expires_at: ['The expiration lies more than 366 days ahead.'] } },
    );
    await refused(
      { name: 'x'.repeat(256), scopes: ['api'] },
      { message: { name: ["A token's name has at most 255 characters."] } },
    );
    const half = { token: secret, body: '[1', headers: { 'content-type': 'application/json' } };
    expect(await world.ask('POST /user/personal_access_tokens', half)).toMatchObject({
      status: 400,
      body: { error: 'The request body is not a JSON object' },
    });
    expect(
      await world.ask('POST /user/personal_access_tokens', { ...half, headers: { 'content-type': 'text/xml' } }),
    ).toMatchObject({ status: 415 });
    expect(await stateOf(world)).toEqual(before);
  });

  it('needs a right that says so, and a verified e-mail address', async () => {
    const world = await gitlabWorld();
    const body = { name: 'x', scopes: ['read_user'] };
    for (const scope of ['read_api', 'read_user', 'write_repository', 'self_rotate']) {
      const { secret } = await world.token('Bob', [scope]);
      expect(await world.ask('POST /user/personal_access_tokens', { token: secret, body })).toMatchObject({
        status: 403,
        body: { error: 'insufficient_scope', scope: 'api', reason: 'scope_missing' },
        headers: { 'www-authenticate': 'Bearer realm="Latchkey", error="insufficient_scope", scope="api"' },
      });
    }
    const { secret } = await world.token('Bob', ['api']);
    await world.ctx.store.transaction((tx) => tx.updateTable('emails').set({ verified_at: null }).execute());
    expect(await world.ask('POST /user/personal_access_tokens', { token: secret, body })).toMatchObject({
      status: 400,
      body: { message: '400 Bad request - Verify your e-mail address first: tokens can be created only after that.' },
    });
  });

  it('is made for somebody else by an administrator with admin_mode only', async () => {
    const world = await gitlabWorld();
    const body = { name: 'from above', scopes: ['read_user'] };
    const admin = await world.token('Root', ['api', 'admin_mode']);
    const made = await world.ask('POST /users/2/personal_access_tokens', { token: admin.secret, body });
    expect(made).toMatchObject({ status: 201, body: { user_id: 2, name: 'from above' } });
    expect(await world.ask('POST /users/99/personal_access_tokens', { token: admin.secret, body })).toMatchObject({
      status: 404,
      body: { message: '404 User Not Found' },
    });
    const plain = await world.token('Root', ['api']);
    expect(await world.ask('POST /users/2/personal_access_tokens', { token: plain.secret, body })).toMatchObject({
      status: 403,
      body: { error: 'insufficient_scope', scope: 'api admin_mode' },
    });
    const bob = await world.token('Bob', ['api', 'admin_mode']);
    expect(await world.ask('POST /users/2/personal_access_tokens', { token: bob.secret, body })).toMatchObject({
      status: 403,
      body: { message: '403 Forbidden', reason: 'role_insufficient' },
    });
  });
});

describe.each(ENGINES)('the list of tokens [%s]', (engine) => {
  it('is found by every filter, in every order, in pages', async () => {
    const world = await gitlabWorld(engine);
    const at = world.ctx.clock.now();
    const midnight = (days: number): number => (Math.floor(at / DAY_SEC) + days) * DAY_SEC;
    const { secret } = await world.token('Bob', ['api'], { name: 'main' });
    await world.token('Ada', ['api'], { name: 'of Ada' });
    world.ctx.clock.advance(DAY_SEC);
    const alpha = await world.token('Bob', ['read_user'], { name: 'Alpha_1', expiresAt: midnight(10) });
    world.ctx.clock.advance(DAY_SEC);
    const beta = await world.token('Bob', ['read_user'], { name: 'beta', expiresAt: midnight(5) });
    const gone = await world.token('Bob', ['read_user'], { name: 'gone' });
    await world.ask('GET /user', { token: beta.secret });
    await world.ask(`DELETE /personal_access_tokens/${gone.id}`, { token: secret });
    const names = async (query: string): Promise<string[]> => {
      const answer = await world.ask(`GET /personal_access_tokens?${query}`, { token: secret });
      expect(answer.status).toBe(200);
      return (answer.body as { name: string }[]).map(({ name }) => name);
    };
    expect(await names('')).toEqual(['gone', 'beta', 'Alpha_1', 'main']);
    expect(await names('revoked=true')).toEqual(['gone']);
    expect(await names('revoked=false&sort=name_asc')).toEqual(['Alpha_1', 'beta', 'main']);
    expect(await names('state=inactive')).toEqual(['gone']);
    expect(await names('state=active&sort=name_desc')).toEqual(['main', 'beta', 'Alpha_1']);
    expect(await names('search=A_')).toEqual(['Alpha_1']);
    expect(await names('search=%25')).toEqual([]);
    expect(await names('sort=created_asc')).toEqual(['main', 'Alpha_1', 'beta', 'gone']);
    expect(await names('sort=expires_asc&revoked=false')).toEqual(['beta', 'Alpha_1', 'main']);
    expect(await names('sort=expires_desc&revoked=false')).toEqual(['main', 'Alpha_1', 'beta']);
    expect(await names('sort=last_used_asc&revoked=false')).toEqual(['Alpha_1', 'main', 'beta']);
    expect(await names(`created_after=${new Date((at + DAY_SEC) * 1000).toISOString()}`)).toEqual([
      'gone',
      'beta',
      'Alpha_1',
    ]);
    expect(await names(`created_before=${isoDate(at + DAY_SEC)}`)).toEqual(['main']);
    expect(await names(`expires_after=${isoDate(midnight(6))}`)).toEqual(['Alpha_1']);
    expect(await names(`expires_before=${isoDate(midnight(6))}`)).toEqual(['beta']);
    expect(await names(`last_used_before=${isoDate(at)}`)).toEqual([]);
    expect(await names(`last_used_after=${isoDate(at)}&sort=name_asc`)).toEqual(['beta', 'main']);
    world.ctx.clock.advance(4 * DAY_SEC);
    expect(await names('state=inactive&sort=name_asc')).toEqual(['beta', 'gone']);
    expect(alpha.id).toBeGreaterThan(0);

    const page = await world.ask('GET /personal_access_tokens?per_page=3&page=1&sort=created_asc', { token: secret });
    expect(page.body).toHaveLength(3);
    expect(page.headers).toMatchObject({
      'x-total': '4',
      'x-total-pages': '2',
      'x-page': '1',
      'x-per-page': '3',
      'x-next-page': '2',
      'x-prev-page': '',
    });
    expect(page.headers['link']).toContain('per_page=3&page=2&sort=created_asc>; rel="next"');
    const second = await world.ask('GET /personal_access_tokens?per_page=3&page=2&sort=created_asc', { token: secret });
    expect(second.body.map(({ name }: { name: string }) => name)).toEqual(['gone']);
    expect(second.headers).toMatchObject({ 'x-next-page': '', 'x-prev-page': '1' });
  });

  it('is of one’s own tokens; of everybody’s for an administrator with admin_mode', async () => {
    const world = await gitlabWorld(engine);
    const bob = await world.token('Bob', ['api'], { name: 'of Bob' });
    const ada = await world.token('Ada', ['api'], { name: 'of Ada' });
    const root = await world.token('Root', ['api', 'admin_mode'], { name: 'of Root' });
    expect(await world.ask('GET /personal_access_tokens?user_id=1', { token: bob.secret })).toMatchObject({
      status: 401,
      body: { message: '401 Unauthorized' },
    });
    expect((await world.ask('GET /personal_access_tokens?user_id=2', { token: bob.secret })).body).toHaveLength(1);
    expect((await world.ask('GET /personal_access_tokens', { token: root.secret })).body).toHaveLength(3);
    expect((await world.ask('GET /personal_access_tokens?user_id=1', { token: root.secret })).body).toMatchObject([
      { id: ada.id },
    ]);
    const before = await stateOf(world);
    for (const operation of [
      `GET /personal_access_tokens/${ada.id}`,
      `DELETE /personal_access_tokens/${ada.id}`,
      `POST /personal_access_tokens/${ada.id}/rotate`,
      'GET /personal_access_tokens/999',
    ]) {
      expect(await world.ask(operation, { token: bob.secret }), operation).toMatchObject({
        status: 401,
        body: { message: '401 Unauthorized', reason: 'not_found' },
      });
    }
    expect(await stateOf(world)).toEqual(before);
    expect(await world.ask('GET /personal_access_tokens/999', { token: root.secret })).toMatchObject({
      status: 404,
      body: { message: '404 Token Not Found' },
    });
    expect((await world.ask(`DELETE /personal_access_tokens/${ada.id}`, { token: root.secret })).status).toBe(204);
    expect((await world.ask('GET /user', { token: ada.secret })).body.reason).toBe('token_revoked');
  });
});

describe('a list of tokens', () => {
  it('refuses what it can’t be asked for', async () => {
    const world = await gitlabWorld();
    const { secret } = await world.token('Bob', ['api']);
    const wrong = async (query: string, error: string) =>
      expect(await world.ask(`GET /personal_access_tokens?${query}`, { token: secret })).toMatchObject({
        status: 400,
        body: { error },
      });
    await wrong('state=dead', 'state does not have a valid value');
    await wrong('sort=age', 'sort does not have a valid value');
    await wrong('revoked=perhaps&user_id=me', 'user_id is invalid, revoked is invalid');
    await wrong('created_after=yesterday', 'created_after is invalid');
    await wrong('page=0', 'page does not have a valid value');
    await wrong('per_page=-1', 'per_page is invalid');
    expect(
      (await world.ask('GET /personal_access_tokens?per_page=1000', { token: secret })).headers['x-per-page'],
    ).toBe('100');
  });
});

describe.each(ENGINES)('rotation [%s]', (engine) => {
  it('puts another token in the place of the one before, with all that it had', async () => {
    const world = await gitlabWorld(engine);
    const first = await world.token('Bob', ['read_user', 'self_rotate'], {
      name: 'ci',
      description: 'nightly',
      expiresAt: Date.parse(inDays(world, 20)) / 1000,
      allowedAddresses: ['127.0.0.0/8'],
    });
    world.ctx.clock.advance(3 * DAY_SEC);
    const rotated = await world.ask('POST /personal_access_tokens/self/rotate', { token: first.secret });
    expect(rotated).toMatchObject({
      status: 200,
      body: {
        name: 'ci',
        description: 'nightly',
        scopes: ['read_user', 'self_rotate'],
        active: true,
        expires_at: inDays(world, 20),
      },
    });
    expect(rotated.body.id).not.toBe(first.id);
    expect((await world.ask('GET /user', { token: rotated.body.token })).status).toBe(200);
    const [row] = await world.ctx.store.db
      .selectFrom('tokens')
      .selectAll()
      .where('id', '=', rotated.body.id as number)
      .execute();
    expect(row).toMatchObject({ family_id: first.id, allowed_addresses_json: '["127.0.0.0/8"]', revoked_at: null });
    const again = await world.ask('POST /personal_access_tokens/self/rotate', {
      token: rotated.body.token,
      body: { expires_at: inDays(world, 5) },
    });
    expect(again.body.expires_at).toBe(inDays(world, 5));
    const [grandchild] = await world.ctx.store.db
      .selectFrom('tokens')
      .selectAll()
      .where('id', '=', again.body.id as number)
      .execute();
    expect(grandchild).toMatchObject({ family_id: first.id });
  });

  it('twice at once happens once, and the loser is told why', async () => {
    const world = await gitlabWorld(engine);
    const { secret, id } = await world.token('Bob', ['api']);
    const [a, b] = await Promise.all(
      [1, 2].map(() => world.ask(`POST /personal_access_tokens/${id}/rotate`, { token: secret })),
    );
    const [won, lost] = a!.status === 200 ? [a!, b!] : [b!, a!];
    expect(won.status).toBe(200);
    expect([400, 401]).toContain(lost.status);
    expect(lost.body.message ?? lost.body.error_description).toMatch(
      /^400 Bad request - Token already revoked$|^Token was revoked/,
    );
    expect((await world.ask('GET /user', { token: won.body.token })).status).toBe(200);
    const live = await world.ctx.store.db.selectFrom('tokens').select('id').where('revoked_at', 'is', null).execute();
    expect(live).toEqual([{ id: won.body.id }]);
  });

  it('of a rotated-away value raises the alert anywhere, and ends the family where tokens are rotated', async () => {
    const world = await gitlabWorld(engine);
    const { ctx } = world;
    const { secret, id } = await world.token('Bob', ['api', 'self_rotate'], { name: 'ci' });
    const { body: next } = await world.ask('POST /personal_access_tokens/self/rotate', { token: secret });
    const alerts = () =>
      ctx.store.db
        .selectFrom('audit')
        .select(['token_id', 'address'])
        .where('action', '=', 'personal_access_token.replaced_credential_used')
        .execute();

    const refused = await world.ask('POST /personal_access_tokens/self/rotate', { token: secret });
    expect(refused).toMatchObject({
      status: 401,
      body: {
        error: 'invalid_token',
        error_description: 'Token was revoked. You have to re-authorize from the user.',
        reason: 'token_replaced',
      },
    });
    expect(await alerts()).toEqual([{ token_id: id, address: '127.0.0.1' }]);
    expect((await world.ask('GET /user', { token: next.token })).status).toBe(200);

    ctx.clock.advance(REUSE_GRACE_SEC + 1);
    expect((await world.askGithub('GET /user', { token: secret })).body).toMatchObject({
      message: 'Bad credentials',
      reason: 'token_replaced',
    });
    expect((await world.ask('GET /user', { token: next.token })).status).toBe(200);

    expect((await world.ask('POST /personal_access_tokens/self/rotate', { token: secret })).body.reason).toBe(
      'token_replaced',
    );
    const after = await world.ask('GET /user', { token: next.token });
    expect(after.body).toMatchObject({ error: 'invalid_token', reason: 'token_revoked' });
    expect(after.body.detail).toContain('reuse of a rotated token');
    const mails = (await listMails(ctx.store.db, { beforeId: null, limit: 10 })).map(({ template }) => template);
    expect(mails.filter((template) => template === 'token_revoked')).toHaveLength(1);
    expect(mails).toContain('old_secret_used');
  });

  it('of a revoked or expired token, or to a date that can’t be, is refused and changes nothing', async () => {
    const world = await gitlabWorld(engine);
    const { secret } = await world.token('Bob', ['api']);
    const revoked = await world.token('Bob', ['read_user']);
    await world.ask(`DELETE /personal_access_tokens/${revoked.id}`, { token: secret });
    const expired = await world.token('Bob', ['read_user', 'self_rotate'], {
      expiresAt: Date.parse(inDays(world, 1)) / 1000,
    });
    const dated = await world.token('Bob', ['read_user', 'self_rotate'], {
      expiresAt: Date.parse(inDays(world, 30)) / 1000,
    });
    world.ctx.clock.advance(2 * DAY_SEC);
    await world.ask('GET /user', { token: secret });
    await world.ask('GET /user', { token: dated.secret });
    const before = await stateOf(world);
    expect(await world.ask(`POST /personal_access_tokens/${revoked.id}/rotate`, { token: secret })).toMatchObject({
      status: 400,
      body: { message: '400 Bad request - Token already revoked' },
    });
    expect(await world.ask(`POST /personal_access_tokens/${expired.id}/rotate`, { token: secret })).toMatchObject({
      status: 400,
      body: { message: '400 Bad request - Token already expired' },
    });
    expect(await world.ask('POST /personal_access_tokens/self/rotate', { token: expired.secret })).toMatchObject({
      status: 401,
      body: { reason: 'token_expired' },
    });
    const rotate = (expires_at: string) =>
      world.ask('POST /personal_access_tokens/self/rotate', { token: dated.secret, body: { expires_at } });
    expect(await rotate(inDays(world, -1))).toMatchObject({
      status: 400,
      body: { message: { expires_at: ['The expiration lies in the past.'] } },
    });
    expect(await rotate(inDays(world, 400))).toMatchObject({ status: 400 });
    expect(await rotate(inDays(world, 60))).toMatchObject({
      status: 400,
      body: { message: { expires_at: ["A token can't give itself a longer life than it has."] } },
    });
    expect(await stateOf(world)).toEqual(before);
  });

  it('keeps a fine-grained or classic token’s id, and gives it another secret', async () => {
    const world = await gitlabWorld(engine);
    const { secret: acting } = await world.token('Root', ['api', 'admin_mode']);
    const classic = await world.token('Root', ['repo'], { kind: 'classic', name: 'old style' });
    const refused = await world.ask(`POST /personal_access_tokens/${classic.id}/rotate`, { token: acting });
    expect(refused).toMatchObject({
      status: 400,
      body: { message: { kind: ['A scoped token makes scoped tokens only.'] } },
    });
    const grants = [
      {
        owner: '',
        selection: 'all',
        repositories: [],
        permissions: { personal_access_tokens: 'write' },
        justification: null,
      },
    ] as const;
    const fine = await world.token('Bob', [], { kind: 'fine-grained', grants, name: 'keys' });
    const rotated = await world.ask('POST /personal_access_tokens/self/rotate', { token: fine.secret });
    expect(rotated).toMatchObject({ status: 200, body: { id: fine.id, granular: true } });
    expect((await world.ask('GET /personal_access_tokens/self', { token: fine.secret })).body.reason).toBe(
      'token_replaced',
    );
    expect((await world.ask('GET /personal_access_tokens/self', { token: rotated.body.token })).status).toBe(200);
  });
});

describe('self_rotate', () => {
  it('rotates its own token and does nothing else', async () => {
    const world = await gitlabWorld();
    const other = await world.token('Bob', ['api']);
    const { secret } = await world.token('Bob', ['self_rotate']);
    for (const operation of [
      'GET /user',
      'GET /personal_access_tokens',
      `GET /personal_access_tokens/${other.id}`,
      `POST /personal_access_tokens/${other.id}/rotate`,
      'GET /version',
    ]) {
      expect(await world.ask(operation, { token: secret }), operation).toMatchObject({
        status: 403,
        body: { error: 'insufficient_scope' },
      });
    }
    expect((await world.ask('POST /personal_access_tokens/self/rotate', { token: secret })).status).toBe(200);
  });

  it('is named to a token that lacks it', async () => {
    const world = await gitlabWorld();
    const { secret } = await world.token('Bob', ['read_user']);
    expect(await world.ask('POST /personal_access_tokens/self/rotate', { token: secret })).toMatchObject({
      status: 403,
      body: { error: 'insufficient_scope', scope: 'api self_rotate' },
    });
  });
});

describe('a person who is suspended', () => {
  it('has no living token', async () => {
    const world = await gitlabWorld();
    const { secret } = await world.token('Bob', ['api']);
    await suspendUser(world.ctx, operatorPermit(), 'Bob');
    expect(await world.ask('GET /user', { token: secret })).toMatchObject({
      status: 403,
      body: { message: '403 Forbidden - Your account has been blocked.', reason: 'owner_suspended' },
    });
  });
});
