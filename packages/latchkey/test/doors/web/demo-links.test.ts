/** The doors of the demo: what their links open, for whom, and how often. */
import { describe, expect, test } from 'vitest';
import { makeDemoLinks } from '../../../src/actions/accounts/demo-links.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { formIn, type WebWorld, webWorld, withTwoFactor } from './visitor.ts';

const HERE = '127.0.0.1';

async function doorsOf(world: WebWorld): Promise<ReadonlyMap<string, string>> {
  await world.addPerson('ada');
  await world.addPerson('grace');
  return makeDemoLinks(world.ctx, operatorPermit(), ['ada', 'grace', 'gone']);
}

describe('a link of the demo', () => {
  test('signs in whoever is on this machine, once, and in place of whoever was', async () => {
    const world = await webWorld({ demo: true });
    const doors = await doorsOf(world);
    expect([...doors.keys()]).toEqual(['ada', 'grace']);
    const visitor = world.visitor(HERE);
    expect((await visitor.get(doors.get('ada')!)).text).toContain('Sign in as ada?');
    expect(await visitor.send(doors.get('ada')!, 'sign-in')).toMatchObject({ status: 303, location: '/' });
    expect((await visitor.get('/')).text).toContain('Account menu of ada');

    expect((await visitor.get(doors.get('grace')!)).text).toContain('It signs you out as ada.');
    await visitor.send(doors.get('grace')!, 'sign-in');
    expect((await visitor.get('/')).text).toContain('Account menu of grace');
    expect(await world.ctx.store.db.selectFrom('sessions').select('id').execute()).toHaveLength(1);

    const used = await world.visitor(HERE).get(doors.get('ada')!);
    expect(used.status).toBe(404);
    expect(used.text).toContain('Stop the demo and start it again: it prints new ones.');
  });

  test('opens nothing from another machine, although it is known there', async () => {
    const world = await webWorld({ demo: true });
    const path = (await doorsOf(world)).get('ada')!;
    expect((await world.visitor('192.0.2.1').get(path)).status).toBe(404);
    const stranger = world.visitor('192.0.2.1');
    const { values } = formIn((await stranger.get('/login')).text, 'sign-in');
    expect((await stranger.post(path, values)).status).toBe(404);
    expect((await world.visitor(HERE).get(path)).status).toBe(200);
  });

  test('opens nothing once the server no longer runs as a demo', async () => {
    const world = await webWorld();
    const path = (await doorsOf(world)).get('ada')!;
    expect((await world.visitor(HERE).get(path)).status).toBe(404);
  });

  test('of an earlier start is replaced by the next one', async () => {
    const world = await webWorld({ demo: true });
    const path = (await doorsOf(world)).get('ada')!;
    await makeDemoLinks(world.ctx, operatorPermit(), ['ada']);
    expect((await world.visitor(HERE).get(path)).status).toBe(404);
  });

  test('still asks for a second factor that its person turned on', async () => {
    const world = await webWorld({ demo: true });
    const doors = await doorsOf(world);
    const ada = world.visitor(HERE);
    await ada.signIn('ada');
    await withTwoFactor(world, ada);
    const visitor = world.visitor(HERE);
    expect((await visitor.send(doors.get('ada')!, 'sign-in')).location).toBe('/login/two-factor');
    expect((await visitor.get('/settings/tokens')).location).toContain('/login');
  });
});
