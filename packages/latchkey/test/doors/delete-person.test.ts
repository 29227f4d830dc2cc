/** A person leaves for good: what ends, who keeps what, and that the next person with the name inherits nothing. */
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { addOrganization, addUser } from '../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../src/actions/decision/authorize.ts';
import { deleteUser } from '../../src/actions/instance/account-deletion.ts';
import { readOutbox } from '../../src/actions/instance/outbox.ts';
import { addRepository, setCollaborator } from '../../src/actions/repositories/repositories.ts';
import { DAY_SEC } from '../../src/base/time.ts';
import { ENGINES } from '../engines/engines.ts';
import { type ApiWorld, apiWorld, grant } from './github/api.ts';
import { webWorld } from './web/visitor.ts';

const permit = operatorPermit();
const asks = async ({ ask }: ApiWorld, path: string, token: string): Promise<number> =>
  (await ask(`GET ${path}`, { token })).status;
const again = (login: string) => ({ login, email: 'other@example.org', verified: true, admin: false, password: null });

describe('deleting a person', () => {
  it('lists what they own, and deletes nothing until it is decided what becomes of that', async () => {
    const world = await apiWorld();
    const { secret } = await world.token('Bob', { kind: 'classic', scopes: ['repo'] });
    await expect(deleteUser(world.ctx, permit, { login: 'bob', repositories: 'none' })).rejects.toThrow(
      'Bob owns a repository (Bob/notes): say whether to delete or move what they own.',
    );
    expect(await asks(world, '/user', secret)).toBe(200);
  });

  it.each(ENGINES)('ends every token on the next request, keeps the name for 90 days [%s]', async (engine) => {
    const world = await apiWorld(engine);
    const { ctx } = world;
    const { secret } = await world.token('Bob', { kind: 'classic', scopes: ['repo'] });
    const { secret: ada } = await world.token('Ada', { kind: 'classic', scopes: ['repo'] });
    await setCollaborator(ctx, permit, { owner: 'Bob', name: 'notes', login: 'Ada', role: 'read' });
    expect(await asks(world, '/repos/Bob/notes', ada)).toBe(200);
    const { secret: narrow } = await world.token('Ada', {
      grants: [grant({ owner: 'Acme', selection: 'all', permissions: { contents: 'read' } })],
    });
    const { secret: old } = await world.token('Bob', {
      grants: [grant({ owner: '', selection: 'selected', repositories: ['notes'], permissions: { contents: 'read' } })],
    });
    expect(await asks(world, '/repos/Bob/notes', old)).toBe(200);

    await deleteUser(ctx, permit, { login: 'bob', repositories: { moveTo: 'acme' } });

    for (const dead of [secret, old]) expect(await asks(world, '/user', dead)).toBe(401);
    expect([existsSync(ctx.git.path('Acme', 'notes')), existsSync(ctx.git.path('Bob', 'notes'))]).toEqual([
      true,
      false,
    ]);
    expect(await asks(world, '/repos/Acme/notes', ada), 'collaborators stay').toBe(200);
    expect(await asks(world, '/repos/Acme/notes', narrow), 'all of Acme').toBe(200);
    expect(await asks(world, '/repos/Bob/notes', ada), 'no way leads from a name that is nobody’s').toBe(404);

    await expect(addUser(ctx, permit, again('BOB'))).rejects.toThrow(/^The name BOB is reserved until \d+ \w{3} \d{4}/);
    await expect(addOrganization(ctx, permit, { name: 'bob', owner: 'Ada' })).rejects.toThrow('reserved');
    ctx.clock.advance(90 * DAY_SEC);
    await addUser(ctx, permit, again('Bob'));
    for (const dead of [secret, old]) expect(await asks(world, '/user', dead), 'inherits nothing').toBe(401);
    const { secret: newcomer } = await world.token('Bob', { kind: 'classic', scopes: ['repo'] });
    expect(await asks(world, '/repos/Acme/notes', newcomer)).toBe(404);
    const entries = await ctx.store.db.selectFrom('audit').selectAll().where('action', '=', 'user.delete').execute();
    expect(entries.map(({ data_json }) => JSON.parse(data_json))).toEqual([
      { login: 'Bob', tokens: 2, repositories: 0, moved_to: 'Acme' },
    ]);
  });

  it('deletes what they own when told so, and mails them at every verified address', async () => {
    const world = await apiWorld();
    const { ctx } = world;
    await addRepository(ctx, permit, { owner: 'Cy', name: 'one', visibility: 'private' });
    await addRepository(ctx, permit, { owner: 'Cy', name: 'two', visibility: 'public' });
    const { secret } = await world.token('Root', {
      grants: [grant({ owner: 'instance', permissions: { instance_users: 'write' } })],
    });
    const remove = async (query: string): Promise<number> =>
      (await world.ask(`DELETE /enterprise/users/cy${query}`, { token: secret })).status;
    const ruled = await world.token('Root', {
      grants: [grant({ owner: 'instance', permissions: { instance_users: 'write' } })],
      refRules: [{ pattern: 'agent/**', allow: ['create'] }],
    });
    const byRuled = await world.ask('DELETE /enterprise/users/cy?repositories=delete', { token: ruled.secret });
    expect([byRuled.status, byRuled.body.reason]).toEqual([403, 'ref_not_allowed']);
    expect([await remove(''), await remove('?repositories=keep'), await remove('?move_to=nobody')]).toEqual([
      409, 422, 404,
    ]);
    expect(await remove('?repositories=delete&move_to=acme')).toBe(422);
    expect(await remove('?repositories=delete')).toBe(204);
    expect(await remove('?repositories=delete')).toBe(404);
    expect(existsSync(ctx.git.path('Cy', 'one'))).toBe(false);
    const mails = await readOutbox(ctx, permit, { beforeId: null, limit: 20 });
    const [told] = mails.filter(({ template }) => template === 'account_deleted');
    expect([told?.address, told?.subject]).toEqual(['cy@example.org', 'Your account Cy was deleted']);
  });

  it('refuses the last owner of an organization, the last administrator, and a name that is taken there', async () => {
    const { ctx } = await apiWorld();
    const attempt = (login: string, repositories: Parameters<typeof deleteUser>[2]['repositories'] = 'delete') =>
      deleteUser(ctx, permit, { login, repositories });
    await expect(attempt('Ada')).rejects.toThrow('Ada is the only owner of Acme: make somebody else an owner first.');
    await expect(attempt('Root')).rejects.toThrow('Root is the only administrator');
    await expect(attempt('Acme')).rejects.toThrow('There is no user Acme.');
    await addUser(ctx, permit, { ...again('Dee'), email: 'dee@example.org' });
    await addRepository(ctx, permit, { owner: 'Dee', name: 'site', visibility: 'private' });
    await expect(attempt('Dee', { moveTo: 'Acme' })).rejects.toThrow('Acme has a repository site already');
    await expect(attempt('Dee', { moveTo: 'dee' })).rejects.toThrow('go to another account');
    expect(existsSync(ctx.git.path('Dee', 'site'))).toBe(true);
  });
});

it('an administrator deletes an account on its page only after typing its name', async () => {
  const world = await webWorld();
  await world.addPerson('ada');
  await world.addPerson('root', { admin: true });
  await addRepository(world.ctx, permit, { owner: 'ada', name: 'notes', visibility: 'private' });
  const admin = world.visitor();
  await admin.signIn('root');
  const path = '/instance/people/ada/delete';
  expect((await admin.get(path)).text).toContain('ada/notes: moved or deleted, as you choose below');
  const typed = { repositories: 'move', move_to: 'root', login: 'grace' };
  expect((await admin.send(path, 'delete', typed)).text).toContain('Type ada to confirm.');
  expect((await admin.send(path, 'delete', { ...typed, login: 'ada', move_to: '' })).status).toBe(422);
  expect((await admin.send(path, 'delete', { ...typed, login: 'ada' })).location).toBe('/instance/people');
  expect((await admin.get('/instance/people')).text).toContain('ada is deleted.');
  expect([(await admin.get(path)).status, (await admin.get('/root/notes')).status]).toEqual([404, 200]);
  expect((await admin.get('/instance/people/root/delete')).text).toContain('root is the only administrator');
});
