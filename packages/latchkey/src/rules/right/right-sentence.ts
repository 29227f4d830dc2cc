/**
 * What a token may do today, in sentences: the first thing that a person reads of it, everywhere.
 *
 * Invariant: "can" is said only of what `decide` allows: of what the token was granted, the part that its owner may do
 * today, that the policies let through, and that the owners of resources decided for. Addresses are said beside it.
 */
import { spokenInstant, type UnixSeconds } from '../../base/time.ts';
import { listed } from '../../catalogue/refusals/links.ts';
import type { Grant } from '../model.ts';
import { refRuleWords } from '../refs/ref-rule-text.ts';
import type { RefRule } from '../refs/ref-rules.ts';
import { isOver, type TokenState } from '../token-state.ts';
import { activeGrantSentences, type Can, obstacleWords, on, scopeSentences } from './effect-words.ts';
import { effectOfGrant, effectOfScopes, hasEffect, isBeyondPublic, type RightToken } from './effective-right.ts';
import { type AskedFor, askedWords, type GrantFacts, grantWords, heldWords, reachWords } from './reach-words.ts';
import type { RightWorld } from './standings.ts';

/** A grant, with what was decided about it. */
export interface RightGrant extends Grant, GrantFacts {
  /** The pending request: what the token would get there, or get in addition. Null when there is none. */
  readonly request: AskedFor | null;
  /** When an organization approved, denied or revoked it; null where that isn't known. */
  readonly decidedAt: UnixSeconds | null;
}

/** A token, as far as its sentences need it. */
export interface RightFacts extends RightToken {
  readonly state: TokenState;
  readonly grants: readonly RightGrant[];
  /** When organizations took away the access of a classic or scoped token, by their ids. */
  readonly takenBackAt: ReadonlyMap<number, UnixSeconds>;
  readonly refRules: readonly RefRule[] | null;
  readonly world: RightWorld;
}

/** The reader of the sentences: the token's owner, somebody else, or who manages the machine account that it is of. */
export type Reader = 'owner' | 'other' | 'keeper';

/**
 * One or more sentences, each with its full stop.
 * @param within only what it does with this owner, by id; left out = everything
 */
export function rightSentence(token: RightFacts, reader: Reader, within?: number): string {
  const told = within === undefined ? token : { ...token, grants: token.grants.filter((g) => g.ownerId === within) };
  return toldTo(reader, sentencesOf(told, within ?? null).join(' '));
}

/** Words about a person's own things, worded for this reader. */
export function toldTo(reader: Reader, words: string): string {
  if (reader === 'owner') return words;
  if (reader === 'keeper')
    return words
      .replaceAll(/\byou have\b/g, 'the machine has')
      .replaceAll(/\byou don't\b/g, "the machine doesn't")
      .replaceAll(/\byou\b/g, 'the machine')
      .replaceAll(/\byours?\b/g, "the machine's")
      .replaceAll(/\byourself\b/g, 'itself');
  return words
    .replaceAll(/\byou\b/g, 'they')
    .replaceAll(/\byour\b/g, 'their')
    .replaceAll(/\byours\b/g, 'theirs')
    .replaceAll(/\byourself\b/g, 'themselves');
}

/** True when at least one thing works that the token was granted; what everybody may read doesn't count. */
export function worksToday(token: RightFacts): boolean {
  if (!isByGrants(token)) return effectOfScopes(token.world, token, null).works;
  // Without a permission it is for what everybody may read, and does that.
  const isForPublic = ({ state, permissions }: RightGrant): boolean =>
    state === 'active' && Object.keys(permissions).length === 0;
  return token.grants.length === 0 || token.grants.some((grant) => isForPublic(grant) || worksNow(token, grant));
}

/** True for a token whose right is told grant by grant: by scopes, unless a list of repositories is left of them. */
function isByGrants({ kind, derivation }: RightFacts): boolean {
  return kind === 'fine-grained' || (derivation !== undefined && derivation.facts.repositoryIds !== null);
}

/** What it was made for, within what its owner may do. */
function reachOf(token: RightFacts): string {
  const { kind, scopes, grants, derivation } = token;
  if (isByGrants(token)) return reachWords('fine-grained', scopes, grants);
  return derivation?.facts.isNarrowed === true ? heldWords(derivation.held) : reachWords(kind, scopes, grants);
}

/** True when something works with this owner, beside what everybody may read. */
export function worksWithin(token: RightFacts, ownerId: number): boolean {
  if (isOver(token.state)) return false;
  if (isByGrants(token))
    return token.grants.some(
      (grant) =>
        grant.ownerId === ownerId &&
        grant.state === 'active' &&
        isBeyondPublic(effectOfGrant(token.world, token, grant)),
    );
  const { works, repositories } = effectOfScopes(token.world, token, ownerId);
  return works && repositories !== 0;
}

function worksNow(token: RightFacts, grant: RightGrant): boolean {
  return grant.state === 'active' && hasEffect(effectOfGrant(token.world, token, grant));
}

function sentencesOf(token: RightFacts, within: number | null): string[] {
  const { state, notBeforeAt } = token;
  const reach = reachOf(token);
  if (isOver(state)) return [`Could ${reach} until it ${endOf(token)}.`];
  const limits = limitSentences(token);
  if (state === 'account_locked')
    return [`Could ${reach}, but is frozen until its owner has unlocked the account.`, ...limits];
  if (state === 'owner_suspended') return [`Could ${reach}, but nothing while its owner is suspended.`, ...limits];
  if (state === 'owner_disabled_by_provider')
    return [`Could ${reach}, but nothing while an identity provider has disabled its owner.`, ...limits];
  const can: Can =
    state === 'not_yet_valid' && notBeforeAt !== null
      ? (words) => `Will be able to ${words} from ${spokenInstant(notBeforeAt)}.`
      : (words) => `Can ${words}.`;
  return [...livingSentences(token, reach, can, within), ...limits];
}

function livingSentences(token: RightFacts, reach: string, can: Can, within: number | null): string[] {
  const { grants, world } = token;
  if (isByGrants(token)) {
    if (grants.length === 0) return [can('read public repositories')];
    const said = grants.flatMap((grant) => grantSentences(token, grant, can));
    if (grants.some((grant) => worksNow(token, grant))) return said;
    // A grant of public repositories may have said it already.
    return [...new Set([...said, publicSentence(grants, can)])];
  }
  const effect = effectOfScopes(world, token, within);
  const said = scopeSentences(token, reach, effect, can, token.takenBackAt);
  if (!effect.works) return [...said, can('read public repositories')];
  const keptOut = new Set(effect.obstacles.map(({ owner }) => owner.id));
  const limited = [...world.addressLimited].filter((id) => !keptOut.has(id) && (within === null || within === id));
  const atHome = new Set(world.standings.flatMap(({ owners }) => owners.map(({ id }) => id)));
  const names = limited.flatMap((id) => (atHome.has(id) ? (world.owners.get(id)?.login ?? []) : []));
  return [...said, ...(names.length === 0 ? [] : [addressSentence(names)])];
}

function grantSentences(token: RightFacts, grant: RightGrant, can: Can): string[] {
  const words = grantWords(grant);
  const owner = token.world.owners.get(grant.ownerId) ?? null;
  switch (grant.state) {
    case 'active': {
      const effect = effectOfGrant(token.world, token, grant);
      const said = activeGrantSentences(grant, effect, can, (obstacle) => obstacleWords(obstacle, owner, token));
      return [
        ...said,
        ...(grant.request === null ? [] : [`Asks ${grant.owner} for more: to ${askedWords(grant, grant.request)}.`]),
        ...(token.world.addressLimited.has(grant.ownerId) ? [addressSentence([grant.owner])] : []),
      ];
    }
    case 'pending':
      return [`Asks ${grant.owner} to ${words}${evenThen(token, grant)}.`];
    case 'denied':
      return [`Asked to ${words}, but ${grant.owner} said no${on(grant.decidedAt)}.`];
    case 'revoked':
      return [`Could ${words} until ${grant.owner} revoked it${on(grant.decidedAt)}.`];
  }
}

/** Owners to name. More are counted. */
const MAX_OWNERS = 3;

function addressSentence(names: readonly string[]): string {
  const [only] = names;
  if (only !== undefined && names.length === 1) return `In ${only} only from addresses that it allows.`;
  const told = names.length > MAX_OWNERS ? `${names.length} organizations` : listed(names);
  return `In ${told} only from addresses that they allow.`;
}

/** Why a request that waits would give nothing today even if it were approved; '' when it would give something. */
function evenThen(token: RightFacts, grant: RightGrant): string {
  const approved = { ...grant, state: 'active' } as const;
  const effect = effectOfGrant(token.world, { ...token, grants: [approved] }, approved);
  const [obstacle] = [...effect.inRepositories, effect.elsewhere].flatMap((each) => each?.obstacle ?? []);
  if (obstacle === undefined || hasEffect(effect)) return '';
  const owner = token.world.owners.get(grant.ownerId) ?? null;
  return `, but that would give it nothing now: ${obstacleWords(obstacle, owner, token)}`;
}

/** What every living token may do, for one that can do nothing else. */
function publicSentence(grants: readonly RightGrant[], can: Can): string {
  const words = can('read public repositories');
  if (!grants.some(({ state }) => state === 'pending')) return words;
  return `Until then: ${words.charAt(0).toLowerCase()}${words.slice(1)}`;
}

/** True for a grant that lets a token push, or asks to: of others, where pushes may go says too much. */
export function isForPushing({ permissions, request }: Pick<RightGrant, 'permissions' | 'request'>): boolean {
  return [permissions.contents, request?.permissions.contents].some((level) => level !== undefined && level !== 'read');
}

/** Address ranges to name. More are counted. */
const MAX_NAMED = 2;

function limitSentences(token: RightFacts): string[] {
  const { refRules, allowedAddresses, grants } = token;
  const pushes = !isByGrants(token) || grants.some(isForPushing) ? refRuleWords(refRules) : null;
  const from =
    allowedAddresses === null || allowedAddresses.length <= MAX_NAMED
      ? listed(allowedAddresses ?? [], 'or')
      : `${allowedAddresses.length} ranges of addresses`;
  return [...(pushes === null ? [] : [`May ${pushes}.`]), ...(allowedAddresses === null ? [] : [`Only from ${from}.`])];
}

function endOf({ state, revokedAt, expiresAt }: RightFacts): string {
  if (state === 'expired') return `ended${on(expiresAt)}`;
  if (state === 'used_up') return 'had no uses left';
  return state === 'replaced' ? `was replaced${on(revokedAt)}` : `was revoked${on(revokedAt)}`;
}
