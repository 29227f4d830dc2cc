/**
 * What is sealed, and the id of the key that seals it now: the same for all nodes.
 *
 * Never: a key.
 */
import { sql } from 'kysely';
import type { SealedColumn } from '../base/sealing/key-file.ts';
import type { Sealed } from '../base/sealing/sealed-text.ts';
import type { UnixSeconds } from '../base/time.ts';
import type { Query } from './db.ts';

/** The id of the key in force; null before the first start with sealing. */
export async function sealingKeyId(q: Query): Promise<string | null> {
  const row = await q.selectFrom('sealing').select('key_id').where('id', '=', 1).executeTakeFirst();
  return row?.key_id ?? null;
}

/** Records the key in force, unless a node did so before. */
export async function claimSealingKey(tx: Query, keyId: string, at: UnixSeconds): Promise<void> {
  await tx
    .insertInto('sealing')
    .values({ id: 1, key_id: keyId, changed_at: at })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
}

/** Puts another key in force. */
export async function setSealingKey(tx: Query, keyId: string, at: UnixSeconds): Promise<void> {
  await tx.updateTable('sealing').set({ key_id: keyId, changed_at: at }).where('id', '=', 1).execute();
}

/** The columns that name the row and the owner of the text. */
const ROWS: Readonly<Record<SealedColumn, { readonly key: string; readonly owner: string }>> = {
  'mirrors.secret': { key: 'id', owner: 'repository_id' },
  'outbox.text': { key: 'id', owner: 'address' },
  'outbox.html': { key: 'id', owner: 'address' },
  'provider_sessions.id_token': { key: 'session_id', owner: 'issuer' },
  'second_factors.secret': { key: 'user_id', owner: 'user_id' },
  'webhooks.secret': { key: 'id', owner: 'repository_id' },
};

/** A text that is not sealed, or is sealed with another key. */
export interface StaleText {
  readonly key: number;
  readonly owner: number | string;
  readonly text: string;
}

/** Some texts of a column that are not sealed with this key, by key of the row, after `afterKey`. */
export async function staleTexts(
  q: Query,
  column: SealedColumn,
  keyId: string,
  { afterKey, limit }: { readonly afterKey: number; readonly limit: number },
): Promise<StaleText[]> {
  const { key, owner } = ROWS[column];
  const [table, field] = column.split('.').map((name) => sql.ref(name));
  const { rows } = await sql<StaleText>`
    select ${sql.ref(key)} as key, ${sql.ref(owner)} as owner, ${field} as text from ${table}
    where ${sql.ref(key)} > ${afterKey} and ${field} <> '' and substr(${field}, 1, 19) <> ${`sealed.${keyId}.`}
    order by ${sql.ref(key)} limit ${limit}`.execute(q);
  return rows;
}

/** Replaces a text with one sealed again, unless it was changed after it was read. */
export async function replaceText(tx: Query, column: SealedColumn, stale: StaleText, sealed: Sealed): Promise<void> {
  const [table, field] = column.split('.').map((name) => sql.ref(name));
  await sql`update ${table} set ${field} = ${sealed}
    where ${sql.ref(ROWS[column].key)} = ${stale.key} and ${field} = ${stale.text}`.execute(tx);
}
