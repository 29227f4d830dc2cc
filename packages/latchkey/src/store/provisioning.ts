/**
 * Directories that provision people by SCIM, and whom each of them provisioned.
 *
 * Invariant: a directory sees the people that it provisioned, or that an administrator linked with it, and nobody
 * else. A person is provisioned by one directory at most.
 * Never: a directory's token; only its digest and its last eight characters.
 */
import type { Selectable } from 'kysely';
import type { UnixSeconds } from '../base/time.ts';
import { nameKey } from '../rules/names.ts';
import { demandPerson } from './account-kinds.ts';
import type { Query } from './db.ts';
import type { ProvisionedUsersTable, ProvisioningClientsTable } from './schema.ts';

export interface ProvisioningClient {
  readonly id: number;
  readonly name: string;
  /** The identity provider that its people sign in by, as that names itself; null = none. */
  readonly issuer: string | null;
  /** True when the addresses that it sends count as verified. */
  readonly trustsAddresses: boolean;
  readonly lastEight: string;
  readonly createdAt: UnixSeconds;
  /** When its present token was made. */
  readonly issuedAt: UnixSeconds;
  readonly lastUsedAt: UnixSeconds | null;
}

/** What a directory says of a person, and nothing here depends on but what it is shown. */
export interface ProvisionedPerson {
  readonly userName: string;
  readonly externalId: string | null;
  readonly displayName: string | null;
  readonly name: Readonly<Record<'formatted' | 'givenName' | 'familyName', string | null>>;
  readonly emails: readonly { readonly value: string; readonly type: string | null; readonly primary: boolean }[];
}

export interface ProvisionedUser {
  readonly userId: number;
  readonly clientId: number;
  readonly person: ProvisionedPerson;
  readonly createdAt: UnixSeconds;
  readonly updatedAt: UnixSeconds;
}

interface NewSecret {
  readonly digest: string;
  readonly lastEight: string;
  readonly at: UnixSeconds;
}

/** @throws a unique violation when there is one of that name */
export async function insertClient(
  tx: Query,
  client: Pick<ProvisioningClient, 'name' | 'issuer' | 'trustsAddresses'>,
  { digest, lastEight, at }: NewSecret,
): Promise<ProvisioningClient> {
  const row = await tx
    .insertInto('provisioning_clients')
    .values({
      name: client.name,
      issuer: client.issuer,
      trusts_addresses: client.trustsAddresses ? 1 : 0,
      digest,
      last_eight: lastEight,
      created_at: at,
      issued_at: at,
      last_used_at: null,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return clientOf(row);
}

/** All of them, by name. */
export async function listClients(q: Query): Promise<ProvisioningClient[]> {
  return (await q.selectFrom('provisioning_clients').selectAll().orderBy('name').execute()).map(clientOf);
}

export async function clientByName(q: Query, name: string): Promise<ProvisioningClient | null> {
  const row = await q.selectFrom('provisioning_clients').selectAll().where('name', '=', name).executeTakeFirst();
  return row === undefined ? null : clientOf(row);
}

export async function clientByDigest(q: Query, digest: string): Promise<ProvisioningClient | null> {
  const row = await q.selectFrom('provisioning_clients').selectAll().where('digest', '=', digest).executeTakeFirst();
  return row === undefined ? null : clientOf(row);
}

/** Gives it another token; the old one is nothing from then on. */
export async function replaceClientSecret(tx: Query, id: number, { digest, lastEight, at }: NewSecret): Promise<void> {
  await tx
    .updateTable('provisioning_clients')
    .set({ digest, last_eight: lastEight, issued_at: at })
    .where('id', '=', id)
    .execute();
}

export async function noteClientUse(q: Query, id: number, at: UnixSeconds): Promise<void> {
  await q.updateTable('provisioning_clients').set({ last_used_at: at }).where('id', '=', id).execute();
}

/** Removes it with its records of people; their accounts stay as they are. */
export async function deleteClient(tx: Query, id: number): Promise<void> {
  await tx.deleteFrom('provisioning_clients').where('id', '=', id).execute();
}

/** How many people each directory provisioned, by its id. */
export async function countProvisioned(q: Query): Promise<Map<number, number>> {
  const rows = await q
    .selectFrom('provisioned_users')
    .select((row) => ['client_id', row.fn.countAll<number>().as('count')])
    .groupBy('client_id')
    .execute();
  return new Map(rows.map(({ client_id, count }) => [client_id, Number(count)]));
}

// --- people ---------------------------------------------------------------------------------------------------------

/** @throws a unique violation when the directory has somebody of that user name, or somebody has the person */
export async function insertProvisioned(
  tx: Query,
  { userId, clientId, person, createdAt }: Omit<ProvisionedUser, 'updatedAt'>,
): Promise<void> {
  await demandPerson(tx, userId);
  await tx
    .insertInto('provisioned_users')
    .values({
      user_id: userId,
      client_id: clientId,
      ...columnsOf(person),
      created_at: createdAt,
      updated_at: createdAt,
    })
    .execute();
}

/** @throws a unique violation when the directory has another person of that user name */
export async function updateProvisioned(
  tx: Query,
  userId: number,
  person: ProvisionedPerson,
  at: UnixSeconds,
): Promise<void> {
  await tx
    .updateTable('provisioned_users')
    .set({ ...columnsOf(person), updated_at: at })
    .where('user_id', '=', userId)
    .execute();
}

export async function deleteProvisioned(tx: Query, userId: number): Promise<boolean> {
  const row = await tx
    .deleteFrom('provisioned_users')
    .where('user_id', '=', userId)
    .returning('user_id')
    .executeTakeFirst();
  return row !== undefined;
}

/** Whoever provisioned a person; null when nobody did. */
export async function provisionedUser(q: Query, userId: number): Promise<ProvisionedUser | null> {
  const row = await q.selectFrom('provisioned_users').selectAll().where('user_id', '=', userId).executeTakeFirst();
  return row === undefined ? null : provisionedOf(row);
}

/** True when a directory provisions the people who sign in by this provider. */
export async function hasDirectory(q: Query, issuer: string): Promise<boolean> {
  const row = await q
    .selectFrom('provisioning_clients')
    .select('id')
    .where('issuer', '=', issuer)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/**
 * Accounts of the people that the directories of an identity provider number so; at most two, since two are none.
 * @param issuer the provider that the directory's people sign in by
 */
export async function usersByExternalId(q: Query, issuer: string, externalId: string): Promise<number[]> {
  const rows = await q
    .selectFrom('provisioned_users as u')
    .innerJoin('provisioning_clients as c', 'c.id', 'u.client_id')
    .select('u.user_id')
    .where('c.issuer', '=', issuer)
    .where('u.external_id', '=', externalId)
    .limit(2)
    .execute();
  return rows.map(({ user_id }) => user_id);
}

/** What to find, all of it; left out = anybody. */
export interface ProvisionedSearch {
  readonly id?: number;
  /** Compared regardless of case (RFC 7643 section 4.1.1). */
  readonly userName?: string;
  readonly externalId?: string;
  /** The work address, or else the primary one, regardless of case. */
  readonly address?: string;
}

/** A page of a directory's people in the order of their ids, and how many there are in all. */
export async function searchProvisioned(
  q: Query,
  clientId: number,
  { id, userName, externalId, address }: ProvisionedSearch,
  page: { readonly offset: number; readonly limit: number },
): Promise<{ readonly found: ProvisionedUser[]; readonly total: number }> {
  let query = q.selectFrom('provisioned_users').where('client_id', '=', clientId);
  if (id !== undefined) query = query.where('user_id', '=', id);
  if (userName !== undefined) query = query.where('user_name_key', '=', nameKey(userName));
  if (externalId !== undefined) query = query.where('external_id', '=', externalId);
  if (address !== undefined) query = query.where('address_key', '=', nameKey(address));
  const { count } = await query.select((row) => row.fn.countAll<number>().as('count')).executeTakeFirstOrThrow();
  if (page.limit === 0) return { found: [], total: Number(count) };
  const rows = await query.selectAll().orderBy('user_id').offset(page.offset).limit(page.limit).execute();
  return { found: rows.map(provisionedOf), total: Number(count) };
}

/** The address by which people are found: the work address, or else the primary one, or else the first. */
export function addressOf({ emails }: Pick<ProvisionedPerson, 'emails'>): string | null {
  const one =
    emails.find(({ type }) => type?.toLowerCase() === 'work') ?? emails.find(({ primary }) => primary) ?? emails[0];
  return one?.value ?? null;
}

function columnsOf(person: ProvisionedPerson) {
  const address = addressOf(person);
  return {
    external_id: person.externalId,
    user_name: person.userName,
    user_name_key: nameKey(person.userName),
    address_key: address === null ? null : nameKey(address),
    person_json: JSON.stringify(person),
  };
}

function clientOf(row: Selectable<ProvisioningClientsTable>): ProvisioningClient {
  return {
    id: row.id,
    name: row.name,
    issuer: row.issuer,
    trustsAddresses: row.trusts_addresses === 1,
    lastEight: row.last_eight,
    createdAt: row.created_at,
    issuedAt: row.issued_at,
    lastUsedAt: row.last_used_at,
  };
}

function provisionedOf(row: Selectable<ProvisionedUsersTable>): ProvisionedUser {
  return {
    userId: row.user_id,
    clientId: row.client_id,
    person: JSON.parse(row.person_json) as ProvisionedPerson,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
