/**
 * People whose password tests know. A digest names its own parameters, so theirs takes argon2 a hundredth of the time;
 * a password that a test sets by page, link or command has the server's.
 */
import { hash } from '@node-rs/argon2';
import { type Account, addUser, type NewUserDraft } from '../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../src/actions/decision/authorize.ts';
import type { Context } from '../../src/actions/ground/context.ts';
import { setPasswordDigest } from '../../src/store/accounts.ts';

export const PASSWORD = 'correct horse battery';

let digest: Promise<string> | null = null;

/** Adds somebody whose password is `PASSWORD`. */
export async function addKnownPerson(ctx: Context, draft: Omit<NewUserDraft, 'password'>): Promise<Account> {
  const account = await addUser(ctx, operatorPermit(), { ...draft, password: null });
  digest ??= hash(PASSWORD, { algorithm: 2, memoryCost: 64, timeCost: 1, parallelism: 1 });
  const known = await digest;
  await ctx.store.transaction((tx) => setPasswordDigest(tx, account.id, known));
  return account;
}
