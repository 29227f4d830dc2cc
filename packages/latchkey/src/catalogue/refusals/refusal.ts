/**
 * What a refusal consists of: its reason code, the facts its words are built from, and what an entry of the table
 * says.
 *
 * Invariant: a reason code is an API: tested, logged, documented, never renamed.
 */
import type { UnixSeconds } from '../../base/time.ts';
import type { Level, PermissionName } from '../permissions.ts';

export type Reason =
  // the request carries no usable credential
  | 'credentials_missing'
  | 'credentials_malformed'
  | 'username_missing'
  | 'password_empty'
  | 'token_wrapped'
  | 'placeholder_sent'
  | 'password_not_accepted'
  | 'password_with_two_factor'
  | 'token_mistyped'
  | 'token_unknown'
  | 'token_of_other_product'
  | 'key_pasted'
  // the token, or the person behind it, is dead
  | 'token_expired'
  | 'token_revoked'
  | 'token_replaced'
  | 'token_not_yet_valid'
  | 'token_used_up'
  | 'owner_suspended'
  | 'owner_disabled_by_provider'
  | 'account_locked'
  // where the call comes from, and how often
  | 'address_not_allowed'
  | 'organization_address_not_allowed'
  | 'too_many_attempts'
  | 'rate_limited'
  // what the owner of the resource allows
  | 'classic_forbidden'
  | 'fine_grained_forbidden'
  | 'scoped_forbidden'
  | 'lifetime_over_policy'
  | 'key_forbidden'
  | 'sso_not_authorized'
  | 'sso_not_proved'
  | 'two_factor_required'
  | 'grant_pending'
  | 'grant_denied'
  | 'grant_revoked'
  // what the token may see
  | 'not_found'
  | 'public_only'
  // what the token may do
  | 'resource_owner_mismatch'
  | 'repository_not_selected'
  | 'permission_missing'
  | 'scope_missing'
  | 'token_derived'
  | 'token_for_other_resource'
  | 'workflow_permission_missing'
  | 'ref_not_allowed'
  | 'ref_protected'
  | 'ref_needs_approval'
  | 'token_in_content'
  | 'push_too_large'
  | 'file_too_large'
  | 'repository_full'
  | 'too_many_refs'
  | 'key_reads_only'
  | 'role_insufficient'
  | 'repository_archived';

/** Everything that a sentence may be made of. What is unknown, or must not be revealed, is null or empty. */
export interface RefusalFacts {
  readonly instanceName: string;
  /** The address of this instance, without a slash at the end. */
  readonly publicUrl: string;
  /** The owner of the token, password or session. */
  readonly login: string | null;
  /** Whose machine account that is; null for a person. */
  readonly keeper: { readonly login: string; readonly kind: 'user' | 'organization' } | null;
  readonly tokenKind: 'fine-grained' | 'classic' | 'scoped' | null;
  /** The SSH key in place of a token: somebody's own, or one of a repository. */
  readonly sshKey: 'own' | 'deploy' | null;
  readonly tokenId: number | null;
  readonly tokenName: string | null;
  readonly lastEight: string | null;
  /** The name of the person's token that it was derived from; null when it is one itself. */
  readonly derivedFrom: string | null;
  /** The only service that the token is for, '' = this server; null where it is for all. */
  readonly resource: string | null;
  readonly expiresAt: UnixSeconds | null;
  readonly notBeforeAt: UnixSeconds | null;
  readonly revokedAt: UnixSeconds | null;
  /** In words: a login, "rotation", "reported as leaked". */
  readonly revokedBy: string | null;
  /** The resource owner, as the request named it or as the store knows it. */
  readonly ownerLogin: string | null;
  readonly ownerKind: 'user' | 'organization' | null;
  /** What was requested, as the request named it: `acme/site`, `acme`; empty for the instance. */
  readonly fullName: string;
  /** Every permission that is missing. Parts may be here: they decide which scope is suggested. */
  readonly missing: readonly { readonly permission: PermissionName; readonly level: Level }[];
  /** What the request needs, whether it is missing or not: what a new token would need. */
  readonly needed: readonly { readonly permission: PermissionName; readonly level: Level }[];
  /** Scopes, any one of which would do. */
  readonly missingScopes: readonly string[];
  readonly capDays: number | null;
  readonly decidedBy: 'organization' | 'instance' | null;
  /** The product that the pasted text seems to be from, as `recogniseThirdParty` names it. */
  readonly product: string | null;
  /**
   * What is wrong with an unreadable header, or what came with the token when it should have come alone; part of a
   * sentence.
   */
  readonly problem: string | null;
  readonly address: string | null;
  readonly retryAfterSec: number | null;
  /** What the token reaches, in words: "2 selected repositories". */
  readonly reaches: string | null;
  /** Workflow files that a push changes, or the places where it contains tokens. */
  readonly paths: readonly string[];
  /** The limit that was met, with its unit. */
  readonly limit: string | null;
  /** The ref that was to move, how, and what keeps it from that; null where none was. */
  readonly move: {
    /** As people write it: branches by their short name. */
    readonly ref: string;
    readonly act: 'create' | 'update' | 'force' | 'delete';
    /** `its ref rules allow agent/** only`, to stand behind a colon; or `protected: nobody may push to it`. */
    readonly because: string;
  } | null;
  /** What became of the question whether a ref may move; null where none was asked. */
  readonly approval: {
    readonly why: 'waits' | 'denied' | 'full' | 'unseen' | 'moved' | 'unasked';
    /** The request's number; null where there is none. */
    readonly id: number | null;
  } | null;
  /** Why an owner denied the request, in their words; null when they gave no reason, or nobody denied. */
  readonly denialReason: string | null;
  /** The username that came with the token, when it doesn't name the token's owner. */
  readonly urlUsername: string | null;
}

/** The person's next step. */
export interface Remedy {
  readonly text: string;
  /** Path and query on this instance. */
  readonly url?: string;
  /** A line to paste into a shell. */
  readonly command?: string;
}

export interface RefusalEntry {
  /** The cause, in one or two short sentences. */
  readonly sentence: (facts: RefusalFacts) => string;
  readonly remedy: (facts: RefusalFacts) => Remedy;
  /** True when people without a live credential may see it: it is about what they sent, or reveals nothing. */
  readonly strangerMayHear: boolean;
  /**
   * True when the client should drop what it sent and ask the person (401); false when the credential lives and should
   * be kept.
   */
  readonly credentialIsDead: boolean;
  /** One paragraph for the troubleshooting page. */
  readonly about: string;
}
