/**
 * Tokens as they are shown: names instead of ids, the state, what each grant allows, the last use. Pages, both REST
 * dialects and the command line read this one model; none of them judges a token itself.
 *
 * Invariant: a list of tokens costs a fixed number of queries, however many there are in the store. Never: a secret.
 */
import type { UnixSeconds } from '../../base/time.ts';
import { grantsOfScopes } from '../../rules/grant.ts';
import { type Grant, INSTANCE_OWNER, type Policy } from '../../rules/model.ts';
import { DELETED_ACCOUNT } from '../../rules/names.ts';
import { effectivePolicy, NO_POLICY, type StoredPolicy } from '../../rules/policy.ts';
import type { GrantFacts } from '../../rules/right/reach-words.ts';
import { type RightWorld, scopeKey } from '../../rules/right/standings.ts';
import {
  type GrantAccess,
  grantAccess,
  policyObjection,
  type TokenState,
  tokenState,
} from '../../rules/token-state.ts';
import { flagsWith } from '../../store/account-flags.ts';
import { type Account, accountsByIds } from '../../store/accounts.ts';
import type { Query } from '../../store/db.ts';
import { grantsOf, type StoredGrant } from '../../store/grants.ts';
import { ownersForMembers } from '../../store/memberships.ts';
import { storedPolicies } from '../../store/policies.ts';
import { type Repository, repositoriesByIds } from '../../store/repositories.ts';
import { pendingRequestsOf, type Request } from '../../store/requests.ts';
import { belongingsOf, givenRolesOf, repositoryClassesOf } from '../../store/standing-facts.ts';
import { standingOf, type TokenStanding } from '../../store/token-organizations.ts';
import type { Token } from '../../store/tokens.ts';
import { lastUses, type TokenUse } from '../../store/usage.ts';
import { INSTANCE_LOGIN } from './draft-world.ts';
import { ownersOfPeople, rightWorld, type StandingFacts } from './right-worlds.ts';

export type { Token, TokenState };

/** A grant with names in place of ids. */
export interface GrantView extends StoredGrant {
  /** A login; `instance` for the instance, `ghost` for a deleted account. */
  readonly owner: string;
  /** Null for the instance, and for a deleted account. */
  readonly ownerAccount: Account | null;
  readonly ownerKind: GrantFacts['ownerKind'];
  /** For selected repositories, those that still exist; without their owner. */
  readonly repositoryNames: readonly string[];
  /** What it gives today; `state` is what was decided about it. */
  readonly access: GrantAccess;
  /** The pending request about it, if there is one. */
  readonly request: WaitingRequest | null;
}

export interface WaitingRequest extends Request {
  /** Of the repositories that it names, those that still exist; without their owner. */
  readonly repositoryNames: readonly string[];
  /** Logins of people who can approve it; none after the requester has left the organization. */
  readonly approvers: readonly string[];
  /** When the requester last reminded them; null = never. */
  readonly remindedAt: UnixSeconds | null;
}

export interface TokenView extends Token {
  readonly owner: Account;
  readonly grants: readonly GrantView[];
  readonly state: TokenState;
  /** When organizations withdrew what it reaches there, by their ids; only for classic and scoped tokens. */
  readonly takenBackAt: ReadonlyMap<number, UnixSeconds>;
  readonly ssoOrganizationIds: ReadonlySet<number>;
  readonly excludedOrganizationIds: ReadonlySet<number>;
  /** Where its owner stands today: what `rightSentence` asks the decision about. */
  readonly world: RightWorld;
  readonly lastUse: TokenUse | null;
}

/** What tokens are shown with, read for all of them at once. */
interface Surroundings extends StandingFacts {
  readonly grants: ReadonlyMap<number, readonly StoredGrant[]>;
  readonly uses: ReadonlyMap<number, TokenUse>;
  readonly standing: ReadonlyMap<number, TokenStanding>;
  readonly requests: ReadonlyMap<number, Omit<WaitingRequest, 'repositoryNames'>>;
  readonly policies: ReadonlyMap<number, StoredPolicy>;
  /** Owners beside those that tokens and their people are about. */
  readonly alsoOwners: readonly number[];
}

/** Ids of owners and repositories that tokens are asked about though they name none of them. */
interface Also {
  readonly ownerIds?: readonly number[];
  readonly repositoryIds?: readonly number[];
}

/** What tokens are looked at with, beside what is stored of them. */
interface Beside extends Also {
  /** Policies in place of the stored ones, by their owners: what would be. */
  readonly supposed?: ReadonlyMap<number, StoredPolicy>;
}

interface BesideRead {
  readonly repositories: ReadonlyMap<number, Repository>;
  readonly ownerIds: readonly number[];
  readonly supposed: ReadonlyMap<number, StoredPolicy>;
}

/**
 * These tokens in full, in their order; without those whose person is gone. A few thousand tokens at most.
 * @param beside what sentences will be about beside that, and what is supposed
 */
export async function tokenViews(
  q: Query,
  tokens: readonly Token[],
  at: UnixSeconds,
  beside: Beside = {},
): Promise<TokenView[]> {
  if (tokens.length === 0) return [];
  const around = await surroundingsOf(q, tokens, at, {
    repositories: await repositoriesByIds(q, [...new Set(beside.repositoryIds)]),
    ownerIds: beside.ownerIds ?? [],
    supposed: beside.supposed ?? new Map(),
  });
  const grantOwners = new Set([
    ...[...around.grants.values()].flat().map(({ ownerId }) => ownerId),
    ...around.alsoOwners,
  ]);
  const worlds = new Map<number, RightWorld>();
  return tokens.flatMap((token) => {
    const owner = holderOf(around.accounts, token);
    if (owner === null) return [];
    const world = worlds.get(owner.id) ?? rightWorld(around, owner, grantOwners);
    worlds.set(owner.id, world);
    return [viewOf(token, owner, around, world)];
  });
}

/** Whose token it is, with what closes them. The person whose machine it is owns what its tokens reach. */
function holderOf(accounts: ReadonlyMap<number, Account>, { userId }: Token): Account | null {
  const holder = accounts.get(userId) ?? null;
  const person = holder?.ownedBy == null ? undefined : accounts.get(holder.ownedBy);
  return holder === null || person === undefined ? holder : { ...holder, ...flagsWith(holder, person) };
}

/** One token in full. @throws TypeError when its person is gone */
export async function tokenView(q: Query, token: Token, at: UnixSeconds, also: Also = {}): Promise<TokenView> {
  const [view] = await tokenViews(q, [token], at, also);
  if (view === undefined) throw new TypeError('a token has no person');
  return view;
}

async function surroundingsOf(
  q: Query,
  tokens: readonly Token[],
  at: UnixSeconds,
  also: BesideRead,
): Promise<Surroundings> {
  const ids = tokens.map((token) => token.id);
  const fineGrained = idsOf(tokens, true);
  const people = [...new Set(tokens.map((token) => token.userId))];
  const [grants, uses, standing, requests, belongings, givenRoles] = await Promise.all([
    grantsOf(q, fineGrained),
    lastUses(q, ids),
    standingOf(q, idsOf(tokens, false)),
    pendingRequestsOf(q, fineGrained),
    belongingsOf(q, people),
    givenRolesOf(q, people),
  ]);
  const all = [...grants.values()].flat();
  const grantOwners = all.map((grant) => grant.ownerId).filter((id) => id > INSTANCE_OWNER);
  const alsoOwners = [...also.ownerIds, ...[...also.repositories.values()].map(({ ownerId }) => ownerId)];
  const owners = [...new Set([...grantOwners, ...alsoOwners, ...ownersOfPeople(people, belongings, givenRoles)])];
  const [accounts, repositories, stored, classes, waiting] = await Promise.all([
    accountsByIds(q, owners),
    repositoriesByIds(q, [...new Set([...all, ...requests].flatMap(({ repositoryIds }) => [...repositoryIds]))]),
    storedPolicies(q, [INSTANCE_OWNER, ...owners]),
    repositoryClassesOf(q, owners),
    withApprovers(q, requests),
  ]);
  const policies = new Map([...stored, ...also.supposed]);
  return {
    at,
    grants,
    uses,
    standing,
    requests: new Map(waiting.map((request) => [request.grantId, request])),
    accounts,
    repositories: new Map([...repositories, ...also.repositories]),
    alsoOwners,
    policies,
    belongings,
    givenRoles,
    classes: Map.groupBy(classes, ({ ownerId }) => ownerId),
    scopeGrants: grantsOfTheirScopes(tokens),
    policyFor: policiesInForce(policies),
  };
}

/** Thousands of tokens have few different lists of scopes. */
function grantsOfTheirScopes(tokens: readonly Token[]): StandingFacts['scopeGrants'] {
  const known = new Map<string, readonly Grant[]>();
  for (const token of tokens) {
    const key = scopeKey(token);
    if (token.kind !== 'fine-grained' && !known.has(key)) known.set(key, grantsOfScopes(token.kind, token.scopes));
  }
  return known;
}

/** The policy in force for an account, the same object for the same stored one. */
function policiesInForce(policies: ReadonlyMap<number, StoredPolicy>): (owner?: Account) => Policy {
  const ofInstance = policies.get(INSTANCE_OWNER) ?? NO_POLICY;
  const known = new Map<StoredPolicy | null, Policy>();
  return (owner) => {
    const stored = owner?.kind === 'organization' ? (policies.get(owner.id) ?? NO_POLICY) : null;
    const policy = known.get(stored) ?? effectivePolicy(ofInstance, stored);
    known.set(stored, policy);
    return policy;
  };
}

/** Only members learn who the owners are. */
async function withApprovers(
  q: Query,
  requests: readonly Request[],
): Promise<Omit<WaitingRequest, 'repositoryNames'>[]> {
  const ids = (of: 'organizationId' | 'userId'): number[] => [...new Set(requests.map((request) => request[of]))];
  const owners = await ownersForMembers(q, ids('organizationId'), ids('userId'));
  return requests.map((request) => {
    const own = owners.filter(
      ({ organizationId, userId }) => organizationId === request.organizationId && userId === request.userId,
    );
    return { ...request, approvers: own.map(({ owner }) => owner), remindedAt: own[0]?.remindedAt ?? null };
  });
}

function idsOf(tokens: readonly Token[], fineGrained: boolean): number[] {
  return tokens.filter(({ kind }) => (kind === 'fine-grained') === fineGrained).map(({ id }) => id);
}

function viewOf(token: Token, owner: Account, around: Surroundings, world: RightWorld): TokenView {
  const standing = around.standing.get(token.id);
  const takenBackAt: TokenStanding['excludedAt'] = standing?.excludedAt ?? new Map();
  const grants = (around.grants.get(token.id) ?? []).map((grant) => grantView(token, owner, grant, around));
  const ofInstance = policyObjection(token, around.policyFor(), owner.admin);
  const access =
    token.kind === 'fine-grained' ? grants.map((each) => each.access) : [grantAccess({ state: 'active' }, ofInstance)];
  return {
    ...token,
    owner,
    grants,
    state: tokenState(token, owner, access, around.at),
    takenBackAt,
    ssoOrganizationIds: standing?.authorized ?? new Set(),
    excludedOrganizationIds: new Set(takenBackAt.keys()),
    world,
    lastUse: around.uses.get(token.id) ?? null,
  };
}

function ownerKindOf(account: Account | undefined): 'user' | 'organization' {
  return account?.kind === 'organization' ? 'organization' : 'user';
}

function grantView(token: Token, user: Account, grant: StoredGrant, around: Surroundings): GrantView {
  const account = around.accounts.get(grant.ownerId);
  const isInstance = grant.ownerId === INSTANCE_OWNER;
  const request = around.requests.get(grant.id);
  return {
    ...grant,
    owner: isInstance ? INSTANCE_LOGIN : (account?.login ?? DELETED_ACCOUNT),
    ownerAccount: account ?? null,
    ownerKind: isInstance ? 'instance' : grant.ownerId === user.id ? 'self' : ownerKindOf(account),
    repositoryNames: namesOf(grant.repositoryIds, around),
    access: grantAccess(grant, policyObjection(token, around.policyFor(account), user.admin)),
    request: request === undefined ? null : { ...request, repositoryNames: namesOf(request.repositoryIds, around) },
  };
}

function namesOf(ids: Iterable<number>, { repositories }: Surroundings): string[] {
  return [...ids].flatMap((id) => repositories.get(id)?.name ?? []).sort();
}
