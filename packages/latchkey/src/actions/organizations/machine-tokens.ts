/** Tokens of machine accounts, in the hands of their owners: made, edited, renewed, ended. */
import { problem } from '../../base/errors.ts';
import { present } from '../../base/present.ts';
import type { TokenDraft } from '../../rules/draft.ts';
import type { Query } from '../../store/db.ts';
import type { Page } from '../../store/page.ts';
import { listTokens as readTokens, tokenById } from '../../store/tokens.ts';
import { tokensOfRules } from '../../store/workload-rules.ts';
import type { Permit } from '../decision/authorize.ts';
import { type OfMachine, tokenWithin } from '../decision/token-access.ts';
import type { Context } from '../ground/context.ts';
import { mailAboutToken } from '../ground/token-mail.ts';
import { editToken, type TokenEdit } from '../tokens/edits.ts';
import { type RenewalDraft, regenerateToken, renewalCap, rotateToken } from '../tokens/secrets.ts';
import { type AlongWithToken, type CreatedToken, createTokenFor, endOne } from '../tokens/tokens.ts';
import { type TokenView, tokenView, tokenViews } from '../tokens/views.ts';
import { machineOf, machinesOwner } from './machines.ts';

/** A token of a machine, as its owners see it. */
export interface MachineToken extends TokenView {
  /** True for one that nobody has the secret of: a rule for workloads gives others from it. */
  readonly isOfRule: boolean;
}

/** A token of a machine, by the machine's login and its own number. */
export interface MachineTokenName {
  readonly login: string;
  readonly id: number;
}

async function ofMachine(
  { store: { db } }: Context,
  permit: Permit,
  { login, id }: MachineTokenName,
): Promise<OfMachine> {
  return { id, machineId: (await machineOf(db, await machinesOwner(db, permit), login)).id };
}

/** Every token of a machine that is not revoked, newest first. */
export async function listMachineTokens(
  ctx: Context,
  permit: Permit,
  login: string,
  page: Page,
): Promise<MachineToken[]> {
  const { db } = ctx.store;
  const machine = await machineOf(db, await machinesOwner(db, permit), login);
  return withRules(db, await tokenViews(db, await readTokens(db, machine.id, {}, page), ctx.clock.now()));
}

/**
 * Makes a token for a machine, towards its owner. One made with a token stays within that token's limits.
 * @throws Problem with every complaint at once
 */
export async function createMachineToken(
  ctx: Context,
  permit: Permit,
  login: string,
  draft: Omit<TokenDraft, 'userLogin' | 'kind' | 'scopes'>,
  along?: AlongWithToken,
): Promise<CreatedToken> {
  const owner = await machinesOwner(ctx.store.db, permit);
  const machine = await machineOf(ctx.store.db, owner, login);
  const grants = draft.grants.map((grant) => ({ ...grant, owner: owner.login }));
  const whole = { ...draft, grants, userLogin: machine.login, kind: 'fine-grained', scopes: [] } as const;
  return createTokenFor(ctx, permit, machine, whole, along);
}

/** A token of one of the owner's machines, also one that was revoked. @throws Problem when the machine has none such */
export async function readMachineToken(ctx: Context, permit: Permit, name: MachineTokenName): Promise<MachineToken> {
  const { db } = ctx.store;
  const token = await tokenWithin(db, permit, await ofMachine(ctx, permit, name), { alive: false });
  const [view] = await withRules(db, [await tokenView(db, token, ctx.clock.now())]);
  return present(view, 'the view of a token');
}

async function withRules(q: Query, views: readonly TokenView[]): Promise<MachineToken[]> {
  const ofRules = await tokensOfRules(
    q,
    views.map(({ id }) => id),
  );
  return views.map((view) => ({ ...view, isOfRule: ofRules.has(view.id) }));
}

/** Edits a token of a machine, which keeps its secret. @throws Problem with every complaint at once */
export async function editMachineToken(
  ctx: Context,
  permit: Permit,
  name: MachineTokenName,
  edit: TokenEdit,
): Promise<void> {
  const owner = await machinesOwner(ctx.store.db, permit);
  const grants = edit.grants?.map((grant) => ({ ...grant, owner: owner.login }));
  await editToken(ctx, permit, await ofMachine(ctx, permit, name), { ...edit, grants });
}

/**
 * Gives a token of a machine a new secret and a new life.
 * @param overlapSec how long the old secret works beside the new one; null = it is dead at once
 * @throws Problem
 */
export async function renewMachineToken(
  ctx: Context,
  permit: Permit,
  name: MachineTokenName,
  draft: RenewalDraft,
  overlapSec: number | null,
): Promise<CreatedToken> {
  const wanted = await ofMachine(ctx, permit, name);
  return overlapSec === null
    ? regenerateToken(ctx, permit, wanted, draft)
    : rotateToken(ctx, permit, wanted, draft, overlapSec);
}

/** The longest life in days that its renewal may have; null = no limit. @throws Problem when there is no such token */
export async function machineRenewalCap(ctx: Context, permit: Permit, name: MachineTokenName): Promise<number | null> {
  return renewalCap(ctx, permit, await ofMachine(ctx, permit, name));
}

/** Ends a token of a machine. @throws Problem when the machine has no such token */
export async function revokeMachineToken(ctx: Context, permit: Permit, { login, id }: MachineTokenName): Promise<void> {
  const owner = await machinesOwner(ctx.store.db, permit);
  await ctx.store.transaction(async (tx) => {
    const machine = await machineOf(tx, owner, login);
    const token = await tokenById(tx, id);
    if (token === null || token.userId !== machine.id)
      throw problem('not_found', `${machine.login} has no token ${id}.`, 'id');
    const by = permit.actor.login;
    const ended = await endOne(ctx, tx, permit, { id, by });
    if (ended !== null) await mailAboutToken(ctx, tx, ended, 'token_revoked', { by });
  });
}
