/** People's passkeys: public keys, with which an authenticator proves that its holder is present. */
import type { Selectable } from 'kysely';
import type { UnixSeconds } from '../base/time.ts';
import { demandPerson } from './account-kinds.ts';
import type { Query } from './db.ts';
import type { PasskeysTable } from './schema.ts';

export interface Passkey {
  readonly id: number;
  readonly userId: number;
  /** Base64url, made by the authenticator. */
  readonly credentialId: string;
  /** COSE, base64url. */
  readonly publicKey: string;
  readonly counter: number;
  /** How to reach it: `internal`, `usb` … */
  readonly transports: readonly string[];
  /** True when it can be copied to the person's other devices. */
  readonly synced: boolean;
  readonly name: string;
  readonly createdAt: UnixSeconds;
  readonly lastUsedAt: UnixSeconds | null;
}

export type NewPasskey = Omit<Passkey, 'id' | 'lastUsedAt'>;

/**
 * Adds a passkey.
 * @throws a unique violation when somebody has it already
 */
export async function insertPasskey(tx: Query, key: NewPasskey): Promise<void> {
  await demandPerson(tx, key.userId);
  await tx
    .insertInto('passkeys')
    .values({
      user_id: key.userId,
      credential_id: key.credentialId,
      public_key: key.publicKey,
      counter: key.counter,
      transports: key.transports.join(','),
      is_synced: key.synced ? 1 : 0,
      name: key.name,
      created_at: key.createdAt,
      last_used_at: null,
    })
    .execute();
}

/** A person's passkeys, the oldest first. */
export async function passkeysOf(q: Query, userId: number): Promise<Passkey[]> {
  const rows = await q.selectFrom('passkeys').selectAll().where('user_id', '=', userId).orderBy('id').execute();
  return rows.map(passkeyOf);
}

export async function passkeyByCredential(q: Query, credentialId: string): Promise<Passkey | null> {
  const row = await q.selectFrom('passkeys').selectAll().where('credential_id', '=', credentialId).executeTakeFirst();
  return row === undefined ? null : passkeyOf(row);
}

/** Records a use. False when another use with this counter or a later one was faster: the answer is a copy. */
export async function notePasskeyUse(q: Query, key: Passkey, counter: number, at: UnixSeconds): Promise<boolean> {
  const row = await q
    .updateTable('passkeys')
    .set({ counter, last_used_at: at })
    .where('id', '=', key.id)
    .where('counter', '=', key.counter)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** Removes one of a person's passkeys. False when there is none. */
export async function deletePasskey(tx: Query, userId: number, id: number): Promise<boolean> {
  const row = await tx
    .deleteFrom('passkeys')
    .where('user_id', '=', userId)
    .where('id', '=', id)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

function passkeyOf(row: Selectable<PasskeysTable>): Passkey {
  return {
    id: row.id,
    userId: row.user_id,
    credentialId: row.credential_id,
    publicKey: row.public_key,
    counter: row.counter,
    transports: row.transports === '' ? [] : row.transports.split(','),
    synced: row.is_synced === 1,
    name: row.name,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
  };
}
