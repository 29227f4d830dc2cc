/**
 * Project, group and deploy tokens and service accounts in GitLab's dialect: views of machine accounts, made by those
 * who own the project, and by nobody else.
 */
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { addMirror, listMirrors } from '../../../src/actions/repositories/creation/mirrors.ts';
import { setCollaborator } from '../../../src/actions/repositories/repositories.ts';
import { onRepository } from '../../../src/actions/repositories/transfers.ts';
import { Secret } from '../../../src/base/secret.ts';
import { DAY_SEC, isoDate } from '../../../src/base/time.ts';
import { noteMirrorEnd } from '../../../src/store/mirrors.ts';
import { sshPublicKey } from '../../ssh-keys.ts';
import { type GitlabWorld, gitlabWorld } from './api.ts';

const SITE = '/projects/Acme%2Fsite';
const GROUP = '/groups/Acme';

const inDays = ({ ctx }: GitlabWorld, days: number): string => isoDate(ctx.clock.now() + days * DAY_SEC);
const machinesOf = async ({ ctx }: GitlabWorld): Promise<string[]> =>
  (await ctx.store.db.selectFrom('accounts').select('login').where('kind', '=', 'machine').execute()).map(
    ({ login }) => login,
  );

test('a project access token is made, shown, listed, rotated and revoked, and reaches that project alone', async () => {
  const world = await gitlabWorld();
  const { ask } = world;
  const { secret: token } = await world.token('Ada', ['api']);
  const made = await ask(`POST ${SITE}/access_tokens`, {
    token,
    body: {
      name: 'Deploy it!',
      scopes: ['read_api', 'write_repository'],
      access_level: 30,
      expires_at: inDays(world, 20),
    },
  });
  expect([made.status, made.headers['cache-control'], made.body]).toEqual([
    201,
    'no-store',
    {
      id: expect.any(Number),
      user_id: expect.any(Number),
      name: 'Deploy it!',
      description: '',
      scopes: ['read_api', 'write_repository'],
      access_level: 30,
      created_at: '2026-09-21T14:13:20.000Z',
      expires_at: inDays(world, 20),
      last_used_at: null,
      last_used_ips: [],
      active: true,
      revoked: false,
      granular: false,
      ref_rules: null,
      token: expect.stringMatching(/^lk/),
    },
  ]);
  const [login] = await machinesOf(world);
  expect(login).toMatch(/^project-\d+-deploy-it$/);
  const own = await ask('GET /user', { token: made.body.token });
  expect(own.body).toMatchObject({ username: login, bot: true });
  expect((await ask('GET /personal_access_tokens/self', { token: made.body.token })).body.scopes).toEqual([
    'read_api',
    'write_repository',
  ]);
  const file = { branch: 'main', commit_message: 'x', content: 'x' };
  const written = await ask(`POST ${SITE}/repository/files/a`, { token: made.body.token, body: file });
  expect(written.status).toBe(201);
  expect((await ask('GET /projects/Bob%2Fnotes', { token: made.body.token })).status).toBe(404);
  const { token: _, ...shown } = made.body;
  const path = `${SITE}/access_tokens/${made.body.id}`;
  expect((await ask(`GET ${path}`, { token })).body).toMatchObject({ id: shown.id, scopes: shown.scopes });
  const list = await ask(`GET ${SITE}/access_tokens?state=active`, { token });
  expect([list.body.length, list.headers['x-total'], list.text.includes(made.body.token)]).toEqual([1, '1', false]);
  expect((await ask(`GET ${SITE}/access_tokens?state=inactive`, { token })).body).toEqual([]);
  const rotated = await ask(`POST ${path}/rotate`, { token, body: { expires_at: inDays(world, 9) } });
  expect([rotated.status, rotated.body.id, rotated.body.expires_at]).toEqual([200, made.body.id, inDays(world, 9)]);
  expect((await ask('GET /user', { token: made.body.token })).status).toBe(401);
  expect((await ask('GET /user', { token: rotated.body.token })).status).toBe(200);
  expect((await ask(`DELETE ${path}`, { token })).status).toBe(204);
  expect((await ask('GET /user', { token: rotated.body.token })).status).toBe(401);
  expect([(await ask(`GET ${path}`, { token })).status, await machinesOf(world)]).toEqual([404, []]);
});

test('a deploy token clones one project without an end, and a group token reads what its members read', async () => {
  const world = await gitlabWorld();
  const { ask } = world;
  const { secret: token } = await world.token('Ada', ['api']);
  const deploy = await ask(`POST ${SITE}/deploy_tokens`, {
    token,
    body: { name: 'cluster', scopes: ['read_repository'] },
  });
  expect([deploy.status, deploy.body]).toEqual([
    201,
    {
      id: expect.any(Number),
      name: 'cluster',
      username: expect.stringMatching(/^deploy-project-\d+-cluster$/),
      expires_at: null,
      revoked: false,
      expired: false,
      scopes: ['read_repository'],
      token: expect.any(String),
    },
  ]);
  const path = `${SITE}/deploy_tokens/${deploy.body.id}`;
  expect((await ask(`GET ${path}`, { token })).body.username).toBe(deploy.body.username);
  expect((await ask(`GET ${SITE}/deploy_tokens?active=true`, { token })).body).toHaveLength(1);
  expect((await ask(`GET ${SITE}/access_tokens`, { token })).body, 'each list has its own').toEqual([]);
  const group = await ask(`POST ${GROUP}/access_tokens`, {
    token,
    body: { name: 'reader', scopes: ['read_api'], access_level: 20, expires_at: inDays(world, 20) },
  });
  expect([group.status, group.body.access_level]).toEqual([201, 20]);
  expect((await ask(`GET ${SITE}`, { token: group.body.token })).status).toBe(200);
  const more = await ask(`POST ${GROUP}/access_tokens`, {
    token,
    body: { name: 'writer', scopes: ['api'], access_level: 30 },
  });
  expect([more.status, more.body.message.access_level[0]]).toEqual([400, expect.stringContaining('base permission')]);
  for (const each of [path, `${GROUP}/access_tokens/${group.body.id}`])
    expect((await ask(`DELETE ${each}`, { token })).status).toBe(204);
  for (const { body } of [deploy, group]) expect((await ask('GET /user', { token: body.token })).status).toBe(401);
});

test('a service account is a machine account: made, given tokens, listed, deleted', async () => {
  const world = await gitlabWorld();
  const { ask, ctx } = world;
  const { secret: token } = await world.token('Ada', ['api']);
  const path = `${GROUP}/service_accounts`;
  const made = await ask(`POST ${path}`, { token, body: { name: 'Release train' } });
  expect([made.status, made.body]).toEqual([
    201,
    { id: expect.any(Number), username: 'service-account-release-train', name: 'Release train', email: null },
  ]);
  const named = await ask(`POST ${path}`, { token, body: { name: 'x', username: 'train-2' } });
  expect((await ask(`GET ${path}?per_page=1`, { token })).body).toEqual([named.body]);
  const login = 'service-account-release-train';
  await setCollaborator(ctx, operatorPermit(), { owner: 'Acme', name: 'site', login, role: 'write' });
  const tokens = `${path}/${made.body.id}/personal_access_tokens`;
  const one = await ask(`POST ${tokens}`, {
    token,
    body: { name: 'ci', scopes: ['api'], expires_at: inDays(world, 9) },
  });
  expect([one.status, one.body.scopes, one.body.user_id]).toEqual([201, ['api'], made.body.id]);
  expect((await ask(`GET ${SITE}`, { token: one.body.token })).status).toBe(200);
  const rotated = await ask(`POST ${tokens}/${one.body.id}/rotate`, { token, body: {} });
  expect([rotated.status, rotated.body.scopes, rotated.body.token === one.body.token]).toEqual([200, ['api'], false]);
  expect((await ask(`GET ${tokens}`, { token })).body).toMatchObject([{ id: one.body.id, scopes: ['api'] }]);
  expect((await ask(`DELETE ${tokens}/${one.body.id}`, { token })).status).toBe(204);
  expect((await ask('GET /user', { token: rotated.body.token })).status).toBe(401);
  expect((await ask(`DELETE ${path}/${made.body.id}`, { token })).status).toBe(204);
  expect(await machinesOf(world)).toEqual(['train-2']);
});

test('nobody makes one who could not make a machine account, or with more than their token has', async () => {
  const world = await gitlabWorld();
  const { ask, ctx } = world;
  await setCollaborator(ctx, operatorPermit(), { owner: 'Acme', name: 'site', login: 'Bob', role: 'admin' });
  await setCollaborator(ctx, operatorPermit(), { owner: 'Bob', name: 'notes', login: 'Ada', role: 'admin' });
  const [ada, bob, reads] = [
    await world.token('Ada', ['api']),
    await world.token('Bob', ['api']),
    await world.token('Ada', ['read_api'], { name: 'reads' }),
  ];
  const body = { name: 'x', scopes: ['read_repository'] };
  const service = `${GROUP}/service_accounts`;
  for (const [why, { secret }, path, sent, status] of [
    ['administers the project, owns nothing', bob, `${SITE}/access_tokens`, body, 403],
    ['the same for a deploy token', bob, `${SITE}/deploy_tokens`, body, 403],
    ['somebody else’s own project', ada, '/projects/Bob%2Fnotes/access_tokens', body, 403],
    ['a member', bob, `${GROUP}/access_tokens`, body, 403],
    ['a member', bob, service, { name: 'x' }, 403],
    ['a token that reads', reads, `${SITE}/access_tokens`, body, 403],
    ['no such scope', ada, `${SITE}/access_tokens`, { ...body, scopes: ['sudo'] }, 400],
    ['no scope', ada, `${SITE}/access_tokens`, { ...body, scopes: [] }, 400],
    ['no such level', ada, `${SITE}/access_tokens`, { ...body, access_level: 35 }, 400],
    ['an end in the past', ada, `${SITE}/access_tokens`, { ...body, expires_at: '2020-01-01' }, 400],
    ['no name', ada, `${SITE}/access_tokens`, { scopes: ['api'] }, 400],
    ['a registry', ada, `${SITE}/deploy_tokens`, { ...body, scopes: ['read_registry'] }, 400],
    ['a name of its own', ada, `${SITE}/deploy_tokens`, { ...body, username: 'gitlab' }, 400],
    ['a mailbox', ada, service, { name: 'x', email: 'a@example.org' }, 400],
    ['no such account', ada, `${service}/1/personal_access_tokens`, body, 404],
    ['no such token', ada, `${SITE}/access_tokens/${ada.id}/rotate`, {}, 404],
  ] as const)
    expect([why, path, (await ask(`POST ${path}`, { token: secret, body: sent })).status]).toEqual([why, path, status]);
  expect(await machinesOf(world), 'nothing is left of what was refused').toEqual([]);
  // Where somebody owns the project themselves, they make its tokens.
  const own = await ask('POST /projects/Bob%2Fnotes/access_tokens', { token: bob.secret, body });
  expect([own.status, own.body.access_level]).toEqual([201, 40]);
  // One that made tokens takes them along where it is revoked with its children, as any that makes tokens.
  const { parent_id } = await ctx.store.db
    .selectFrom('tokens')
    .select('parent_id')
    .where('id', '=', own.body.id)
    .executeTakeFirstOrThrow();
  expect(parent_id).toBe(bob.id);
});

test('a token comes with what GitLab calls it, or not at all', async () => {
  const world = await gitlabWorld();
  const { ask, ctx } = world;
  const { secret: token } = await world.token('Ada', ['api']);
  const account = await ask(`POST ${GROUP}/service_accounts`, { token, body: { name: 'Runner' } });
  const tokensBefore = await ctx.store.db.selectFrom('tokens').select('id').execute();
  const full = sql`create trigger full before insert on gitlab_tokens begin select raise(abort, 'full'); end`;
  await full.execute(ctx.store.db);
  const body = { name: 'x', scopes: ['read_repository'] };
  for (const path of [`${GROUP}/service_accounts/${account.body.id}/personal_access_tokens`, `${SITE}/access_tokens`])
    expect([path, (await ask(`POST ${path}`, { token, body })).status]).toEqual([path, 500]);
  expect(await ctx.store.db.selectFrom('tokens').select('id').execute()).toEqual(tokensBefore);
  expect(await machinesOf(world)).toEqual([account.body.username]);
});

test('deploy keys are added, read and removed, and read alone unless can_push is asked for', async () => {
  const world = await gitlabWorld();
  const { ask } = world;
  const { secret: token } = await world.token('Ada', ['api']);
  const { secret: bob } = await world.token('Bob', ['api']);
  const [key, other] = [sshPublicKey('ed25519').trim(), sshPublicKey('ed25519').trim()];
  const made = await ask(`POST ${SITE}/deploy_keys`, { token, body: { title: 'server', key, can_push: true } });
  expect([made.status, made.body]).toMatchObject([
    201,
    { title: 'server', can_push: true, expires_at: null, fingerprint_sha256: expect.stringMatching(/^SHA256:/) },
  ]);
  expect((await ask(`POST ${SITE}/deploy_keys`, { token, body: { title: 'two', key } })).status).toBe(400);
  expect((await ask(`POST ${SITE}/deploy_keys`, { token, body: { key: other } })).status).toBe(400);
  const reads = await ask(`POST ${SITE}/deploy_keys`, { token, body: { title: 'two', key: other } });
  expect(reads.body.can_push).toBe(false);
  const list = await ask(`GET ${SITE}/deploy_keys`, { token });
  expect([list.body.map(({ title }: { title: string }) => title), list.headers['x-total']]).toEqual([
    ['two', 'server'],
    '2',
  ]);
  expect((await ask(`GET ${SITE}/deploy_keys/${made.body.id}`, { token })).body.key).toBe(made.body.key);
  expect((await ask(`POST ${SITE}/deploy_keys`, { token: bob, body: { title: 'x', key } })).status).toBe(403);
  expect((await ask(`DELETE ${SITE}/deploy_keys/${made.body.id}`, { token })).status).toBe(204);
  expect((await ask(`GET ${SITE}/deploy_keys/${made.body.id}`, { token })).status).toBe(404);
});

test('mirrors show how they stand, without what opens them, and run sooner when asked', async () => {
  const world = await gitlabWorld();
  const { ask, ctx } = world;
  const { secret: token } = await world.token('Ada', ['api']);
  const { secret: bob } = await world.token('Bob', ['api']);
  expect((await ask(`GET ${SITE}/mirror/pull`, { token })).status).toBe(404);
  const permit = await onRepository(ctx, operatorPermit(), { owner: 'Acme', name: 'site' });
  const add = (direction: 'pull' | 'push', secret: Secret | null) =>
    addMirror(ctx, permit, { direction, url: 'https://git.example.org/x.git', username: '', secret, everySec: 3600 });
  const pull = await add('pull', null);
  const push = await add('push', new Secret('opens-it'));
  const at = ctx.clock.now();
  await ctx.store.transaction((tx) => noteMirrorEnd(tx, push.id, { at, nextRunAt: at + 3600, error: 'It said no.' }));
  const list = await ask(`GET ${SITE}/remote_mirrors`, { token });
  const masked = 'https://*****:*****@git.example.org/x.git';
  expect(list.body).toMatchObject([{ id: push.id, url: masked, update_status: 'failed', last_error: 'It said no.' }]);
  expect(list.text).not.toContain('opens-it');
  const shown = await ask(`GET ${SITE}/mirror/pull`, { token });
  expect(shown.body).toMatchObject({ id: pull.id, update_status: 'none', url: 'https://git.example.org/x.git' });
  const sync = `${SITE}/remote_mirrors/${push.id}/sync`;
  expect((await ask(`POST ${sync}`, { token: bob })).status).toBe(403);
  expect((await ask(`POST ${sync}`, { token })).status).toBe(204);
  expect((await listMirrors(ctx, permit)).find(({ id }) => id === push.id)?.nextRunAt).toBe(at);
  expect((await ask(`POST ${SITE}/mirror/pull`, { token })).status).toBe(200);
  expect((await ask(`GET ${SITE}/remote_mirrors/${pull.id}`, { token })).status).toBe(404);
});
