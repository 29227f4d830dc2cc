/** People who look at pages, one of each kind. */
import { makeSetUpLink } from '../../../src/actions/accounts/sign-up.ts';
import type { Page } from './page-routes.ts';
import { PASSWORD, type Visitor, type WebWorld, webWorld } from './visitor.ts';

export interface Lookers {
  readonly visitors: Readonly<Record<Page['as'], Visitor>>;
  /** Where the first person of an empty instance sets it up. */
  readonly setUp: string;
}

/**
 * Each signed in as far as possible, in a world with the administrator ada, and hal, whose second factor is still
 * missing.
 */
export async function lookers(world: WebWorld): Promise<Lookers> {
  const empty = await webWorld();
  const visitors = {
    administrator: world.visitor(),
    nobody: world.visitor(),
    here: world.visitor('127.0.0.1'),
    half: world.visitor(),
    first: empty.visitor(),
  };
  await visitors.administrator.signIn('ada');
  await visitors.half.send('/login', 'sign-in', { login: 'hal', password: PASSWORD });
  return { visitors, setUp: (await makeSetUpLink(empty.ctx))! };
}
