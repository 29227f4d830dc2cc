/**
 * What works of a grant or of scopes, in sentences, and why the rest doesn't. `right-sentence.ts` puts them together.
 */
import { DAY_SEC, spokenInstant, type UnixSeconds } from '../../base/time.ts';
import type { PermissionSet } from '../../catalogue/permissions.ts';
import { listed } from '../../catalogue/refusals/links.ts';
import type { OwnerRecord } from '../model.ts';
import { type Extent, type GrantEffect, hasEffect, type Obstacle, type RightToken } from './effective-right.ts';
import { deedWords, type GrantFacts, grantWords, place, repositories, someRepositories } from './reach-words.ts';
import type { ScopeEffect } from './standings.ts';

/** Turns an action into "the token may do it". */
export type Can = (words: string) => string;

type Told = Pick<RightToken, 'kind' | 'issuedAt' | 'expiresAt'>;

/** An active grant: what works of it, and what keeps the rest from working. */
export function activeGrantSentences(
  grant: GrantFacts,
  effect: GrantEffect,
  can: Can,
  why: (obstacle: Obstacle) => string,
): string[] {
  const { inRepositories, elsewhere } = effect;
  if (!hasEffect(effect)) {
    const obstacles = [...inRepositories, ...(elsewhere === null ? [] : [elsewhere])].flatMap(
      ({ obstacle }) => obstacle ?? [],
    );
    if (obstacles.length === 0) return [can(grantWords(grant))];
    return [`May ${grantWords(grant)}, but nothing now: ${listed([...new Set(obstacles)].map(why))}.`];
  }
  const only = inRepositories.length === 1;
  const where = (extent: Extent): string => (only ? repositories(grant) : someOf(grant, extent));
  const [, ofOwner] = deedWords(elsewhere?.permissions ?? {});
  const works = [
    ...inRepositories.flatMap((extent) => {
      const [deeds] = deedWords(extent.permissions);
      return deeds === null ? [] : [`${deeds} in ${where(extent)}`];
    }),
    ...(ofOwner === null ? [] : [`${ofOwner} of ${place(grant)}`]),
  ];
  const lacks = [
    ...inRepositories.flatMap((extent) =>
      extent.obstacle === null ? [] : [lackWords(extent.permissions, `in ${where(extent)}`, why(extent.obstacle))],
    ),
    ...(elsewhere === null || elsewhere.obstacle === null
      ? []
      : [lackWords(elsewhere.permissions, `for ${place(grant)}`, why(elsewhere.obstacle))]),
  ];
  return [can(works.join('; ')), ...lacks];
}

/** Some of the repositories of a grant, inside a sentence: by name where all names are known. */
export function someOf(
  grant: GrantFacts,
  { repositories: records, count }: Pick<Extent, 'repositories' | 'count'>,
): string {
  const names = records.map(({ name }) => name).sort();
  return someRepositories(grant, count, names.length === count && !names.includes('') ? names : []);
}

function lackWords(works: PermissionSet, where: string, clause: string): string {
  return Object.keys(works).length === 0
    ? `Nothing works ${where}: ${clause}.`
    : `More was granted ${where}, but ${clause}.`;
}

/** Owners to explain one by one. The rest are counted. */
const MAX_EXPLAINED = 3;
/** The words of a deed after which the number of repositories stands. */
const EVERY_REPOSITORY = 'every repository that you can';

/** A classic or scoped token: what works of it, and which owners keep it out. */
export function scopeSentences(
  token: Told,
  deeds: string,
  effect: ScopeEffect,
  can: Can,
  takenBackAt: ReadonlyMap<number, UnixSeconds>,
): string[] {
  const { repositories: count, obstacles, works } = effect;
  const clause = ({ owner, reason }: ScopeEffect['obstacles'][number]): string => obstacleWords(reason, owner, token);
  if (!works && obstacles.length > 0) {
    const clauses = [...new Set(obstacles.map(clause))];
    const rest = clauses.length - MAX_EXPLAINED;
    const told = rest > 0 ? [...clauses.slice(0, MAX_EXPLAINED), `${rest} more`] : clauses;
    return [`May ${deeds}, but nothing now: ${listed(told)}.`];
  }
  const inline = deeds.includes(EVERY_REPOSITORY);
  const today = count === 0 ? 'none today' : `${count} today`;
  const said = inline && count !== null ? deeds.replace(EVERY_REPOSITORY, `${EVERY_REPOSITORY}, ${today}`) : deeds;
  const rest = obstacles.length - MAX_EXPLAINED;
  return [
    can(said),
    ...(inline || count === null ? [] : [`That is ${repositoriesToday(count)} today.`]),
    ...obstacles.slice(0, MAX_EXPLAINED).map((obstacle) => {
      const { owner, reason } = obstacle;
      if (reason !== 'grant_revoked') return `Nothing in ${owner.login} now: ${clause(obstacle)}.`;
      return `Could in ${owner.login}, too, until ${owner.login} revoked it${on(takenBackAt.get(owner.id))}.`;
    }),
    ...(rest > 0 ? [`Nothing in ${rest} more ${rest === 1 ? 'organization' : 'organizations'}.`] : []),
  ];
}

function repositoriesToday(count: number): string {
  if (count === 0) return 'no repository of yours';
  return count === 1 ? 'one repository' : `${count} repositories`;
}

/** ` on 12 Nov 2026, 09:14 UTC`, or nothing where that isn't known. */
export function on(at: UnixSeconds | null | undefined): string {
  return at == null ? '' : ` on ${spokenInstant(at)}`;
}

/** Why something doesn't work, as a clause. @param owner null where the owner is out of reach */
export function obstacleWords(obstacle: Obstacle, owner: OwnerRecord | null, token: Told): string {
  const policy = owner?.policy.kinds[token.kind];
  const who = (decidedBy: 'organization' | 'instance' | undefined): string =>
    decidedBy === 'organization' && owner?.kind === 'organization' ? owner.login : 'this server';
  switch (obstacle) {
    case 'classic_forbidden':
    case 'scoped_forbidden':
    case 'fine_grained_forbidden':
      return `${who(policy?.decidedBy)} forbids ${token.kind} tokens`;
    case 'lifetime_over_policy':
      return (
        `${who(policy?.capDecidedBy)} allows a life of at most ${days(policy?.maxLifetimeDays ?? 0)}, and ` +
        lifeWords(token)
      );
    case 'sso_not_authorized':
      return `it isn't authorized for single sign-on${owner === null ? '' : ` at ${owner.login}`}`;
    case 'two_factor_required':
      return `${who(owner?.policy.twoFactorDecidedBy)} requires a second factor, which you don't have`;
    case 'grant_revoked':
      return `${owner?.login ?? 'its owner'} revoked it`;
    case 'repository_moved':
      return 'what it was granted for has another owner now';
    case 'token_derived':
      return 'a derived token changes nothing that outlasts it';
    case 'token_for_other_resource':
      return 'it is only for one service';
    case 'repository_archived':
      return 'what is archived can only be read';
    case 'role_insufficient':
      return 'your own role allows no more';
    case 'not_found':
    case 'public_only':
      return 'you have no access there yourself';
    default:
      return 'it is refused there';
  }
}

function lifeWords({ issuedAt, expiresAt }: Told): string {
  return expiresAt === null
    ? 'this one never ends'
    : `this one lives for ${days(Math.ceil((expiresAt - issuedAt) / DAY_SEC))}`;
}

function days(count: number): string {
  return count === 1 ? '1 day' : `${count} days`;
}
