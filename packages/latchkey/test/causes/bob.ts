/** Bob, signed in with his browser. */
import { authorizeIdentity, type Permit } from '../../src/actions/decision/authorize.ts';
import { readUserFacts } from '../../src/store/decision-facts.ts';
import type { World } from './world.ts';

const ADDRESS = '127.0.0.1';

/** What his session may do to his own account. */
export async function bobsPermit({ server: { context } }: World): Promise<Permit> {
  const { id } = await context.store.db
    .selectFrom('accounts')
    .select('id')
    .where('login', '=', 'bob')
    .executeTakeFirstOrThrow();
  const facts = (await readUserFacts(context.store.db, id))!;
  const need = { sets: [], publicRead: false, writes: true };
  const verdict = await authorizeIdentity(
    context,
    { need, target: { kind: 'account', login: null }, address: ADDRESS, userAgent: null, purpose: 'web' },
    { bearer: { via: 'session', user: facts.user }, facts, endsOverlap: false },
  );
  if (!verdict.allowed) throw new Error(verdict.explanation.sentence);
  return verdict.permit;
}
