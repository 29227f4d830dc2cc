/** Deploy keys: each opens one repository, and no key is used twice on the server. */
import type { Selectable } from 'kysely';
import type { UnixSeconds } from '../base/time.ts';
import type { Query } from './db.ts';
import { type Page, startOf } from './page.ts';
import type { DeployKeysTable } from './schema.ts';

export interface NewDeployKey {
  readonly repositoryId: number;
  readonly title: string;
  /** Type and key, without the comment. */
  readonly text: string;
  /** SHA-256, base64 without padding. */
  readonly fingerprint: string;
  readonly readOnly: boolean;
  readonly createdById: number | null;
  /** The key is deleted with this token. */
  readonly createdByTokenId: number | null;
  readonly at: UnixSeconds;
}

export interface DeployKey extends NewDeployKey {
  readonly id: number;
  /** Login of the person who added it; null when their account is gone. */
  readonly createdBy: string | null;
  readonly lastUsedAt: UnixSeconds | null;
}

/**
 * Adds a key and returns its id.
 * @throws a unique violation when any repository has it already
 */
export async function insertDeployKey(tx: Query, key: NewDeployKey): Promise<number> {
  const { id } = await tx
    .insertInto('deploy_keys')
    .values({
      repository_id: key.repositoryId,
      title: key.title,
      key_text: key.text,
      fingerprint: key.fingerprint,
      read_only: key.readOnly ? 1 : 0,
      created_by_id: key.createdById,
      created_by_token_id: key.createdByTokenId,
      created_at: key.at,
      last_used_at: null,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

/** A page of a repository's keys, the newest first. */
export async function listDeployKeys(q: Query, repositoryId: number, page: Page): Promise<DeployKey[]> {
  const rows = await q
    .selectFrom('deploy_keys')
    .leftJoin('accounts', 'accounts.id', 'deploy_keys.created_by_id')
    .selectAll('deploy_keys')
    .select('accounts.login')
    .where('deploy_keys.repository_id', '=', repositoryId)
    .where('deploy_keys.id', '<', startOf(page))
    .orderBy('deploy_keys.id', 'desc')
    .limit(page.limit)
    .offset(page.skip ?? 0)
    .execute();
  return rows.map(keyOf);
}

/** A key of a repository; null when it has none with that id. */
export async function deployKeyById(q: Query, repositoryId: number, id: number): Promise<DeployKey | null> {
  const row = await q
    .selectFrom('deploy_keys')
    .leftJoin('accounts', 'accounts.id', 'deploy_keys.created_by_id')
    .selectAll('deploy_keys')
    .select('accounts.login')
    .where('deploy_keys.repository_id', '=', repositoryId)
    .where('deploy_keys.id', '=', id)
    .executeTakeFirst();
  return row === undefined ? null : keyOf(row);
}

/** The key with this SHA-256 (base64 without padding), of any repository; null when there is none. */
export async function deployKeyByFingerprint(q: Query, fingerprint: string): Promise<DeployKey | null> {
  const row = await q.selectFrom('deploy_keys').selectAll().where('fingerprint', '=', fingerprint).executeTakeFirst();
  return row === undefined ? null : keyOf({ ...row, login: null });
}

/** A key of any repository; null when there is none with that id. */
export async function anyDeployKey(q: Query, id: number): Promise<DeployKey | null> {
  const row = await q.selectFrom('deploy_keys').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : keyOf({ ...row, login: null });
}

/** Deletes a key of a repository. False when it has none with that id. */
export async function deleteDeployKey(tx: Query, repositoryId: number, id: number): Promise<boolean> {
  const deleted = await tx
    .deleteFrom('deploy_keys')
    .where('repository_id', '=', repositoryId)
    .where('id', '=', id)
    .returning('id')
    .executeTakeFirst();
  return deleted !== undefined;
}

function keyOf(row: Selectable<DeployKeysTable> & { login: string | null }): DeployKey {
  return {
    id: row.id,
    repositoryId: row.repository_id,
    title: row.title,
    text: row.key_text,
    fingerprint: row.fingerprint,
    readOnly: row.read_only === 1,
    createdById: row.created_by_id,
    createdByTokenId: row.created_by_token_id,
    at: row.created_at,
    createdBy: row.login,
    lastUsedAt: row.last_used_at,
  };
}
