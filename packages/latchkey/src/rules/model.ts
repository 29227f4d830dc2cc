/**
 * The nouns of a decision, as plain data.
 *
 * Everything that `decide` looks at is here, already read from the store: no field is a promise, nothing is looked up
 * later.
 * Invariant: these values are immutable; a change in the store creates new ones.
 */

import type { UnixSeconds } from '../base/time.ts';
import type { Need } from '../catalogue/needs.ts';
import type { Level, PermissionName, PermissionSet } from '../catalogue/permissions.ts';
import type { BasePermission, RepositoryRole } from '../catalogue/roles.ts';

export type { Need };

/** `fine-grained`: resource owner, repositories, permissions. `classic`: GitHub's scopes. `scoped`: GitLab's scopes. */
export type TokenKind = 'fine-grained' | 'classic' | 'scoped';
export const TOKEN_KINDS: readonly TokenKind[] = ['fine-grained', 'classic', 'scoped'];

/** Which repositories of its owner a grant covers. `public` never covers a private or internal one. */
export type RepositorySelection = 'public' | 'all' | 'selected';

/** `pending` waits for an owner's approval; only an `active` grant gives anything. */
export type GrantState = 'pending' | 'active' | 'denied' | 'revoked';

/** Stands for every account whose resources the token's user reaches: what classic and scoped tokens have. */
export const ANY_OWNER = -1;
/** Stands for the instance ("enterprise") as a resource owner. */
export const INSTANCE_OWNER = 0;

/** Some ids: a `Set`, or something smaller that answers the same. */
export interface IdSet extends Iterable<number> {
  readonly size: number;
  has(id: number): boolean;
}

/** One resource owner, its repository selection and the permissions there. A token holds none, one or more. */
export interface Grant {
  readonly id: number;
  /** Account id, `ANY_OWNER` or `INSTANCE_OWNER`. */
  readonly ownerId: number;
  readonly selection: RepositorySelection;
  /** Filled only when `selection` is `selected`. */
  readonly repositoryIds: IdSet;
  readonly permissions: PermissionSet;
  readonly state: GrantState;
}

/**
 * A secret that opens a token. A token has one current secret and, while a rotation overlaps, one that is on its way
 * out.
 */
type SecretState = 'current' | 'overlapping' | 'replaced';

/**
 * Who revoked a token that GitLab's rotation replaced by another token: its holder is told that, and reuse of it
 * raises the alert.
 */
export const BY_ROTATION = 'rotation';

/** A token as a decision sees it, reached through the one secret that was presented. */
export interface TokenRecord {
  readonly id: number;
  readonly userId: number;
  readonly kind: TokenKind;
  readonly name: string;
  readonly lastEight: string;
  /** From when a policy counts the token's life: creation or the last regeneration. */
  readonly issuedAt: UnixSeconds;
  readonly expiresAt: UnixSeconds | null;
  readonly notBeforeAt: UnixSeconds | null;
  readonly revokedAt: UnixSeconds | null;
  /** Who or what revoked it, in words ("ada", "rotation", "reported as leaked"); null while it lives. */
  readonly revokedBy: string | null;
  readonly secretState: SecretState;
  /** While `overlapping`: when the old secret ends at the latest. */
  readonly secretEndsAt: UnixSeconds | null;
  /** Stored scopes of a classic or scoped token, normalised and sorted; empty for fine-grained ones. */
  readonly scopes: readonly string[];
  /** Classic and scoped tokens carry the grants that their scopes stand for. */
  readonly grants: readonly Grant[];
  /** CIDR blocks; null = from anywhere. */
  readonly allowedAddresses: readonly string[] | null;
  /** How many uses are left; null = no limit. */
  readonly usesLeft: number | null;
  /** Organizations for which a classic or scoped token was authorized under single sign-on. */
  readonly ssoOrganizationIds: IdSet;
  /** Organizations whose owners keep it out; only of classic and scoped ones. */
  readonly excludedOrganizationIds: IdSet;
}

/** A person as a decision sees them. */
export interface UserRecord {
  readonly id: number;
  readonly login: string;
  readonly admin: boolean;
  /** True when signing in takes more than a password. */
  readonly hasTwoFactor: boolean;
  readonly suspendedAt: UnixSeconds | null;
  /** Since when their tokens are frozen; null = they aren't. */
  readonly lockedAt: UnixSeconds | null;
}

export type OrganizationRole = 'owner' | 'member';
export type Visibility = 'public' | 'internal' | 'private';
export const VISIBILITIES: readonly Visibility[] = ['public', 'internal', 'private'];

/** The account that owns what is asked for, with the asking user's place in it today. */
export interface OwnerRecord {
  readonly id: number;
  readonly login: string;
  readonly kind: 'user' | 'organization';
  /** The asking user's role when this is an organization; null = not a member. */
  readonly role: OrganizationRole | null;
  readonly policy: Policy;
}

/** A repository with the asking user's role in it today. */
export interface RepositoryRecord {
  readonly id: number;
  readonly ownerId: number;
  readonly name: string;
  readonly visibility: Visibility;
  readonly archivedAt: UnixSeconds | null;
  /**
   * The highest role the user holds by ownership, membership, collaboration or visibility; null = may not see it.
   * For nobody in particular (anonymous) a public repository gives `read`.
   */
  readonly role: RepositoryRole | null;
  /** Which hash names its objects: what git's advertisement depends on. */
  readonly objectFormat: 'sha1' | 'sha256';
}

/** What a request is about. `repository: null` = the owner has no such repository; `owner: null` = no such account. */
export type Target =
  | {
      readonly kind: 'repository';
      readonly owner: OwnerRecord | null;
      readonly repository: RepositoryRecord | null;
      readonly fullName: string;
    }
  | { readonly kind: 'organization'; readonly owner: OwnerRecord | null; readonly fullName: string }
  | { readonly kind: 'account'; readonly owner: OwnerRecord | null; readonly fullName: string }
  | { readonly kind: 'instance' };

/** What one kind of token may do towards an owner. */
interface KindPolicy {
  readonly allowed: boolean;
  /** 1–366, or null for no cap. */
  readonly maxLifetimeDays: number | null;
}

/**
 * What an organization or the instance allows, already merged for the owner it was read with (see `effectivePolicy`).
 * `decidedBy` names who a refusal speaks for.
 */
export interface Policy {
  readonly kinds: Readonly<
    Record<
      TokenKind,
      KindPolicy & {
        readonly decidedBy: 'organization' | 'instance';
        readonly capDecidedBy: 'organization' | 'instance';
      }
    >
  >;
  readonly requiresApproval: boolean;
  readonly exemptAdministrators: boolean;
  /** CIDR blocks from which the organization may be reached; null = from anywhere. */
  readonly allowedAddresses: readonly string[] | null;
  readonly requiresSso: boolean;
  /** From when on whoever wants more than public reads must have a second factor; null = nobody must. */
  readonly twoFactorFrom: UnixSeconds | null;
  readonly twoFactorDecidedBy: 'organization' | 'instance';
  readonly basePermission: BasePermission;
}

/** The credential in question: a token's record, a signed-in person's session, or nobody. */
export type Bearer =
  | { readonly via: 'token'; readonly token: TokenRecord; readonly user: UserRecord }
  | { readonly via: 'session'; readonly user: UserRecord }
  | { readonly via: 'nobody' };

/** All that a decision depends on. */
export interface Question {
  readonly bearer: Bearer;
  readonly need: Need;
  readonly target: Target;
  readonly at: UnixSeconds;
  /** The caller's address, for allow lists. IPv4 or IPv6 without zone. */
  readonly address: string;
}

/** One permission that is not there, at the level that would do. */
export interface MissingPermission {
  readonly permission: PermissionName;
  readonly level: Level;
}
