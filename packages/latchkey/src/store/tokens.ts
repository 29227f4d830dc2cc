/**
 * Tokens: created, listed, changed, renewed, ended. Their secrets are in `token-secrets.ts`; `presented-tokens.ts`
 * finds who presents one.
 *
 * Invariant: a revoked token stays, so that its holder learns when and by whom.
 */
import type { Selectable } from 'kysely';
import type { UnixSeconds } from '../base/time.ts';
import type { TokenKind, TokenRecord } from '../rules/model.ts';
import { nameKey } from '../rules/names.ts';
import type { RefRule } from '../rules/refs/ref-rules.ts';
import type { Query } from './db.ts';
import { addGrant, type NewGrant } from './grants.ts';
import { type Page, startOf } from './page.ts';
import { bumpRevision, subjectOf } from './revision.ts';
import type { TokensTable } from './schema.ts';
import { deleteKeysOfToken } from './ssh-keys.ts';
import { addSecret, endOverlap, type SecretMark } from './token-secrets.ts';

/** A token as in lists and on pages: without its secrets and grants. */
export interface Token
  extends Omit<
    TokenRecord,
    'secretState' | 'secretEndsAt' | 'grants' | 'ssoOrganizationIds' | 'excludedOrganizationIds' | 'derived'
  > {
  readonly description: string;
  readonly createdAt: UnixSeconds;
  readonly updatedAt: UnixSeconds;
  /** The token that made this one over REST. */
  readonly parentId: number | null;
  /** First token of a chain of GitLab rotations; null = this one. */
  readonly familyId: number | null;
}

export interface NewToken {
  readonly userId: number;
  readonly kind: TokenKind;
  readonly name: string;
  readonly description?: string;
  readonly secret: SecretMark;
  readonly scopes?: readonly string[];
  readonly grants?: readonly NewGrant[];
  readonly expiresAt: UnixSeconds | null;
  readonly notBeforeAt?: UnixSeconds | null;
  readonly allowedAddresses?: readonly string[] | null;
  readonly usesLeft?: number | null;
  readonly refRules?: readonly RefRule[] | null;
  readonly parentId?: number | null;
  readonly familyId?: number | null;
  readonly at: UnixSeconds;
}

/** What may change while the secret stays. Each given field is set. */
export interface TokenChange {
  readonly name?: string;
  readonly description?: string;
  readonly scopes?: readonly string[];
  readonly expiresAt?: UnixSeconds | null;
  readonly notBeforeAt?: UnixSeconds | null;
  readonly allowedAddresses?: readonly string[] | null;
  readonly usesLeft?: number | null;
  readonly refRules?: readonly RefRule[] | null;
}

/**
 * Adds a token with its secret and grants; returns its id. Raises no revision: nobody can have asked about it.
 * @throws a unique violation when a live fine-grained token of the user has this name; a foreign-key violation when the
 * user is missing
 */
export async function insertToken(tx: Query, token: NewToken): Promise<number> {
  const { id } = await tx
    .insertInto('tokens')
    .values({
      user_id: token.userId,
      kind: token.kind,
      name: token.name,
      name_key: nameKey(token.name),
      description: token.description ?? '',
      last_eight: token.secret.lastEight,
      scopes_json: JSON.stringify(token.scopes ?? []),
      created_at: token.at,
      updated_at: token.at,
      issued_at: token.at,
      expires_at: token.expiresAt,
      not_before_at: token.notBeforeAt ?? null,
      allowed_addresses_json: listJson(token.allowedAddresses ?? null),
      uses_left: token.usesLeft ?? null,
      ref_rules_json: listJson(token.refRules ?? null),
      parent_id: token.parentId ?? null,
      family_id: token.familyId ?? null,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  await addSecret(tx, id, token.secret, token.at);
  for (const grant of token.grants ?? []) await addGrant(tx, id, grant, token.at);
  return id;
}

export async function tokenById(q: Query, id: number): Promise<Token | null> {
  const row = await q.selectFrom('tokens').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : tokenOf(row);
}

/** Many tokens at once, by id; deleted ones are missing. A few thousand ids at most. */
export async function tokensByIds(q: Query, ids: readonly number[]): Promise<Map<number, Token>> {
  if (ids.length === 0) return new Map();
  const rows = await q.selectFrom('tokens').selectAll().where('id', 'in', ids).execute();
  return new Map(rows.map((row) => [row.id, tokenOf(row)]));
}

/** A page of a person's tokens, newest first; optionally of one kind, or including revoked ones. */
export async function listTokens(
  q: Query,
  userId: number,
  filter: { kind?: TokenKind; revokedToo?: boolean },
  page: Page,
): Promise<Token[]> {
  let query = q.selectFrom('tokens').selectAll().where('user_id', '=', userId).where('id', '<', startOf(page));
  if (filter.kind !== undefined) query = query.where('kind', '=', filter.kind);
  if (filter.revokedToo !== true) query = query.where('revoked_at', 'is', null);
  const rows = await query
    .orderBy('id', 'desc')
    .limit(page.limit)
    .offset(page.skip ?? 0)
    .execute();
  return rows.map(tokenOf);
}

/** A page of all tokens on the instance that are not revoked, newest first. */
export async function listAllLiveTokens(q: Query, page: Page): Promise<Token[]> {
  const rows = await q
    .selectFrom('tokens')
    .selectAll()
    .where('revoked_at', 'is', null)
    .where('id', '<', startOf(page))
    .orderBy('id', 'desc')
    .limit(page.limit)
    .offset(page.skip ?? 0)
    .execute();
  return rows.map(tokenOf);
}

/** How many tokens a person has that are not revoked; expired ones count until they are deleted. */
export async function countTokens(q: Query, userId: number, kind: TokenKind | null): Promise<number> {
  let query = q
    .selectFrom('tokens')
    .select((row) => row.fn.countAll<number>().as('count'))
    .where('user_id', '=', userId)
    .where('revoked_at', 'is', null);
  if (kind !== null) query = query.where('kind', '=', kind);
  return (await query.executeTakeFirstOrThrow()).count;
}

/**
 * True when a token of this person and kind that is not revoked, other than `exceptId`, has the name, ignoring case.
 */
export async function isTokenNameTaken(
  q: Query,
  userId: number,
  kind: TokenKind,
  name: string,
  exceptId: number | null = null,
): Promise<boolean> {
  const row = await q
    .selectFrom('tokens')
    .select('id')
    .where('user_id', '=', userId)
    .where('kind', '=', kind)
    .where('name_key', '=', nameKey(name))
    .where('revoked_at', 'is', null)
    .where('id', '<>', exceptId ?? 0)
    .executeTakeFirst();
  return row !== undefined;
}

/**
 * Changes a token that is not revoked; null when it is, or is gone.
 * @throws a unique violation as `insertToken` does
 */
export async function updateToken(tx: Query, id: number, change: TokenChange, at: UnixSeconds): Promise<Token | null> {
  await bumpRevision(tx, subjectOf('token', id));
  const row = await tx
    .updateTable('tokens')
    .set({
      updated_at: at,
      ...(change.name === undefined ? {} : { name: change.name, name_key: nameKey(change.name) }),
      ...(change.description === undefined ? {} : { description: change.description }),
      ...(change.scopes === undefined ? {} : { scopes_json: JSON.stringify(change.scopes) }),
      ...(change.expiresAt === undefined ? {} : { expires_at: change.expiresAt }),
      ...(change.notBeforeAt === undefined ? {} : { not_before_at: change.notBeforeAt }),
      ...(change.allowedAddresses === undefined ? {} : { allowed_addresses_json: listJson(change.allowedAddresses) }),
      ...(change.usesLeft === undefined ? {} : { uses_left: change.usesLeft }),
      ...(change.refRules === undefined ? {} : { ref_rules_json: listJson(change.refRules) }),
    })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? null : tokenOf(row);
}

/** Ids of all tokens that are not revoked, expired ones included. */
export async function liveTokenIds(q: Query): Promise<number[]> {
  const rows = await q.selectFrom('tokens').select('id').where('revoked_at', 'is', null).orderBy('id').execute();
  return rows.map(({ id }) => id);
}

/**
 * Revokes a token for good. Its grants are removed, so that lists of live ones stay short, and so are the deploy keys
 * made with it. Null when it was revoked before, or is gone.
 */
export async function revokeToken(tx: Query, id: number, by: string, at: UnixSeconds): Promise<Token | null> {
  await bumpRevision(tx, subjectOf('token', id));
  const row = await tx
    .updateTable('tokens')
    .set({ revoked_at: at, revoked_by: by, updated_at: at })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .returningAll()
    .executeTakeFirst();
  if (row === undefined) return null;
  await tx.updateTable('grants').set({ state: 'revoked' }).where('token_id', '=', id).execute();
  await deleteKeysOfToken(tx, id);
  return tokenOf(row);
}

/**
 * Gives a token that is not revoked a new secret and, counted from now, a new end. The old secret ends at once, or at
 * `overlapEndsAt`; one that was already overlapping ends now. Null when the token is revoked, or is gone.
 */
export async function replaceSecret(
  tx: Query,
  id: number,
  change: { secret: SecretMark; expiresAt: UnixSeconds | null; overlapEndsAt: UnixSeconds | null; at: UnixSeconds },
): Promise<Token | null> {
  await bumpRevision(tx, subjectOf('token', id));
  const { secret, expiresAt, overlapEndsAt, at } = change;
  const row = await tx
    .updateTable('tokens')
    .set({ last_eight: secret.lastEight, issued_at: at, updated_at: at, expires_at: expiresAt, noticed_days: null })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .returningAll()
    .executeTakeFirst();
  if (row === undefined) return null;
  await endOverlap(tx, id, at);
  await tx
    .updateTable('token_secrets')
    .set({ state: overlapEndsAt === null ? 'replaced' : 'overlapping', ends_at: overlapEndsAt ?? at })
    .where('token_id', '=', id)
    .where('state', '=', 'current')
    .execute();
  await addSecret(tx, id, secret, at);
  return tokenOf(row);
}

/** The tokens that a token made, and those that they made, without itself. */
export async function descendantsOf(q: Query, id: number): Promise<number[]> {
  const found: number[] = [];
  for (let level = [id]; level.length > 0; ) {
    const rows = await q
      .selectFrom('tokens')
      .select('id')
      .where('parent_id', 'in', level)
      .where('revoked_at', 'is', null)
      .execute();
    level = rows.map((row) => row.id);
    found.push(...level);
  }
  return found;
}

function listJson(list: readonly unknown[] | null): string | null {
  return list === null ? null : JSON.stringify(list);
}

/** A row of the table as a token. */
export function tokenOf(row: Selectable<TokensTable>): Token {
  return {
    id: row.id,
    userId: row.user_id,
    kind: row.kind,
    name: row.name,
    description: row.description,
    lastEight: row.last_eight,
    scopes: JSON.parse(row.scopes_json) as string[],
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    issuedAt: row.issued_at,
    expiresAt: row.expires_at,
    notBeforeAt: row.not_before_at,
    revokedAt: row.revoked_at,
    revokedBy: row.revoked_by,
    allowedAddresses: row.allowed_addresses_json === null ? null : (JSON.parse(row.allowed_addresses_json) as string[]),
    usesLeft: row.uses_left,
    refRules: row.ref_rules_json === null ? null : (JSON.parse(row.ref_rules_json) as RefRule[]),
    parentId: row.parent_id,
    familyId: row.family_id,
  };
}
