/** Machine accounts on their pages: made, given a token whose secret is shown once, deleted; by owners alone. */
import { expect, test } from 'vitest';
import { addOrganization, setMember } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { addRepository, setCollaborator } from '../../../src/actions/repositories/repositories.ts';
import { webWorld } from './visitor.ts';

test.each([
  ['of an organization', 'octo', '/organizations/octo/settings/machines'],
  ['of a person', 'ada', '/settings/machines'],
])('a machine account %s is made, gets a token, loses it and is deleted on its pages', async (_whose, owner, list) => {
  const world = await webWorld();
  const permit = operatorPermit();
  await world.addPerson('ada');
  await world.addPerson('hal');
  await addOrganization(world.ctx, permit, { name: 'octo', owner: 'ada' });
  await setMember(world.ctx, permit, { organization: 'octo', login: 'hal', role: 'member' });
  await addRepository(world.ctx, permit, { owner, name: 'site', visibility: 'private' });
  const visitor = world.visitor();
  await visitor.signIn('ada');

  const one = `${list}/deploy-bot`;
  const made = await visitor.send(list, 'add', { login: 'deploy-bot', purpose: '<b>deploys' });
  expect([made.status, made.location]).toEqual([303, one]);
  await setCollaborator(world.ctx, permit, { owner, name: 'site', login: 'deploy-bot', role: 'write' });
  const forgot = await visitor.send(one, 'create', { name: 'ci', repositories: 'nowhere', contents: 'write' });
  expect([forgot.status, forgot.text.includes('has no repository nowhere')]).toEqual([422, true]);
  const token = await visitor.send(one, 'create', { name: 'ci', repositories: 'site', contents: 'write' });
  expect([token.status, token.location]).toEqual([303, one]);
  const shown = await visitor.get(one);
  const secret = /<code id="new-token">([^<]+)</.exec(shown.text)?.[1] ?? '';
  expect(secret).toMatch(/^lk/);
  for (const words of ['&lt;b>deploys', `${owner}/site (write)`, '1 token', secret.slice(-8)])
    expect(shown.text).toContain(words);
  expect((await visitor.get(one)).text, 'shown once').not.toContain(secret);
  expect((await visitor.get(list)).text).toContain('Used by 1 token');

  const other = world.visitor();
  await other.signIn('hal');
  expect((await other.get(one)).status).not.toBe(200);
  const { id } = await world.ctx.store.db.selectFrom('tokens').select('id').executeTakeFirstOrThrow();
  const ended = await visitor.send(one, 'revoke', { id: String(id) });
  expect([ended.status, ended.location]).toEqual([303, one]);
  expect((await visitor.get(one)).text).toContain('No tokens yet.');
  const gone = await visitor.send(one, 'delete');
  expect([gone.status, gone.location]).toEqual([303, list]);
  expect((await visitor.get(one)).status).toBe(404);
});
