/** Resource servers: services that an operator registered so that they may ask about tokens. */
import type { Selectable } from 'kysely';
import type { UnixSeconds } from '../base/time.ts';
import { nameKey } from '../rules/names.ts';
import type { Query } from './db.ts';
import type { ResourceServersTable } from './schema.ts';
import type { SecretMark } from './token-secrets.ts';

export interface ResourceServer {
  readonly id: number;
  readonly name: string;
  /** Of its secret. */
  readonly lastEight: string;
  readonly createdAt: UnixSeconds;
}

const serverOf = (row: Selectable<ResourceServersTable>): ResourceServer => ({
  id: row.id,
  name: row.name,
  lastEight: row.last_eight,
  createdAt: row.created_at,
});

/** @throws a unique violation when the name is taken, ignoring case */
export async function insertResourceServer(
  tx: Query,
  server: { name: string; secret: SecretMark; at: UnixSeconds },
): Promise<ResourceServer> {
  const row = await tx
    .insertInto('resource_servers')
    .values({
      name: server.name,
      name_key: nameKey(server.name),
      secret_digest: server.secret.digest,
      last_eight: server.secret.lastEight,
      created_at: server.at,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return serverOf(row);
}

/** Every server, by name. */
export async function listResourceServers(q: Query): Promise<ResourceServer[]> {
  return (await q.selectFrom('resource_servers').selectAll().orderBy('name_key').execute()).map(serverOf);
}

/** The server of that name, with the digest of its secret to compare; null when there is none. */
export async function resourceServerByName(
  q: Query,
  name: string,
): Promise<{ server: ResourceServer; secretDigest: string } | null> {
  const row = await q
    .selectFrom('resource_servers')
    .selectAll()
    .where('name_key', '=', nameKey(name))
    .executeTakeFirst();
  return row === undefined ? null : { server: serverOf(row), secretDigest: row.secret_digest };
}

/** The server whose secret has this digest. */
export async function resourceServerByDigest(q: Query, digest: string): Promise<ResourceServer | null> {
  const row = await q.selectFrom('resource_servers').selectAll().where('secret_digest', '=', digest).executeTakeFirst();
  return row === undefined ? null : serverOf(row);
}

/** Removes a server; null when there was none of that name. */
export async function deleteResourceServer(tx: Query, name: string): Promise<ResourceServer | null> {
  const row = await tx
    .deleteFrom('resource_servers')
    .where('name_key', '=', nameKey(name))
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? null : serverOf(row);
}
