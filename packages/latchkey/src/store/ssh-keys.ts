/** People's SSH keys: no key is used twice on the server. */
import type { Selectable } from 'kysely';
import type { UnixSeconds } from '../base/time.ts';
import { demandPerson } from './account-kinds.ts';
import type { Query } from './db.ts';
import { type Page, startOf } from './page.ts';
import type { SshKeysTable } from './schema.ts';

export interface NewSshKey {
  readonly userId: number;
  readonly title: string;
  /** Type and key, without the comment. */
  readonly text: string;
  /** SHA-256, base64 without padding. */
  readonly fingerprint: string;
  /** The key is deleted with this token. */
  readonly createdByTokenId: number | null;
  readonly at: UnixSeconds;
}

export interface SshKey extends NewSshKey {
  readonly id: number;
  readonly lastUsedAt: UnixSeconds | null;
}

/**
 * Adds a key and returns its id.
 * @throws a unique violation when any person has it already
 */
export async function insertSshKey(tx: Query, key: NewSshKey): Promise<number> {
  await demandPerson(tx, key.userId);
  const { id } = await tx
    .insertInto('ssh_keys')
    .values({
      user_id: key.userId,
      title: key.title,
      key_text: key.text,
      fingerprint: key.fingerprint,
      created_by_token_id: key.createdByTokenId,
      created_at: key.at,
      last_used_at: null,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

/** A page of a person's keys, the newest first. */
export async function listSshKeys(q: Query, userId: number, page: Page): Promise<SshKey[]> {
  const rows = await q
    .selectFrom('ssh_keys')
    .selectAll()
    .where('user_id', '=', userId)
    .where('id', '<', startOf(page))
    .orderBy('id', 'desc')
    .limit(page.limit)
    .offset(page.skip ?? 0)
    .execute();
  return rows.map(keyOf);
}

/** A key of anybody; null when there is none with that id. */
export async function sshKeyById(q: Query, id: number): Promise<SshKey | null> {
  const row = await q.selectFrom('ssh_keys').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : keyOf(row);
}

/** The person's key with this SHA-256 (base64 without padding); null when nobody has it. */
export async function sshKeyByFingerprint(q: Query, fingerprint: string): Promise<SshKey | null> {
  const row = await q.selectFrom('ssh_keys').selectAll().where('fingerprint', '=', fingerprint).executeTakeFirst();
  return row === undefined ? null : keyOf(row);
}

/** Deletes one of a person's keys. False when they have none with that id. */
export async function deleteSshKey(tx: Query, userId: number, id: number): Promise<boolean> {
  const deleted = await tx
    .deleteFrom('ssh_keys')
    .where('user_id', '=', userId)
    .where('id', '=', id)
    .returning('id')
    .executeTakeFirst();
  return deleted !== undefined;
}

/** Deletes the keys, of people and repositories, that were made with a token. */
export async function deleteKeysOfToken(tx: Query, tokenId: number): Promise<void> {
  await tx.deleteFrom('ssh_keys').where('created_by_token_id', '=', tokenId).execute();
  await tx.deleteFrom('deploy_keys').where('created_by_token_id', '=', tokenId).execute();
}

/** Notes that a key was used, unless it was noted since `after`. */
export async function noteSshKeyUse(
  q: Query,
  table: 'ssh_keys' | 'deploy_keys',
  id: number,
  { at, after }: { readonly at: UnixSeconds; readonly after: UnixSeconds },
): Promise<void> {
  await q
    .updateTable(table)
    .set({ last_used_at: at })
    .where('id', '=', id)
    .where((where) => where.or([where('last_used_at', 'is', null), where('last_used_at', '<', after)]))
    .execute();
}

function keyOf(row: Selectable<SshKeysTable>): SshKey {
  return {
    id: row.id,
    userId: row.user_id,
    title: row.title,
    text: row.key_text,
    fingerprint: row.fingerprint,
    createdByTokenId: row.created_by_token_id,
    at: row.created_at,
    lastUsedAt: row.last_used_at,
  };
}
