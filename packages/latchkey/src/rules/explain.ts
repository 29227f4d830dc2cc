/**
 * Turns refusals into words: the cause, everything that is missing, and the remedy.
 *
 * Invariant: words about a token reach only the person who presented its secret. Words about a repository don't
 * depend on whether it exists, unless the bearer may see it.
 */

import { wholeOf } from '../catalogue/permissions.ts';
import { shown } from '../catalogue/refusals/links.ts';
import { machineRemedy } from '../catalogue/refusals/machines.ts';
import type { Remedy } from '../catalogue/refusals/refusal.ts';
import { REFUSALS, type Reason, type RefusalFacts } from '../catalogue/refusals/refusals.ts';
import { isVisible, type Refusal } from './decide.ts';
import type { MissingPermission, Policy, Question, Target, TokenKind, TokenRecord, UserRecord } from './model.ts';
import { namesNobody } from './names.ts';
import { objectionWords, shownRef } from './refs/ref-rule-text.ts';

export interface Explanation {
  /** The first refusal: it decides the status and the main sentence. */
  readonly reason: Reason;
  readonly sentence: string;
  /** The other refusals of the same stage, as sentences. */
  readonly also: readonly string[];
  /** Every reason of that stage, the first one first. */
  readonly reasons: readonly Reason[];
  readonly remedy: { readonly text: string; readonly url: string | null; readonly command: string | null };
  /** Permissions, by the names that people see. */
  readonly missing: readonly MissingPermission[];
  readonly missingScopes: readonly string[];
  /** True when the credential will never work again, so that a client should forget it. */
  readonly credentialIsDead: boolean;
  readonly retryAfterSec: number | null;
  /** The token that was refused, when there is one. */
  readonly tokenId: number | null;
  /** The token's scopes, when it is classic or scoped. */
  readonly tokenScopes: readonly string[];
  /** The owner of the credential; null when it belongs to nobody. */
  readonly userId: number | null;
  readonly facts: RefusalFacts;
}

/** What a rejection adds beyond the question. */
export interface ExtraFacts {
  readonly problem?: string | null;
  readonly product?: string | null;
  readonly retryAfterSec?: number | null;
  readonly paths?: readonly string[];
  readonly limit?: string;
  readonly approval?: RefusalFacts['approval'];
  readonly denialReason?: string | null;
}

/**
 * @param publicUrl the address of this instance, without a slash at the end
 * @param urlUsername the username sent with the token; it is ignored, but may name somebody else
 */
export function explain(
  publicUrl: string,
  question: Question,
  refusals: readonly [Refusal, ...Refusal[]],
  urlUsername: string | null,
  extra: ExtraFacts = {},
): Explanation {
  const [first] = refusals;
  const facts = factsOf(publicUrl, question, refusals, urlUsername, extra);
  const entry = REFUSALS[first.reason];
  const said = entry.remedy(facts);
  const remedy = machineRemedy(first.reason, facts, said) ?? remedyOfDerived(first.reason, facts, said);
  return {
    reason: first.reason,
    sentence: entry.sentence(facts),
    also: refusals.slice(1).map((refusal) => REFUSALS[refusal.reason].sentence(facts)),
    reasons: refusals.map((refusal) => refusal.reason),
    remedy: {
      text: remedy.text,
      url: remedy.url === undefined ? null : publicUrl + remedy.url,
      command: remedy.command ?? null,
    },
    missing: wholes(facts.missing),
    missingScopes: facts.missingScopes,
    credentialIsDead: entry.credentialIsDead,
    retryAfterSec: extra.retryAfterSec ?? null,
    tokenId: facts.tokenId,
    tokenScopes: question.bearer.via === 'token' ? question.bearer.token.scopes : [],
    userId: question.bearer.via === 'nobody' ? null : (question.bearer.user?.id ?? null),
    facts,
  };
}

/** What a person mends on a token of theirs, a program mends by deriving another. */
function remedyOfDerived(reason: Reason, { derivedFrom }: RefusalFacts, remedy: Remedy): Remedy {
  if (derivedFrom === null || !DERIVED_ANEW.has(reason)) return remedy;
  if (OVER.has(reason))
    return {
      text: `Derive another from "${shown(derivedFrom)}", if that one lives:`,
      command: 'latchkey token derive',
    };
  return { ...remedy, text: `Derive another from "${shown(derivedFrom)}". If that one lacks it, too:` };
}

const OVER: ReadonlySet<Reason> = new Set(['token_expired', 'token_revoked']);
const DERIVED_ANEW: ReadonlySet<Reason> = new Set([
  ...OVER,
  'address_not_allowed',
  'resource_owner_mismatch',
  'repository_not_selected',
  'permission_missing',
  'scope_missing',
  'ref_not_allowed',
  'workflow_permission_missing',
]);

function factsOf(
  publicUrl: string,
  question: Question,
  refusals: readonly Refusal[],
  urlUsername: string | null,
  extra: ExtraFacts,
): RefusalFacts {
  const { bearer, target } = question;
  const token = bearer.via === 'token' ? bearer.token : null;
  const login = bearer.via === 'nobody' ? null : (bearer.user?.login ?? null);
  const owner = target.kind === 'instance' ? null : target.owner;
  // About something that the bearer can't see, say only what was asked, as it was spelled.
  const ownerLogin = owner !== null && isVisible(question) ? owner.login : ownerPart(target);
  const kind = token === null ? null : (owner?.policy.kinds[token.kind] ?? null);
  return {
    instanceName: 'Latchkey',
    publicUrl,
    login,
    keeper: bearer.via === 'nobody' ? null : (bearer.user?.keeper ?? null),
    tokenKind: token?.kind ?? null,
    sshKey: bearer.via !== 'key' ? null : bearer.user === null ? 'deploy' : 'own',
    tokenId: token?.id ?? null,
    tokenName: token?.name ?? null,
    lastEight: token?.lastEight ?? null,
    derivedFrom: token?.derived?.root.name ?? null,
    resource: token?.derived?.resource ?? null,
    expiresAt: token?.expiresAt ?? null,
    notBeforeAt: token?.notBeforeAt ?? null,
    revokedAt: token?.revokedAt ?? null,
    revokedBy: token?.revokedBy ?? null,
    ownerLogin,
    ownerKind: owner?.kind ?? null,
    fullName: target.kind === 'instance' ? '' : target.fullName,
    missing: mergeMissing(refusals),
    needed: neededFor(question),
    missingScopes: [...new Set(refusals.flatMap((refusal) => refusal.missingScopes ?? []))],
    capDays: kind?.maxLifetimeDays ?? null,
    decidedBy: decidedBy(refusals[0]?.reason, owner?.policy, kind),
    product: extra.product ?? null,
    problem: extra.problem ?? null,
    address: question.address,
    retryAfterSec: extra.retryAfterSec ?? null,
    reaches: bearer.via === 'token' ? reachOf(bearer.token, bearer.user) : null,
    paths: extra.paths ?? [],
    limit: extra.limit ?? null,
    move: moveOf(token, refusals),
    approval: extra.approval ?? null,
    denialReason: extra.denialReason ?? null,
    urlUsername:
      urlUsername !== null &&
      login !== null &&
      !namesNobody(urlUsername) &&
      personIn(urlUsername) !== login.toLowerCase()
        ? urlUsername
        : null,
  };
}

function moveOf(token: TokenRecord | null, refusals: readonly Refusal[]): RefusalFacts['move'] {
  const objection = refusals.find((refusal) => refusal.objection !== undefined)?.objection;
  if (objection === undefined) return null;
  return {
    ref: shownRef(objection.ref),
    act: objection.act,
    because: `${objection.protection === undefined ? 'its ' : ''}${objectionWords(objection, token?.refRules ?? null)}`,
  };
}

/**
 * The person a username names. Ada's token 12 is stored under `ada+12`, so that one credential store can hold two
 * tokens.
 */
function personIn(username: string): string {
  return username.toLowerCase().replace(/\+\d+$/, '');
}

/** The owner as the request named it. The caller knows the name already, so it reveals nothing. */
function ownerPart(target: Target): string | null {
  return target.kind === 'instance' ? null : (target.fullName.split('/')[0] ?? null);
}

/** The first of the ways to meet the need. It reveals nothing about the target, only what was asked. */
function neededFor({ need }: Question): readonly MissingPermission[] {
  return (Object.entries(need.sets[0] ?? {}) as [MissingPermission['permission'], MissingPermission['level']][]).map(
    ([permission, level]) => ({ permission, level }),
  );
}

/**
 * Everything that is missing, each once, at the highest level that was needed. Parts stay parts, so that the advice can
 * name a scope that gives just those.
 */
function mergeMissing(refusals: readonly Refusal[]): readonly MissingPermission[] {
  const asked = refusals.filter((refusal) => refusal.reason !== 'role_insufficient' || refusals.length === 1);
  return onePerName(asked.flatMap((refusal) => refusal.missing ?? []));
}

/** The same, under the names that people know. */
function wholes(missing: readonly MissingPermission[]): readonly MissingPermission[] {
  return onePerName(missing.map(({ permission, level }) => ({ permission: wholeOf(permission), level })));
}

function onePerName(missing: readonly MissingPermission[]): readonly MissingPermission[] {
  const merged = new Map<string, MissingPermission>();
  for (const one of missing) {
    const known = merged.get(one.permission);
    if (known === undefined || known.level === 'read' || one.level === 'admin') merged.set(one.permission, one);
  }
  return [...merged.values()];
}

/** What a token reaches, in a few words, judged by the token alone. */
function reachOf(token: TokenRecord, user: UserRecord): string {
  if (token.kind !== 'fine-grained')
    return token.scopes.length === 0 ? 'public repositories only' : `what its scopes (${token.scopes.join(', ')}) open`;
  const selected = token.grants.reduce(
    (sum, grant) => sum + (grant.selection === 'selected' ? grant.repositoryIds.size : 0),
    0,
  );
  const all = token.grants.filter((grant) => grant.selection === 'all');
  if (all.length > 0)
    return `all repositories of ${all.every(({ ownerId }) => ownerId === user.id) ? user.login : 'its resource owner'}`;
  return selected === 0
    ? 'public repositories only'
    : `${selected} selected ${selected === 1 ? 'repository' : 'repositories'}`;
}

/** Who made the choice that is reported first. */
function decidedBy(
  reason: Reason | undefined,
  policy: Policy | undefined,
  kind: Policy['kinds'][TokenKind] | undefined | null,
): 'organization' | 'instance' | null {
  if (reason === 'two_factor_required') return policy?.twoFactorDecidedBy ?? null;
  return (reason === 'lifetime_over_policy' ? kind?.capDecidedBy : kind?.decidedBy) ?? null;
}
