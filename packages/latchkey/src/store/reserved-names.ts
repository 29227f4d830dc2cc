/**
 * Former names of accounts: nobody else can take one for a while, so that nobody is mistaken for who had it.
 *
 * Invariant: the former name of an account that is called otherwise now leads to it until somebody takes the name; a
 * name in use always wins.
 */
import type { UnixSeconds } from '../base/time.ts';
import { nameKey } from '../rules/names.ts';
import { type Account, accountById, accountByLogin, accountOf } from './accounts.ts';
import type { Query } from './db.ts';
import { bumpRevision } from './revision.ts';

/** Keeps a name from everybody until then; with an account, from everybody else, and it leads there. */
export async function reserveName(
  tx: Query,
  login: string,
  until: UnixSeconds,
  accountId: number | null = null,
): Promise<void> {
  const row = { until_at: until, account_id: accountId };
  await tx
    .insertInto('reserved_names')
    .values({ login_key: nameKey(login), ...row })
    .onConflict((conflict) => conflict.column('login_key').doUpdateSet(row))
    .execute();
}

/** Until when a name is kept from everybody but one account, if that is given; null when it is free. */
export async function reservedUntil(
  q: Query,
  login: string,
  at: UnixSeconds,
  exceptFor: number | null = null,
): Promise<UnixSeconds | null> {
  const row = await q
    .selectFrom('reserved_names')
    .select(['until_at', 'account_id'])
    .where('login_key', '=', nameKey(login))
    .where('until_at', '>', at)
    .executeTakeFirst();
  return row === undefined || (exceptFor !== null && row.account_id === exceptFor) ? null : row.until_at;
}

/** Former names of an account that nobody else can take yet, and the first moment at which one is free. */
export async function reservedFor(
  q: Query,
  accountId: number,
  at: UnixSeconds,
): Promise<{ readonly count: number; readonly nextAt: UnixSeconds }> {
  const rows = await q
    .selectFrom('reserved_names')
    .select('until_at')
    .where('account_id', '=', accountId)
    .where('until_at', '>', at)
    .orderBy('until_at')
    .execute();
  return { count: rows.length, nextAt: rows[0]?.until_at ?? at };
}

/** Forgets a name, since somebody has it now. What was remembered under it is forgotten, too. */
export async function takeName(tx: Query, login: string): Promise<void> {
  const led = await tx
    .deleteFrom('reserved_names')
    .where('login_key', '=', nameKey(login))
    .returning('account_id')
    .executeTakeFirst();
  if (led !== undefined && led.account_id !== null) await bumpRevision(tx);
}

/** Forgets those whose time is over, but for those that lead somewhere. */
export async function deleteReservedNames(tx: Query, at: UnixSeconds): Promise<void> {
  await tx.deleteFrom('reserved_names').where('until_at', '<=', at).where('account_id', 'is', null).execute();
}

/** The account that has or had this name. */
export async function accountCalled(q: Query, login: string): Promise<Account | null> {
  const account = await accountByLogin(q, login);
  if (account !== null) return account;
  const row = await q
    .selectFrom('reserved_names')
    .innerJoin('accounts', 'accounts.id', 'reserved_names.account_id')
    .selectAll('accounts')
    .where('reserved_names.login_key', '=', nameKey(login))
    .executeTakeFirst();
  return row === undefined ? null : accountOf(row);
}

/**
 * Gives an account another name; the old one is kept for it until `reservedUntil`, and leads to it. Null when there is
 * no such account, or it is called so to the letter.
 * @throws a unique violation when any account has the name
 */
export async function renameAccount(
  tx: Query,
  id: number,
  login: string,
  until: UnixSeconds,
): Promise<{ readonly before: Account; readonly after: Account } | null> {
  const before = await accountById(tx, id);
  if (before === null || before.login === login) return null;
  // Whatever is remembered under either name, of whoever it belongs to.
  await bumpRevision(tx);
  await takeName(tx, login);
  await tx
    .updateTable('accounts')
    .set({ login, login_key: nameKey(login) })
    .where('id', '=', id)
    .execute();
  // A change of case alone isn't a new name.
  if (nameKey(before.login) !== nameKey(login)) await reserveName(tx, before.login, until, id);
  return { before, after: { ...before, login } };
}
