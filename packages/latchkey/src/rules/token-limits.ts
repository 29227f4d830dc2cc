/**
 * What is checked for new and edited tokens alike: name, description, scopes, lifetime, addresses, uses.
 *
 * Source of the limits: GitHub docs "Managing your personal access tokens" (seed 002).
 */
import { parseBlock } from '../base/address.ts';
import type { Complaint } from '../base/errors.ts';
import { DAY_SEC, type UnixSeconds } from '../base/time.ts';
import { normaliseScopes, unknownScopes } from '../catalogue/scopes/scopes.ts';
import type { Policy, TokenKind } from './model.ts';
import { nameTextProblem } from './names.ts';
import { MAX_LIFETIME_DAYS, MIN_LIFETIME_DAYS, shortestCap } from './policy.ts';
import { checkRefRules, type RefPlaceholders, type RefRuleDraft } from './refs/ref-rule-text.ts';
import type { RefRule } from './refs/ref-rules.ts';

export const MAX_NAME_LENGTH = 40;
/** GitHub gives classic notes and GitLab gives names more room; both store them in a 255-character column. */
export const MAX_NOTE_LENGTH = 255;
export const MAX_DESCRIPTION_LENGTH = 1024;
const MAX_ALLOWED_ADDRESSES = 50;
export const MAX_USES = 1_000_000_000;
export const DEFAULT_LIFETIME_DAYS = 30;

/** When a new token ends. */
export interface ExpiryDraft {
  /** 1–366; null = no end; undefined = the default: 30 days, or the cap of the policies if that is less. */
  readonly expiresInDays?: number | null | undefined;
  /** Instead of a number of days: an instant. GitLab's tokens end at 00:00 UTC of a date. */
  readonly expiresAt?: UnixSeconds | undefined;
}

/** Collects complaints. `plan` is built only when there are none. */
export class Complaints {
  readonly list: Complaint[] = [];
  add(field: string | null, code: Complaint['code'], message: string): void {
    this.list.push({ field, code, message });
  }
}

export function checkName(kind: TokenKind, name: string, taken: boolean, complaints: Complaints): void {
  const max = kind === 'fine-grained' ? MAX_NAME_LENGTH : MAX_NOTE_LENGTH;
  const unseen = nameTextProblem("A token's name", name);
  if (name === '') complaints.add('name', 'missing_field', 'A token needs a name.');
  else if (name.length > max) complaints.add('name', 'invalid', `A token's name has at most ${max} characters.`);
  else if (unseen !== null) complaints.add('name', 'invalid', unseen);
  else if (taken) complaints.add('name', 'already_exists', `You already have a token named ${name}.`);
}

export function checkDescription(description: string, complaints: Complaints): void {
  if (description.length > MAX_DESCRIPTION_LENGTH)
    complaints.add('description', 'invalid', `A description has at most ${MAX_DESCRIPTION_LENGTH} characters.`);
}

/** The scopes of a classic or scoped token, as they are stored. */
export function checkScopes(kind: TokenKind, chosen: readonly string[], complaints: Complaints): readonly string[] {
  const dialect = kind === 'classic' ? 'classic' : 'scoped';
  const unknown = unknownScopes(dialect, chosen);
  if (unknown.length > 0)
    complaints.add(
      'scopes',
      'invalid',
      `Unknown scope${unknown.length > 1 ? 's' : ''}: ${unknown.map((scope) => scope.slice(0, 60)).join(', ')}.`,
    );
  if (dialect === 'scoped' && chosen.length === 0) complaints.add('scopes', 'missing', 'Choose at least one scope.');
  return unknown.length > 0 ? [] : normaliseScopes(dialect, chosen);
}

/** When a token ends; null = never. */
export function checkExpiry(
  draft: ExpiryDraft,
  capDays: number | null,
  at: UnixSeconds,
  complaints: Complaints,
): UnixSeconds | null {
  if (draft.expiresAt !== undefined) return checkExpiryInstant(draft.expiresAt, capDays, at, complaints);
  const days =
    draft.expiresInDays === undefined
      ? Math.min(DEFAULT_LIFETIME_DAYS, capDays ?? DEFAULT_LIFETIME_DAYS)
      : draft.expiresInDays;
  if (days === null) {
    if (capDays !== null)
      complaints.add('expires_in', 'invalid', `A policy caps the life of this token: choose 1 to ${capDays} days.`);
    return null;
  }
  if (!Number.isInteger(days) || days < MIN_LIFETIME_DAYS || days > MAX_LIFETIME_DAYS)
    complaints.add(
      'expires_in',
      'invalid',
      `An expiration is a whole number of days from ${MIN_LIFETIME_DAYS} to ${MAX_LIFETIME_DAYS}, or none.`,
    );
  else if (capDays !== null && days > capDays)
    complaints.add('expires_in', 'invalid', `A policy caps the life of this token at ${capDays} days.`);
  return at + days * DAY_SEC;
}

function checkExpiryInstant(
  expiresAt: UnixSeconds,
  capDays: number | null,
  at: UnixSeconds,
  complaints: Complaints,
): UnixSeconds {
  const longest = (capDays ?? MAX_LIFETIME_DAYS) * DAY_SEC;
  if (!Number.isInteger(expiresAt) || expiresAt <= at)
    complaints.add('expires_at', 'invalid', 'The expiration lies in the past.');
  else if (expiresAt - at > longest)
    complaints.add(
      'expires_at',
      'invalid',
      `The expiration lies more than ${capDays ?? MAX_LIFETIME_DAYS} days ahead.`,
    );
  return expiresAt;
}

export function checkNotBefore(
  notBeforeAt: UnixSeconds | null,
  expiresAt: UnixSeconds | null,
  complaints: Complaints,
): UnixSeconds | null {
  if (notBeforeAt !== null && (!Number.isInteger(notBeforeAt) || notBeforeAt < 0))
    complaints.add('not_before', 'invalid', 'Not-before is a day or an instant, such as 2027-01-31.');
  else if (notBeforeAt !== null && expiresAt !== null && notBeforeAt >= expiresAt)
    complaints.add('not_before', 'invalid', 'Not-before lies after the expiration: the token would never work.');
  return notBeforeAt;
}

export function checkAddresses(blocks: readonly string[] | null, complaints: Complaints): readonly string[] | null {
  if (blocks === null || blocks.length === 0) return null;
  if (blocks.length > MAX_ALLOWED_ADDRESSES)
    complaints.add('allowed_addresses', 'invalid', `An address list has at most ${MAX_ALLOWED_ADDRESSES} entries.`);
  for (const block of blocks)
    if (parseBlock(block) === null)
      complaints.add('allowed_addresses', 'invalid', `${block.slice(0, 60)} is neither an address nor a CIDR block.`);
  return blocks.map((block) => block.trim());
}

export function checkUses(uses: number | null, complaints: Complaints): number | null {
  if (uses !== null && (!Number.isInteger(uses) || uses < 1 || uses > MAX_USES))
    complaints.add('uses_left', 'invalid', `A use limit is a whole number from 1 to ${MAX_USES}.`);
  return uses;
}

/** The ref rules as they are stored; null = any ref. */
export function checkRefs(
  drafts: readonly RefRuleDraft[] | null,
  placeholders: RefPlaceholders,
  complaints: Pick<Complaints, 'add'>,
): readonly RefRule[] | null {
  const checked = checkRefRules(drafts, placeholders);
  if (checked.ok) return checked.rules;
  for (const problem of checked.problems) complaints.add('ref_rules', 'invalid', problem);
  return null;
}

/** The shortest cap, in days, of the policies that bind a token of this kind; null = none. */
export function capOf(kind: TokenKind, policies: readonly Policy[], isAdmin: boolean): number | null {
  const bound = policies.filter((policy) => !(policy.exemptAdministrators && isAdmin));
  return shortestCap(bound.map((policy) => policy.kinds[kind].maxLifetimeDays));
}
