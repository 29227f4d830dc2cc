/**
 * One grant of a draft: what a token is to reach of one resource owner, checked against that owner. Either a
 * `GrantPlan` comes out, or complaints.
 *
 * Never: the store; what the names stand for is handed in (`OwnerInWorld`).
 */
import {
  type Level,
  noPermissionNamed,
  type PermissionName,
  type PermissionSet,
  permissionNamed,
} from '../catalogue/permissions.ts';
import { INSTANCE_OWNER, type Policy, type RepositorySelection, type Visibility } from './model.ts';
import type { Complaints } from './token-limits.ts';

export const MAX_JUSTIFICATION_LENGTH = 1024;
export const MAX_SELECTED_REPOSITORIES = 50;

/** One grant as requested, in names. `owner` is a login, or `''` for oneself. */
export interface GrantDraft {
  readonly owner: string;
  readonly selection: RepositorySelection;
  readonly repositories: readonly string[];
  readonly permissions: Readonly<Record<string, string>>;
  readonly justification: string | null;
}

/** A resource owner named in the draft, as the store knows it for the token's user. */
export interface OwnerInWorld {
  readonly id: number;
  readonly login: string;
  readonly kind: 'user' | 'organization' | 'instance';
  readonly isSelf: boolean;
  /** The machine account that the draft is for; null for a person. */
  readonly machine: string | null;
  /** True for oneself, for a member, and for a collaborator on a repository there. */
  readonly reachable: boolean;
  /** True when the person can see at least one repository of theirs, named or not. */
  readonly isSeen: boolean;
  /** True for an owner of the organization. Their own tokens need no approval. */
  readonly isOrganizationOwner: boolean;
  readonly policy: Policy;
  /** The named repositories that the user can see, by lower-case name. */
  readonly repositories: ReadonlyMap<
    string,
    { readonly id: number; readonly name: string; readonly visibility: Visibility }
  >;
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

/**
 * True for oneself, an organization one belongs to, and an owner on whose repository one collaborates. Also true for
 * the owner of a public (or otherwise visible) repository that is named individually, so that outsiders can contribute
 * there. Only administrators may name the instance.
 */
function mayOwn(owner: OwnerInWorld, grant: GrantDraft, isAdmin: boolean): boolean {
  if (owner.kind === 'instance') return isAdmin;
  return (
    owner.reachable ||
    (grant.selection === 'selected' && grant.repositories.some((name) => owner.repositories.has(repositoryKey(name))))
  );
}

/**
 * True for an owner that the draft may name; otherwise a complaint says what would do. An owner of whom the person can
 * see nothing is told apart from none by nothing.
 */
export function checkOwner(
  owner: OwnerInWorld | undefined,
  grant: GrantDraft,
  isAdmin: boolean,
  complaints: { add: Complaints['add'] },
): owner is OwnerInWorld {
  if (owner !== undefined && mayOwn(owner, grant, isAdmin)) return true;
  if (owner === undefined || !owner.isSeen)
    complaints.add('target_name', 'invalid', `Cannot find the specified resource owner: ${grant.owner}`);
  else if (grant.selection === 'selected') checkRepositories(grant, owner, complaints);
  else
    complaints.add(
      'repositories',
      'invalid',
      `Choose the repositories of ${owner.login} one by one: you don't belong there, so a token reaches the ones ` +
        'that you can see and name.',
    );
  return false;
}

/** The owner of repositories that are named in full, where none is named by itself; otherwise the one that is. */
export function ownerNamed(owner: string, repositories: readonly string[]): string {
  if (owner !== '') return owner;
  const owners = new Set(repositories.map((name) => name.slice(0, Math.max(name.indexOf('/'), 0))));
  const [only = ''] = owners;
  return owners.size === 1 ? only : owner;
}

function repositoryKey(name: string): string {
  return (name.includes('/') ? name.slice(name.indexOf('/') + 1) : name).toLowerCase();
}

/** Checks one grant against its owner: a grant of a draft, or of a living token that is being edited. */
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
    if (repository === undefined) complaints.add('repositories', 'invalid', noRepository(owner, name.slice(0, 140)));
    else ids.add(repository.id);
  }
  if (ids.size > MAX_SELECTED_REPOSITORIES || grant.repositories.length > MAX_SELECTED_REPOSITORIES)
    complaints.add('repositories', 'invalid', `Select at most ${MAX_SELECTED_REPOSITORIES} repositories.`);
  return [...ids];
}

function noRepository({ login, machine }: OwnerInWorld, name: string): string {
  return machine === null
    ? `${login} has no repository ${name} that you can reach.`
    : `${machine} has no role in a repository ${name} of ${login}. Make it a collaborator there first.`;
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
    if (permission === undefined) complaints.add(name.slice(0, 60), 'invalid', noPermissionNamed(name));
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
