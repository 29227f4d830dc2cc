/**
 * What the form for a fine-grained token asks: which owners there are to choose, which repositories, and what is
 * wrong so far.
 *
 * Never: a change.
 */
import type { Complaint } from '../../base/errors.ts';
import { checkDraft, type TokenDraft, type TokenPlan } from '../../rules/draft.ts';
import { INSTANCE_OWNER, type TokenKind, type Visibility } from '../../rules/model.ts';
import { effectivePolicy, NO_POLICY, type StoredPolicy, shortestCap } from '../../rules/policy.ts';
import { MAX_NAME_LENGTH } from '../../rules/token-limits.ts';
import { type Account, accountById, accountByLogin, accountsByIds } from '../../store/accounts.ts';
import { ownersCollaboratedWith } from '../../store/collaborators.ts';
import { readUserFacts } from '../../store/decision-facts.ts';
import { emailsOf } from '../../store/emails.ts';
import { membershipRole } from '../../store/memberships.ts';
import { storedPolicies } from '../../store/policies.ts';
import { searchRepositories } from '../../store/repository-search.ts';
import { countTokens, isTokenNameTaken } from '../../store/tokens.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { draftWorld, INSTANCE_LOGIN } from './draft-world.ts';

/** A resource owner that the form offers. */
export interface FormOwner {
  readonly login: string;
  readonly kind: 'self' | 'user' | 'organization' | 'instance';
  /** True when a token of this person has to wait for an owner's approval there. */
  readonly needsApproval: boolean;
  /** The longest life that a token may have there; null = up to the product's limit. */
  readonly capDays: number | null;
}

export interface FormFacts {
  readonly login: string;
  readonly owners: readonly FormOwner[];
  readonly fineGrainedCount: number;
  readonly emailVerified: boolean;
  /** The instance's caps on the other kinds. */
  readonly capDays: Readonly<Record<TokenKind, number | null>>;
}

/** What the form needs to know about the person. Owners that block fine-grained tokens are not offered. */
export async function formFacts(ctx: Context, permit: Permit): Promise<FormFacts> {
  const { db } = ctx.store;
  const user = await personBehind(ctx, permit);
  const facts = await readUserFacts(db, user.id);
  const memberships = facts?.memberships ?? new Map<number, 'owner' | 'member'>();
  const ids = [...new Set([...memberships.keys(), ...(await ownersCollaboratedWith(db, user.id))])].filter(
    (id) => id !== user.id,
  );
  const [accounts, policies, emails, fineGrainedCount] = await Promise.all([
    accountsByIds(db, ids),
    storedPolicies(db, [INSTANCE_OWNER, ...ids]),
    emailsOf(db, user.id),
    countTokens(db, user.id, 'fine-grained'),
  ]);
  const instance = policies.get(INSTANCE_OWNER) ?? NO_POLICY;
  const others = [...accounts.values()].sort((a, b) => a.login.localeCompare(b.login));
  const owners = [
    ownerFacts({ account: user, kind: 'self', instance, stored: null, isOwner: false, isAdmin: user.admin }),
    ...others.map((account) =>
      ownerFacts({
        account,
        kind: account.kind === 'organization' ? 'organization' : 'user',
        instance,
        stored: policies.get(account.id) ?? NO_POLICY,
        isOwner: memberships.get(account.id) === 'owner',
        isAdmin: user.admin,
      }),
    ),
    ...(user.admin ? [{ login: INSTANCE_LOGIN, kind: 'instance' as const, needsApproval: false, capDays: null }] : []),
  ].filter((owner) => owner !== null);
  const own = effectivePolicy(instance, null);
  const cap = (kind: TokenKind): number | null =>
    own.exemptAdministrators && user.admin ? null : own.kinds[kind].maxLifetimeDays;
  return {
    login: user.login,
    owners,
    fineGrainedCount,
    emailVerified: emails.some((email) => email.verifiedAt !== null),
    capDays: { 'fine-grained': cap('fine-grained'), classic: cap('classic'), scoped: cap('scoped') },
  };
}

interface PossibleOwner {
  readonly account: Account;
  readonly kind: FormOwner['kind'];
  /** The instance's policy, and the account's own choice. */
  readonly instance: StoredPolicy;
  readonly stored: StoredPolicy | null;
  /** For the person who fills in the form. */
  readonly isOwner: boolean;
  readonly isAdmin: boolean;
}

function ownerFacts({ account, kind, instance, stored, isOwner, isAdmin }: PossibleOwner): FormOwner | null {
  const policy = effectivePolicy(instance, account.kind === 'organization' ? stored : null);
  if (!policy.kinds['fine-grained'].allowed) return null;
  const exempt = policy.exemptAdministrators && isAdmin;
  const capDays = exempt
    ? null
    : shortestCap([instance.maxLifetimeDays['fine-grained'], policy.kinds['fine-grained'].maxLifetimeDays]);
  return { login: account.login, kind, needsApproval: policy.requiresApproval && !isOwner, capDays };
}

/** The person who acts. @throws TypeError for the operator, who has no tokens */
async function personBehind(ctx: Context, permit: Permit): Promise<Account> {
  const user = permit.actor.userId === null ? null : await accountById(ctx.store.db, permit.actor.userId);
  if (user === null) throw new TypeError('only a person has tokens');
  return user;
}

/** What is wrong with a draft so far, and the plan it makes when nothing is. */
export async function tryDraft(
  ctx: Context,
  permit: Permit,
  draft: TokenDraft,
): Promise<{ complaints: readonly Complaint[]; plan: TokenPlan | null }> {
  const checked = checkDraft(draft, await draftWorld(ctx, ctx.store.db, await personBehind(ctx, permit), draft));
  return checked.ok ? { complaints: [], plan: checked.plan } : { complaints: checked.complaints, plan: null };
}

/** The name, with a number added when this person has a fine-grained token of that name. */
export async function freeTokenName(ctx: Context, permit: Permit, requested: string): Promise<string> {
  const { userId } = permit.actor;
  if (userId === null || requested === '') return requested;
  for (let i = 1; i < 100; i++) {
    const ending = i === 1 ? '' : ` ${i}`;
    const name = requested.slice(0, MAX_NAME_LENGTH - ending.length) + ending;
    if (!(await isTokenNameTaken(ctx.store.db, userId, 'fine-grained', name.trim()))) return name;
  }
  return requested;
}

export interface FoundRepository {
  readonly name: string;
  readonly visibility: Visibility;
  readonly description: string;
}

/** Repositories to show at once: typing more of a name finds more. */
export const MAX_FOUND = 20;

/**
 * Repositories of an owner (`''` = oneself) that the person may see, by a part of their name; one more than `MAX_FOUND`
 * when there are more.
 */
export async function findRepositories(
  ctx: Context,
  permit: Permit,
  ownerLogin: string,
  words: string,
): Promise<FoundRepository[]> {
  const user = await personBehind(ctx, permit);
  const owner = ownerLogin === '' ? user : await accountByLogin(ctx.store.db, ownerLogin);
  if (owner === null) return [];
  const found = await searchRepositories(ctx.store.db, {
    ownerId: owner.id,
    words: words.slice(0, 100),
    userId: user.id,
    seesAll: owner.id === user.id || (await seesAllOf(ctx, owner, user)),
    limit: MAX_FOUND + 1,
  });
  return found.map(({ name, visibility, description }) => ({ name, visibility, description }));
}

/** Owners that are asked for a repository, at most. */
const MAX_ASKED_OWNERS = 10;

/**
 * The first of these owners where the person finds a repository to choose, themselves before others. '' = themselves.
 */
export async function ownerToBeginWith(ctx: Context, permit: Permit, owners: readonly FormOwner[]): Promise<string> {
  for (const { login, kind } of owners.filter((each) => each.kind !== 'instance').slice(0, MAX_ASKED_OWNERS)) {
    const name = kind === 'self' ? '' : login;
    if ((await findRepositories(ctx, permit, name, '')).length > 0) return name;
  }
  return '';
}

async function seesAllOf(ctx: Context, owner: Account, user: Account): Promise<boolean> {
  if (owner.kind !== 'organization') return false;
  const role = await membershipRole(ctx.store.db, owner.id, user.id);
  if (role !== 'member') return role === 'owner';
  const stored = (await storedPolicies(ctx.store.db, [owner.id])).get(owner.id) ?? NO_POLICY;
  return (stored.basePermission ?? 'read') !== 'none';
}
