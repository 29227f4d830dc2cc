/** What stops when an administrator stops somebody: told before it is done. */
import { sessionsOf } from '../../store/sessions.ts';
import { userNamed } from '../accounts/accounts.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { type Endings, endingsOfPerson } from '../organizations/what-ends.ts';

export interface PersonStops {
  readonly login: string;
  readonly endings: Endings;
  /** How many are signed in. */
  readonly sessions: number;
}

/** @throws Problem when there is no such person */
export async function whatStopsFor(ctx: Context, permit: Permit, login: string): Promise<PersonStops> {
  const account = await userNamed(ctx.store.db, login);
  const [endings, sessions] = await Promise.all([
    endingsOfPerson(ctx, permit, account.login),
    sessionsOf(ctx.store.db, account.id, ctx.clock.now()),
  ]);
  return { login: account.login, endings, sessions: sessions.length };
}
