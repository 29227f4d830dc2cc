/**
 * What a request is about, as its sender relates to it: the repository or account with their role today, and the
 * policies of its owner.
 *
 * Invariant: whatever is remembered here is forgotten when one of its subjects changes (see `Memory`).
 */
import { andThen, type MaybePromise } from '../../base/maybe-promise.ts';
import { latestPer, oncePer } from '../../base/once.ts';
import type { Bearer, OwnerRecord, Policy, RepositoryRecord, Target } from '../../rules/model.ts';
import { nameKey } from '../../rules/names.ts';
import { effectivePolicy, NO_POLICY, type StoredPolicy } from '../../rules/policy.ts';
import { asProtections, type Ruleset, rulesetsFor } from '../../rules/refs/rulesets.ts';
import { type GivenRoles, NO_ROLES, roleIn } from '../../rules/role.ts';
import type { Account } from '../../store/accounts.ts';
import { givenRoles, readRepositoryFacts, type UserFacts } from '../../store/decision-facts.ts';
import { storedPolicy } from '../../store/policies.ts';
import type { Repository } from '../../store/repositories.ts';
import { accountCalled } from '../../store/reserved-names.ts';
import { subjectOf } from '../../store/revision.ts';
import { maintainsTeam } from '../../store/team-members.ts';
import type { Context } from '../ground/context.ts';
import type { Identity } from './authenticate.ts';
import type { RecallOptions } from './memory.ts';

/** A repository, as a request names it. */
type RepositoryName = Extract<TargetName, { kind: 'repository' }>;

/** What a request is about, by name. A null login means the caller's own account. */
export type TargetName =
  /** `calledAs`: the request's own name for it, if that was a number. */
  | { readonly kind: 'repository'; readonly owner: string; readonly name: string; readonly calledAs?: string }
  /** `team`: the slug of a team there that it is about. */
  | { readonly kind: 'organization'; readonly login: string; readonly team?: string }
  | { readonly kind: 'account'; readonly login: string | null }
  | { readonly kind: 'instance' };

/** The instance as a target, for the operator and upkeep. */
export const EVERYTHING: Target = { kind: 'instance' };

/** The name of a target, as in the request; '' for the instance. */
export function fullNameOf(target: TargetName): string {
  if (target.kind === 'repository') return target.calledAs ?? `${target.owner}/${target.name}`;
  return target.kind === 'instance' ? '' : (target.login ?? '');
}

/** True when the request named the target by a number. */
export function calledByNumber(name: TargetName): boolean {
  return name.kind === 'repository' && name.calledAs !== undefined;
}

/**
 * A number must not reveal the name, owner or policies of something that the bearer may not see: then the target is
 * empty.
 */
export function nothingCalled(name: TargetName): Target {
  return { kind: 'repository', owner: null, repository: null, fullName: fullNameOf(name) };
}

/** Reads the target of a request. Remembered for each caller, since it includes their role. */
export function targetOf(ctx: Context, identity: Identity, name: TargetName): MaybePromise<Target> {
  if (name.kind === 'instance') return EVERYTHING;
  const user = identity.facts;
  if (name.kind === 'repository') {
    const key = keyOf(name, user?.user.id ?? 0);
    return andThen(
      ctx.memory.recall(key, () => readRepositoryTarget(ctx, user, name), keepTargetOf(user)),
      (target) => asDeployed(identity.bearer, target as Target),
    );
  }
  const login = name.kind === 'account' ? (name.login ?? user?.user.login ?? '') : name.login;
  const team = name.kind === 'organization' ? (name.team ?? null) : null;
  const key = `${name.kind} ${user?.user.id ?? 0} ${nameKey(login)}${team === null ? '' : ` ${nameKey(team)}`}`;
  return andThen(
    ctx.memory.recall(key, () => readOwnerTarget(ctx, user, { kind: name.kind, login, team }), keepTargetOf(user)),
    (target) => target as Target,
  );
}

/** The target as a deploy key sees it: it has a role in its own repository, whoever made it, and in no other. */
function asDeployed(bearer: Bearer, target: Target): Target {
  if (bearer.via !== 'key' || bearer.key.deploys === null || target.kind !== 'repository') return target;
  const { repositoryId, readOnly } = bearer.key.deploys;
  const { repository } = target;
  if (repository === null || repository.id !== repositoryId) return target;
  const role = readOnly ? 'read' : 'write';
  const protections = [
    ...repository.protections.filter(({ ruleset }) => ruleset === undefined),
    ...asProtections(repository.rulesets ?? [], { role, ownsOrganization: false, isDeployKey: true }),
  ];
  return { ...target, repository: { ...repository, role, protections } };
}

/**
 * The memory key of a repository. Doors keep the names that are requested often: making the key again takes 150 ns, and
 * hashing a new text to look it up takes 1 µs more.
 */
const keyOf = latestPer(
  (userId: number, { owner, name }: RepositoryName) => `repository ${userId} ${nameKey(owner)}/${nameKey(name)}`,
);

/** It doesn't exist, or the caller may not see it. */
function isUnseen(target: Target): boolean {
  if (target.kind === 'instance') return false;
  return target.owner === null || (target.kind === 'repository' && (target.repository?.role ?? null) === null);
}

/** A target depends on itself, its owner, the instance's policy and the caller. */
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

/** An id that no repository has. */
const NO_REPOSITORY = 0;

async function readRepositoryTarget(
  ctx: Context,
  user: UserFacts | null,
  name: { owner: string; name: string },
): Promise<Target> {
  const found = await readRepositoryFacts(ctx.store.db, name.owner, name.name);
  const fullName = `${name.owner}/${name.name}`;
  // Also looked up for what doesn't exist: otherwise the time of the answer would reveal it.
  const given =
    user === null ? NO_ROLES : await givenRoles(ctx.store.db, found?.repository?.id ?? NO_REPOSITORY, user.user.id);
  if (found === null) return { kind: 'repository', owner: null, repository: null, fullName };
  const owner = await ownerRecord(ctx, user, found.owner);
  if (found.repository === null) return { kind: 'repository', owner, repository: null, fullName };
  return ctx.memory.parts.target({
    kind: 'repository',
    owner,
    repository: recordOf(user, owner, found.repository, given, found.ownerRulesets),
    fullName,
  });
}

async function readOwnerTarget(
  ctx: Context,
  user: UserFacts | null,
  { kind, login, team }: { kind: 'organization' | 'account'; login: string; team: string | null },
): Promise<Target> {
  const owner = await readOwner(ctx, user, login);
  if (owner === null || (kind === 'organization' && owner.kind !== 'organization'))
    return { kind, owner: null, fullName: login };
  if (team === null || user === null || owner.role !== 'member') return { kind, owner, fullName: owner.login };
  const maintains = await maintainsTeam(ctx.store.db, owner.id, team, user.user.id);
  return { kind: 'organization', owner, fullName: owner.login, maintainsTeam: maintains };
}

async function readOwner(ctx: Context, user: UserFacts | null, login: string): Promise<OwnerRecord | null> {
  const account = await accountCalled(ctx.store.db, login);
  return account === null ? null : ownerRecord(ctx, user, account);
}

/** The policy of an account (0 = the instance) as set, or one that sets nothing. */
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

/** Stands in where there is no organization. */
const NO_ORGANIZATION: StoredPolicy = { ...NO_POLICY };
const merged = oncePer((instance: StoredPolicy) =>
  oncePer((organization: StoredPolicy) =>
    effectivePolicy(instance, organization === NO_ORGANIZATION ? null : organization),
  ),
);

/**
 * The result of `effectivePolicy`, the same object for the same arguments: everything remembered about an owner's
 * things holds one, 300 bytes each, and introspection asks for each grant, at 1 µs.
 */
export function policyInForce(instance: StoredPolicy, organization: StoredPolicy | null): Policy {
  return merged(instance)(organization ?? NO_ORGANIZATION);
}

/** An account as the owner of a target, as somebody sees it (null = anonymous). */
export async function ownerRecord(ctx: Context, user: UserFacts | null, owner: Account): Promise<OwnerRecord> {
  const instance = await policyOf(ctx, 0);
  const own = owner.kind === 'organization' ? await policyOf(ctx, owner.id) : null;
  return {
    id: owner.id,
    login: owner.login,
    kind: owner.kind === 'organization' ? 'organization' : 'user',
    role: user?.memberships.get(owner.id) ?? null,
    policy: policyInForce(instance, own),
  };
}

/** A repository as somebody sees it (null = anonymous) who was given these roles. */
export function recordOf(
  user: UserFacts | null,
  owner: OwnerRecord,
  repository: Repository,
  given: GivenRoles,
  ownerRulesets: readonly Ruleset[],
): RepositoryRecord {
  const role = roleIn({
    ownsAsUser: user !== null && owner.id === user.user.id,
    organizationRole: owner.role,
    basePermission: owner.policy.basePermission,
    ...given,
    visibility: repository.visibility,
    signedIn: user !== null,
  });
  const { id, name, visibility, archivedAt, objectFormat } = repository;
  const rulesets = rulesetsFor({
    id,
    name,
    fullName: `${owner.login}/${name}`,
    ownerLogin: owner.login,
    own: repository.rulesets,
    ofOwner: ownerRulesets,
  });
  const mover = { role, ownsOrganization: owner.role === 'owner', isDeployKey: false };
  const protections = [...repository.protections, ...asProtections(rulesets, mover)];
  return { id, ownerId: owner.id, name, visibility, archivedAt, role, objectFormat, protections, rulesets };
}
