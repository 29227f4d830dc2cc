/**
 * Tokens and the secrets that open them.
 *
 * Invariant: only digests are kept. A replaced secret stays, so that reuse of it is told and reported; a revoked
 * token stays, so that its holder hears when and by whom.
 */
import type { Selectable } from 'kysely';
import type { UnixSeconds } from '../base/time.ts';
import type { TokenKind, TokenRecord } from '../rules/model.ts';
import { nameKey } from '../rules/names.ts';
import type { Query } from './db.ts';
import { deleteDeployKeysOfToken } from './deploy-keys.ts';
import { addGrant, grantsOf, type NewGrant } from './grants.ts';
import { type Page, startOf } from './page.ts';
import { bumpRevision, subjectOf } from './revision.ts';
import type { TokensTable } from './schema.ts';
import { organizationsOfToken } from './token-organizations.ts';

/** A token as lists and pages show it: without its secrets and grants. */
export interface Token
  extends Omit<
    TokenRecord,
    'secretState' | 'secretEndsAt' | 'grants' | 'ssoOrganizationIds' | 'excludedOrganizationIds'
  > {
  readonly description: string;
  readonly createdAt: UnixSeconds;
  readonly updatedAt: UnixSeconds;
  /** The token that made this one over REST. */
  readonly parentId: number | null;
  /** First token of a chain of GitLab rotations; null = its own. */
  readonly familyId: number | null;
}

/**
 * A token reached through one of its secrets. `grants` are the stored ones: those that scopes stand for are not in it.
 */
export interface StoredToken extends Token, TokenRecord {
  /** True when another secret of it was replaced and not ended yet. */
  readonly hasOverlap: boolean;
}

/** What is kept of a secret. */
export interface SecretMark {
  /** SHA-256, base64url. */
  readonly digest: string;
  readonly lastEight: string;
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
  readonly parentId?: number | null;
  readonly familyId?: number | null;
  readonly at: UnixSeconds;
}

/** What may change while the secret stays. Each one that is given is set. */
export interface TokenChange {
  readonly name?: string;
  readonly description?: string;
  readonly scopes?: readonly string[];
  readonly expiresAt?: UnixSeconds | null;
  readonly notBeforeAt?: UnixSeconds | null;
  readonly allowedAddresses?: readonly string[] | null;
  readonly usesLeft?: number | null;
}

/**
 * Adds a token with its secret and grants; gives its id. Raises no revision: nobody can have asked about it.
 * @throws a unique violation when a live fine-grained token of the user has this name; a foreign-key violation when the
 * user is missing.
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
      parent_id: token.parentId ?? null,
      family_id: token.familyId ?? null,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  await addSecret(tx, id, token.secret, token.at);
  for (const grant of token.grants ?? []) await addGrant(tx, id, grant, token.at);
  return id;
}

async function addSecret(tx: Query, tokenId: number, secret: SecretMark, at: UnixSeconds): Promise<void> {
  await tx
    .insertInto('token_secrets')
    .values({
      digest: secret.digest,
      token_id: tokenId,
      last_eight: secret.lastEight,
      state: 'current',
      created_at: at,
    })
    .execute();
}

/** Those of some digests that are of secrets which open a token, or once did. At most some thousand. */
export async function knownDigests(q: Query, digests: readonly string[]): Promise<Set<string>> {
  const rows = await q.selectFrom('token_secrets').select('digest').where('digest', 'in', digests).execute();
  return new Set(rows.map((row) => row.digest));
}

/** The token that a secret opens, alive or dead; null when nobody was ever given that secret. Two queries. */
export function tokenByDigest(q: Query, digest: string): Promise<StoredToken | null> {
  return storedToken(q, presented(q).where('token_secrets.digest', '=', digest));
}

/** A token as if its current secret had been presented; null when there is no such token. */
export function tokenAsPresented(q: Query, id: number): Promise<StoredToken | null> {
  return storedToken(
    q,
    presented(q).where('token_secrets.token_id', '=', id).where('token_secrets.state', '=', 'current'),
  );
}

function presented(q: Query) {
  return q
    .selectFrom('token_secrets')
    .innerJoin('tokens', 'tokens.id', 'token_secrets.token_id')
    .selectAll('tokens')
    .select(['token_secrets.state', 'token_secrets.ends_at'])
    .select((each) =>
      each
        .selectFrom('token_secrets as older')
        .select((row) => row.fn.countAll<number>().as('count'))
        .whereRef('older.token_id', '=', 'tokens.id')
        .where('older.state', '=', 'overlapping')
        .as('overlaps'),
    );
}

async function storedToken(q: Query, query: ReturnType<typeof presented>): Promise<StoredToken | null> {
  const row = await query.executeTakeFirst();
  if (row === undefined) return null;
  // Only fine-grained tokens have grants of their own, which organizations take back; the others are authorized under
  // single sign-on, and kept out.
  const isFineGrained = row.kind === 'fine-grained';
  const organizations = isFineGrained
    ? { authorized: new Set<number>(), excluding: new Set<number>() }
    : await organizationsOfToken(q, row.id);
  return {
    ...tokenOf(row),
    secretState: row.state,
    secretEndsAt: row.ends_at,
    hasOverlap: row.state === 'current' && Number(row.overlaps) > 0,
    grants: isFineGrained ? ((await grantsOf(q, [row.id])).get(row.id) ?? []) : [],
    ssoOrganizationIds: organizations.authorized,
    excludedOrganizationIds: organizations.excluding,
  };
}

export async function tokenById(q: Query, id: number): Promise<Token | null> {
  const row = await q.selectFrom('tokens').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : tokenOf(row);
}

/** Many tokens at once, by id; those that are gone are missing. At most some thousand ids. */
export async function tokensByIds(q: Query, ids: readonly number[]): Promise<Map<number, Token>> {
  if (ids.length === 0) return new Map();
  const rows = await q.selectFrom('tokens').selectAll().where('id', 'in', ids).execute();
  return new Map(rows.map((row) => [row.id, tokenOf(row)]));
}

/** A page of a person's tokens, newest first; of one kind, or with the revoked ones, when asked for. */
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

/** A page of everybody's tokens that are not revoked, newest first. */
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

/** How many fine-grained tokens a person has that are not revoked; expired ones count until they are deleted. */
export async function countFineGrained(q: Query, userId: number): Promise<number> {
  const { count } = await q
    .selectFrom('tokens')
    .select((row) => row.fn.countAll<number>().as('count'))
    .where('user_id', '=', userId)
    .where('kind', '=', 'fine-grained')
    .where('revoked_at', 'is', null)
    .executeTakeFirstOrThrow();
  return count;
}

/**
 * True when a token of this person and kind that is not revoked, other than `exceptId`, has the name in any case of
 * letters.
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
 * Changes a token that is not revoked; null when it is, or is gone. @throws a unique violation as `insertToken` does.
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
    })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? null : tokenOf(row);
}

/**
 * Revokes a token for good; its grants go with it, so that lists of live ones stay short, and so do the deploy keys
 * that were made with it. Null when it was revoked before, or is gone.
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
  await deleteDeployKeysOfToken(tx, id);
  return tokenOf(row);
}

/**
 * Gives a token that is not revoked a new secret and, counted from now, a new end. The old secret ends at once, or at
 * `overlapEndsAt`; one that was on its way out already ends now. Null when the token is revoked, or is gone.
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

/** Ends the secret that a rotation left overlapping, at the first use of the new one. False when there is none. */
export async function endOverlap(tx: Query, tokenId: number, at: UnixSeconds): Promise<boolean> {
  await bumpRevision(tx, subjectOf('token', tokenId));
  const ended = await tx
    .updateTable('token_secrets')
    .set({ state: 'replaced', ends_at: at })
    .where('token_id', '=', tokenId)
    .where('state', '=', 'overlapping')
    .returning('digest')
    .executeTakeFirst();
  return ended !== undefined;
}

/** The tokens that a token made, and those that they made, itself left out. */
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

/**
 * Notes that its owner is alerted of reuse; false when they were since `sinceAt`, so that many
 * are told once.
 */
export async function noteReuse(tx: Query, id: number, sinceAt: UnixSeconds, at: UnixSeconds): Promise<boolean> {
  const noted = await tx
    .updateTable('tokens')
    .set({ late_use_alerted_at: at })
    .where('id', '=', id)
    .where((token) => token.or([token('late_use_alerted_at', 'is', null), token('late_use_alerted_at', '<=', sinceAt)]))
    .returning('id')
    .executeTakeFirst();
  return noted !== undefined;
}

/**
 * Takes one use from a token with a limit and gives what is left; null when none was. The last one raises the revision.
 */
export async function spendUse(tx: Query, tokenId: number): Promise<number | null> {
  const row = await tx
    .updateTable('tokens')
    .set((token) => ({ uses_left: token('uses_left', '-', 1) }))
    .where('id', '=', tokenId)
    .where('uses_left', '>', 0)
    .returning('uses_left')
    .executeTakeFirst();
  if (row?.uses_left === 0) await bumpRevision(tx, subjectOf('token', tokenId));
  return row?.uses_left ?? null;
}

function listJson(list: readonly string[] | null): string | null {
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
    parentId: row.parent_id,
    familyId: row.family_id,
  };
}
