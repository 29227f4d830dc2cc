/**
 * What GitLab calls project, group and deploy tokens: views of machine accounts, each with one token. Service accounts
 * are machine accounts as they are, whose tokens may have been asked for with GitLab's scopes.
 *
 * Invariant: whoever makes one may make machine accounts for the owner of the project; the machine has a role there and
 * nowhere else.
 * Source: GitLab docs "Project access tokens API", "Group access tokens API", "Deploy tokens API".
 */
import { Problem, problem } from '../../base/errors.ts';
import type { RepositoryRole } from '../../catalogue/roles.ts';
import { DEPLOY_SCOPES, MACHINE_SCOPES, permissionsOfScopes } from '../../catalogue/scopes/gitlab-machines.ts';
import type { ExpiryDraft } from '../../rules/token-limits.ts';
import type { Account } from '../../store/accounts.ts';
import { gitlabScopesOf, gitlabTokensOf, insertGitlabToken, type MadeFor } from '../../store/gitlab-tokens.ts';
import { setMember } from '../accounts/accounts.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { setCollaborator } from '../repositories/repositories.ts';
import { targetRepository } from '../repositories/target.ts';
import type { CreatedToken } from '../tokens/tokens.ts';
import { type TokenView, tokenViews } from '../tokens/views.ts';
import { createMachineToken, renewMachineToken } from './machine-tokens.ts';
import { addMachine, machinesOwner, removeMachine } from './machines.ts';

/** What a request about such tokens is about. */
export interface GitlabPlace {
  readonly madeFor: MadeFor;
  /** On the account whose machines they are. */
  readonly owner: Permit;
  /** On the project; null = the tokens are a group's. */
  readonly project: Permit | null;
}

interface GitlabTokenDraft extends ExpiryDraft {
  readonly name: string;
  readonly description: string;
  readonly scopes: readonly string[];
  /** GitLab's number, and the role that it is here; null = reads. */
  readonly level: { readonly number: number; readonly role: RepositoryRole } | null;
}

/** One of them: the token, and what GitLab's dialect knows of it. */
export interface GitlabTokenView {
  readonly token: TokenView;
  readonly scopes: readonly string[];
  readonly accessLevel: number | null;
  readonly machine: { readonly id: number; readonly login: string };
}

/** @throws Problem for scopes that give a machine nothing */
function checkMachineScopes(scopes: readonly string[], madeFor: MadeFor): void {
  const known = madeFor === 'deploy' ? DEPLOY_SCOPES : MACHINE_SCOPES;
  const unknown = scopes.filter((scope) => !known.includes(scope));
  if (scopes.length === 0) throw problem('invalid', `Give at least one scope: ${known.join(', ')}.`, 'scopes');
  if (unknown.length > 0)
    throw problem(
      'invalid',
      `${unknown.join(', ').slice(0, 200)} gives a machine account nothing here; it can have ${known.join(', ')}.`,
      'scopes',
    );
}

/** Makes a machine account with a role and one token. @throws Problem; then there is neither */
export async function makeGitlabToken(
  ctx: Context,
  place: GitlabPlace,
  { level, scopes, ...draft }: GitlabTokenDraft,
): Promise<{ readonly made: CreatedToken; readonly view: GitlabTokenView }> {
  checkMachineScopes(scopes, place.madeFor);
  const owner = await machinesOwner(ctx.store.db, place.owner);
  const machine = await addNamed(ctx, place, draft.name);
  try {
    await giveRole(ctx, place, owner, machine, level?.role ?? 'read');
    const repositoryId = place.project === null ? null : targetRepository(place.project).repository.id;
    const accessLevel = level?.number ?? null;
    const row = { madeFor: place.madeFor, repositoryId, accessLevel, scopes };
    const wanted = { ...draft, grants: [grantFor(place, scopes)] };
    const made = await createMachineToken(ctx, place.owner, machine.login, wanted, (tx, { id }) =>
      insertGitlabToken(tx, { ...row, tokenId: id }),
    );
    return { made, view: { token: made.token, scopes, accessLevel, machine } };
  } catch (error) {
    await removeMachine(ctx, place.owner, machine.login);
    throw error;
  }
}

/** Tries of another name, when one is taken or reserved. */
const MAX_NAMES = 100;

/** A machine account that is called after the project and the token: `project-7-deploy`, else `project-7-deploy-2`. */
async function addNamed(ctx: Context, { madeFor, owner, project }: GitlabPlace, name: string): Promise<Account> {
  const place = project === null ? 'group' : `project-${targetRepository(project).repository.id}`;
  const words = name.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  const base = [madeFor === 'deploy' ? `deploy-${place}` : place, ...words].join('-').slice(0, 32).replace(/-+$/, '');
  for (let n = 1; ; n++)
    try {
      return await addMachine(ctx, owner, { login: n === 1 ? base : `${base}-${n}`, purpose: name.slice(0, 100) });
    } catch (error) {
      const isTaken = error instanceof Problem && error.has('already_exists');
      if (!isTaken || n === MAX_NAMES) throw error;
    }
}

async function giveRole(
  ctx: Context,
  { owner, project }: GitlabPlace,
  account: Account,
  { login }: Account,
  role: RepositoryRole,
): Promise<void> {
  if (project !== null) {
    const { repository } = targetRepository(project);
    await setCollaborator(ctx, project, { owner: account.login, name: repository.name, login, role });
    return;
  }
  await setMember(ctx, owner, { organization: account.login, login, role: 'member' });
}

function grantFor({ project }: GitlabPlace, scopes: readonly string[]) {
  return {
    owner: '',
    selection: project === null ? ('all' as const) : ('selected' as const),
    repositories: project === null ? [] : [targetRepository(project).repository.name],
    permissions: permissionsOfScopes(scopes),
    justification: null,
  };
}

/** Tokens of a project or group, the newest first, also those that have ended. */
export async function listGitlabTokens(ctx: Context, place: GitlabPlace): Promise<GitlabTokenView[]> {
  const { db } = ctx.store;
  const rows = await gitlabTokensOf(db, await whose(ctx, place));
  const views = await tokenViews(
    db,
    rows.map(({ token }) => token),
    ctx.clock.now(),
  );
  return rows.flatMap((row) => {
    const token = views.find(({ id }) => id === row.tokenId);
    return token === undefined ? [] : [{ ...row, token }];
  });
}

/** @throws Problem when the project or group has no such token */
export async function readGitlabToken(ctx: Context, place: GitlabPlace, id: number): Promise<GitlabTokenView> {
  const found = (await listGitlabTokens(ctx, place)).find(({ token }) => token.id === id);
  if (found === undefined) throw problem('not_found', `There is no token ${id}.`, 'id');
  return found;
}

/** Gives one a new secret and a new life; the old secret is dead at once. @throws Problem */
export async function renewGitlabToken(
  ctx: Context,
  place: GitlabPlace,
  id: number,
  expiry: ExpiryDraft,
): Promise<{ readonly made: CreatedToken; readonly view: GitlabTokenView }> {
  const { machine } = await readGitlabToken(ctx, place, id);
  const made = await renewMachineToken(ctx, place.owner, { login: machine.login, id }, expiry, null);
  return { made, view: await readGitlabToken(ctx, place, id) };
}

/** Ends one, with its machine account: nobody else has use for that. @throws Problem */
export async function removeGitlabToken(ctx: Context, place: GitlabPlace, id: number): Promise<void> {
  const { machine } = await readGitlabToken(ctx, place, id);
  await removeMachine(ctx, place.owner, machine.login);
}

async function whose({ store: { db } }: Context, { madeFor, owner, project }: GitlabPlace) {
  const repositoryId = project === null ? null : targetRepository(project).repository.id;
  return { ownerId: (await machinesOwner(db, owner)).id, madeFor, repositoryId };
}

/** Makes a token of a service account, towards all that it has a role in. @throws Problem */
export async function makeServiceToken(
  ctx: Context,
  owner: Permit,
  login: string,
  { scopes, ...draft }: Omit<GitlabTokenDraft, 'level'>,
): Promise<CreatedToken> {
  checkMachineScopes(scopes, 'service_account');
  const grants = [grantFor({ madeFor: 'service_account', owner, project: null }, scopes)];
  const row = { madeFor: 'service_account', repositoryId: null, accessLevel: null, scopes } as const;
  return createMachineToken(ctx, owner, login, { ...draft, grants }, (tx, { id }) =>
    insertGitlabToken(tx, { ...row, tokenId: id }),
  );
}

/** GitLab's scopes of tokens that were asked for with such, by their ids. */
export function scopesAskedFor({ store: { db } }: Context, ids: readonly number[]) {
  return gitlabScopesOf(db, ids);
}
