/**
 * What a request is about, as its sender relates to it: the repository or account with their role today, and the
 * policies of its owner.
 *
 * Invariant: whatever is remembered here is forgotten when one of its subjects changes (see `Memory`).
 */
import { andThen, type MaybePromise } from '../../base/maybe-promise.ts';
import { latestPer, oncePer } from '../../base/once.ts';
import type { RepositoryRole } from '../../catalogue/roles.ts';
import type { OwnerRecord, Policy, RepositoryRecord, Target } from '../../rules/model.ts';
import { nameKey } from '../../rules/names.ts';
import { effectivePolicy, NO_POLICY, type StoredPolicy } from '../../rules/policy.ts';
import { roleIn } from '../../rules/role.ts';
import { type Account, accountByLogin } from '../../store/accounts.ts';
import { collaboratorRole, readRepositoryFacts, type UserFacts } from '../../store/decision-facts.ts';
import { storedPolicy } from '../../store/policies.ts';
import type { Repository } from '../../store/repositories.ts';
import { subjectOf } from '../../store/revision.ts';
import type { Context } from '../ground/context.ts';
import type { Identity } from './authenticate.ts';
import type { RecallOptions } from './memory.ts';

/** A repository, as a request names it. */
type RepositoryName = Extract<TargetName, { kind: 'repository' }>;

/** What a request is about, by name. An account of login null is the caller's own. */
export type TargetName =
  /** `calledAs`: what the request itself called it, where that was a number. */
  | { readonly kind: 'repository'; readonly owner: string; readonly name: string; readonly calledAs?: string }
  | { readonly kind: 'organization'; readonly login: string }
  | { readonly kind: 'account'; readonly login: string | null }
  | { readonly kind: 'instance' };

/** The instance as a target: what the operator and upkeep act on. */
export const EVERYTHING: Target = { kind: 'instance' };

/** What a target is called, as the request called it; '' for the instance. */
export function fullNameOf(target: TargetName): string {
  if (target.kind === 'repository') return target.calledAs ?? `${target.owner}/${target.name}`;
  return target.kind === 'instance' ? '' : (target.login ?? '');
}

/** True where the request named the target by a number. */
export function calledByNumber(name: TargetName): boolean {
  return name.kind === 'repository' && name.calledAs !== undefined;
}

/**
 * A number must not be turned into the name, the owner or the owner's policies of what the bearer may not see: then
 * nothing is there.
 */
export function nothingCalled(name: TargetName): Target {
  return { kind: 'repository', owner: null, repository: null, fullName: fullNameOf(name) };
}

/** Reads what a request is about: remembered per asking person, since their role belongs to it. */
export function targetOf(ctx: Context, identity: Identity, name: TargetName): MaybePromise<Target> {
  if (name.kind === 'instance') return EVERYTHING;
  const user = identity.facts;
  if (name.kind === 'repository') {
    const key = keyOf(name, user?.user.id ?? 0);
    return andThen(
      ctx.memory.recall(key, () => readRepositoryTarget(ctx, user, name), keepTargetOf(user)),
      (target) => target as Target,
    );
  }
  const login = name.kind === 'account' ? (name.login ?? user?.user.login ?? '') : name.login;
  const key = `${name.kind} ${user?.user.id ?? 0} ${nameKey(login)}`;
  return andThen(
    ctx.memory.recall(key, () => readOwnerTarget(ctx, user, name.kind, login), keepTargetOf(user)),
    (target) => target as Target,
  );
}

/**
 * What a repository is remembered under. Doors keep the names of what is asked for often: making the key again takes
 * 150 ns, and a new text must be hashed to be looked up, which takes 1 µs more.
 */
const keyOf = latestPer(
  (userId: number, { owner, name }: RepositoryName) => `repository ${userId} ${nameKey(owner)}/${nameKey(name)}`,
);

/** Not there, or not there for whoever asks. */
function isUnseen(target: Target): boolean {
  if (target.kind === 'instance') return false;
  return target.owner === null || (target.kind === 'repository' && (target.repository?.role ?? null) === null);
}

/** A target depends on itself, its owner, the instance's policy, and on the one who asks. */
function keepTargetOf(user: UserFacts | null): RecallOptions<Target> {
  return {
    unseen: isUnseen,
    subjects: (target) => [
      ...(target.kind === 'instance' || target.owner === null ? [] : [subjectOf('account', target.owner.id)]),
      ...(target.kind === 'repository' && target.repository !== null
        ? [subjectOf('repository', target.repository.id)]
        : []),
      ...(user === null ? [] : [subjectOf('account', user.user.id)]),
      subjectOf('account', 0),
    ],
  };
}

/** The id of none. */
const NO_REPOSITORY = 0;

async function readRepositoryTarget(
  ctx: Context,
  user: UserFacts | null,
  name: { owner: string; name: string },
): Promise<Target> {
  const found = await readRepositoryFacts(ctx.store.db, name.owner, name.name);
  const fullName = `${name.owner}/${name.name}`;
  // Asked of what is not there, too: otherwise it would be told by how soon the answer comes.
  const given =
    user === null ? null : await collaboratorRole(ctx.store.db, found?.repository?.id ?? NO_REPOSITORY, user.user.id);
  if (found === null) return { kind: 'repository', owner: null, repository: null, fullName };
  const owner = await ownerRecord(ctx, user, found.owner);
  if (found.repository === null) return { kind: 'repository', owner, repository: null, fullName };
  return ctx.memory.parts.target({
    kind: 'repository',
    owner,
    repository: recordOf(user, owner, found.repository, given),
    fullName,
  });
}

async function readOwnerTarget(
  ctx: Context,
  user: UserFacts | null,
  kind: 'organization' | 'account',
  login: string,
): Promise<Target> {
  const owner = await readOwner(ctx, user, login);
  const fits = owner !== null && (kind === 'account' || owner.kind === 'organization');
  return { kind, owner: fits ? owner : null, fullName: fits ? owner.login : login };
}

async function readOwner(ctx: Context, user: UserFacts | null, login: string): Promise<OwnerRecord | null> {
  const account = await accountByLogin(ctx.store.db, login);
  return account === null ? null : ownerRecord(ctx, user, account);
}

/** The policy of an account (0 = the instance) as it was set, or the one that sets nothing. */
export async function policyOf(ctx: Context, accountId: number): Promise<StoredPolicy> {
  const policy = await ctx.memory.recall(
    `policy ${accountId}`,
    async () => (await storedPolicy(ctx.store.db, accountId)) ?? NO_POLICY,
    {
      subjects: () => [subjectOf('account', accountId)],
    },
  );
  return policy ?? NO_POLICY;
}

/** Stands for the organization where there is none. */
const NO_ORGANIZATION: StoredPolicy = { ...NO_POLICY };
const merged = oncePer((instance: StoredPolicy) =>
  oncePer((organization: StoredPolicy) =>
    effectivePolicy(instance, organization === NO_ORGANIZATION ? null : organization),
  ),
);

/**
 * What `effectivePolicy` gives, the same object for the same two: everything that is remembered of an owner's holds it,
 * 300 bytes each, and introspection asks for each grant, which takes 1 µs.
 */
export function policyInForce(instance: StoredPolicy, organization: StoredPolicy | null): Policy {
  return merged(instance)(organization ?? NO_ORGANIZATION);
}

/** An account as the owner of what is asked for, as it stands towards somebody (null = nobody in particular). */
export async function ownerRecord(ctx: Context, user: UserFacts | null, owner: Account): Promise<OwnerRecord> {
  const instance = await policyOf(ctx, 0);
  const own = owner.kind === 'organization' ? await policyOf(ctx, owner.id) : null;
  return {
    id: owner.id,
    login: owner.login,
    kind: owner.kind,
    role: user?.memberships.get(owner.id) ?? null,
    policy: policyInForce(instance, own),
  };
}

/**
 * A repository as it stands towards somebody (null = nobody in particular) whom its owner gave `given` as a
 * collaborator.
 */
export function recordOf(
  user: UserFacts | null,
  owner: OwnerRecord,
  repository: Repository,
  given: RepositoryRole | null,
): RepositoryRecord {
  const role = roleIn({
    ownsAsUser: user !== null && owner.id === user.user.id,
    organizationRole: owner.role,
    basePermission: owner.policy.basePermission,
    collaboratorRole: given,
    visibility: repository.visibility,
    signedIn: user !== null,
  });
  const { id, name, visibility, archivedAt, objectFormat } = repository;
  return { id, ownerId: owner.id, name, visibility, archivedAt, role, objectFormat };
}
