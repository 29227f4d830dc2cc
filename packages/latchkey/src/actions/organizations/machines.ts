/**
 * Machine accounts: accounts for jobs and programs, owned by an organization or a person. They have roles and tokens as
 * people do, and nothing by which anybody signs in: no password, session, second factor, identity or e-mail address.
 *
 * Invariant: a machine ends with its owner, and with nobody else. Tokens made for it on a page or by the operator have
 * no parent, so they outlive whoever made them; one that was made with a token ends when that one is revoked with
 * its children, as any other.
 * Invariant: it works for its owner alone: only there does it get roles, and only fine-grained tokens.
 */
import { problem } from '../../base/errors.ts';
import { DAY_SEC } from '../../base/time.ts';
import { loginProblem, nameTextProblem } from '../../rules/names.ts';
import { deleteAccount } from '../../store/account-deletion.ts';
import { type Account, accountById, accountByLogin, ownerByLogin } from '../../store/accounts.ts';
import type { Query } from '../../store/db.ts';
import { countMachines, insertMachine, type MachineUse, machinesOf, useOfMachine } from '../../store/machines.ts';
import { membershipRole } from '../../store/memberships.ts';
import type { Page } from '../../store/page.ts';
import { unlessTaken } from '../accounts/accounts.ts';
import type { Permit } from '../decision/authorize.ts';
import { keepTo } from '../decision/permit-target.ts';
import { demandFreeName, RESERVED_NAME_DAYS } from '../ground/account-names.ts';
import type { Context } from '../ground/context.ts';
import { record } from '../ground/record.ts';

/** The most machine accounts that one organization or person may have. */
const MAX_MACHINES = 1000;
/** How many repositories are named in a list of what a machine is used by. */
const MAX_NAMED_REPOSITORIES = 10;
export const MAX_PURPOSE_LENGTH = 100;

/** A machine account, and where it is used. */
export interface MachineView extends MachineUse {
  readonly account: Account;
  /** True when it is a member of its organization, and so has the base permission in each repository. */
  readonly isMember: boolean;
}

/** The account that the permit is about: the owner of the machines. @throws TypeError for another permit */
export async function machinesOwner(q: Query, { target }: Permit): Promise<Account> {
  const isAccount = target.kind === 'organization' || target.kind === 'account';
  const owner = !isAccount || target.owner === null ? null : await accountById(q, target.owner.id);
  if (owner === null || owner.kind === 'machine')
    throw new TypeError('this needs a permit on an organization or person');
  return owner;
}

/** One of the owner's machines. @throws Problem when it has none of that name */
export async function machineOf(q: Query, owner: Account, login: string): Promise<Account> {
  const found = await accountByLogin(q, login);
  if (found === null || found.ownedBy !== owner.id)
    throw problem('not_found', `${owner.login} has no machine account ${login.slice(0, 60)}.`, 'login');
  return found;
}

async function viewOf(q: Query, account: Account, owner: Account): Promise<MachineView> {
  const [use, role] = await Promise.all([
    useOfMachine(q, account.id, MAX_NAMED_REPOSITORIES),
    membershipRole(q, owner.id, account.id),
  ]);
  return { account, isMember: role !== null, ...use };
}

/** A page of the machine accounts of the permit's account, the newest first. */
export async function listMachines(ctx: Context, permit: Permit, page: Page): Promise<MachineView[]> {
  return listMachinesOf(ctx, await machinesOwner(ctx.store.db, permit), page);
}

/** As `listMachines`, of an owner that the operator named; all of them by default. */
export async function listMachinesOf(
  { store: { db } }: Context,
  owner: Account,
  page: Page = { beforeId: null, limit: MAX_MACHINES },
): Promise<MachineView[]> {
  const machines = await machinesOf(db, owner.id, page);
  return Promise.all(machines.map((each) => viewOf(db, each, owner)));
}

/** The organization or person of that name, for the operator. @throws Problem when there is none */
export async function machineOwner(ctx: Context, _permit: Permit, login: string): Promise<Account> {
  const owner = await ownerByLogin(ctx.store.db, login);
  if (owner === null) throw problem('not_found', `There is no user or organization ${login.slice(0, 60)}.`, 'owner');
  return owner;
}

/** @throws Problem when the permit's account has no such machine */
export async function readMachine(ctx: Context, permit: Permit, login: string): Promise<MachineView> {
  const { db } = ctx.store;
  const owner = await machinesOwner(db, permit);
  return viewOf(db, await machineOf(db, owner, login), owner);
}

/**
 * Adds a machine account to the permit's account. It has no role yet.
 * @param draft `purpose` is shown as its display name
 * @throws Problem when the name is taken or not allowed, or there are too many
 */
export async function addMachine(
  ctx: Context,
  permit: Permit,
  draft: { readonly login: string; readonly purpose: string },
): Promise<Account> {
  const owner = await machinesOwner(ctx.store.db, permit);
  return makeMachine(ctx, permit, owner, draft);
}

/** As `addMachine`, for an owner that the caller looked up: the operator may name any. */
export async function makeMachine(
  ctx: Context,
  permit: Permit,
  owner: Account,
  { login, purpose }: { readonly login: string; readonly purpose: string },
): Promise<Account> {
  keepTo(permit, { ownerId: owner.id });
  const wrong = loginProblem(login);
  if (wrong !== null) throw problem('invalid', wrong, 'login');
  const unseen = nameTextProblem('A purpose', purpose);
  if (unseen !== null) throw problem('invalid', unseen, 'purpose');
  if (purpose.length > MAX_PURPOSE_LENGTH)
    throw problem('invalid', `A purpose has at most ${MAX_PURPOSE_LENGTH} characters.`, 'purpose');
  const at = ctx.clock.now();
  return unlessTaken(`The name ${login} is taken.`, 'login', () =>
    ctx.store.transaction(async (tx) => {
      await demandFreeName(ctx, tx, login, { field: 'login', at });
      if ((await countMachines(tx, owner.id)) >= MAX_MACHINES)
        throw problem('limit_reached', `${owner.login} has ${MAX_MACHINES} machine accounts, which is the limit.`);
      const machine = await insertMachine(tx, { login, name: purpose.trim(), ownedBy: owner.id, at });
      await record(tx, permit, at, { action: 'machine_account.create', ...factsOf(machine, owner) });
      return machine;
    }),
  );
}

/** Deletes a machine account with its tokens and roles; its name is kept from everybody for a while. */
export async function removeMachine(ctx: Context, permit: Permit, login: string): Promise<void> {
  await deleteMachine(ctx, permit, await machinesOwner(ctx.store.db, permit), login);
}

/** As `removeMachine`, of an owner that the operator named. */
export async function deleteMachine(ctx: Context, permit: Permit, owner: Account, login: string): Promise<void> {
  keepTo(permit, { ownerId: owner.id });
  await ctx.store.transaction(async (tx) => {
    const at = ctx.clock.now();
    const machine = await machineOf(tx, owner, login);
    await deleteAccount(tx, machine, at + RESERVED_NAME_DAYS * DAY_SEC);
    await record(tx, permit, at, { action: 'machine_account.delete', ...factsOf(machine, owner) });
  });
}

function factsOf(machine: Account, owner: Account) {
  return {
    userId: owner.kind === 'user' ? owner.id : null,
    organizationId: owner.kind === 'organization' ? owner.id : null,
    data: { login: machine.login, owner: owner.login },
  };
}
