/**
 * Repositories: created, imported, shared, archived.
 *
 * Invariant: a row exists only for a bare repository on disk. The folder comes first and the row second, so a crash
 * in between leaves a folder that nobody can reach, never a row without one.
 */
import { Problem, problem } from '../../base/errors.ts';
import type { RepositoryRole } from '../../catalogue/roles.ts';
import { branchNameProblem } from '../../git/objects/names.ts';
import type { ObjectFormat } from '../../git/processes/profile.ts';
import type { OwnEffects } from '../../git/repositories/own-effects.ts';
import type { Visibility } from '../../rules/model.ts';
import { repositoryNameProblem } from '../../rules/names.ts';
import { type Account, accountByLogin, ownerByLogin } from '../../store/accounts.ts';
import {
  removeCollaborator as deleteCollaborator,
  setCollaborator as upsertCollaborator,
} from '../../store/collaborators.ts';
import type { Query } from '../../store/db.ts';
import { collaboratorRole } from '../../store/decision-facts.ts';
import {
  countRepositories,
  insertRepository,
  type Repository,
  repositoryByName,
  setArchived,
} from '../../store/repositories.ts';
import { unlessTaken, workerNamed } from '../accounts/accounts.ts';
import type { Permit } from '../decision/authorize.ts';
import { keepTo } from '../decision/permit-target.ts';
import type { Context } from '../ground/context.ts';
import { record } from '../ground/record.ts';

export interface RepositoryName {
  readonly owner: string;
  readonly name: string;
}

export interface NewRepositoryDraft extends RepositoryName {
  readonly visibility: Visibility;
  readonly description?: string;
  readonly homepage?: string;
}

/** What an empty repository may be made with; the rest is for good. */
export interface EmptyRepositoryDraft extends NewRepositoryDraft {
  /** `sha1` by default. */
  readonly objectFormat?: ObjectFormat | undefined;
  /** Left out, the owner's, and without one the instance's. */
  readonly defaultBranch?: string | undefined;
}

/** Longest description of a repository, as on GitHub. */
export const MAX_REPOSITORY_DESCRIPTION_LENGTH = 350;

/** Makes an empty repository. @throws Problem when the name is taken or not allowed, or there is no such owner */
export async function addRepository(ctx: Context, permit: Permit, draft: EmptyRepositoryDraft): Promise<Repository> {
  const owner = await checkNewName(ctx, draft);
  const { objectFormat = 'sha1' } = draft;
  const defaultBranch = firstBranch(ctx, owner, draft);
  const wrong = branchNameProblem(defaultBranch);
  if (wrong !== null) throw problem('invalid', wrong, 'default_branch');
  keepTo(permit, { ownerId: owner.id });
  if (ctx.git.exists(owner.login, draft.name))
    throw problem(
      'already_exists',
      `A repository lies on disk as ${owner.login}/${draft.name} already: import it instead.`,
      'name',
    );
  await ctx.git.create(owner.login, draft.name, { objectFormat, defaultBranch });
  try {
    return await registerRepository(ctx, permit, { owner, draft, action: 'repo.create', objectFormat });
  } catch (error) {
    await ctx.git.remove(owner.login, draft.name);
    throw error;
  }
}

/** The default branch that a new repository of that owner gets. */
export function firstBranch(
  ctx: Context,
  { profile }: Pick<Account, 'profile'>,
  { defaultBranch }: Pick<EmptyRepositoryDraft, 'defaultBranch'>,
): string {
  const ofOwner = profile['default_repository_branch'];
  return defaultBranch ?? (typeof ofOwner === 'string' && ofOwner !== '' ? ofOwner : ctx.settings.defaultBranch);
}

/** Takes over a bare repository: in place if it is already in the right folder, otherwise as a copy. */
export async function importRepository(
  ctx: Context,
  permit: Permit,
  draft: NewRepositoryDraft & { readonly path: string },
): Promise<{ readonly repository: Repository; readonly effects: OwnEffects }> {
  const owner = await checkNewName(ctx, draft);
  const { objectFormat, copied, effects } = await ctx.git.importFrom(draft.path, owner.login, draft.name);
  try {
    const repository = await registerRepository(ctx, permit, { owner, draft, action: 'repo.import', objectFormat });
    return { repository, effects };
  } catch (error) {
    if (copied) await ctx.git.remove(owner.login, draft.name);
    throw error;
  }
}

/** The owner of a new repository. @throws Problem when its name is taken or not allowed, or there is no owner */
export async function checkNewName(ctx: Context, draft: NewRepositoryDraft): Promise<Account> {
  const wrong = repositoryNameProblem(draft.name);
  if (wrong !== null) throw problem('invalid', wrong, 'name');
  if ((draft.description ?? '').length > MAX_REPOSITORY_DESCRIPTION_LENGTH)
    throw problem(
      'invalid',
      `A description has at most ${MAX_REPOSITORY_DESCRIPTION_LENGTH} characters.`,
      'description',
    );
  const owner = await ownerByLogin(ctx.store.db, draft.owner);
  if (owner === null)
    throw problem('not_found', `There is no user or organization ${draft.owner.slice(0, 60)}.`, 'owner');
  const known = await repositoryByName(ctx.store.db, owner.id, draft.name);
  if (known !== null && !known.renamed)
    throw problem('already_exists', `${owner.login} has a repository ${known.repository.name} already.`, 'name');
  return owner;
}

/** A repository on disk that gets its row. */
interface NewRow {
  readonly owner: Account;
  readonly draft: NewRepositoryDraft;
  /** Its name in the log. */
  readonly action: 'repo.create' | 'repo.import';
  readonly objectFormat: 'sha1' | 'sha256';
}

/** Gives a repository on disk its row. @throws Problem when the name is taken, or the account has no place */
export function registerRepository(
  ctx: Context,
  permit: Permit,
  { owner, draft, action, objectFormat }: NewRow,
): Promise<Repository> {
  const at = ctx.clock.now();
  return unlessTaken(`${owner.login} has a repository ${draft.name} already.`, 'name', () =>
    ctx.store.transaction(async (tx) => {
      if (permit.bearer !== null) await demandPlace(tx, ctx, owner);
      const repository = await insertRepository(tx, {
        ownerId: owner.id,
        name: draft.name,
        description: draft.description ?? '',
        homepage: draft.homepage ?? '',
        visibility: draft.visibility,
        objectFormat,
        at,
      });
      await record(tx, permit, at, {
        action,
        ...ownership(owner),
        repositoryId: repository.id,
        data: { repo: `${owner.login}/${repository.name}`, visibility: draft.visibility },
      });
      return repository;
    }),
  );
}

/** Throws a `Problem` when the account has as many repositories as it may. The operator is exempt. */
export async function demandPlace(tx: Query, ctx: Context, owner: Account): Promise<void> {
  const { maxRepositoriesPerUser, maxRepositoriesPerOrganization } = ctx.settings;
  const most = owner.kind === 'user' ? maxRepositoriesPerUser : maxRepositoriesPerOrganization;
  if (most === 0) return;
  const { publicRepositories, privateRepositories } = await countRepositories(tx, owner.id);
  if (publicRepositories + privateRepositories >= most)
    throw problem(
      'limit_reached',
      `${owner.login} has ${publicRepositories + privateRepositories} repositories, and may have ${most}. Delete ` +
        'one that is no longer needed, or ask an administrator for more.',
      'name',
    );
}

/** The logs that show a change to something of this account. */
export function ownership(owner: Account): { userId: number | null; organizationId: number | null } {
  return owner.kind === 'user'
    ? { userId: owner.id, organizationId: null }
    : { userId: null, organizationId: owner.id };
}

/** Adds somebody, or changes their role. */
export async function setCollaborator(
  ctx: Context,
  permit: Permit,
  change: RepositoryName & { login: string; role: RepositoryRole },
): Promise<void> {
  const at = ctx.clock.now();
  await ctx.store.transaction(async (tx) => {
    const { owner, repository } = await repositoryNamed(tx, change);
    keepTo(permit, { ownerId: owner.id, repositoryId: repository.id });
    const user = await workerNamed(tx, change.login, owner);
    if (user.id === owner.id)
      throw problem('unprocessable', `${user.login} owns ${owner.login}/${repository.name}.`, 'login');
    await upsertCollaborator(tx, { repositoryId: repository.id, userId: user.id, role: change.role, at });
    await record(tx, permit, at, {
      action: 'repo.add_member',
      ...ownership(owner),
      repositoryId: repository.id,
      data: { repo: `${owner.login}/${repository.name}`, user: user.login, permission: change.role },
    });
  });
}

/** Removes somebody: from the next request, their tokens no longer reach it. Returns the role that they had. */
export async function removeCollaborator(
  ctx: Context,
  permit: Permit,
  change: RepositoryName & { login: string },
): Promise<{ readonly role: RepositoryRole }> {
  const at = ctx.clock.now();
  return ctx.store.transaction(async (tx) => {
    const { owner, repository } = await repositoryNamed(tx, change);
    keepTo(permit, { ownerId: owner.id, repositoryId: repository.id });
    const user = await workerNamed(tx, change.login, owner);
    const role = await collaboratorRole(tx, repository.id, user.id);
    if (role === null || !(await deleteCollaborator(tx, repository.id, user.id)))
      throw problem('not_found', `${user.login} is not a collaborator of ${owner.login}/${repository.name}.`, 'login');
    await record(tx, permit, at, {
      action: 'repo.remove_member',
      ...ownership(owner),
      repositoryId: repository.id,
      data: { repo: `${owner.login}/${repository.name}`, user: user.login },
    });
    return { role };
  });
}

/** Makes a repository read-only for everybody. Repeating it changes nothing. */
export async function archiveRepository(ctx: Context, permit: Permit, name: RepositoryName): Promise<void> {
  const at = ctx.clock.now();
  await ctx.store.transaction(async (tx) => {
    const { owner, repository } = await repositoryNamed(tx, name);
    keepTo(permit, { ownerId: owner.id, repositoryId: repository.id });
    if (await setArchived(tx, repository.id, at, at))
      await record(tx, permit, at, {
        action: 'repo.archived',
        ...ownership(owner),
        repositoryId: repository.id,
        data: { repo: `${owner.login}/${repository.name}` },
      });
  });
}

/** The repository of that name with its owner, including by old names. @throws Problem when there is none */
export async function repositoryNamed(
  q: Query,
  name: RepositoryName,
): Promise<{ owner: Account; repository: Repository }> {
  const owner = await accountByLogin(q, name.owner);
  const found = owner === null ? null : await repositoryByName(q, owner.id, name.name);
  if (owner === null || found === null)
    throw new Problem({
      field: 'name',
      code: 'not_found',
      message: `There is no repository ${name.owner.slice(0, 60)}/${name.name.slice(0, 120)}.`,
    });
  return { owner, repository: found.repository };
}
