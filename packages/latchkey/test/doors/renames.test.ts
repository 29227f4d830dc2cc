/** A person or an organization gets another name: what goes on, where the old name leads, and who can't take it. */
import { existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { addOrganization, addUser } from '../../src/actions/accounts/accounts.ts';
import { accountOfKind, renameAccount, settleAccountFolder } from '../../src/actions/changes/renaming.ts';
import { operatorPermit } from '../../src/actions/decision/authorize.ts';
import type { Context } from '../../src/actions/ground/context.ts';
import { readOutbox } from '../../src/actions/instance/outbox.ts';
import { accountCalled } from '../../src/store/reserved-names.ts';
import { ENGINES } from '../engines/engines.ts';
import { makeWorld } from './git/server.ts';
import { apiWorld, grant } from './github/api.ts';
import { gitlabWorld } from './gitlab/api.ts';
import { webWorld } from './web/visitor.ts';

const permit = operatorPermit();
const person = (login: string) => ({
  login,
  email: `${login}@example.com`,
  verified: true,
  admin: false,
  password: null,
});

async function renameNow(ctx: Context, kind: 'user' | 'organization', from: string, to: string): Promise<void> {
  await renameAccount(ctx, permit, await accountOfKind(ctx, permit, kind, from), to);
}

const pairs = (...names: string[]) => names.slice(1).map((name, at) => [names[at] ?? '', name] as const);

describe('an account with another name', () => {
  it.each(ENGINES)('keeps its tokens, and its old addresses lead to the new ones [%s]', async (engine) => {
    const { ask, ctx, token } = await apiWorld(engine);
    const { secret } = await token('Ada', { kind: 'classic', scopes: ['repo', 'admin:org'] });
    const narrow = await token('Ada', {
      grants: [
        grant({ owner: 'Acme', selection: 'selected', repositories: ['site'], permissions: { metadata: 'read' } }),
      ],
    });
    const at = async (path: string, by = secret) => {
      const { status, headers, body } = await ask(`GET ${path}`, { token: by });
      return [status, headers['location'] ?? body.full_name ?? body.login];
    };
    expect(await at('/repos/Acme/site')).toEqual([200, 'Acme/site']);
    expect(await at('/repos/Acme/site', narrow.secret), 'remembered under the old name').toEqual([200, 'Acme/site']);

    await renameNow(ctx, 'organization', 'acme', 'Acme-Labs');

    const api = 'http://127.0.0.1:7070/api/v3';
    for (const by of [secret, narrow.secret]) {
      expect(await at('/repos/Acme-Labs/site', by)).toEqual([200, 'Acme-Labs/site']);
      expect(await at('/repos/acme/site', by)).toEqual([301, `${api}/repos/Acme-Labs/site`]);
    }
    expect(await at('/orgs/Acme/members/Bob')).toEqual([301, `${api}/orgs/Acme-Labs/members/Bob`]);
    const changed = await ask('PATCH /orgs/Acme', { token: secret, body: { location: 'Oslo' } });
    expect([changed.status, changed.headers['location']]).toEqual([307, `${api}/orgs/Acme-Labs`]);
    expect([existsSync(ctx.git.path('Acme-Labs', 'site')), existsSync(ctx.git.path('Acme', 'site'))]).toEqual([
      true,
      false,
    ]);
    const stranger = await token('Cy', { kind: 'classic', scopes: ['repo'] });
    const unseen = await ask('GET /repos/Acme/site', { token: stranger.secret });
    expect([unseen.status, JSON.stringify(unseen.body)]).toEqual([404, expect.not.stringContaining('Labs')]);

    await expect(addUser(ctx, permit, person('ACME'))).rejects.toThrow(
      'an account of that name was deleted or renamed',
    );
    await renameNow(ctx, 'organization', 'Acme-Labs', 'acme');
    expect(await at('/repos/acme/site'), 'its own old name').toEqual([200, 'acme/site']);
    expect(await at('/orgs/acme-labs')).toEqual([301, `${api}/orgs/acme`]);

    await ctx.store.db.updateTable('reserved_names').set({ until_at: ctx.clock.now() }).execute();
    await addOrganization(ctx, permit, { name: 'Acme-Labs', owner: 'Cy' });
    expect(await at('/orgs/Acme-Labs'), 'taken by another').toEqual([200, 'Acme-Labs']);
    expect((await at('/repos/Acme-Labs/site'))[0]).toBe(404);
    const entries = await ctx.store.db.selectFrom('audit').selectAll().where('action', '=', 'org.rename').execute();
    expect(entries.map(({ data_json }) => JSON.parse(data_json))).toEqual([
      { org: 'Acme-Labs', old_login: 'Acme' },
      { org: 'acme', old_login: 'Acme-Labs' },
    ]);
    const mails = await readOutbox(ctx, permit, { beforeId: null, limit: 20 });
    expect(
      mails.filter(({ template }) => template === 'account_renamed').map(({ address, subject }) => [address, subject]),
    ).toEqual([
      ['ada@example.org', 'Acme-Labs is called acme now'],
      ['ada@example.org', 'Acme is called Acme-Labs now'],
    ]);
  });

  it('is renamed by administrators at both dialects, and by owners', async () => {
    const { ask, askGithub, ctx, token } = await gitlabWorld();
    const root = await token('Root', ['api', 'admin_mode']);
    const ada = await token('Ada', ['api']);
    const sent = async (operation: string, by: { secret: string }, body: object) => {
      const answer = operation.includes('/admin/')
        ? await askGithub(operation, { token: by.secret, body })
        : await ask(operation, { token: by.secret, body });
      return [answer.status, answer.body.username ?? answer.body.path ?? answer.body.message ?? answer.body];
    };
    expect(await sent('PATCH /admin/users/bob', root, { login: 'Robert' })).toEqual([202, 'bob is called Robert now.']);
    expect(await sent('PATCH /admin/organizations/acme', root, { login: 'Zenith' })).toEqual([
      202,
      'acme is called Zenith now.',
    ]);
    expect((await sent('PATCH /admin/users/robert', ada, { login: 'Bob' }))[0]).toBe(403);
    const { id } = (await accountCalled(ctx.store.db, 'Robert'))!;
    expect(await sent(`PUT /users/${id}`, root, { username: 'Bob' })).toEqual([200, 'Bob']);
    expect((await sent(`PUT /users/${id}`, ada, { username: 'Rob' }))[0]).toBe(403);
    expect(await sent('PUT /groups/Zenith', ada, { path: 'acme' })).toEqual([200, 'acme']);
    expect(await sent('PUT /groups/zenith', ada, { name: 'Acme at last' }), 'by the old name').toEqual([200, 'acme']);
    expect((await sent('PUT /groups/acme', await token('Bob', ['api']), { path: 'mine' }))[0]).toBe(403);
    const old = await ask('GET /projects/Zenith%2Fsite', { token: ada.secret });
    expect([old.status, old.body.path_with_namespace]).toEqual([200, 'acme/site']);
  });

  it('gets no name that is taken, reserved or badly formed, and changes it five times in 90 days', async () => {
    const { ask, ctx, token } = await apiWorld();
    const { secret } = await token('Ada', { kind: 'classic', scopes: ['admin:org'] });
    const call = async (login: string, name = 'acme') => {
      const { status, body } = await ask(`PATCH /orgs/${name}`, { token: secret, body: { login } });
      return [status, body.errors?.[0]?.message ?? body.login];
    };
    expect(await call('bob')).toEqual([422, 'The name bob is taken.']);
    expect(await call('settings')).toEqual([422, 'The name settings is reserved.']);
    expect(await call('a b')).toEqual([422, expect.stringContaining('letters, digits and single hyphens')]);
    expect(await call('Acme')).toEqual([422, 'Acme is the name already.']);
    await mkdir(join(dirname(dirname(ctx.git.path('Acme', 'site'))), 'lies/there.git'), { recursive: true });
    expect(await call('lies')).toEqual([422, 'Repositories lie on disk in the folder lies already.']);
    expect(await call('ACME'), 'a change of case is no other name').toEqual([200, 'ACME']);
    for (const [before, after] of pairs('acme', 'one', 'two', 'three', 'four', 'five'))
      await renameNow(ctx, 'organization', before, after);
    expect(await call('sixth', 'five')).toEqual([
      422,
      expect.stringMatching(/^five had 5 other names lately: .* from \d/),
    ]);
    await ctx.store.db.updateTable('reserved_names').set({ until_at: ctx.clock.now() }).execute();
    expect(await call('sixth', 'five')).toEqual([200, 'sixth']);
  });
});

it('git goes on under the old address: it is led to the new one, with the same token', async () => {
  const world = await makeWorld();
  onTestFinished(() => world.close());
  const ctx = world.server.context;
  await world.ok(['clone', world.remote('ada/closed', world.writer), 'work']);
  await world.ok(['commit', '--allow-empty', '-m', 'one'], { in: 'work' });
  await world.ok(['push', 'origin', 'HEAD:main'], { in: 'work' });
  await renameNow(ctx, 'user', 'ada', 'lovelace');
  await world.ok(['commit', '--allow-empty', '-m', 'two'], { in: 'work' });
  const pushed = await world.git(['push', 'origin', 'HEAD:main'], { in: 'work' });
  expect([pushed.code, pushed.stderr]).toEqual([0, expect.stringContaining('redirecting to')]);
  await world.ok(['clone', world.remote('lovelace/closed', world.reader), 'again']);
  expect(await world.ok(['log', '--format=%s'], { in: 'again' })).toBe('two\none\n');
});

it('a server that died between folder and row brings the repositories to where the row says', async () => {
  const { ctx } = await apiWorld();
  const { id } = await accountOfKind(ctx, permit, 'organization', 'Acme');
  const folder = (owner: string) => dirname(ctx.git.path(owner, 'site'));
  await rename(folder('Acme'), folder('Zenith'));
  const names = ['Acme', 'Zenith'];
  await settleAccountFolder(ctx, { accountId: id, names });
  expect(existsSync(ctx.git.path('Acme', 'site')), 'of a name that nobody had, nothing is taken').toBe(false);
  await rename(folder('Zenith'), folder('Acme'));
  await renameNow(ctx, 'organization', 'Acme', 'Zenith');
  await mkdir(folder('Acme'), { recursive: true });
  await rename(ctx.git.path('Zenith', 'site'), ctx.git.path('Acme', 'site'));
  await settleAccountFolder(ctx, { accountId: id, names });
  expect([existsSync(ctx.git.path('Zenith', 'site')), existsSync(ctx.git.path('Acme', 'site'))]).toEqual([true, false]);
});

it('people change their own name on a page, owners that of their organization, administrators anybody’s', async () => {
  const world = await webWorld();
  await world.addPerson('ada');
  await world.addPerson('root', { admin: true });
  await addOrganization(world.ctx, permit, { name: 'acme', owner: 'ada' });
  const ada = world.visitor();
  await ada.signIn('ada');
  expect((await ada.get('/settings/account')).text).toContain('Nobody else can take ada for 90 days');
  expect((await ada.send('/settings/account', 'rename', { login: 'root' })).text).toContain('The name root is taken.');
  expect((await ada.send('/settings/account', 'rename', { login: 'lovelace' })).location).toBe('/settings/account');
  expect((await ada.get('/settings/account')).text).toContain('You are called lovelace now.');
  const form = '/organizations/acme/settings/name';
  const sent = await ada.send(form, 'rename', { login: 'acme-labs' });
  expect(sent.location).toBe('/organizations/acme-labs/settings/name');
  expect((await ada.get('/organizations/acme/settings/people?role=owner')).location).toBe(
    '/organizations/acme-labs/settings/people?role=owner',
  );
  expect((await ada.get('/acme')).location).toBe('/acme-labs');
  const root = world.visitor();
  await root.signIn('root');
  const path = '/instance/people/lovelace/name';
  expect((await root.send(path, 'rename', { login: 'ada' })).location).toBe('/instance/people');
  expect((await root.get('/instance/people')).text).toContain('lovelace is called ada now.');
});
