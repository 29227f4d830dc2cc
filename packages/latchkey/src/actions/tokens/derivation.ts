/**
 * Derived tokens: made by a token of a person from itself, seen and ended by the person.
 *
 * Invariant: making one takes one short transaction and sends no mail, so that a job can have one for each step.
 * Invariant: a secret leaves this room once, as the result of the call that made it.
 */
import { randomBytes } from 'node:crypto';
import { Problem, problem } from '../../base/errors.ts';
import { digestOf, Secret } from '../../base/secret.ts';
import { DAY_SEC } from '../../base/time.ts';
import {
  type DerivationDraft,
  MAX_DERIVED,
  MAX_DERIVED_DEPTH,
  MAX_DERIVED_REPOSITORIES,
  NOT_NARROWED,
  planDerivation,
} from '../../rules/derivation.ts';
import type { Need, TokenRecord } from '../../rules/model.ts';
import { splitFullName } from '../../rules/names.ts';
import { refRuleLine } from '../../rules/refs/ref-rule-text.ts';
import { derivedSentence } from '../../rules/right/derived-right.ts';
import { Complaints } from '../../rules/token-limits.ts';
import { lastEightOf, mintTokenText } from '../../rules/token-text.ts';
import type { Workload } from '../../rules/workload-claims.ts';
import { accountsByIds } from '../../store/accounts.ts';
import type { Query } from '../../store/db.ts';
import {
  type DerivedToken,
  deleteEndedDerived,
  derivedById,
  endDerived,
  hasDerived,
  insertDerived,
  livingDerived,
  secretInState,
} from '../../store/derived-tokens.ts';
import type { Page } from '../../store/page.ts';
import { repositoriesByIds } from '../../store/repositories.ts';
import { type Token, tokenById } from '../../store/tokens.ts';
import { holderOf, type Permit } from '../decision/authorize.ts';
import { targetOf } from '../decision/targets.ts';
import { actingToken, tokenWithin } from '../decision/token-access.ts';
import type { Context } from '../ground/context.ts';
import { type AuditEvent, record } from '../ground/record.ts';
import { revokeToken } from './tokens.ts';
import { tokenView } from './views.ts';

/** A derived token that its holder looks at, or that looks at itself: in names. */
export interface SeenDerived extends DerivedToken {
  /** Full names of the repositories that it is for and that still exist; null = as the person's token. */
  readonly repositoryNames: readonly string[] | null;
  /** The person's token. */
  readonly root: { readonly id: number; readonly name: string };
  /** What it can do today. */
  readonly sentence: string;
}

export interface CreatedDerivedToken {
  /** The only time it can be seen. */
  readonly secret: Secret;
  readonly token: DerivedToken;
}

/** What is asked for, in names. */
export interface DerivationRequest extends Omit<DerivationDraft, 'repositoryIds'> {
  /** `OWNER/NAME`. */
  readonly repositories?: readonly string[] | undefined;
}

/** After this time an ended one is deleted. */
const KEPT_SEC = 7 * DAY_SEC;
/** The most that a list shows at once. */
const MAX_LISTED_DERIVED = 100;
/** Enough to name a repository: that the token may see it. */
const SEEN: Need = { sets: [], publicRead: true, writes: false, gitlabScopes: [] };

/**
 * Where a derived token comes from, if nobody presented the token behind it: a workload that proved who it is, or an
 * application that somebody signed in with.
 */
export interface Origin {
  readonly workload: Workload | null;
  /** What must be done in the same transaction, before anything else. @throws to give no token */
  begin(tx: Query): Promise<void>;
  /** Instead of `personal_access_token.derive`: facts to be logged besides the token's. */
  readonly event?: Pick<AuditEvent, 'action' | 'organizationId' | 'data'>;
}

/**
 * Derives a token from the one that asks.
 * @param origin left out where that token was presented
 * @throws Problem with every complaint at once; then nothing was changed
 */
export async function deriveToken(
  ctx: Context,
  permit: Permit,
  request: DerivationRequest,
  origin?: Origin,
): Promise<CreatedDerivedToken> {
  const from = actingToken(permit);
  if (from === null)
    throw problem('unprocessable', 'Only a token derives another: ask with the one that it shall be from.');
  const before = from.derived === null ? null : await derivedById(ctx.store.db, from.derived.id);
  if (from.derived !== null && (before === null || from.derived.lineage.length >= MAX_DERIVED_DEPTH))
    throw problem(
      'unprocessable',
      `A token is derived over ${MAX_DERIVED_DEPTH} levels at most: ask with the one before.`,
    );
  const complaints = new Complaints();
  const { repositories, ...rest } = request;
  const repositoryIds = await idsOf(ctx, permit, repositories, complaints);
  const at = ctx.clock.now();
  const plan = planDerivation(
    { from, narrowing: before?.narrowing ?? NOT_NARROWED, login: permit.actor.login },
    { ...rest, ...(repositoryIds === undefined ? {} : { repositoryIds }) },
    at,
    complaints,
  );
  if (complaints.list.length > 0) throw new Problem(complaints.list);
  const text = mintTokenText('derived', randomBytes, ctx.settings.tokenPrefix);
  const secret = { digest: digestOf(text), lastEight: lastEightOf(text) };
  const token = await ctx.store.transaction(async (tx) => {
    await origin?.begin(tx);
    const secretDigest = before?.secretDigest ?? (await presentedSecret(tx, from));
    if (secretDigest === null) throw problem('conflict', `The token ${from.name} was renewed meanwhile.`);
    if (await hasDerived(tx, from.id, at, MAX_DERIVED))
      throw problem('limit_reached', `At most ${MAX_DERIVED} derived tokens of one token live at a time.`);
    const workload = origin?.workload ?? before?.workload ?? null;
    const facts = { ...plan, workload, tokenId: from.id, parentId: before?.id ?? null, secretDigest, createdAt: at };
    const id = await insertDerived(tx, { ...facts, secret });
    const made: DerivedToken = { ...facts, id, lastEight: secret.lastEight, revokedAt: null, revokedBy: null };
    await record(tx, permit, at, {
      action: 'personal_access_token.derive',
      userId: permit.actor.userId,
      tokenId: from.id,
      ...origin?.event,
      data: { ...factsOf(made), ...origin?.event?.data },
    });
    return made;
  });
  return { secret: new Secret(text), token };
}

/** The digest of the secret that the request came with. */
function presentedSecret(tx: Query, { id, secretState }: TokenRecord): Promise<string | null> {
  return secretState === 'replaced' ? Promise.resolve(null) : secretInState(tx, id, secretState);
}

function factsOf({ id, name, parentId, expiresAt, agent, session, narrowing }: DerivedToken): Record<string, unknown> {
  const { permissions, repositoryIds, scopes, refRules, allowedAddresses, resource } = narrowing;
  return {
    derived_id: id,
    name,
    derived_from: parentId,
    expires_at: expiresAt,
    agent,
    session,
    permissions,
    repository_ids: repositoryIds,
    scopes,
    ref_rules: refRules?.map(refRuleLine) ?? null,
    allowed_addresses: allowedAddresses,
    resource: resource ?? null,
  };
}

/** The ids of named repositories. One that the token doesn't see is told apart from none by nothing. */
async function idsOf(
  ctx: Context,
  permit: Permit,
  names: readonly string[] | undefined,
  complaints: Complaints,
): Promise<number[] | undefined> {
  if (names === undefined) return undefined;
  if (names.length > MAX_DERIVED_REPOSITORIES) {
    complaints.add('repositories', 'invalid', `Name at most ${MAX_DERIVED_REPOSITORIES} repositories.`);
    return [];
  }
  const identity = await holderOf(ctx, permit);
  const ids: number[] = [];
  for (const name of names) {
    const parts = splitFullName(name);
    const target =
      parts === null || identity === null ? null : await targetOf(ctx, identity, { kind: 'repository', ...parts });
    const seen = target === null ? null : permit.on(target, SEEN);
    if (seen?.target.kind === 'repository' && seen.target.repository !== null) ids.push(seen.target.repository.id);
    else
      complaints.add(
        'repositories',
        'invalid',
        `The token that asks reaches no repository ${name.slice(0, 150)}. Name it as OWNER/NAME.`,
      );
  }
  return [...new Set(ids)];
}

/** The derived token that makes the request; null for any other bearer. */
export async function currentDerived(ctx: Context, permit: Permit): Promise<SeenDerived | null> {
  const acting = actingToken(permit);
  const found = acting?.derived == null ? null : await derivedById(ctx.store.db, acting.derived.id);
  return found === null ? null : derivedInWords(ctx, found);
}

/** With what it can do. @throws Problem when it, or the token behind it, is gone by now */
export async function derivedInWords(ctx: Context, derived: DerivedToken): Promise<SeenDerived> {
  const root = await tokenById(ctx.store.db, derived.tokenId);
  const [seen] = root === null ? [] : await seenDerived(ctx, root, [derived]);
  if (seen === undefined) throw problem('not_found', 'The token is gone.');
  return seen;
}

/** The living ones of a token, newest first. @throws Problem `not_found` for a token of somebody else */
export async function listDerived(
  ctx: Context,
  permit: Permit,
  tokenId: number,
  page: Page = { beforeId: null, limit: MAX_LISTED_DERIVED },
): Promise<SeenDerived[]> {
  const root = await tokenWithin(ctx.store.db, permit, tokenId, { alive: false });
  return seenDerived(ctx, root, await livingDerived(ctx.store.db, root.id, ctx.clock.now(), page));
}

async function seenDerived(ctx: Context, root: Token, found: readonly DerivedToken[]): Promise<SeenDerived[]> {
  if (found.length === 0) return [];
  const ids = found.flatMap(({ narrowing }) => narrowing.repositoryIds ?? []);
  const [names, view] = await Promise.all([
    namesOf(ctx, ids),
    tokenView(ctx.store.db, root, ctx.clock.now(), { repositoryIds: ids }),
  ]);
  const { id, name } = root;
  return found.map((each) => ({
    ...each,
    root: { id, name },
    repositoryNames: each.narrowing.repositoryIds?.flatMap((repository) => names.get(repository) ?? []) ?? null,
    sentence: derivedSentence(view, each, 'owner'),
  }));
}

/** Ends a derived token and what was derived from it. @throws Problem `not_found` when there is none of that token */
export async function endDerivedToken(ctx: Context, permit: Permit, tokenId: number, id: number): Promise<void> {
  await ctx.store.transaction(async (tx) => {
    await tokenWithin(tx, permit, tokenId, { alive: false });
    const derived = await derivedById(tx, id);
    if (derived === null || derived.tokenId !== tokenId)
      throw problem('not_found', `There is no derived token ${id}.`, 'id');
    await endOneDerived(ctx, tx, permit, derived, permit.actor.login);
  });
}

/** Ends the token that makes the request: a derived one alone, and not the one behind it. */
export async function endCurrentToken(ctx: Context, permit: Permit): Promise<void> {
  const acting = actingToken(permit);
  if (acting === null) throw problem('unprocessable', 'No token was used for this request.');
  if (acting.derived === null) return void (await revokeToken(ctx, permit, acting.id));
  await endDerivedToken(ctx, permit, acting.id, acting.derived.id);
}

/**
 * Ends one in the caller's transaction. False when it was ended before.
 * @param by who or what does it, in words that its holder reads
 */
export async function endOneDerived(
  ctx: Context,
  tx: Query,
  by: Pick<Permit, 'actor'>,
  derived: DerivedToken,
  words: string,
): Promise<boolean> {
  const at = ctx.clock.now();
  const ended = await endDerived(tx, derived.id, words, at);
  if (ended.length === 0) return false;
  const userId = (await tokenById(tx, derived.tokenId))?.userId ?? null;
  await record(tx, by, at, {
    action: 'personal_access_token.end_derived',
    userId,
    tokenId: derived.tokenId,
    data: { derived_id: derived.id, name: derived.name, explanation: words, ended },
  });
  return true;
}

/** Deletes those that ended long ago. */
export async function clearDerived(ctx: Context): Promise<void> {
  await ctx.store.transaction((tx) => deleteEndedDerived(tx, ctx.clock.now() - KEPT_SEC));
}

async function namesOf({ store: { db } }: Context, ids: readonly number[]): Promise<ReadonlyMap<number, string>> {
  if (ids.length === 0) return new Map();
  const repositories = await repositoriesByIds(db, [...new Set(ids)]);
  const owners = await accountsByIds(db, [...new Set([...repositories.values()].map(({ ownerId }) => ownerId))]);
  return new Map(
    [...repositories.values()].map(({ id, ownerId, name }) => [id, `${owners.get(ownerId)?.login ?? ''}/${name}`]),
  );
}
