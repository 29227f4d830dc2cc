/**
 * A draft: what somebody wants a new token to be, checked completely. The result is a `TokenPlan`, or every complaint
 * at once.
 *
 * The store is not asked here: the caller looks the names up (`DraftWorld`) and passes them in, so that every rule of
 * the form can be tested as a table. Source of the limits: GitHub docs "Managing your personal access tokens" (seed
 * 002).
 */

import type { Complaint } from '../base/errors.ts';
import type { UnixSeconds } from '../base/time.ts';
import { type Level, type PermissionName, type PermissionSet, permissionNamed } from '../catalogue/permissions.ts';
import { INSTANCE_OWNER, type Policy, type RepositorySelection, type TokenKind, type Visibility } from './model.ts';
import {
  Complaints,
  capOf,
  checkAddresses,
  checkDescription,
  checkExpiry,
  checkName,
  checkNotBefore,
  checkScopes,
  checkUses,
} from './token-limits.ts';

export {
  MAX_DESCRIPTION_LENGTH,
  MAX_NAME_LENGTH,
  MAX_NOTE_LENGTH,
  MAX_USES,
} from './token-limits.ts';

export const MAX_JUSTIFICATION_LENGTH = 1024;
export const MAX_SELECTED_REPOSITORIES = 50;
export const MAX_FINE_GRAINED_TOKENS = 50;
export const MAX_GRANTS = 10;

/** One grant as asked for, in names. `owner` is a login, or `''` for oneself. */
export interface GrantDraft {
  readonly owner: string;
  readonly selection: RepositorySelection;
  readonly repositories: readonly string[];
  readonly permissions: Readonly<Record<string, string>>;
  readonly justification: string | null;
}

export interface TokenDraft {
  readonly userLogin: string;
  readonly kind: TokenKind;
  readonly name: string;
  readonly description: string;
  /** 1–366; null = no end; undefined = the default, 30 days or what the policies cap it to. */
  readonly expiresInDays?: number | null | undefined;
  /** Instead of a number of days: an instant. GitLab's tokens end at 00:00 UTC of a date. */
  readonly expiresAt?: UnixSeconds | undefined;
  readonly notBeforeAt?: UnixSeconds | null | undefined;
  readonly scopes: readonly string[];
  readonly grants: readonly GrantDraft[];
  readonly allowedAddresses?: readonly string[] | null | undefined;
  readonly usesLeft?: number | null | undefined;
}

/** A resource owner that the draft names, as the store knows it for the token's user. */
export interface OwnerInWorld {
  readonly id: number;
  readonly login: string;
  readonly kind: 'user' | 'organization' | 'instance';
  readonly isSelf: boolean;
  /** True for oneself, for a member, and for whoever collaborates on a repository there. */
  readonly reachable: boolean;
  /** An owner of the organization, whose own tokens need no approval. */
  readonly isOrganizationOwner: boolean;
  readonly policy: Policy;
  /** By lower-case name: the named repositories that the user can see. */
  readonly repositories: ReadonlyMap<string, { readonly id: number; readonly visibility: Visibility }>;
}

export interface DraftWorld {
  readonly at: UnixSeconds;
  readonly emailVerified: boolean;
  readonly isAdmin: boolean;
  readonly nameTaken: boolean;
  readonly fineGrainedCount: number;
  /** By lower-case login as written in the draft. */
  readonly owners: ReadonlyMap<string, OwnerInWorld>;
  /** The policy of the instance alone: binds classic and scoped tokens, which name no owner. */
  readonly instancePolicy: Policy;
}

export interface GrantPlan {
  readonly ownerId: number;
  readonly ownerLogin: string;
  readonly ownerIsOrganization: boolean;
  readonly selection: RepositorySelection;
  readonly repositoryIds: readonly number[];
  readonly permissions: PermissionSet;
  readonly state: 'active' | 'pending';
  readonly justification: string | null;
}

export interface TokenPlan {
  readonly kind: TokenKind;
  readonly name: string;
  readonly description: string;
  readonly expiresAt: UnixSeconds | null;
  readonly notBeforeAt: UnixSeconds | null;
  readonly scopes: readonly string[];
  readonly grants: readonly GrantPlan[];
  readonly allowedAddresses: readonly string[] | null;
  readonly usesLeft: number | null;
}

export type Checked<T> =
  | { readonly ok: true; readonly plan: T }
  | { readonly ok: false; readonly complaints: readonly Complaint[] };

/** Checks a draft against every rule and gives the plan of the token it asks for. */
export function checkDraft(draft: TokenDraft, world: DraftWorld): Checked<TokenPlan> {
  const complaints = new Complaints();
  const name = draft.name.trim();
  checkName(draft.kind, name, world.nameTaken, complaints);
  checkDescription(draft.description, complaints);
  if (!world.emailVerified)
    complaints.add(null, 'unprocessable', 'Verify your e-mail address first: tokens can be created only after that.');
  const scopes = draft.kind === 'fine-grained' ? [] : checkScopes(draft.kind, draft.scopes, complaints);
  const grants = draft.kind === 'fine-grained' ? checkGrants(draft, world, complaints) : [];
  if (draft.kind !== 'fine-grained' && draft.grants.length > 0)
    complaints.add('permissions', 'invalid', `A ${draft.kind} token has scopes, not permissions.`);
  if (draft.kind === 'fine-grained' && draft.scopes.length > 0)
    complaints.add('scopes', 'invalid', 'A fine-grained token has permissions, not scopes.');
  if (draft.kind === 'fine-grained' && world.fineGrainedCount >= MAX_FINE_GRAINED_TOKENS)
    complaints.add(
      null,
      'limit_reached',
      `You have ${MAX_FINE_GRAINED_TOKENS} fine-grained tokens, which is the limit. Delete one that you no ` +
        `longer need first.`,
    );
  const expiresAt = checkExpiry(draft, capFor(draft, world), world.at, complaints);
  const notBeforeAt = checkNotBefore(draft.notBeforeAt ?? null, expiresAt, complaints);
  const allowedAddresses = checkAddresses(draft.allowedAddresses ?? null, complaints);
  const usesLeft = checkUses(draft.usesLeft ?? null, complaints);
  if (complaints.list.length > 0) return { ok: false, complaints: complaints.list };
  return {
    ok: true,
    plan: {
      kind: draft.kind,
      name,
      description: draft.description,
      expiresAt,
      notBeforeAt,
      scopes,
      grants,
      allowedAddresses,
      usesLeft,
    },
  };
}

function checkGrants(draft: TokenDraft, world: DraftWorld, complaints: Complaints): readonly GrantPlan[] {
  if (draft.grants.length === 0)
    complaints.add('target_name', 'missing_field', 'A fine-grained token needs a resource owner.');
  if (draft.grants.length > MAX_GRANTS)
    complaints.add('grants', 'invalid', `A token reaches at most ${MAX_GRANTS} resource owners.`);
  const seen = new Set<number>();
  return draft.grants.slice(0, MAX_GRANTS).flatMap((grant) => {
    const owner = world.owners.get(grant.owner.toLowerCase());
    if (owner === undefined || !mayOwn(owner, grant, world.isAdmin)) {
      complaints.add('target_name', 'invalid', `Cannot find the specified resource owner: ${grant.owner}`);
      return [];
    }
    if (seen.has(owner.id))
      complaints.add('target_name', 'invalid', `The resource owner ${owner.login} is named twice.`);
    seen.add(owner.id);
    return checkGrant(grant, owner, complaints);
  });
}

/**
 * Oneself, an organization one belongs to, an owner on whose repository one collaborates; and whoever owns a public (or
 * otherwise visible) repository that is named one by one, so that outsiders can contribute there. Only administrators
 * name the instance.
 */
export function mayOwn(owner: OwnerInWorld, grant: GrantDraft, isAdmin: boolean): boolean {
  if (owner.kind === 'instance') return isAdmin;
  return (
    owner.reachable ||
    (grant.selection === 'selected' && grant.repositories.some((name) => owner.repositories.has(repositoryKey(name))))
  );
}

function repositoryKey(name: string): string {
  return (name.includes('/') ? name.slice(name.indexOf('/') + 1) : name).toLowerCase();
}

/** One grant against its owner. Exported for edits, which change one grant of a living token. */
export function checkGrant(
  grant: GrantDraft,
  owner: OwnerInWorld,
  complaints: { add: Complaints['add'] },
): GrantPlan[] {
  if (!owner.policy.kinds['fine-grained'].allowed)
    complaints.add('target_name', 'invalid', `${owner.login} does not allow fine-grained personal access tokens.`);
  if ((grant.justification ?? '').length > MAX_JUSTIFICATION_LENGTH)
    complaints.add('reason', 'invalid', `A justification has at most ${MAX_JUSTIFICATION_LENGTH} characters.`);
  const repositoryIds = checkRepositories(grant, owner, complaints);
  const permissions = checkPermissions(grant, owner, complaints);
  const approves = owner.policy.requiresApproval && !owner.isOrganizationOwner;
  return [
    {
      ownerId: owner.kind === 'instance' ? INSTANCE_OWNER : owner.id,
      ownerLogin: owner.login,
      ownerIsOrganization: owner.kind === 'organization',
      selection: grant.selection,
      repositoryIds,
      permissions,
      state: approves ? 'pending' : 'active',
      justification: grant.justification?.trim() || null,
    },
  ];
}

function checkRepositories(
  grant: GrantDraft,
  owner: OwnerInWorld,
  complaints: { add: Complaints['add'] },
): readonly number[] {
  if (grant.selection !== 'selected') {
    if (grant.repositories.length > 0)
      complaints.add('repositories', 'invalid', 'Repositories are named only when "selected" is chosen.');
    return [];
  }
  if (grant.repositories.length === 0)
    complaints.add('repositories', 'missing_field', 'Select at least one repository.');
  const ids = new Set<number>();
  for (const name of grant.repositories) {
    const isOfAnotherOwner =
      name.includes('/') && name.slice(0, name.indexOf('/')).toLowerCase() !== owner.login.toLowerCase();
    const repository = isOfAnotherOwner ? undefined : owner.repositories.get(repositoryKey(name));
    if (repository === undefined)
      complaints.add(
        'repositories',
        'invalid',
        `${owner.login} has no repository ${name.slice(0, 140)} that you can reach.`,
      );
    else ids.add(repository.id);
  }
  if (ids.size > MAX_SELECTED_REPOSITORIES || grant.repositories.length > MAX_SELECTED_REPOSITORIES)
    complaints.add('repositories', 'invalid', `Select at most ${MAX_SELECTED_REPOSITORIES} repositories.`);
  return [...ids];
}

/** Which groups of permissions a resource owner can give. */
const GROUPS_OF: Readonly<Record<'self' | 'user' | 'organization' | 'instance', readonly string[]>> = {
  self: ['account', 'repository', 'custom'],
  user: ['repository', 'custom'],
  organization: ['repository', 'organization', 'custom'],
  instance: ['instance'],
};

function checkPermissions(
  grant: GrantDraft,
  owner: OwnerInWorld,
  complaints: { add: Complaints['add'] },
): PermissionSet {
  const groups = GROUPS_OF[owner.isSelf ? 'self' : owner.kind];
  const chosen: Partial<Record<PermissionName, Level>> = {};
  let touchesRepositories = grant.selection !== 'public';
  for (const [name, level] of Object.entries(grant.permissions)) {
    const permission = permissionNamed(name);
    if (permission === undefined)
      complaints.add(name.slice(0, 60), 'invalid', `There is no permission named ${name.slice(0, 60)}.`);
    else if (!(permission.levels as readonly string[]).includes(level))
      complaints.add(
        name,
        'invalid',
        `${permission.title} (${name}) takes ${permission.levels.join(' or ')}, not ${level.slice(0, 20)}.`,
      );
    else if (!groups.includes(permission.group))
      complaints.add(
        name,
        'invalid',
        `${permission.title} (${name}) is an ${permission.group} permission: ${owner.login} can't give it.`.replace(
          'an repository',
          'a repository',
        ),
      );
    else if (permission.group === 'repository' && grant.selection === 'public')
      complaints.add(
        name,
        'invalid',
        `${permission.title} (${name}) needs repositories: public repositories alone are read-only.`,
      );
    else chosen[permission.name] = level as Level;
    if (permission?.group === 'repository') touchesRepositories = true;
  }
  if (touchesRepositories && owner.kind !== 'instance') chosen.metadata ??= 'read';
  return chosen;
}

/** The shortest cap of every policy that binds the token. */
function capFor(draft: TokenDraft, world: DraftWorld): number | null {
  const policies =
    draft.kind === 'fine-grained'
      ? draft.grants.flatMap((grant) => world.owners.get(grant.owner.toLowerCase())?.policy ?? [])
      : [];
  return capOf(draft.kind, [world.instancePolicy, ...policies], world.isAdmin);
}
