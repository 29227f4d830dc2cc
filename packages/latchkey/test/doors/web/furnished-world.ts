/** A small world in which every page has something to show. */
import { addOrganization } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { addRepository } from '../../../src/actions/repositories/repositories.ts';
import { furnish } from './page-routes.ts';
import { type WebWorld, webWorld } from './visitor.ts';

/** Ada administers the instance and owns octo with its private octo/site; hal is the other person. */
export async function furnishedWorld(): Promise<WebWorld> {
  const world = await webWorld({ signUp: 'open', demo: true });
  await world.addPerson('ada', { admin: true });
  await world.addPerson('hal');
  await addOrganization(world.ctx, operatorPermit(), { name: 'octo', owner: 'ada' });
  await addRepository(world.ctx, operatorPermit(), { owner: 'octo', name: 'site', visibility: 'private' });
  await furnish(world.ctx, 'ada');
  return world;
}
