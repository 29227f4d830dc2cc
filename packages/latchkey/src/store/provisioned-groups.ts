/** Groups as directories provision them, and who is in each. A directory sees its own, and nobody else's. */
import type { Selectable } from 'kysely';
import type { UnixSeconds } from '../base/time.ts';
import { nameKey } from '../rules/names.ts';
import type { Query } from './db.ts';
import type { ProvisionedGroupsTable } from './schema.ts';

export interface ProvisionedGroup {
  readonly id: number;
  readonly clientId: number;
  readonly externalId: string | null;
  readonly name: string;
  readonly createdAt: UnixSeconds;
  readonly updatedAt: UnixSeconds;
}

function groupOf(row: Selectable<ProvisionedGroupsTable>): ProvisionedGroup {
  return {
    id: row.id,
    clientId: row.client_id,
    externalId: row.external_id,
    name: row.name,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** @throws a unique violation when the directory has a group of that name */
export async function insertGroup(
  tx: Query,
  { clientId, name, externalId, at }: Pick<ProvisionedGroup, 'clientId' | 'name' | 'externalId'> & { at: UnixSeconds },
): Promise<ProvisionedGroup> {
  const row = await tx
    .insertInto('provisioned_groups')
    .values({
      client_id: clientId,
      name,
      name_key: nameKey(name),
      external_id: externalId,
      created_at: at,
      updated_at: at,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return groupOf(row);
}

/** @throws a unique violation when the directory has another group of that name */
export async function updateGroup(
  tx: Query,
  id: number,
  { name, externalId }: Pick<ProvisionedGroup, 'name' | 'externalId'>,
  at: UnixSeconds,
): Promise<void> {
  await tx
    .updateTable('provisioned_groups')
    .set({ name, name_key: nameKey(name), external_id: externalId, updated_at: at })
    .where('id', '=', id)
    .execute();
}

export async function deleteGroup(tx: Query, id: number): Promise<void> {
  await tx.deleteFrom('provisioned_groups').where('id', '=', id).execute();
}

export async function groupById(q: Query, id: number): Promise<ProvisionedGroup | null> {
  const row = await q.selectFrom('provisioned_groups').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : groupOf(row);
}

export async function countGroups(q: Query, clientId: number): Promise<number> {
  const { count } = await q
    .selectFrom('provisioned_groups')
    .select((row) => row.fn.countAll<number>().as('count'))
    .where('client_id', '=', clientId)
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** What to look for. The name ignores case. */
export interface GroupSearch {
  readonly id?: number;
  readonly name?: string;
  readonly externalId?: string;
  /** Only groups that this person is in. */
  readonly memberId?: number;
}

/** A page of a directory's groups by id, and how many there are. */
export async function searchGroups(
  q: Query,
  clientId: number,
  { id, name, externalId, memberId }: GroupSearch,
  page: { readonly offset: number; readonly limit: number },
): Promise<{ readonly found: ProvisionedGroup[]; readonly total: number }> {
  let query = q.selectFrom('provisioned_groups').where('client_id', '=', clientId);
  if (id !== undefined) query = query.where('id', '=', id);
  if (name !== undefined) query = query.where('name_key', '=', nameKey(name));
  if (externalId !== undefined) query = query.where('external_id', '=', externalId);
  if (memberId !== undefined)
    query = query.where('id', 'in', (row) =>
      row.selectFrom('provisioned_group_members').select('group_id').where('user_id', '=', memberId),
    );
  const { count } = await query.select((row) => row.fn.countAll<number>().as('count')).executeTakeFirstOrThrow();
  const rows = await query.selectAll().orderBy('id').limit(page.limit).offset(page.offset).execute();
  return { found: rows.map(groupOf), total: Number(count) };
}

// --- members --------------------------------------------------------------------------------------------------------

/** Who is in a group, by id. */
export async function membersOfGroup(q: Query, groupId: number): Promise<number[]> {
  const rows = await q
    .selectFrom('provisioned_group_members')
    .select('user_id')
    .where('group_id', '=', groupId)
    .orderBy('user_id')
    .execute();
  return rows.map((row) => row.user_id);
}

/** Rows in one statement: PostgreSQL binds at most 65,535 values, SQLite 32,766. */
const AT_ONCE = 1_000;

/** Adds and removes members. Who is in it already, or isn't, changes nothing. */
export async function changeGroupMembers(
  tx: Query,
  groupId: number,
  { added, removed }: { readonly added: readonly number[]; readonly removed: readonly number[] },
): Promise<void> {
  for (let from = 0; from < added.length; from += AT_ONCE)
    await tx
      .insertInto('provisioned_group_members')
      .values(added.slice(from, from + AT_ONCE).map((userId) => ({ group_id: groupId, user_id: userId })))
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  for (let from = 0; from < removed.length; from += AT_ONCE)
    await tx
      .deleteFrom('provisioned_group_members')
      .where('group_id', '=', groupId)
      .where('user_id', 'in', removed.slice(from, from + AT_ONCE))
      .execute();
}

/** Which of these people a directory provisioned. */
export async function provisionedAmong(
  q: Query,
  clientId: number,
  userIds: readonly number[],
): Promise<ReadonlySet<number>> {
  const found = new Set<number>();
  for (let from = 0; from < userIds.length; from += AT_ONCE) {
    const rows = await q
      .selectFrom('provisioned_users')
      .select('user_id')
      .where('client_id', '=', clientId)
      .where('user_id', 'in', userIds.slice(from, from + AT_ONCE))
      .execute();
    for (const row of rows) found.add(row.user_id);
  }
  return found;
}

/** Names and external numbers of the groups of a directory that people are in; who is in none has an empty set. */
export async function groupsOfPeople(
  q: Query,
  clientId: number,
  userIds: readonly number[],
): Promise<ReadonlyMap<number, ReadonlySet<string>>> {
  const groups = new Map(userIds.map((id) => [id, new Set<string>()]));
  if (userIds.length === 0) return groups;
  const rows = await q
    .selectFrom('provisioned_group_members')
    .innerJoin('provisioned_groups', 'provisioned_groups.id', 'provisioned_group_members.group_id')
    .select(['user_id', 'name', 'external_id'])
    .where('client_id', '=', clientId)
    .where('user_id', 'in', userIds)
    .execute();
  for (const { user_id, name, external_id } of rows) {
    groups.get(user_id)?.add(name);
    if (external_id !== null) groups.get(user_id)?.add(external_id);
  }
  return groups;
}

/** Takes somebody out of every group of a directory. */
export async function leaveGroups(tx: Query, clientId: number, userId: number): Promise<void> {
  await tx
    .deleteFrom('provisioned_group_members')
    .where('user_id', '=', userId)
    .where('group_id', 'in', (row) =>
      row.selectFrom('provisioned_groups').select('id').where('client_id', '=', clientId),
    )
    .execute();
}

/** Who is in a group of a directory that has this name, to the letter, or this external number. */
export async function peopleInGroup(q: Query, clientId: number, group: string): Promise<number[]> {
  const rows = await q
    .selectFrom('provisioned_group_members')
    .innerJoin('provisioned_groups', 'provisioned_groups.id', 'provisioned_group_members.group_id')
    .select('user_id')
    .distinct()
    .where('client_id', '=', clientId)
    .where((row) => row.or([row('name', '=', group), row('external_id', '=', group)]))
    .orderBy('user_id')
    .execute();
  return rows.map((row) => row.user_id);
}
