/** Machine accounts: those of an account, and what each has. */
import type { UnixSeconds } from '../base/time.ts';
import { nameKey } from '../rules/names.ts';
import { type Account, accountById, accountsByIds } from './accounts.ts';
import type { Query } from './db.ts';
import { ownersOf } from './memberships.ts';
import { type Page, startOf } from './page.ts';
import { bumpRevision, subjectOf } from './revision.ts';
import type { CollaboratorsTable } from './schema.ts';

/**
 * Adds a machine account without a role anywhere.
 * @throws a unique violation when any account has the login
 */
export async function insertMachine(
  tx: Query,
  machine: { readonly login: string; readonly name: string; readonly ownedBy: number; readonly at: UnixSeconds },
): Promise<Account> {
  const { id } = await tx
    .insertInto('accounts')
    .values({
      kind: 'machine',
      login: machine.login,
      login_key: nameKey(machine.login),
      name: machine.name,
      created_at: machine.at,
      owned_by: machine.ownedBy,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  await bumpRevision(tx, subjectOf('account', id));
  const made = await accountById(tx, id);
  if (made === null) throw new TypeError('a machine account that was just made is not there');
  return made;
}

/** A page of the machine accounts of an account, the newest first. */
export async function machinesOf(q: Query, ownerId: number, page: Page): Promise<Account[]> {
  const rows = await q
    .selectFrom('accounts')
    .select('id')
    .where('owned_by', '=', ownerId)
    .where('id', '<', startOf(page))
    .orderBy('id', 'desc')
    .limit(page.limit)
    .offset(page.skip ?? 0)
    .execute();
  const accounts = await accountsByIds(
    q,
    rows.map(({ id }) => id),
  );
  return rows.flatMap(({ id }) => accounts.get(id) ?? []);
}

/**
 * The people who answer for an account: a person for themselves, for a machine its person or the owners of its
 * organization.
 */
export async function keepersOf(q: Query, { id, ownedBy }: Account): Promise<readonly number[]> {
  if (ownedBy === null) return [id];
  const owner = await accountById(q, ownedBy);
  return owner?.kind === 'organization' ? ownersOf(q, owner.id) : [ownedBy];
}

/** The organization whose log tells of a machine's tokens, too; null for a person's. */
export async function organizationOfHolder(q: Query, holderId: number): Promise<number | null> {
  const holder = await accountById(q, holderId);
  const owner = holder === null || holder.ownedBy === null ? null : await accountById(q, holder.ownedBy);
  return owner?.kind === 'organization' ? owner.id : null;
}

/** How many machine accounts an account has. */
export async function countMachines(q: Query, ownerId: number): Promise<number> {
  const { count } = await q
    .selectFrom('accounts')
    .select((row) => row.fn.countAll<number>().as('count'))
    .where('owned_by', '=', ownerId)
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** Where a machine works, and with how many tokens. */
export interface MachineUse {
  /** The first repositories in which it has a role of its own, by their names. */
  readonly repositories: readonly { readonly name: string; readonly role: CollaboratorsTable['role'] }[];
  /** Tokens that are not revoked. */
  readonly tokens: number;
  /** When one of them was last used; null = never. */
  readonly lastUsedAt: UnixSeconds | null;
}

/** @param limit how many repositories are named at most */
export async function useOfMachine(q: Query, id: number, limit: number): Promise<MachineUse> {
  const repositories = await q
    .selectFrom('collaborators')
    .innerJoin('repositories', 'repositories.id', 'collaborators.repository_id')
    .innerJoin('accounts', 'accounts.id', 'repositories.owner_id')
    .select(['accounts.login', 'repositories.name', 'collaborators.role'])
    .where('collaborators.user_id', '=', id)
    .orderBy('repositories.name_key')
    .limit(limit)
    .execute();
  const { count, last } = await q
    .selectFrom('tokens')
    .leftJoin('token_use', 'token_use.token_id', 'tokens.id')
    .select((row) => [row.fn.count<number>('tokens.id').as('count'), row.fn.max('token_use.last_used_at').as('last')])
    .where('tokens.user_id', '=', id)
    .where('tokens.revoked_at', 'is', null)
    .executeTakeFirstOrThrow();
  return {
    repositories: repositories.map(({ login, name, role }) => ({ name: `${login}/${name}`, role })),
    tokens: Number(count),
    lastUsedAt: last,
  };
}
