/** A repository goes to another owner: who may send it where, what it leaves behind, and what then reaches it. */
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { addOrganization, setMember } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { machineOwner, makeMachine } from '../../../src/actions/organizations/machines.ts';
import { addRepository, setCollaborator } from '../../../src/actions/repositories/repositories.ts';
import { forEachEngine } from '../../engines/engines.ts';
import { type ApiWorld, apiWorld, grant } from './api.ts';
import { validated } from './schema-harness.ts';

const OPERATOR = operatorPermit();

/** Ada owns Acme and Beta, Bob is a member of Acme alone. */
async function world(engine: 'sqlite' | 'postgres' = 'sqlite', flags = {}): Promise<ApiWorld & { ada: string }> {
  const api = await apiWorld(engine, flags);
  await addOrganization(api.ctx, OPERATOR, { name: 'Beta', owner: 'Ada' });
  const { secret } = await api.token('Ada', { kind: 'classic', scopes: ['repo'] });
  return { ...api, ask: validated(api.ask), ada: secret };
}

const give = (new_owner: string, token: string, more: object = {}) => ({ token, body: { new_owner, ...more } });

forEachEngine('a transfer', (_open, engine) => {
  it('moves the repository, and its old address leads on to it; both logs tell of it', async () => {
    const { ask, ctx, ada } = await world(engine);
    const sent = await ask('POST /repos/Acme/site/transfer', give('beta', ada, { new_name: 'shop' }));
    expect([sent.status, sent.body.full_name]).toEqual([202, 'Beta/shop']);
    expect(existsSync(ctx.git.path('Beta', 'shop'))).toBe(true);
    expect(existsSync(ctx.git.path('Acme', 'site'))).toBe(false);
    const old = await ask('GET /repos/Acme/site', { token: ada });
    expect([old.status, String(old.headers['location'])]).toEqual([
      301,
      'http://127.0.0.1:7070/api/v3/repos/Beta/shop',
    ]);
    const rows = await ctx.store.db
      .selectFrom('audit')
      .innerJoin('accounts', 'accounts.id', 'audit.organization_id')
      .select(['action', 'login', 'data_json'])
      .where('action', 'like', 'repo.transfer%')
      .orderBy('audit.id')
      .execute();
    expect(rows.map(({ data_json, ...row }) => ({ ...row, ...(JSON.parse(data_json) as object) }))).toEqual([
      { action: 'repo.transfer_outgoing', login: 'Acme', repo: 'Acme/site', new_owner: 'Beta' },
      { action: 'repo.transfer', login: 'Beta', repo: 'Beta/shop', old_owner: 'Acme' },
    ]);
  });
});

describe('after a transfer', () => {
  it('tokens that selected it lose it, unless their grant is about the new owner', async () => {
    const { ask, ctx, token, ada } = await world();
    const select = (owner: string) =>
      grant({ owner, selection: 'selected', repositories: ['site'], permissions: { contents: 'read' } });
    const ofAcme = await token('Ada', { grants: [select('Acme')] });
    const reads = async (path: string, secret: string): Promise<number> =>
      (await ask(`GET /repos/${path}`, { token: secret })).status;
    expect(await reads('Acme/site', ofAcme.secret)).toBe(200);
    await ask('POST /repos/Acme/site/transfer', give('Beta', ada));
    expect(await reads('Beta/site', ofAcme.secret)).toBe(404);
    const ofBeta = await token('Ada', { grants: [select('Beta')] });
    expect(await reads('Beta/site', ofBeta.secret)).toBe(200);
    await ask('POST /repos/Beta/site/transfer', give('Acme', ada));
    expect(await reads('Acme/site', ofBeta.secret)).toBe(404);
    expect(await reads('Acme/site', ofAcme.secret), 'coming back wakes nothing').toBe(404);
    const wide = await token('Ada', { grants: [grant({ owner: 'Beta', selection: 'all' })] });
    await ask('POST /repos/Acme/site/transfer', give('Beta', ada));
    expect(await reads('Beta/site', wide.secret)).toBe(200);
    const left = await ctx.store.db.selectFrom('grant_repositories').selectAll().execute();
    expect(left).toEqual([]);
  });

  it('members of the old owner reach it no more; collaborators do; machines of the old owner don’t', async () => {
    const { ask, ctx, token, ada } = await world();
    await addRepository(ctx, OPERATOR, { owner: 'Acme', name: 'secret', visibility: 'private' });
    await setCollaborator(ctx, OPERATOR, { owner: 'Acme', name: 'secret', login: 'Cy', role: 'write' });
    await makeMachine(ctx, OPERATOR, await machineOwner(ctx, OPERATOR, 'Acme'), { login: 'bot', purpose: 'ci' });
    await setCollaborator(ctx, OPERATOR, { owner: 'Acme', name: 'secret', login: 'bot', role: 'write' });
    const [bob, cy] = await Promise.all(
      ['Bob', 'Cy'].map((login) => token(login, { kind: 'classic', scopes: ['repo'] })),
    );
    const sees = async (secret = ''): Promise<number> =>
      (await ask('GET /repos/Beta/secret', { token: secret })).status;
    expect((await ask('GET /repos/Acme/secret', { token: bob?.secret ?? '' })).status).toBe(200);
    await ask('POST /repos/Acme/secret/transfer', give('Beta', ada));
    expect([await sees(bob?.secret), await sees(cy?.secret)]).toEqual([404, 200]);
    const roles = await ctx.store.db
      .selectFrom('collaborators')
      .innerJoin('accounts', 'accounts.id', 'collaborators.user_id')
      .select('login')
      .execute();
    expect(roles.map(({ login }) => login)).toEqual(['Cy']);
  });
});

describe('a transfer is refused', () => {
  it('to another person, to an organization in which the caller makes none, and to nobody', async () => {
    const { ask, ctx, token, ada } = await world();
    const before = await ctx.store.db.selectFrom('repositories').select(['id', 'owner_id']).orderBy('id').execute();
    const bob = await token('Bob', { kind: 'classic', scopes: ['repo'] });
    const refused = async (path: string, asking: object, words: string): Promise<void> => {
      const { status, body } = await ask(`POST /repos/${path}/transfer`, asking);
      expect([status, JSON.stringify(body)], words).toEqual([422, expect.stringContaining(words)]);
    };
    await refused('Acme/site', give('Cy', ada), 'Only Cy can take a repository over');
    await refused('Acme/site', give('nobody', ada), 'There is no user or organization nobody');
    await refused('Acme/site', give('Acme', ada), 'Acme owns Acme/site already');
    await refused('Acme/site', give('Beta', ada, { new_name: '../x' }), 'name');
    await refused('Bob/notes', give('Beta', bob.secret), 'You can’t make repositories of Beta with this token');
    expect((await ask('POST /repos/Acme/site/transfer', give('Bob', bob.secret))).status, 'a member').not.toBe(202);
    await addRepository(ctx, OPERATOR, { owner: 'Beta', name: 'Site', visibility: 'private' });
    await refused('Acme/site', give('Beta', ada), 'Beta has a repository Site already');
    const after = await ctx.store.db.selectFrom('repositories').select(['id', 'owner_id']).orderBy('id').execute();
    expect(after.slice(0, before.length)).toEqual(before);
  });

  it('to a token that was granted the old owner alone, or the new one without the right to make any', async () => {
    const { ask, token } = await world();
    const administers = { administration: 'write' };
    const of = (owner: string, permissions: Record<string, string> = administers) =>
      grant({ owner, selection: 'all', permissions });
    for (const [grants, status] of [
      [[of('Acme')], 422],
      [[of('Acme'), of('Beta', { contents: 'write' })], 422],
      [[of('Acme', { contents: 'write' }), of('Beta')], 403],
      [[of('Acme'), of('Beta')], 202],
    ] as const) {
      const { secret } = await token('Ada', { grants });
      expect((await ask('POST /repos/Acme/site/transfer', give('Beta', secret))).status).toBe(status);
    }
  });

  it('to a token with ref rules, which never opens all refs at once', async () => {
    const { ask, token } = await world();
    const of = (owner: string) => grant({ owner, selection: 'all', permissions: { administration: 'write' } });
    const refRules = [{ pattern: 'refs/heads/agent/**', actions: ['create', 'update'] }] as never;
    const { secret } = await token('Ada', { grants: [of('Acme'), of('Beta')], refRules });
    expect((await ask('POST /repos/Acme/site/transfer', give('Beta', secret))).status).toBe(403);
  });

  it('where the new owner has as many repositories as it may', async () => {
    const { ask, ctx, ada } = await world('sqlite', { maxRepositoriesPerOrganization: '3' });
    for (const name of ['a', 'b', 'c'])
      await addRepository(ctx, OPERATOR, { owner: 'Beta', name, visibility: 'private' });
    const { status, body } = await ask('POST /repos/Acme/site/transfer', give('Beta', ada));
    expect([status, JSON.stringify(body)]).toEqual([422, expect.stringContaining('may have 3')]);
  });

  it('to whoever has no right to delete it, also as a member of both', async () => {
    const { ask, ctx, token } = await world();
    await setMember(ctx, OPERATOR, { organization: 'Beta', login: 'Bob', role: 'owner' });
    const { secret } = await token('Bob', { kind: 'classic', scopes: ['repo'] });
    expect((await ask('POST /repos/Acme/site/transfer', give('Beta', secret))).status).toBe(403);
  });
});
