/** The page of sessions: what each one is, and that an ended one no longer works. */
import { expect, test } from 'vitest';
import { SUDO_SEC } from '../../../src/actions/accounts/sessions.ts';
import { networkPlace } from '../../../src/doors/web/accounts/network-place.ts';
import { webWorld } from './visitor.ts';

const PATH = '/settings/sessions';

test.each([
  ['127.0.0.1', 'this server itself'],
  ['::1', 'this server itself'],
  ['10.1.2.3', 'a private network'],
  ['172.31.255.255', 'a private network'],
  ['172.32.0.0', 'the internet'],
  ['fd00::1', 'a private network'],
  ['100.64.0.1', 'a network that a provider shares out'],
  ['192.0.2.1', 'the internet'],
  ['2001:db8::1', 'the internet'],
  ['unknown', null],
])('the address %s lies in %s', (address, place) => {
  expect(networkPlace(address)).toBe(place);
});

test('each session says from which device and network it is, and when it was used and confirmed', async () => {
  const world = await webWorld();
  await world.addPerson('ada');
  const [here, there] = [world.visitor('10.0.0.7'), world.visitor('192.0.2.9')];
  await there.signIn('ada');
  await here.signIn('ada');
  const { text } = await here.get(PATH);
  for (const words of [
    '10.0.0.7',
    'a private network',
    '192.0.2.9',
    'the internet',
    'This one',
    'last used',
    'confirmed',
  ])
    expect(text).toContain(words);
});

test('ending one, the others, or all of them ends just these', async () => {
  const world = await webWorld();
  const ada = await world.addPerson('ada');
  const [one, two, three] = [world.visitor(), world.visitor(), world.visitor()];
  for (const visitor of [one, two, three]) await visitor.signIn('ada');
  const live = async (): Promise<boolean[]> =>
    Promise.all([one, two, three].map(async (visitor) => (await visitor.get('/settings/profile')).status === 200));
  const rows = await world.ctx.store.db
    .selectFrom('sessions')
    .select('id')
    .where('user_id', '=', ada.id)
    .orderBy('id')
    .execute();
  await three.send(PATH, 'end', { id: String(rows[0]!.id) });
  expect(await live()).toEqual([false, true, true]);
  await three.sendSurely(PATH, 'end-others');
  expect(await live()).toEqual([false, false, true]);
  await one.signIn('ada');
  expect((await three.sendSurely(PATH, 'end-all')).location).toBe('/login?notice=signed-out');
  expect(await live()).toEqual([false, false, false]);
  expect(await world.ctx.store.db.selectFrom('sessions').select('id').execute()).toEqual([]);
});

test('a cookie alone, long after the sign-in, neither sees nor ends other sessions', async () => {
  const world = await webWorld();
  await world.addPerson('ada');
  const visitor = world.visitor();
  await visitor.signIn('ada');
  world.ctx.clock.advance(SUDO_SEC + 1);
  expect((await visitor.get(PATH)).location).toMatch(/^\/sudo\?/);
});
