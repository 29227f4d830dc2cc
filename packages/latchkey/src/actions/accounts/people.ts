/** People as others may look them up, by number or login; and what an administrator can end for them. */
import { problem } from '../../base/errors.ts';
import { nameKey } from '../../rules/names.ts';
import {
  type Account,
  accountById,
  accountByLogin,
  accountsAfter,
  listAccounts,
  searchUsers,
} from '../../store/accounts.ts';
import { type Email, emailsOf } from '../../store/emails.ts';
import { type ExternalIdentity, identitiesOf } from '../../store/external-identities.ts';
import { batchesOf } from '../../store/page.ts';
import { personFacts } from '../../store/people-lists.ts';
import { deleteSessionsOf } from '../../store/sessions.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { record } from '../ground/record.ts';
import { userNamed } from './accounts.ts';

export type { Account };

/** Everybody, or every organization, by login: for the operator. */
export async function everyAccount(
  { store: { db } }: Context,
  _permit: Permit,
  kind: 'user' | 'organization',
): Promise<Account[]> {
  const all = (await Array.fromAsync(batchesOf((page) => listAccounts(db, kind, page)))).flat();
  return all.toSorted((one, other) => (nameKey(one.login) < nameKey(other.login) ? -1 : 1));
}

/** A page of accounts of these kinds, by id. */
export function accountsInOrder(
  ctx: Context,
  _permit: Permit,
  kinds: readonly Account['kind'][],
  page: { readonly afterId: number; readonly skip: number; readonly limit: number },
): Promise<Account[]> {
  return accountsAfter(ctx.store.db, kinds, page);
}

/** The person with that id; null when there is none. */
export async function personById(ctx: Context, id: number): Promise<Account | null> {
  return person(await accountById(ctx.store.db, id));
}

/** The person of that login; null when there is none. */
export async function personByLogin(ctx: Context, login: string): Promise<Account | null> {
  return person(await accountByLogin(ctx.store.db, login));
}

function person(account: Account | null): Account | null {
  return account?.kind === 'user' ? account : null;
}

/** What an operator sees of a person. */
export interface PersonShown {
  readonly account: Account;
  readonly emails: readonly Email[];
  readonly identities: readonly ExternalIdentity[];
  /** Tokens that were not revoked. */
  readonly tokens: number;
}

/** @throws Problem when there is no such person */
export async function showPerson(ctx: Context, _permit: Permit, login: string): Promise<PersonShown> {
  const { db } = ctx.store;
  const account = await userNamed(db, login);
  const [emails, identities, facts] = await Promise.all([
    emailsOf(db, account.id),
    identitiesOf(db, account.id),
    personFacts(db, [account.id], null),
  ]);
  return { account, emails, identities, tokens: facts.get(account.id)?.tokens ?? 0 };
}

/** An administrator ends all sessions of a person. @throws Problem when there is no such person */
export async function endSessionsOf(ctx: Context, permit: Permit, login: string): Promise<void> {
  await ctx.store.transaction(async (tx) => {
    const user = await userNamed(tx, login);
    const count = await deleteSessionsOf(tx, user.id, null);
    const data = { login: user.login, count };
    await record(tx, permit, ctx.clock.now(), { action: 'user_session.revoke', userId: user.id, data });
  });
}

/** A page of the people whose login or name contains `search`, by id, with their total number. */
export function searchPeople(
  ctx: Context,
  _permit: Permit,
  search: string,
  page: { offset: number; limit: number },
): Promise<{ people: Account[]; total: number }> {
  return searchUsers(ctx.store.db, search, page);
}

/** The caller, with their primary address. @throws TypeError for an anonymous caller */
export async function readSelf(ctx: Context, permit: Permit): Promise<{ account: Account; email: string | null }> {
  const { userId } = permit.actor;
  const account = userId === null ? null : await accountById(ctx.store.db, userId);
  if (account === null) throw new TypeError('nobody in particular asks for themselves');
  return { account, email: (await emailsOf(ctx.store.db, account.id))[0]?.address ?? null };
}

/**
 * The account that a permit is about.
 * @throws Problem when it has been deleted meanwhile; TypeError when the permit is not about an account
 */
export async function readTargetAccount(ctx: Context, { target }: Permit): Promise<Account> {
  if (target.kind === 'instance' || target.owner === null) throw new TypeError('this needs a permit on an account');
  const account = await accountById(ctx.store.db, target.owner.id);
  if (account === null) throw problem('not_found', `The account ${target.owner.login} is gone.`);
  return account;
}
