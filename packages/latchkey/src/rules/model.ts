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
import type { RefProtection } from './refs/ref-protections.ts';
import type { RefAct, RefRule } from './refs/ref-rules.ts';
import type { PlacedRuleset } from './refs/rulesets.ts';

export type { Need };

/** `fine-grained`: resource owner, repositories, permissions. `classic`: GitHub's scopes. `scoped`: GitLab's scopes. */
export type TokenKind = 'fine-grained' | 'classic' | 'scoped';
export const TOKEN_KINDS: readonly TokenKind[] = ['fine-grained', 'classic', 'scoped'];

/** Which repositories of its owner a grant covers. `public` never covers a private or internal one. */
export type RepositorySelection = 'public' | 'all' | 'selected';

/** `pending` waits for an owner's approval; only an `active` grant gives anything. */
export type GrantState = 'pending' | 'active' | 'denied' | 'revoked';

/** Every account whose resources the token's user reaches. Classic and scoped tokens have this. */
export const ANY_OWNER = -1;
/** The instance ("enterprise") as a resource owner. */
export const INSTANCE_OWNER = 0;

/** Some ids: a `Set`, or something smaller that behaves like one. */
export interface IdSet extends Iterable<number> {
  readonly size: number;
  has(id: number): boolean;
}

/** One resource owner, its repository selection and the permissions there. A token has none, one or more. */
export interface Grant {
  readonly id: number;
  /** Account id, `ANY_OWNER` or `INSTANCE_OWNER`. */
  readonly ownerId: number;
  readonly selection: RepositorySelection;
  /** Empty unless `selection` is `selected`. */
  readonly repositoryIds: IdSet;
  readonly permissions: PermissionSet;
  readonly state: GrantState;
}

/**
 * The state of a secret that opens a token. A token has one current secret and, while a rotation overlaps, an outgoing
 * one.
 */
type SecretState = 'current' | 'overlapping' | 'replaced';

/**
 * The `revokedBy` of a token that GitLab's rotation replaced with another token. Its holder is told so, and using it
 * again raises the alert.
 */
export const BY_ROTATION = 'rotation';

/** A token as a decision sees it, found by the one secret that was presented. */
export interface TokenRecord {
  readonly id: number;
  readonly userId: number;
  readonly kind: TokenKind;
  readonly name: string;
  readonly lastEight: string;
  /** From when a policy counts the token's life: its creation or last regeneration. */
  readonly issuedAt: UnixSeconds;
  readonly expiresAt: UnixSeconds | null;
  readonly notBeforeAt: UnixSeconds | null;
  readonly revokedAt: UnixSeconds | null;
  /** Who or what revoked it, in words ("ada", "rotation", "reported as leaked"); null while it lives. */
  readonly revokedBy: string | null;
  readonly secretState: SecretState;
  /** While `overlapping`: the latest time at which the old secret ends. */
  readonly secretEndsAt: UnixSeconds | null;
  /** Stored scopes of a classic or scoped token, normalised and sorted; empty for fine-grained ones. */
  readonly scopes: readonly string[];
  /** For classic and scoped tokens: the grants that their scopes stand for. */
  readonly grants: readonly Grant[];
  /** CIDR blocks; null = from anywhere. */
  readonly allowedAddresses: readonly string[] | null;
  /** How many uses are left; null = no limit. */
  readonly usesLeft: number | null;
  /** Which refs it may move, in every repository that it reaches; null = any. */
  readonly refRules: readonly RefRule[] | null;
  /** Organizations for which the token was authorized under single sign-on. */
  readonly ssoOrganizationIds: IdSet;
  /** Organizations whose owners keep the token out; only for classic and scoped ones. */
  readonly excludedOrganizationIds: IdSet;
  /** Null for a person's token. For a derived one `id` is that of the person's token. */
  readonly derived: Derivation | null;
}

/**
 * What only a derived token has. Its record is that of the person's token it comes from, narrowed: whatever ends or
 * narrows that one, does so to this one.
 */
export interface Derivation {
  readonly id: number;
  /** Its own id and, behind it, those of the derived tokens that it comes from: as many as it is levels deep. */
  readonly lineage: readonly number[];
  readonly issuedAt: UnixSeconds;
  /** As whoever derived it told: a program with its version, and its session. */
  readonly agent: string | null;
  readonly session: string | null;
  /** The only repositories that it reaches, and then nothing else; null = as the token that it comes from. */
  readonly repositoryIds: IdSet | null;
  /** The only service that it is for (RFC 8707), '' = this server; null, or left out, = for all. */
  readonly resource?: string | null;
  /** True when permissions or repositories were left out, so that scopes alone don't open anything. */
  readonly isNarrowed: boolean;
  /** The person's token. Policies judge its life. */
  readonly root: Pick<TokenRecord, 'name' | 'kind' | 'issuedAt' | 'expiresAt'>;
}

/** A person as a decision sees them. */
export interface UserRecord {
  readonly id: number;
  readonly login: string;
  readonly admin: boolean;
  /** True when signing in takes more than a password. */
  readonly hasTwoFactor: boolean;
  /** By an administrator. */
  readonly suspendedAt: UnixSeconds | null;
  readonly disabledByProviderAt: UnixSeconds | null;
  /** When their tokens were frozen; null = they aren't. */
  readonly lockedAt: UnixSeconds | null;
  /** Whose machine account it is; null for a person. */
  readonly keeper: Pick<OwnerRecord, 'id' | 'login' | 'kind'> | null;
}

export type OrganizationRole = 'owner' | 'member';
export type Visibility = 'public' | 'internal' | 'private';
/** What somebody is in a team. */
export type TeamRole = 'member' | 'maintainer';

export const VISIBILITIES: readonly Visibility[] = ['public', 'internal', 'private'];

/** The account that owns what is asked for, with the user's place in it today. */
export interface OwnerRecord {
  readonly id: number;
  readonly login: string;
  readonly kind: 'user' | 'organization';
  /** The user's role when this is an organization; null = not a member. */
  readonly role: OrganizationRole | null;
  readonly policy: Policy;
}

/** A repository with the user's role in it today. */
export interface RepositoryRecord {
  readonly id: number;
  readonly ownerId: number;
  readonly name: string;
  readonly visibility: Visibility;
  readonly archivedAt: UnixSeconds | null;
  /**
   * The highest role the user has by ownership, membership, collaboration, teams or visibility; null = may not see it.
   * An anonymous caller has `read` on a public repository.
   */
  readonly role: RepositoryRole | null;
  /** The hash that names its objects. git's advertisement depends on it. */
  readonly objectFormat: 'sha1' | 'sha256';
  /** Its protected branches and tags, and what rulesets demand of this person. */
  readonly protections: readonly RefProtection[];
  /** All rulesets that hold for it; left out = none. */
  readonly rulesets?: readonly PlacedRuleset[];
}

/** What a request is about. `repository: null` = the owner has no such repository; `owner: null` = no such account. */
export type Target =
  | {
      readonly kind: 'repository';
      readonly owner: OwnerRecord | null;
      readonly repository: RepositoryRecord | null;
      readonly fullName: string;
    }
  | {
      readonly kind: 'organization';
      readonly owner: OwnerRecord | null;
      readonly fullName: string;
      /** True when it is about one team there, which the user maintains. */
      readonly maintainsTeam?: boolean;
    }
  | { readonly kind: 'account'; readonly owner: OwnerRecord | null; readonly fullName: string }
  | { readonly kind: 'instance' };

/** What one kind of token may do towards an owner. */
interface KindPolicy {
  readonly allowed: boolean;
  /** 1–366, or null for no cap. */
  readonly maxLifetimeDays: number | null;
}

/**
 * What an organization or the instance allows, already merged for the owner it was loaded with (see `effectivePolicy`).
 * `decidedBy` names who made the choice, for a refusal to say.
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
  /** The issuer of the identity provider that members prove themselves at; null = none is named. */
  readonly ssoIssuer: string | null;
  /** From when anything beyond public reads needs a second factor; null = never. */
  readonly twoFactorFrom: UnixSeconds | null;
  readonly twoFactorDecidedBy: 'organization' | 'instance';
  readonly basePermission: BasePermission;
}

/** That a person proved in a session, for one organization, who they are. */
export interface SsoProof {
  readonly until: UnixSeconds;
  /** The provider that proved it; null = a recovery code of the organization. */
  readonly issuer: string | null;
}

/** The proofs of one session, by the ids of organizations. */
export type SsoProofs = ReadonlyMap<number, SsoProof>;

/** An SSH key. It opens git and nothing else. */
interface KeyRecord {
  readonly id: number;
  /** As ssh-keygen prints it: `SHA256:…`. */
  readonly fingerprint: string;
  /** Null for a person's own key. */
  readonly deploys: { readonly repositoryId: number; readonly readOnly: boolean } | null;
}

/** The credential in question: a token's record, a signed-in person's session, an SSH key, or nobody. */
export type Bearer =
  | { readonly via: 'token'; readonly token: TokenRecord; readonly user: UserRecord }
  /** Without `proofs`, nothing is proved under single sign-on. */
  | { readonly via: 'session'; readonly user: UserRecord; readonly proofs?: SsoProofs }
  /** Without a user it is a deploy key. */
  | { readonly via: 'key'; readonly key: KeyRecord; readonly user: UserRecord | null }
  | { readonly via: 'nobody' };

/** A move of one ref. */
export interface RefMove {
  readonly ref: string;
  readonly act: RefAct;
  /** True when the owner of the token approved just this one. It counts where a rule asks, and nowhere else. */
  readonly isApproved?: boolean;
  /** True for the default branch, which rulesets may name as such. */
  readonly isDefault?: boolean;
}

/** Everything a decision depends on. */
export interface Question {
  readonly bearer: Bearer;
  readonly need: Need;
  readonly target: Target;
  readonly at: UnixSeconds;
  /** The caller's address, for allow lists. IPv4 or IPv6 without zone. */
  readonly address: string;
  /** The ref that is to move, by its full name, and how; left out where none is, or where that isn't known yet. */
  readonly move?: RefMove;
  /** The service that is asked, as a protected resource; null = one without a name; left out = this server. */
  readonly resource?: string | null;
  /** True for what follows from a request that was allowed, and that spent its use of the token. */
  readonly isPaid?: true;
}

/** One missing permission, at the level that would do. */
export interface MissingPermission {
  readonly permission: PermissionName;
  readonly level: Level;
}
