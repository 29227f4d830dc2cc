/**
 * From a credential to its bearer.
 *
 * Finds the token that a secret opens, alive or dead: `decide` says whether it may still be used, so that there is
 * one list of rules.
 * Never: a look-up for a text that can't be a token; a password, which opens nothing here.
 */

import { andThen, type MaybePromise } from '../../base/maybe-promise.ts';
import { digestOfKey, Secret } from '../../base/secret.ts';
import type { Reason } from '../../catalogue/refusals/refusals.ts';
import { recogniseThirdParty } from '../../catalogue/third-party-tokens.ts';
import type { Bearer } from '../../rules/model.ts';
import { misspellingOf } from '../../rules/token-spelling.ts';
import { parseTokenText } from '../../rules/token-text.ts';
import { readUserFacts, type UserFacts } from '../../store/decision-facts.ts';
import { derivedByDigest } from '../../store/derived-tokens.ts';
import { tokenByDigest } from '../../store/presented-tokens.ts';
import { subjectOf } from '../../store/revision.ts';
import type { Context } from '../ground/context.ts';
import type { Credential, FollowUp } from './credential.ts';
import { derivedRecord } from './derived-record.ts';
import type { RecallOptions } from './memory.ts';
import { RememberedToken } from './token-record.ts';

/** A credential that belongs to nobody, with what can be said about it. */
export interface Rejection {
  readonly via: 'rejected';
  readonly reason: Reason;
  /**
   * What is wrong with the form of the request, for `credentials_malformed`, `token_wrapped` and `placeholder_sent`.
   */
  readonly problem: string | null;
  /** The other product that the text is from, for `token_of_other_product`. */
  readonly product: string | null;
}

/** A bearer, with what authorization needs in addition. */
export interface Identity {
  readonly bearer: Bearer;
  /** Null for nobody. */
  readonly facts: UserFacts | null;
  /** True when the token was found by its new secret and the old one still works: the first use ends that. */
  readonly endsOverlap: boolean;
}

/** Somebody without a credential. */
export const NOBODY: Identity = { bearer: { via: 'nobody' }, facts: null, endsOverlap: false };

function rejected(reason: Reason, facts: { problem?: string; product?: string } = {}): Rejection {
  return { via: 'rejected', reason, problem: facts.problem ?? null, product: facts.product ?? null };
}

/** The bearer of the credential. Answers at once when remembered. Refresh `ctx.memory` first. */
export function authenticate(ctx: Context, credential: Credential): MaybePromise<Identity | Rejection> {
  switch (credential.form) {
    case 'none':
      return NOBODY;
    case 'malformed':
      return rejected('credentials_malformed', { problem: credential.problem });
    case 'bearer':
      return bySecret(ctx, credential.secret, 'token_unknown');
    case 'basic':
      return byBasic(ctx, credential.username, credential.secret);
    case 'follow-up':
      return byDigest(ctx, credential.digestKey, credential.isDerived);
  }
}

/** What stands in the place of the password where the token is the username. */
const NO_PASSWORDS: ReadonlySet<string> = new Set(['', 'x-oauth-basic']);

function isTokenLike(text: string): boolean {
  return parseTokenText(text).form !== 'unrecognised';
}

/** What a later request needs to be judged as this one was; null for a credential without a token. */
export function followUpOf(credential: Credential): FollowUp | null {
  if (credential.form !== 'basic' && credential.form !== 'bearer') return null;
  const { secret } = credential;
  const isName = credential.form === 'basic' && NO_PASSWORDS.has(secret.reveal()) && isTokenLike(credential.username);
  const token = isName ? new Secret(credential.username) : secret;
  const parsed = parseTokenText(token.reveal());
  const isDerived = parsed.form === 'valid' && parsed.kind === 'derived';
  return { form: 'follow-up', digestKey: token.digestKey(), isDerived };
}

/**
 * In Basic credentials the token is the password. Some clients send it as the username, with an empty password or
 * `x-oauth-basic`.
 */
function byBasic(ctx: Context, username: string, secret: Secret): MaybePromise<Identity | Rejection> {
  const password = secret.reveal();
  if (NO_PASSWORDS.has(password)) {
    if (isTokenLike(username)) return bySecret(ctx, new Secret(username), 'token_unknown');
    if (username === '') return rejected('credentials_missing');
    return misspelt(username) ?? rejected(password === '' ? 'password_empty' : 'password_not_accepted');
  }
  if (username === '') return rejected('username_missing');
  return bySecret(ctx, secret, 'password_not_accepted');
}

function bySecret(ctx: Context, secret: Secret, otherwise: Reason): MaybePromise<Identity | Rejection> {
  // A secret remembered as a token's doesn't need its form checked.
  const token = ctx.memory.known(secret.digestKey(), KEEP_TOKEN);
  return token === null ? byNewSecret(ctx, secret, otherwise) : identityOf(token);
}

function byNewSecret(ctx: Context, secret: Secret, otherwise: Reason): MaybePromise<Identity | Rejection> {
  const text = secret.reveal();
  const parsed = parseTokenText(text);
  const misspelling = parsed.form === 'valid' ? null : misspelt(text);
  if (misspelling !== null) return misspelling;
  if (parsed.form === 'mistyped') return rejected('token_mistyped');
  if (parsed.form === 'unrecognised') {
    const thirdParty = recogniseThirdParty(text);
    if (thirdParty === null) return rejected(otherwise);
    return thirdParty.kind === 'key'
      ? rejected('key_pasted', { product: thirdParty.product })
      : rejected('token_of_other_product', { product: thirdParty.product });
  }
  return byDigest(ctx, secret.digestKey(), parsed.kind === 'derived');
}

function byDigest(ctx: Context, key: string, isDerived: boolean): MaybePromise<Identity | Rejection> {
  return andThen(
    ctx.memory.recall(key, () => readToken(ctx, digestOfKey(key), isDerived), KEEP_TOKEN),
    (token) => (token === null ? rejected('token_unknown') : identityOf(token)),
  );
}

/** A token with something around it, or what a script left in its place. */
function misspelt(text: string): Rejection | null {
  const found = misspellingOf(text);
  return found && rejected(found.kind === 'wrapped' ? 'token_wrapped' : 'placeholder_sent', { problem: found.how });
}

/** Made for each request, so that it takes no memory between requests. */
export function identityOf(token: RememberedToken): Identity {
  const { holder } = token;
  return { bearer: { via: 'token', token, user: holder.user }, facts: holder, endsOverlap: token.hasOverlap };
}

/** What ends or narrows the token that another was derived from, does so to that one at the next request. */
const KEEP_TOKEN: RecallOptions<RememberedToken> = {
  subjects: ({ id, userId, derived }) => [
    subjectOf('token', id),
    subjectOf('account', userId),
    ...(derived === null ? [] : derived.lineage.map((each) => subjectOf('derived', each))),
  ],
};

/** All tokens of a person share it. */
const KEEP_USER_FACTS: RecallOptions<UserFacts> = {
  subjects: ({ user: { id, keeper } }) =>
    [id, ...(keeper === null ? [] : [keeper.id])].map((one) => subjectOf('account', one)),
};

async function readToken(ctx: Context, digest: string, isDerived: boolean): Promise<RememberedToken | null> {
  if (!(await ctx.secrets.isKnown(digest))) return null;
  const derived = isDerived ? await derivedByDigest(ctx.store.db, digest) : null;
  const stored = isDerived
    ? derived && (await tokenByDigest(ctx.store.db, derived.secretDigest))
    : await tokenByDigest(ctx.store.db, digest);
  if (stored === null) return null;
  const facts = await ctx.memory.recall(
    `user ${stored.userId}`,
    () => readUserFacts(ctx.store.db, stored.userId),
    KEEP_USER_FACTS,
  );
  if (facts === null) return null;
  return derived === null
    ? new RememberedToken(stored, facts, ctx.memory.parts)
    : derivedRecord(stored, derived, facts, ctx.memory.parts);
}
