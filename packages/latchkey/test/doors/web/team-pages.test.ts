/** Teams on pages: made, filled, told of, ended. */
import { expect, it } from 'vitest';
import { addOrganization, setMember } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { changePolicy } from '../../../src/actions/organizations/policy-change.ts';
import { addRepository } from '../../../src/actions/repositories/repositories.ts';
import { webWorld } from './visitor.ts';

const TEAMS = '/organizations/acme/settings/teams';

it('a team is made on its page, gives a role, and takes it back after a question', async () => {
  const world = await webWorld();
  const permit = operatorPermit();
  for (const login of ['ada', 'bob', 'cy']) await world.addPerson(login);
  await addOrganization(world.ctx, permit, { name: 'acme', owner: 'ada' });
  for (const login of ['bob', 'cy'])
    await setMember(world.ctx, permit, { organization: 'acme', login, role: 'member' });
  await changePolicy(world.ctx, permit, 'acme', { basePermission: 'none' });
  await addRepository(world.ctx, permit, { owner: 'acme', name: 'site', visibility: 'private' });
  const [ada, bob, cy] = [world.visitor(), world.visitor(), world.visitor()];
  await ada.signIn('ada');
  await bob.signIn('bob');
  await cy.signIn('cy');

  const made = await ada.send(TEAMS, 'create', { name: 'Site Crew', description: 'Keeps it up', privacy: 'secret' });
  expect(made.location).toBe(`${TEAMS}/site-crew`);
  expect((await ada.send(TEAMS, 'create', { name: 'site crew' })).text).toContain('has a team site-crew already');
  const team = `${TEAMS}/site-crew`;
  await ada.send(team, 'give', { repository: 'site', role: 'write' });
  expect((await bob.get('/acme/site')).status).toBe(404);
  // A secret team is told of to nobody else.
  expect((await bob.get(TEAMS)).text).not.toContain('Site Crew');
  expect((await bob.get(team)).status).toBe(404);
  await ada.send(team, 'member', { login: 'bob', role: 'maintainer' });
  expect((await bob.get('/acme/site')).status).toBe(200);
  const settings = (await ada.get('/acme/site/settings')).text;
  expect([settings.includes('Site Crew'), settings.includes('gives it to 2 people')]).toEqual([true, true]);
  expect((await bob.get(TEAMS)).text).toContain('Site Crew');
  expect((await cy.get(team)).status).toBe(404);
  // Its maintainer adds people, and makes no team.
  expect((await bob.get(TEAMS)).text).not.toContain('Create a team');
  await bob.send(team, 'member', { login: 'cy', role: 'member' });
  expect((await cy.get('/acme/site')).status).toBe(200);
  expect((await cy.get(team)).text).not.toContain('Add, or change the role');

  expect((await ada.sendSurely(team, 'remove', { login: 'cy' })).location).toBe(team);
  expect((await cy.get('/acme/site')).status).toBe(404);
  expect((await ada.sendSurely(team, 'take', { repository: 'site' })).location).toBe(team);
  expect((await bob.get('/acme/site')).status).toBe(404);
  expect((await ada.sendSurely(team, 'delete')).location).toBe(TEAMS);
  expect((await ada.get(TEAMS)).text).toContain('No teams yet.');
});

it('a team is renamed, hidden and moved on its page; a maintainer moves none', async () => {
  const world = await webWorld();
  const permit = operatorPermit();
  for (const login of ['ada', 'bob']) await world.addPerson(login);
  await addOrganization(world.ctx, permit, { name: 'acme', owner: 'ada' });
  await setMember(world.ctx, permit, { organization: 'acme', login: 'bob', role: 'member' });
  const [ada, bob] = [world.visitor(), world.visitor()];
  await ada.signIn('ada');
  await bob.signIn('bob');
  for (const name of ['Crew', 'Everybody']) await ada.send(TEAMS, 'create', { name, privacy: 'closed' });
  await ada.send(`${TEAMS}/crew`, 'member', { login: 'bob', role: 'maintainer' });
  const form = { name: 'Night Crew', description: 'Keeps it up', privacy: 'closed', parent: '' };
  const renamed = await bob.send(`${TEAMS}/crew`, 'change', form);
  expect(renamed.location).toBe(`${TEAMS}/night-crew`);
  const path = `${TEAMS}/night-crew`;
  expect((await bob.send(path, 'change', { ...form, parent: 'everybody' })).text).toContain(
    'Only owners of the organization',
  );
  expect((await ada.send(path, 'change', { ...form, parent: 'nobody' })).text).toContain(
    'There is no team nobody here.',
  );
  expect((await ada.send(path, 'change', { ...form, parent: 'everybody' })).location).toBe(path);
  expect((await ada.get(path)).text).toContain('its members also have the roles of that team');
  expect((await ada.send(path, 'change', { ...form, privacy: 'secret', parent: 'everybody' })).status).toBe(422);
  await ada.send(path, 'change', { ...form, privacy: 'secret' });
  expect((await ada.get(path)).text).toContain('secret</span>');
});
