/**
 * A draft: what somebody wants a new token to be, checked completely. The result is a `TokenPlan`, or every complaint
 * at once.
 *
 * The store is not asked here: the caller looks the names up (`DraftWorld`) and passes them in, so that every rule of
 * the form can be tested as a table. Source of the limits: GitHub docs "Managing your personal access tokens" (seed
 * 002).
 */

import type { Complaint } from '../base/errors.ts';
import type { UnixSeconds } from '../base/time.ts';
import { checkGrant, checkOwner, type GrantDraft, type GrantPlan, type OwnerInWorld } from './grant-draft.ts';
import type { Policy, TokenKind } from './model.ts';
import type { RefRuleDraft } from './refs/ref-rule-text.ts';
import type { RefRule } from './refs/ref-rules.ts';
import {
  Complaints,
  capOf,
  checkAddresses,
  checkDescription,
  checkExpiry,
  checkName,
  checkNotBefore,
  checkRefs,
  checkScopes,
  checkUses,
} from './token-limits.ts';

export {
  MAX_DESCRIPTION_LENGTH,
  MAX_NAME_LENGTH,
  MAX_NOTE_LENGTH,
  MAX_USES,
} from './token-limits.ts';

export const MAX_FINE_GRAINED_TOKENS = 50;
export const MAX_GRANTS = 10;
/** Said to somebody who has as many tokens as the server allows. */
export const NO_TOKEN_LEFT =
  'You have as many tokens as this server allows. Delete some that you no longer need first, or ask an ' +
  'administrator for more.';

export interface TokenDraft {
  readonly userLogin: string;
  readonly kind: TokenKind;
  readonly name: string;
  readonly description: string;
  /** 1–366; null = no end; undefined = the default: 30 days, or the cap of the policies if that is less. */
  readonly expiresInDays?: number | null | undefined;
  /** Instead of a number of days: an instant. GitLab's tokens end at 00:00 UTC of a date. */
  readonly expiresAt?: UnixSeconds | undefined;
  readonly notBeforeAt?: UnixSeconds | null | undefined;
  readonly scopes: readonly string[];
  readonly grants: readonly GrantDraft[];
  readonly allowedAddresses?: readonly string[] | null | undefined;
  readonly usesLeft?: number | null | undefined;
  /** Which refs it may move; null, none and left out = any. */
  readonly refRules?: readonly RefRuleDraft[] | null | undefined;
}

export interface DraftWorld {
  readonly at: UnixSeconds;
  readonly emailVerified: boolean;
  readonly isAdmin: boolean;
  readonly nameTaken: boolean;
  readonly fineGrainedCount: number;
  /** How many more tokens the person may have, of any kind; Infinity = no limit. */
  readonly tokensLeft: number;
  /** By lower-case login, as written in the draft. */
  readonly owners: ReadonlyMap<string, OwnerInWorld>;
  /** The policy of the instance alone. It binds classic and scoped tokens, which name no owner. */
  readonly instancePolicy: Policy;
}

export interface TokenPlan {
  readonly kind: TokenKind;
  readonly name: string;
  readonly description: string;
  readonly expiresAt: UnixSeconds | null;
  readonly notBeforeAt: UnixSeconds | null;
  readonly scopes: readonly string[];
  readonly grants: readonly GrantPlan[];
  readonly allowedAddresses: readonly string[] | null;
  readonly usesLeft: number | null;
  readonly refRules: readonly RefRule[] | null;
}

export type Checked<T> =
  | { readonly ok: true; readonly plan: T }
  | { readonly ok: false; readonly complaints: readonly Complaint[] };

/** Checks a draft against every rule and returns the plan of the token it asks for. */
export function checkDraft(draft: TokenDraft, world: DraftWorld): Checked<TokenPlan> {
  const complaints = new Complaints();
  const name = draft.name.trim();
  checkName(draft.kind, name, world.nameTaken, complaints);
  checkDescription(draft.description, complaints);
  if (!world.emailVerified)
    complaints.add(null, 'unprocessable', 'Verify your e-mail address first: tokens can be created only after that.');
  const scopes = draft.kind === 'fine-grained' ? [] : checkScopes(draft.kind, draft.scopes, complaints);
  const grants = draft.kind === 'fine-grained' ? checkGrants(draft, world, complaints) : [];
  if (draft.kind !== 'fine-grained' && draft.grants.length > 0)
    complaints.add('permissions', 'invalid', `A ${draft.kind} token has scopes, not permissions.`);
  if (draft.kind === 'fine-grained' && draft.scopes.length > 0)
    complaints.add('scopes', 'invalid', 'A fine-grained token has permissions, not scopes.');
  if (draft.kind === 'fine-grained' && world.fineGrainedCount >= MAX_FINE_GRAINED_TOKENS)
    complaints.add(
      null,
      'limit_reached',
      `You have ${MAX_FINE_GRAINED_TOKENS} fine-grained tokens, which is the limit. Delete one that you no ` +
        `longer need first.`,
    );
  else if (world.tokensLeft <= 0) complaints.add(null, 'limit_reached', NO_TOKEN_LEFT);
  const expiresAt = checkExpiry(draft, capFor(draft, world), world.at, complaints);
  const notBeforeAt = checkNotBefore(draft.notBeforeAt ?? null, expiresAt, complaints);
  const allowedAddresses = checkAddresses(draft.allowedAddresses ?? null, complaints);
  const usesLeft = checkUses(draft.usesLeft ?? null, complaints);
  const refRules = checkRefs(draft.refRules ?? null, { token: name, login: draft.userLogin }, complaints);
  if (complaints.list.length > 0) return { ok: false, complaints: complaints.list };
  return {
    ok: true,
    plan: {
      kind: draft.kind,
      name,
      description: draft.description,
      expiresAt,
      notBeforeAt,
      scopes,
      grants,
      allowedAddresses,
      usesLeft,
      refRules,
    },
  };
}

function checkGrants(draft: TokenDraft, world: DraftWorld, complaints: Complaints): readonly GrantPlan[] {
  if (draft.grants.length === 0)
    complaints.add('target_name', 'missing_field', 'A fine-grained token needs a resource owner.');
  if (draft.grants.length > MAX_GRANTS)
    complaints.add('grants', 'invalid', `A token reaches at most ${MAX_GRANTS} resource owners.`);
  const seen = new Set<number>();
  return draft.grants.slice(0, MAX_GRANTS).flatMap((grant) => {
    const owner = world.owners.get(grant.owner.toLowerCase());
    if (!checkOwner(owner, grant, world.isAdmin, complaints)) return [];
    if (seen.has(owner.id))
      complaints.add('target_name', 'invalid', `The resource owner ${owner.login} is named twice.`);
    seen.add(owner.id);
    return checkGrant(grant, owner, complaints);
  });
}

/** The shortest cap of all policies that bind the token. */
function capFor(draft: TokenDraft, world: DraftWorld): number | null {
  const policies =
    draft.kind === 'fine-grained'
      ? draft.grants.flatMap((grant) => world.owners.get(grant.owner.toLowerCase())?.policy ?? [])
      : [];
  return capOf(draft.kind, [world.instancePolicy, ...policies], world.isAdmin);
}
