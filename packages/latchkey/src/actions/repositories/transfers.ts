/**
 * A repository goes to another owner.
 *
 * Invariant: whoever moves it may delete it here and make a repository there, with one and the same credential. So no
 * repository comes to somebody who doesn't want it, and a token takes nothing out of what it was granted for.
 */
import { problem } from '../../base/errors.ts';
import { present } from '../../base/present.ts';
import { needOf } from '../../catalogue/routes/github.ts';
import { repositoryNameProblem } from '../../rules/names.ts';
import { NO_ROLES } from '../../rules/role.ts';
import { type Account, ownerByLogin } from '../../store/accounts.ts';
import { countSelecting } from '../../store/grants.ts';
import { repositoryByName } from '../../store/repositories.ts';
import { holderOf, type Permit } from '../decision/authorize.ts';
import { ownerRecord, recordOf, targetOf } from '../decision/targets.ts';
import type { Context } from '../ground/context.ts';
import { relocate } from './moves.ts';
import { demandFreeRefs } from './refs/ref-guard.ts';
import { demandPlace, repositoryNamed } from './repositories.ts';
import { readTarget } from './target.ts';
import { type RepositoryView, viewOf } from './view.ts';

const NOTHING = { sets: [], publicRead: false, writes: false } as const;
const MAKES = {
  organization: needOf('POST', '/orgs/{org}/repos'),
  user: needOf('POST', '/user/repos'),
} as const;

export interface TransferDraft {
  /** A login. */
  readonly newOwner: string;
  /** Left out = as it is called. */
  readonly newName?: string | undefined;
}

/** What a transfer changes beside the address. */
export interface TransferPreview {
  readonly to: Account;
  readonly name: string;
  /** Grants of tokens that selected it and aren't about the new owner: it is selected no longer by them. */
  readonly grantsLost: number;
}

/**
 * What a transfer of the permit's repository would do.
 * @throws Problem when it can't go there
 */
export async function previewTransfer(
  ctx: Context,
  permit: Permit,
  { newOwner, newName }: TransferDraft,
): Promise<TransferPreview> {
  const { db } = ctx.store;
  const { owner, repository } = await readTarget(db, permit);
  const name = newName ?? repository.name;
  const wrong = repositoryNameProblem(name);
  if (wrong !== null) throw problem('invalid', wrong, 'new_name');
  const to = await ownerByLogin(db, newOwner);
  if (to === null) throw problem('invalid', `There is no user or organization ${newOwner.slice(0, 60)}.`, 'new_owner');
  if (to.id === owner.id)
    throw problem('unprocessable', `${owner.login} owns ${owner.login}/${repository.name} already.`, 'new_owner');
  await demandRightThere(ctx, permit, to);
  const known = await repositoryByName(db, to.id, name);
  if (known !== null && !known.renamed)
    throw problem('already_exists', `${to.login} has a repository ${known.repository.name} already.`, 'new_name');
  if (permit.bearer !== null) await ctx.store.transaction((tx) => demandPlace(tx, ctx, to));
  return { to, name, grantsLost: await countSelecting(db, repository.id, to.id) };
}

/** How many tokens selected the permit's repository, and lose it when it is deleted. */
export async function countSelected(ctx: Context, permit: Permit): Promise<number> {
  const { repository } = await readTarget(ctx.store.db, permit);
  return countSelecting(ctx.store.db, repository.id, null);
}

/** Gives the permit's repository to another owner. @throws Problem when it can't go there; then nothing was changed */
export async function transferRepository(ctx: Context, permit: Permit, draft: TransferDraft): Promise<RepositoryView> {
  ctx.git.demandWrites();
  await demandFreeRefs(ctx, permit, 'everything');
  const { to, name } = await previewTransfer(ctx, permit, draft);
  const { owner, repository } = await readTarget(ctx.store.db, permit);
  const moved = await relocate(ctx, permit, { repository, owner, to: { owner: to, name } });
  return viewOf(ctx, { owner: to, repository: moved, role: 'admin' });
}

/** The operator's permit on the repository of that name. @throws Problem when there is none */
export async function onRepository(
  ctx: Context,
  operator: Permit,
  name: { readonly owner: string; readonly name: string },
): Promise<Permit> {
  const { owner, repository } = await repositoryNamed(ctx.store.db, name);
  const record = await ownerRecord(ctx, null, owner);
  const target = { kind: 'repository', owner: record, fullName: `${owner.login}/${repository.name}` } as const;
  const permit = operator.on({ ...target, repository: recordOf(null, record, repository, NO_ROLES, []) }, NOTHING);
  return present(permit, 'the operator may do everything');
}

async function demandRightThere(ctx: Context, permit: Permit, to: Account): Promise<void> {
  const identity = await holderOf(ctx, permit);
  // The operator may do everything.
  if (identity === null) return;
  const isOther = to.kind === 'user' && to.id !== permit.actor.userId;
  const kind = to.kind === 'organization' ? 'organization' : 'account';
  const target = isOther ? null : await targetOf(ctx, identity, { kind, login: to.login });
  if (target !== null && permit.on(target, MAKES[to.kind === 'organization' ? 'organization' : 'user']) !== null)
    return;
  const withToken = permit.bearer?.via === 'token' ? ' with this token' : '';
  throw problem(
    'unprocessable',
    isOther
      ? `Only ${to.login} can take a repository over: make them an administrator of it, and they move it themselves.`
      : `You can’t make repositories of ${to.login}${withToken}, so you can’t move one there.`,
    'new_owner',
  );
}
