/**
 * Derived tokens: what they leave of the token that they come from, and who may derive what.
 *
 * A derived token is short, narrower or equal, and dead the moment the other one is. It is stored as what it leaves
 * out; its rights are worked out from what the person's token has today.
 * Invariant: what is left is never more than today's rights of the person's token, whatever is stored.
 */
import { includesBlock } from '../base/address.ts';
import { DAY_SEC, HOUR_SEC, MINUTE_SEC, type UnixSeconds } from '../base/time.ts';
import {
  atLeast,
  type Level,
  type PermissionName,
  type PermissionSet,
  permissionNamed,
  wholeOf,
} from '../catalogue/permissions.ts';
import { normaliseScopes, scopesInclude, unknownScopes } from '../catalogue/scopes/scopes.ts';
import type { Derivation, Grant, TokenRecord } from './model.ts';
import { nameTextProblem } from './names.ts';
import { addressesWithin } from './reach.ts';
import { rulesWithin } from './refs/ref-inclusion.ts';
import type { RefRuleDraft } from './refs/ref-rule-text.ts';
import { BRANCHES, type RefRule } from './refs/ref-rules.ts';
import { type Complaints, checkAddresses, checkRefs, MAX_NAME_LENGTH } from './token-limits.ts';
import type { Workload } from './workload-claims.ts';

/** How long a derived token lives: at least, by default, at most. */
const MIN_DERIVED_SEC = MINUTE_SEC;
const DEFAULT_DERIVED_SEC = HOUR_SEC;
const MAX_DERIVED_SEC = DAY_SEC;
/** From a person's token, and once more from that. */
export const MAX_DERIVED_DEPTH = 2;
/** Living ones of one token of a person, both levels together. */
export const MAX_DERIVED = 5_000;
export const MAX_DERIVED_REPOSITORIES = 100;
/** Longest name of an agent, and of its session. */
const MAX_AGENT_LENGTH = 64;

/** What is left of the rights of a person's token; null = all of that kind. */
export interface Narrowing {
  /** At most these, towards everybody. */
  readonly permissions: PermissionSet | null;
  /** Only these repositories, and nothing that is no repository. */
  readonly repositoryIds: readonly number[] | null;
  readonly scopes: readonly string[] | null;
  readonly refRules: readonly RefRule[] | null;
  readonly allowedAddresses: readonly string[] | null;
  readonly resource?: string | null;
}

/** The narrowable rights of a token. */
type Rights = Pick<TokenRecord, 'kind' | 'scopes' | 'grants' | 'refRules' | 'allowedAddresses'>;

/** Where the rules of a token no longer hold those of its derived one, that one moves nothing. */
const NOWHERE: readonly RefRule[] = [{ pattern: `${BRANCHES}**`, allow: [] }];

const dialectOf = (kind: TokenRecord['kind']): 'classic' | 'scoped' => (kind === 'scoped' ? 'scoped' : 'classic');

/** The scopes that are left. */
export function narrowedScopes({ kind, scopes }: Pick<Rights, 'kind' | 'scopes'>, wanted: Narrowing['scopes']) {
  return wanted === null ? scopes : wanted.filter((scope) => scopesInclude(dialectOf(kind), scopes, scope));
}

/** The grants that are left. Repositories are judged apart: `public` and a list can't be one selection. */
export function narrowedGrants(grants: readonly Grant[], { permissions }: Narrowing): readonly Grant[] {
  if (permissions === null) return grants;
  return grants.map((grant) => ({ ...grant, permissions: capped(grant.permissions, permissions) }));
}

/** At most what both allow. A part of a permission counts as the whole in the cap. */
function capped(held: PermissionSet, cap: PermissionSet): PermissionSet {
  const left: Partial<Record<PermissionName, Level>> = {};
  for (const [name, level] of Object.entries(held) as [PermissionName, Level][]) {
    const most = name === 'metadata' ? level : (cap[name] ?? cap[wholeOf(name)]);
    if (most !== undefined) left[name] = atLeast(level, most) ? most : level;
  }
  return left;
}

export function narrowedRefRules(held: Rights['refRules'], wanted: Narrowing['refRules']): Rights['refRules'] {
  if (wanted === null) return held;
  return rulesWithin(wanted, held) ? wanted : NOWHERE;
}

/** Blocks are within one another or apart, so what two lists have in common is a list. */
export function narrowedAddresses(held: Rights['allowedAddresses'], wanted: Rights['allowedAddresses']) {
  if (held === null || wanted === null) return held ?? wanted;
  const common = [
    ...wanted.filter((block) => includesBlock(held, block)),
    ...held.filter((block) => includesBlock(wanted, block)),
  ];
  return [...new Set(common)];
}

/** A derived token as it is stored. */
export interface DerivedFacts {
  readonly id: number;
  readonly parentId: number | null;
  readonly createdAt: UnixSeconds;
  readonly expiresAt: UnixSeconds;
  readonly agent: string | null;
  readonly session: string | null;
  /** Who runs, when an issuer told it; null = it was derived with a token. */
  readonly workload: Workload | null;
  readonly narrowing: Narrowing;
}

/** What decisions know of it, beside what is left of the rights. @param root the person's token */
export function derivationOf(
  root: Derivation['root'],
  { id, parentId, createdAt, expiresAt, agent, session, workload, narrowing }: DerivedFacts,
): Derivation {
  const { permissions, repositoryIds } = narrowing;
  const { name, kind } = root;
  // Nobody has the secret behind a workload's token, so what lives is this one alone, and is over soon.
  const life = workload === null ? root : { issuedAt: createdAt, expiresAt };
  return {
    id,
    lineage: parentId === null ? [id] : [id, parentId],
    issuedAt: createdAt,
    agent,
    session,
    repositoryIds: repositoryIds === null ? null : new Set(repositoryIds),
    resource: narrowing.resource ?? null,
    isNarrowed: permissions !== null || repositoryIds !== null,
    root: { name, kind, issuedAt: life.issuedAt, expiresAt: life.expiresAt },
  };
}

/** What is asked for. Names of repositories have been looked up. */
export interface DerivationDraft {
  readonly name?: string | undefined;
  readonly expiresInSec?: number | undefined;
  readonly permissions?: Readonly<Record<string, string>> | undefined;
  readonly repositoryIds?: readonly number[] | undefined;
  readonly scopes?: readonly string[] | undefined;
  readonly refRules?: readonly RefRuleDraft[] | null | undefined;
  readonly allowedAddresses?: readonly string[] | null | undefined;
  readonly agent?: string | undefined;
  readonly session?: string | undefined;
  readonly resource?: string | null | undefined;
}

/** Who asks. */
export interface Deriving {
  /** The token that asks, itself derived or not. */
  readonly from: TokenRecord;
  /** What it is narrowed by already. */
  readonly narrowing: Narrowing;
  readonly login: string;
}

/** Of a person's own token. */
export const NOT_NARROWED: Narrowing = {
  permissions: null,
  repositoryIds: null,
  scopes: null,
  refRules: null,
  allowedAddresses: null,
};

export interface DerivationPlan {
  readonly name: string;
  readonly agent: string | null;
  readonly session: string | null;
  readonly expiresAt: UnixSeconds;
  readonly narrowing: Narrowing;
}

/**
 * The derived token that a draft makes from one that lives; complaints about everything that is wrong, or would be more
 * than that one has. A life beyond that one's own is cut to it.
 */
export function planDerivation(
  { from, narrowing, login }: Deriving,
  draft: DerivationDraft,
  at: UnixSeconds,
  complaints: Complaints,
): DerivationPlan {
  const agent = told('agent', draft.agent, from.derived?.agent ?? null, complaints);
  const session = told('session', draft.session, from.derived?.session ?? null, complaints);
  const name = (draft.name ?? '').trim() || (agent ?? from.name).slice(0, MAX_NAME_LENGTH);
  const unseen = nameTextProblem("A token's name", name);
  if (name.length > MAX_NAME_LENGTH)
    complaints.add('name', 'invalid', `A derived token's name has at most ${MAX_NAME_LENGTH} characters.`);
  else if (unseen !== null) complaints.add('name', 'invalid', unseen);
  const refRules = checkRefs(draft.refRules ?? null, { token: name, login }, complaints);
  if (refRules !== null && !rulesWithin(refRules, from.refRules))
    complaints.add('ref_rules', 'unprocessable', 'A derived token can push to no other refs, and in no more ways.');
  const allowedAddresses = checkAddresses(draft.allowedAddresses ?? null, complaints);
  const atMost = allowedAddresses ?? from.allowedAddresses;
  if (complaints.list.length === 0 && !addressesWithin(from.allowedAddresses, atMost))
    complaints.add('allowed_addresses', 'unprocessable', 'A derived token can be used from no other addresses.');
  return {
    name,
    agent,
    session,
    expiresAt: endOf(draft.expiresInSec, from.expiresAt, at, complaints),
    narrowing: {
      permissions: permissionsOf(from, draft.permissions, narrowing.permissions, complaints),
      repositoryIds: repositoriesOf(draft.repositoryIds, narrowing.repositoryIds, complaints),
      scopes: scopesOf(from, draft.scopes, complaints) ?? narrowing.scopes,
      refRules: refRules ?? narrowing.refRules,
      allowedAddresses: allowedAddresses ?? narrowing.allowedAddresses,
      resource: narrowing.resource ?? draft.resource ?? null,
    },
  };
}

/** What is told once stays: an agent that hands on a part of its rights can't pass for another. */
function told(
  field: 'agent' | 'session',
  asked: string | undefined,
  before: string | null,
  complaints: Complaints,
): string | null {
  const text = (asked ?? '').trim();
  if (text === '') return before;
  const subject = field === 'agent' ? "An agent's name" : "A session's name";
  const unseen = nameTextProblem(subject, text);
  if (text.length > MAX_AGENT_LENGTH)
    complaints.add(field, 'invalid', `${subject} has at most ${MAX_AGENT_LENGTH} characters.`);
  else if (unseen !== null) complaints.add(field, 'invalid', unseen);
  else if (before !== null && before !== text)
    complaints.add(field, 'unprocessable', `The token that asks was derived for another ${field}, which stays.`);
  return text;
}

function endOf(
  seconds: number = DEFAULT_DERIVED_SEC,
  latest: UnixSeconds | null,
  at: UnixSeconds,
  complaints: Complaints,
): UnixSeconds {
  if (!Number.isInteger(seconds) || seconds < MIN_DERIVED_SEC || seconds > MAX_DERIVED_SEC)
    complaints.add(
      'expires_in',
      'invalid',
      `A derived token lives ${MIN_DERIVED_SEC} to ${MAX_DERIVED_SEC} seconds; left out, ${DEFAULT_DERIVED_SEC}.`,
    );
  return Math.min(at + seconds, latest ?? Number.MAX_SAFE_INTEGER);
}

function permissionsOf(
  { grants }: TokenRecord,
  asked: DerivationDraft['permissions'],
  before: PermissionSet | null,
  complaints: Complaints,
): PermissionSet | null {
  if (asked === undefined) return before;
  const chosen: Partial<Record<PermissionName, Level>> = {};
  for (const [name, word] of Object.entries(asked)) {
    const known = permissionNamed(name);
    const level = known?.levels.find((each) => each === word);
    if (known === undefined || level === undefined)
      complaints.add('permissions', 'invalid', `There is no permission ${name.slice(0, 60)}: ${word.slice(0, 20)}.`);
    else if (!grants.some(({ state, permissions }) => state === 'active' && holdsSome(permissions, known.name, level)))
      complaints.add('permissions', 'unprocessable', `The token that asks does not have ${name}: ${level} itself.`);
    else chosen[known.name as PermissionName] = level;
  }
  return chosen;
}

function holdsSome(held: PermissionSet, name: string, level: Level): boolean {
  return (Object.entries(held) as [PermissionName, Level][]).some(
    ([each, has]) => wholeOf(each) === name && atLeast(has, level),
  );
}

function repositoriesOf(
  asked: readonly number[] | undefined,
  before: readonly number[] | null,
  complaints: Complaints,
): readonly number[] | null {
  if (asked === undefined) return before;
  if (asked.length === 0)
    complaints.add('repositories', 'invalid', 'Name at least one repository, or leave repositories out.');
  return before === null ? asked : asked.filter((id) => before.includes(id));
}

function scopesOf(
  { kind, scopes }: TokenRecord,
  asked: readonly string[] | undefined,
  complaints: Complaints,
): readonly string[] | null {
  if (asked === undefined) return null;
  if (kind === 'fine-grained') {
    complaints.add('scopes', 'invalid', 'A token derived from a fine-grained one has permissions, not scopes.');
    return null;
  }
  const dialect = dialectOf(kind);
  const unknown = unknownScopes(dialect, asked);
  const beyond = asked.filter((scope) => !unknown.includes(scope) && !scopesInclude(dialect, scopes, scope));
  for (const scope of unknown) complaints.add('scopes', 'invalid', `There is no scope ${scope.slice(0, 60)}.`);
  for (const scope of beyond)
    complaints.add('scopes', 'unprocessable', `The token that asks does not have the scope ${scope} itself.`);
  return unknown.length + beyond.length > 0 ? [] : normaliseScopes(dialect, asked);
}
