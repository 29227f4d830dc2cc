/**
 * What a token may do today, in sentences: the first thing that a person reads of it, everywhere.
 *
 * Invariant: "can" is said only of what a request with the token could be allowed now, as far as the token, the
 * policies and the decisions of resource owners go. What its owner may do is named ("that you can reach"), not worked
 * out.
 */
import { spokenDate, type UnixSeconds } from '../base/time.ts';
import type { TokenKind } from './model.ts';
import { type GrantFacts, grantWords, reachWords } from './reach-words.ts';
import { refRuleWords } from './refs/ref-rule-text.ts';
import type { RefRule } from './refs/ref-rules.ts';
import { type GrantAccess, isOver, type TokenState } from './token-state.ts';

/** A grant, with what it gives today. */
export interface RightGrant extends GrantFacts {
  readonly access: GrantAccess;
  /** The pending request: what the token would get there, or get in addition. Null when there is none. */
  readonly request: object | null;
}

/** A token, as far as its sentences need it. */
export interface RightFacts {
  readonly kind: TokenKind;
  readonly scopes: readonly string[];
  readonly state: TokenState;
  readonly grants: readonly RightGrant[];
  /** Why policies block it, each reason a clause. */
  readonly blockedBy: readonly string[];
  /** Organizations that took away the access of a classic or scoped token. */
  readonly keptOutBy: readonly string[];
  readonly revokedAt: UnixSeconds | null;
  readonly expiresAt: UnixSeconds | null;
  readonly notBeforeAt: UnixSeconds | null;
  /** Left out = any ref. */
  readonly refRules?: readonly RefRule[] | null;
}

/** The reader of the sentences: the token's owner, or somebody else who looks at it. */
export type Reader = 'owner' | 'other';

/** One or more sentences, each with its full stop. */
export function rightSentence(token: RightFacts, reader: Reader): string {
  const pushes = isOver(token.state) ? null : refRuleWords(token.refRules ?? null);
  const sentences = [...sentencesOf(token), ...(pushes === null ? [] : [`May ${pushes}.`])];
  return toldTo(reader, sentences.join(' '));
}

/** Words about a person's own things, worded for this reader. */
export function toldTo(reader: Reader, words: string): string {
  return reader === 'owner' ? words : words.replaceAll(/\byou\b/g, 'they').replaceAll(/\byour\b/g, 'their');
}

function sentencesOf(token: RightFacts): string[] {
  const { state, notBeforeAt } = token;
  const reach = reachWords(token.kind, token.scopes, token.grants);
  if (isOver(state)) return [`Could ${reach} until it ${endOf(token)}.`];
  if (state === 'account_locked') return [`Could ${reach}, but is frozen until its owner has unlocked the account.`];
  if (state === 'owner_suspended') return [`Could ${reach}, but nothing while its owner is suspended.`];
  if (state !== 'not_yet_valid' || notBeforeAt === null) return livingSentences(token, (words) => `Can ${words}.`);
  return livingSentences(token, (words) => `Will be able to ${words} from ${spokenDate(notBeforeAt)}.`);
}

/** @param can turns an action into "the token may do it" */
function livingSentences(token: RightFacts, can: (words: string) => string): string[] {
  const { kind, scopes, state, grants, blockedBy, keptOutBy } = token;
  if (kind === 'fine-grained') {
    if (grants.length === 0) return [can('read public repositories')];
    const said = grants.map((grant) => grantSentence(grant, blockedBy, can));
    return grants.some(({ access }) => access === 'active') ? said : [...said, publicSentence(grants, can)];
  }
  const reach = reachWords(kind, scopes, []);
  if (state === 'blocked' || (state === 'not_yet_valid' && blockedBy.length > 0))
    return [blockedSentence(reach, blockedBy)];
  const keptOut = `Not in ${keptOutBy.join(', ')}, which took that back.`;
  return [can(reach), ...(keptOutBy.length === 0 ? [] : [keptOut])];
}

function grantSentence(grant: RightGrant, blockedBy: readonly string[], can: (words: string) => string): string {
  const words = grantWords(grant);
  switch (grant.access) {
    case 'active':
      return grant.request === null ? can(words) : `${can(words)} Asks ${grant.owner} for more.`;
    case 'pending':
      return `Asks ${grant.owner} to ${words}.`;
    case 'blocked':
      return blockedSentence(words, blockedBy);
    case 'denied':
      return `Asked to ${words}, but ${grant.owner} said no.`;
    case 'revoked':
      return `Could ${words} until ${grant.owner} took that back.`;
  }
}

function blockedSentence(words: string, blockedBy: readonly string[]): string {
  return `Could ${words}, but not now: ${blockedBy.join(', and ')}.`;
}

/** What every living token may do, for one that can do nothing else. */
function publicSentence(grants: readonly RightGrant[], can: (words: string) => string): string {
  const words = can('read public repositories');
  if (!grants.some(({ access }) => access === 'pending')) return words;
  return `Until then: ${words.charAt(0).toLowerCase()}${words.slice(1)}`;
}

function endOf({ state, revokedAt, expiresAt }: RightFacts): string {
  const on = (at: UnixSeconds | null): string => (at === null ? '' : ` on ${spokenDate(at)}`);
  if (state === 'expired') return `ended${on(expiresAt)}`;
  if (state === 'used_up') return 'had no uses left';
  return state === 'replaced' ? `was replaced${on(revokedAt)}` : `was revoked${on(revokedAt)}`;
}
