/** What is known of a person, as one file: complete, theirs alone, and without secrets. */
import { expect, it } from 'vitest';
import { addOrganization } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { createToken } from '../../../src/actions/tokens/tokens.ts';
import { tablesMadeBy } from '../../../src/store/copies/tables.ts';
import { appliedSteps } from '../../../src/store/migrations.ts';
import { NOT_OF_PEOPLE, PERSONAL_TABLES, type PersonalTable } from '../../../src/store/person-data.ts';
import { PASSWORD, webWorld } from './visitor.ts';

it('every table is told of or said to name nobody, and every column is shown or hidden', async () => {
  const { ctx } = await webWorld();
  const tables = await tablesMadeBy(await appliedSteps(ctx.store.db));
  const known: Readonly<Record<string, PersonalTable>> = PERSONAL_TABLES;
  const told = [...Object.keys(known), ...Object.keys(NOT_OF_PEOPLE), 'audit'].filter((name) => name !== 'nodes');
  expect(told.toSorted()).toEqual(tables.map(({ name }) => name).toSorted());
  for (const { name, columns } of tables) {
    const of = known[name];
    if (of !== undefined)
      expect([name, [...of.shows, ...of.hides].toSorted()]).toEqual([name, [...columns].toSorted()]);
  }
  const shown = Object.entries(known).flatMap(([name, { shows }]) => shows.map((column) => `${name}.${column}`));
  expect(shown.filter((column) => /digest|secret$|password|enrolment|id_token/.test(column))).toEqual([]);
});

it('a person downloads what is stored of them, what the log has, and nothing of others', async () => {
  const world = await webWorld();
  const { ctx } = world;
  const permit = operatorPermit();
  await world.addPerson('ada');
  await world.addPerson('bob');
  await addOrganization(ctx, permit, { name: 'acme', owner: 'ada' });
  const draft = { kind: 'classic', name: 'laptop', description: '', scopes: ['repo'], grants: [] } as const;
  const { secret } = await createToken(ctx, permit, { userLogin: 'ada', ...draft });
  await createToken(ctx, permit, { userLogin: 'bob', ...draft, name: 'bob’s own' });
  const ada = world.visitor();
  expect((await ada.get('/settings/account/data')).location).toContain('/login');
  await ada.signIn('ada');
  const { text, headers } = await ada.get('/settings/account/data');
  expect([headers['content-type'], headers['content-disposition']]).toEqual([
    expect.stringContaining('application/json'),
    'attachment; filename="ada.json"',
  ]);
  const known = JSON.parse(text) as Readonly<Record<string, Readonly<Record<string, unknown>>[]>>;
  expect(known['accounts']).toMatchObject([
    { login: 'ada', profile: {}, created_at: expect.stringMatching(/^\d{4}-.*Z$/) },
  ]);
  expect([known['emails'], known['tokens'], known['memberships']]).toMatchObject([
    [{ address: 'ada@example.org' }],
    [{ name: 'laptop', scopes: ['repo'] }],
    [{ role: 'owner' }],
  ]);
  expect(known['sessions']).toHaveLength(1);
  const log = known['log'] ?? [];
  expect(log.map(({ action }) => action)).toEqual(
    expect.arrayContaining(['user.create', 'user.login', 'user.export_data', 'org.create']),
  );
  const rows = await ctx.store.db.selectFrom('token_secrets').select('digest').execute();
  for (const never of [secret.reveal(), PASSWORD, '$argon2', 'bob', ...rows.map(({ digest }) => digest)])
    expect(text).not.toContain(never);
});
