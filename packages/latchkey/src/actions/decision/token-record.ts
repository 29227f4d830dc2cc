/**
 * A stored token as decisions see it, small enough to remember a hundred thousand.
 *
 * Scopes of classic and scoped tokens become grants, so that there is one vocabulary. Parts that many tokens share
 * (not revoked, no overlap, the grants of a scope, sets of permissions, selections of repositories) exist once.
 */
import type { UnixSeconds } from '../../base/time.ts';
import { type Narrowing, narrowedGrants } from '../../rules/derivation.ts';
import { grantsOfScopes } from '../../rules/grant.ts';
import type { Derivation, Grant, IdSet, TokenRecord } from '../../rules/model.ts';
import type { UserFacts } from '../../store/decision-facts.ts';
import type { StoredToken } from '../../store/presented-tokens.ts';
import type { CommonOfGrant, CommonOfToken, SharedParts } from './shared-parts.ts';

const NO_IDS: IdSet = new Set();
const NO_WORDS: readonly string[] = [];

/** A token with its holder, as read: what decisions need, and nothing else. */
export class RememberedToken implements TokenRecord {
  readonly id: number;
  readonly name: string;
  readonly lastEight: string;
  readonly issuedAt: UnixSeconds;
  readonly expiresAt: UnixSeconds | null;
  readonly grants: readonly Grant[];
  readonly holder: UserFacts;
  readonly #common: CommonOfToken;

  constructor(
    stored: StoredToken,
    holder: UserFacts,
    parts: SharedParts,
    leave: (grants: readonly Grant[]) => readonly Grant[] = (grants) => grants,
  ) {
    this.id = stored.id;
    this.name = stored.name;
    this.lastEight = stored.lastEight;
    this.issuedAt = stored.issuedAt;
    this.expiresAt = stored.expiresAt;
    this.grants =
      stored.kind === 'fine-grained'
        ? leave(stored.grants).map((grant) => new RememberedGrant(grant, parts))
        : leave(sharedGrants(stored, parts));
    this.holder = holder;
    this.#common = commonOf(stored, parts);
  }

  get userId(): number {
    return this.holder.user.id;
  }
  get kind() {
    return this.#common.kind;
  }
  get notBeforeAt() {
    return this.#common.notBeforeAt;
  }
  get revokedAt() {
    return this.#common.revokedAt;
  }
  get revokedBy() {
    return this.#common.revokedBy;
  }
  get secretState() {
    return this.#common.secretState;
  }
  get secretEndsAt() {
    return this.#common.secretEndsAt;
  }
  get scopes() {
    return this.#common.scopes;
  }
  get allowedAddresses() {
    return this.#common.allowedAddresses;
  }
  get usesLeft() {
    return this.#common.usesLeft;
  }
  get refRules() {
    return this.#common.refRules;
  }
  get ssoOrganizationIds() {
    return this.#common.ssoOrganizationIds;
  }
  get excludedOrganizationIds() {
    return this.#common.excludedOrganizationIds;
  }
  /** True when another of its secrets was replaced but hasn't ended yet. */
  get hasOverlap() {
    return this.#common.hasOverlap;
  }
  get derived(): Derivation | null {
    return null;
  }
}

/** A derived token with its holder: the record of the person's token, narrowed. */
export class RememberedDerivedToken extends RememberedToken {
  readonly #derived: Derivation;

  /** @param narrowing what is left of the grants */
  constructor(
    stored: StoredToken,
    holder: UserFacts,
    parts: SharedParts,
    { derived, narrowing }: { readonly derived: Derivation; readonly narrowing: Narrowing },
  ) {
    super(stored, holder, parts, (grants) => narrowedGrants(grants, narrowing));
    this.#derived = derived;
  }

  override get derived(): Derivation {
    return this.#derived;
  }
}

function commonOf(stored: StoredToken, parts: SharedParts): CommonOfToken {
  const { kind, notBeforeAt, revokedAt, revokedBy, secretState, secretEndsAt } = stored;
  const { allowedAddresses, usesLeft, refRules, hasOverlap } = stored;
  const scopes = kind === 'fine-grained' ? NO_WORDS : stored.scopes;
  const key = JSON.stringify([
    kind,
    notBeforeAt,
    revokedAt,
    revokedBy,
    secretState,
    secretEndsAt,
    scopes,
    allowedAddresses,
    usesLeft,
    refRules,
    [...stored.ssoOrganizationIds],
    [...stored.excludedOrganizationIds],
    hasOverlap,
  ]);
  return parts.tokens.of(key, () => ({
    kind,
    notBeforeAt,
    revokedAt,
    revokedBy,
    secretState,
    secretEndsAt,
    scopes,
    allowedAddresses,
    usesLeft,
    refRules,
    hasOverlap,
    ssoOrganizationIds: stored.ssoOrganizationIds.size === 0 ? NO_IDS : stored.ssoOrganizationIds,
    excludedOrganizationIds: stored.excludedOrganizationIds.size === 0 ? NO_IDS : stored.excludedOrganizationIds,
  }));
}

function sharedGrants({ kind, scopes }: StoredToken, parts: SharedParts): readonly Grant[] {
  return parts.grantsOfScopes.of(`${kind} ${scopes.join()}`, () =>
    grantsOfScopes(kind === 'classic' ? 'classic' : 'scoped', scopes),
  );
}

class RememberedGrant implements Grant {
  readonly id: number;
  readonly ownerId: number;
  /** A single number for a selection of one repository, the most common case. */
  readonly #ids: IdSet | number;
  readonly #common: CommonOfGrant;

  constructor({ id, ownerId, selection, repositoryIds, permissions, state }: Grant, parts: SharedParts) {
    this.id = id;
    this.ownerId = ownerId;
    this.#ids = compactIds(repositoryIds, parts);
    this.#common = parts.grants.of(JSON.stringify([selection, state, permissions]), () => ({
      selection,
      permissions,
      state,
    }));
  }

  get repositoryIds(): IdSet {
    return typeof this.#ids === 'number' ? new OneId(this.#ids) : this.#ids;
  }
  get selection() {
    return this.#common.selection;
  }
  get permissions() {
    return this.#common.permissions;
  }
  get state() {
    return this.#common.state;
  }
}

function compactIds(ids: IdSet, parts: SharedParts): IdSet | number {
  if (ids.size > 1) return parts.selections.of([...ids].join(), () => ids);
  const [only] = ids;
  return only ?? NO_IDS;
}

/** One id, created on each call. */
class OneId implements IdSet {
  readonly #id: number;

  constructor(id: number) {
    this.#id = id;
  }

  get size(): number {
    return 1;
  }

  has(id: number): boolean {
    return id === this.#id;
  }

  *[Symbol.iterator](): Generator<number> {
    yield this.#id;
  }
}
