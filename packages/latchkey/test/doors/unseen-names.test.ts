/**
 * The attack: Bob names his token so that it looks like another one, and the owner who reads the list approves it.
 * Every door refuses the name and stores nothing; and a name older than the rule turns no page around.
 */
import { expect, it } from 'vitest';
import { dontReadLog } from '../actions/context.ts';
import { sshPublicKey } from '../ssh-keys.ts';
import { apiWorld } from './github/api.ts';
import { gitlabWorld } from './gitlab/api.ts';
import { furnishedWorld } from './web/furnished-world.ts';
import { lookers } from './web/lookers.ts';
import { PAGE_ROUTES, placesIn } from './web/page-routes.ts';
import { webWorld } from './web/visitor.ts';

const TURNED = 'deploy\u202Eyek-nimda';
const WORDS = 'take out U+202E.';

it('over GitHub’s API no profile, organization or key is named so', async () => {
  const { ask, token } = await apiWorld();
  const { secret } = await token('Ada', { kind: 'classic', scopes: ['user', 'repo', 'admin:org'], grants: [] });
  for (const [operation, body] of [
    ['PATCH /user', { name: TURNED }],
    ['PATCH /user', { company: TURNED }],
    ['PATCH /user', { location: 'one\ntwo' }],
    ['PATCH /orgs/Acme', { name: TURNED }],
    ['POST /repos/Acme/site/keys', { title: TURNED, key: sshPublicKey('ed25519') }],
    ['POST /repos/Acme/site/keys', { key: sshPublicKey('ed25519', 256, TURNED) }],
  ] as const) {
    const answer = await ask(operation, { token: secret, body });
    expect([operation, answer.status, answer.text]).toEqual([operation, 422, expect.stringContaining('take out U+')]);
  }
  expect((await ask('GET /user', { token: secret })).body).toMatchObject({ company: null, location: null });
});

it('over GitHub’s API a profile may still speak in several lines, in any script', async () => {
  const { ask, token } = await apiWorld();
  const { secret } = await token('Ada', { kind: 'classic', scopes: ['user'], grants: [] });
  const body = { name: 'عدا لوفلايس', bio: 'one\ntwo' };
  expect(await ask('PATCH /user', { token: secret, body })).toMatchObject({ status: 200, body });
});

it('over GitLab’s API no token is named so', async () => {
  const world = await gitlabWorld();
  const { secret } = await world.token('Bob', ['api']);
  const body = { name: TURNED, scopes: ['read_user'] };
  const answer = await world.ask('POST /user/personal_access_tokens', { token: secret, body });
  expect([answer.status, JSON.stringify(answer.body)]).toEqual([400, expect.stringContaining(WORDS)]);
});

it('on a page no token is named so, and an older name is isolated where others read it', async () => {
  const world = await webWorld();
  const bob = await world.addPerson('bob');
  await world.addPerson('ada', { admin: true });
  const visitor = world.visitor();
  await visitor.signIn('bob');
  const asked = { name: TURNED, selection: 'all', contents: 'read' };
  const refused = await visitor.send('/settings/personal-access-tokens/new', 'create', asked);
  expect(refused.status).toBe(422);
  expect(refused.text).toContain(WORDS);

  await visitor.send('/settings/personal-access-tokens/new', 'create', { ...asked, name: 'plain' });
  const { db } = world.ctx.store;
  await db.updateTable('tokens').set({ name: TURNED }).where('user_id', '=', bob.id).execute();
  const admin = world.visitor();
  await admin.signIn('ada');
  expect((await admin.get('/instance/tokens')).text).toContain('<bdi class="text-bold">deploy\ufffdyek-nimda</bdi>');
});

it('on no page does a name from before turn the text after it around', async () => {
  const world = await furnishedWorld();
  const places = await placesIn(world.ctx, 'ada');
  const { visitors, setUp } = await lookers(world);
  const { db } = world.ctx.store;
  const profile_json = JSON.stringify({ bio: TURNED, company: TURNED, location: TURNED });
  await db.updateTable('accounts').set({ name: TURNED, profile_json }).execute();
  await db.updateTable('tokens').set({ description: TURNED }).execute();
  for (const { id } of await db.selectFrom('tokens').select('id').execute())
    await db
      .updateTable('tokens')
      .set({ name: `${TURNED}${id}` })
      .where('id', '=', id)
      .execute();
  await db.updateTable('repositories').set({ description: TURNED }).execute();
  dontReadLog(world.ctx);
  let turned = 0;
  for (const entry of Object.values(PAGE_ROUTES)) {
    if ('is' in entry) continue;
    for (const path of entry.as === 'first' ? [setUp] : entry.at(places)) {
      const { text } = await visitors[entry.as].get(path);
      expect(text.replace(/<[^>]*>/g, ''), path).not.toMatch(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/);
      if (text.includes('\ufffd')) turned += 1;
    }
  }
  expect(turned).toBeGreaterThan(10);
});
