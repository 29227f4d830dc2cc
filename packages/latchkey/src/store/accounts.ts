/**
 * Accounts: people, organizations and machine accounts, sharing one namespace of case-insensitive logins.
 *
 * Invariant: only a person has what signs somebody in (`account-kinds`).
 * Never: a password digest in an `Account`; it is read separately, where a password is checked.
 */
import { type Selectable, sql } from 'kysely';
import type { UnixSeconds } from '../base/time.ts';
import { nameKey } from '../rules/names.ts';
import { demandPerson } from './account-kinds.ts';
import type { Query } from './db.ts';
import { type Page, startOf } from './page.ts';
import { bumpRevision, subjectOf } from './revision.ts';
import type { AccountsTable } from './schema.ts';

export interface Account {
  readonly id: number;
  /** A `machine` has tokens and roles, as a person does, and nothing by which anybody signs in. */
  readonly kind: 'user' | 'organization' | 'machine';
  readonly login: string;
  /** Display name; '' = none. */
  readonly name: string;
  readonly createdAt: UnixSeconds;
  /** By an administrator. Neither this nor the next is lifted with the other. */
  readonly suspendedAt: UnixSeconds | null;
  /** People only. */
  readonly disabledByProviderAt: UnixSeconds | null;
  /** People only: an instance administrator. */
  readonly admin: boolean;
  /** People only: when a second factor was turned on. */
  readonly twoFactorAt: UnixSeconds | null;
  /** People only: when the account was locked because somebody may have taken it over. Its tokens are frozen. */
  readonly lockedAt: UnixSeconds | null;
  /** People only: when the owner chose a new password after that; null = nobody can sign in to a locked account. */
  readonly recoveredAt: UnixSeconds | null;
  /** Machine accounts only: the organization or person that it belongs to. */
  readonly ownedBy: number | null;
  /** People only: in which zone they read times; null = not known yet. */
  readonly timeZone: string | null;
  /** Public profile fields by GitHub's names (bio, company, location …). */
  readonly profile: Readonly<Record<string, unknown>>;
}

export interface NewUser {
  readonly login: string;
  readonly name?: string;
  readonly admin?: boolean;
  /** argon2id in PHC form; null = can't sign in by password. */
  readonly passwordDigest: string | null;
  readonly at: UnixSeconds;
}

const COLUMNS = [
  'id',
  'kind',
  'login',
  'name',
  'created_at',
  'suspended_at',
  'disabled_by_provider_at',
  'admin',
  'two_factor_at',
  'locked_at',
  'recovered_at',
  'owned_by',
  'time_zone',
  'profile_json',
] as const;

export function accountOf(row: Pick<Selectable<AccountsTable>, (typeof COLUMNS)[number]>): Account {
  return {
    id: row.id,
    kind: row.kind,
    login: row.login,
    name: row.name,
    createdAt: row.created_at,
    suspendedAt: row.suspended_at,
    disabledByProviderAt: row.disabled_by_provider_at,
    admin: row.admin === 1,
    twoFactorAt: row.two_factor_at,
    lockedAt: row.locked_at,
    recoveredAt: row.recovered_at,
    ownedBy: row.owned_by,
    timeZone: row.time_zone,
    profile: JSON.parse(row.profile_json) as Record<string, unknown>,
  };
}

/**
 * Adds a person.
 * @throws a unique violation when any account has the login
 */
export async function insertUser(tx: Query, user: NewUser): Promise<Account> {
  const row = await tx
    .insertInto('accounts')
    .values({
      kind: 'user',
      login: user.login,
      login_key: nameKey(user.login),
      name: user.name ?? '',
      created_at: user.at,
      admin: user.admin === true ? 1 : 0,
      password_digest: user.passwordDigest,
    })
    .returning(COLUMNS)
    .executeTakeFirstOrThrow();
  await bumpRevision(tx, subjectOf('account', row.id));
  return accountOf(row);
}

/**
 * Adds an organization without members.
 * @throws a unique violation when the login is taken
 */
export async function insertOrganization(
  tx: Query,
  organization: { login: string; name?: string; at: UnixSeconds },
): Promise<Account> {
  const row = await tx
    .insertInto('accounts')
    .values({
      kind: 'organization',
      login: organization.login,
      login_key: nameKey(organization.login),
      name: organization.name ?? '',
      created_at: organization.at,
    })
    .returning(COLUMNS)
    .executeTakeFirstOrThrow();
  await bumpRevision(tx, subjectOf('account', row.id));
  return accountOf(row);
}

/** The account with this login, ignoring case. */
export async function accountByLogin(q: Query, login: string): Promise<Account | null> {
  const row = await q.selectFrom('accounts').select(COLUMNS).where('login_key', '=', nameKey(login)).executeTakeFirst();
  return row === undefined ? null : accountOf(row);
}

/** The person or organization of that login, who may own repositories; a machine account owns none. */
export async function ownerByLogin(q: Query, login: string): Promise<Account | null> {
  const account = await accountByLogin(q, login);
  return account?.kind === 'machine' ? null : account;
}

export async function accountById(q: Query, id: number): Promise<Account | null> {
  const row = await q.selectFrom('accounts').select(COLUMNS).where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : accountOf(row);
}

/**
 * The person with this e-mail address, ignoring case: the one who verified it, or else the first of those who claim it
 * as their primary address.
 */
export async function userByEmail(q: Query, address: string): Promise<Account | null> {
  const row = await q
    .selectFrom('emails')
    .innerJoin('accounts', 'accounts.id', 'emails.user_id')
    .select(COLUMNS.map((column) => `accounts.${column}` as const))
    .where('emails.address_key', '=', nameKey(address))
    .orderBy((row) => row.case().when('emails.verified_at', 'is', null).then(1).else(0).end())
    .orderBy('emails.is_primary', 'desc')
    .orderBy('emails.id')
    .executeTakeFirst();
  return row === undefined ? null : accountOf(row);
}

/** The administrators of the instance whom nothing keeps out but a lock. */
export async function administrators(q: Query): Promise<Account[]> {
  const rows = await q
    .selectFrom('accounts')
    .select(COLUMNS)
    .where('admin', '=', 1)
    .where('suspended_at', 'is', null)
    .where('disabled_by_provider_at', 'is', null)
    .orderBy('id')
    .execute();
  return rows.map(accountOf);
}

/** Many accounts at once, by id; deleted ones are missing. A few thousand ids at most. */
export async function accountsByIds(q: Query, ids: readonly number[]): Promise<Map<number, Account>> {
  if (ids.length === 0) return new Map();
  const rows = await q.selectFrom('accounts').select(COLUMNS).where('id', 'in', ids).execute();
  return new Map(rows.map((row) => [row.id, accountOf(row)]));
}

/** A page of all accounts of one kind, newest first. */
export async function listAccounts(q: Query, kind: Account['kind'], page: Page): Promise<Account[]> {
  const rows = await q
    .selectFrom('accounts')
    .select(COLUMNS)
    .where('kind', '=', kind)
    .where('id', '<', startOf(page))
    .orderBy('id', 'desc')
    .limit(page.limit)
    .offset(page.skip ?? 0)
    .execute();
  return rows.map(accountOf);
}

/** A page of accounts of these kinds, by id. */
export async function accountsAfter(
  q: Query,
  kinds: readonly Account['kind'][],
  { afterId, skip, limit }: { readonly afterId: number; readonly skip: number; readonly limit: number },
): Promise<Account[]> {
  const rows = await q
    .selectFrom('accounts')
    .select(COLUMNS)
    .where('kind', 'in', kinds)
    .where('id', '>', afterId)
    .orderBy('id')
    .limit(limit)
    .offset(skip)
    .execute();
  return rows.map(accountOf);
}

/**
 * A page of the people whose login or display name contains `search`, ignoring case, oldest first, with their total
 * number.
 */
export async function searchUsers(
  q: Query,
  search: string,
  page: { offset: number; limit: number },
): Promise<{ people: Account[]; total: number }> {
  const part = `%${search.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`;
  const found = q
    .selectFrom('accounts')
    .where('kind', '=', 'user')
    .where(sql<boolean>`(login_key like ${part} escape '\\' or lower(name) like ${part} escape '\\')`);
  const { count } = await found.select((row) => row.fn.countAll<number>().as('count')).executeTakeFirstOrThrow();
  const rows = await found.select(COLUMNS).orderBy('id').limit(page.limit).offset(page.offset).execute();
  return { people: rows.map(accountOf), total: Number(count) };
}

/** argon2id in PHC form; null when there is no such person or no password is set. */
export async function passwordDigestOf(q: Query, userId: number): Promise<string | null> {
  const row = await q.selectFrom('accounts').select('password_digest').where('id', '=', userId).executeTakeFirst();
  return row?.password_digest ?? null;
}

/** Sets the password's argon2id digest, or null for none. */
export async function setPasswordDigest(tx: Query, userId: number, digest: string | null): Promise<void> {
  await demandPerson(tx, userId);
  await tx.updateTable('accounts').set({ password_digest: digest }).where('id', '=', userId).execute();
}

/** Makes a person an instance administrator, or takes that away. */
export async function setAdmin(tx: Query, userId: number, admin: boolean): Promise<void> {
  await demandPerson(tx, userId);
  await bumpRevision(tx, subjectOf('account', userId));
  await tx
    .updateTable('accounts')
    .set({ admin: admin ? 1 : 0 })
    .where('id', '=', userId)
    .execute();
}

/** Records when the second factor was turned on; null = off. */
export async function setTwoFactor(tx: Query, userId: number, at: UnixSeconds | null): Promise<void> {
  await demandPerson(tx, userId);
  await bumpRevision(tx, subjectOf('account', userId));
  await tx.updateTable('accounts').set({ two_factor_at: at }).where('id', '=', userId).execute();
}

/** Sets the display name and the public profile fields. */
export async function setProfile(
  tx: Query,
  accountId: number,
  profile: Pick<Account, 'name' | 'profile'>,
): Promise<void> {
  await tx
    .updateTable('accounts')
    .set({ name: profile.name, profile_json: JSON.stringify(profile.profile) })
    .where('id', '=', accountId)
    .execute();
}
