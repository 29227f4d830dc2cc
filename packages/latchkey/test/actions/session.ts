/** The permit of somebody who is signed in with a browser, for their own account. */
import { authorizeIdentity, type Permit } from '../../src/actions/decision/authorize.ts';
import type { Context } from '../../src/actions/ground/context.ts';
import { accountByLogin } from '../../src/store/accounts.ts';
import { readUserFacts } from '../../src/store/decision-facts.ts';

export async function sessionPermit(ctx: Context, login: string): Promise<Permit> {
  const account = await accountByLogin(ctx.store.db, login);
  const facts = account === null ? null : await readUserFacts(ctx.store.db, account.id);
  if (facts === null) throw new Error(`there is nobody called ${login}`);
  const verdict = await authorizeIdentity(
    ctx,
    {
      need: { sets: [], publicRead: false, writes: true },
      target: { kind: 'account', login: null },
      address: '127.0.0.1',
      userAgent: null,
      purpose: 'web',
    },
    { bearer: { via: 'session', user: facts.user }, facts, endsOverlap: false },
  );
  if (!verdict.allowed) throw new Error(verdict.explanation.sentence);
  return verdict.permit;
}
