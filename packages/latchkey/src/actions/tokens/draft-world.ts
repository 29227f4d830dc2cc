/** Looks up the names in a draft, for the person whose token it would be. */

import type { DraftWorld, TokenDraft } from '../../rules/draft.ts';
import type { GrantDraft, OwnerInWorld } from '../../rules/grant-draft.ts';
import { MAX_SELECTED_REPOSITORIES } from '../../rules/grant-draft.ts';
import { INSTANCE_OWNER } from '../../rules/model.ts';
import { effectivePolicy, NO_POLICY, type StoredPolicy } from '../../rules/policy.ts';
import { roleIn } from '../../rules/role.ts';
import { type Account, accountByLogin } from '../../store/accounts.ts';
import { collaboratesWith } from '../../store/collaborators.ts';
import type { Query } from '../../store/db.ts';
import { givenRoles } from '../../store/decision-facts.ts';
import { emailsOf } from '../../store/emails.ts';
import { membershipRole } from '../../store/memberships.ts';
import { storedPolicies } from '../../store/policies.ts';
import { type Repository, repositoryByName } from '../../store/repositories.ts';
import { searchRepositories } from '../../store/repository-search.ts';
import { countTokens, isTokenNameTaken } from '../../store/tokens.ts';
import type { Context } from '../ground/context.ts';

/** The instance's name as a resource owner. No account can have this login. */
export const INSTANCE_LOGIN = 'instance';

/** What `checkDraft` needs to know. Unknown owners are missing from `owners`. */
export async function draftWorld(ctx: Context, q: Query, user: Account, draft: TokenDraft): Promise<DraftWorld> {
  const instance = (await storedPolicies(q, [0])).get(0) ?? NO_POLICY;
  const owners = new Map<string, OwnerInWorld>();
  for (const grant of draft.grants) {
    const owner = await ownerInWorld(q, user, instance, grant);
    if (owner !== null) owners.set(grant.owner.toLowerCase(), owner);
  }
  return {
    at: ctx.clock.now(),
    emailVerified: user.kind === 'machine' || (await emailsOf(q, user.id)).some((email) => email.verifiedAt !== null),
    isAdmin: user.admin,
    nameTaken: draft.kind === 'fine-grained' && (await isTokenNameTaken(q, user.id, draft.kind, draft.name.trim())),
    fineGrainedCount: await countTokens(q, user.id, 'fine-grained'),
    tokensLeft: await tokensLeft(ctx, q, user.id),
    owners,
    instancePolicy: effectivePolicy(instance, null),
  };
}

/** How many more tokens a person may have; Infinity = no limit. */
export async function tokensLeft(
  { settings: { maxTokensPerUser } }: Context,
  q: Query,
  userId: number,
): Promise<number> {
  return maxTokensPerUser === 0 ? Infinity : maxTokensPerUser - (await countTokens(q, userId, null));
}

/** One owner as the store knows it for this person or machine; `''` is the person. A machine owns nothing. */
async function ownerInWorld(
  q: Query,
  user: Account,
  instance: StoredPolicy,
  grant: GrantDraft,
): Promise<OwnerInWorld | null> {
  if (grant.owner.toLowerCase() === INSTANCE_LOGIN) return instanceInWorld(instance);
  const account = grant.owner === '' ? user : await accountByLogin(q, grant.owner);
  if (account === null || account.kind === 'machine') return null;
  const isSelf = account.id === user.id;
  const role = account.kind === 'organization' ? await membershipRole(q, account.id, user.id) : null;
  const own =
    account.kind === 'organization' ? ((await storedPolicies(q, [account.id])).get(account.id) ?? NO_POLICY) : null;
  const policy = effectivePolicy(instance, own);
  const repositories = new Map<string, Repository>();
  for (const name of grant.repositories.slice(0, MAX_SELECTED_REPOSITORIES + 1)) {
    const found = await repositoryByName(q, account.id, name.slice(name.indexOf('/') + 1));
    if (found === null || found.repository.ownerId !== account.id) continue;
    const visible = roleIn({
      ownsAsUser: isSelf,
      organizationRole: role,
      basePermission: policy.basePermission,
      visibility: found.repository.visibility,
      signedIn: true,
      ...(await givenRoles(q, found.repository.id, user.id)),
    });
    if (visible !== null) repositories.set(name.slice(name.indexOf('/') + 1).toLowerCase(), found.repository);
  }
  const reachable =
    isSelf || role !== null || user.ownedBy === account.id || (await collaboratesWith(q, account.id, user.id));
  const search = { ownerId: account.id, words: '', userId: user.id, seesAll: false, limit: 1 };
  return {
    id: account.id,
    login: account.login,
    kind: account.kind,
    isSelf,
    machine: user.kind === 'machine' ? user.login : null,
    // Owners make the tokens of its machines.
    isOrganizationOwner: role === 'owner' || user.ownedBy === account.id,
    policy,
    repositories,
    reachable,
    isSeen: reachable || repositories.size > 0 || (await searchRepositories(q, search)).length > 0,
  };
}

function instanceInWorld(instance: StoredPolicy): OwnerInWorld {
  return {
    id: INSTANCE_OWNER,
    login: INSTANCE_LOGIN,
    kind: 'instance',
    isSelf: false,
    machine: null,
    reachable: true,
    isSeen: false,
    isOrganizationOwner: true,
    policy: effectivePolicy(instance, null),
    repositories: new Map(),
  };
}
