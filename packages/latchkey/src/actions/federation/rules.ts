/**
 * Rules of an owner: which workloads get tokens of a machine account, with which rights, for how long.
 *
 * Invariant: a rule ends with its issuer, its machine, and its token, and every token that it gave with it, at once.
 * Invariant: one that was written with a token gives nothing beyond that token, and ends with it.
 */
import { Problem, problem } from '../../base/errors.ts';
import { present } from '../../base/present.ts';
import { MINUTE_SEC } from '../../base/time.ts';
import { type IssuerPreset, presetOf } from '../../catalogue/workloads/issuers.ts';
import type { TokenDraft } from '../../rules/draft.ts';
import { Complaints } from '../../rules/token-limits.ts';
import { type ClaimCondition, checkConditions } from '../../rules/workload-claims.ts';
import type { Account } from '../../store/accounts.ts';
import type { Query } from '../../store/db.ts';
import { type DerivedToken, livingDerived } from '../../store/derived-tokens.ts';
import type { Page } from '../../store/page.ts';
import { type Token, tokenById, tokensByIds } from '../../store/tokens.ts';
import { listIssuers, type WorkloadIssuer } from '../../store/workload-issuers.ts';
import { deleteRule, insertRule, rulesWhere, updateRule, type WorkloadRule } from '../../store/workload-rules.ts';
import type { Permit } from '../decision/authorize.ts';
import { keepTo } from '../decision/permit-target.ts';
import { boundsOf, keepWithin } from '../decision/token-access.ts';
import type { Context } from '../ground/context.ts';
import { record } from '../ground/record.ts';
import { machineOf, machinesOwner } from '../organizations/machines.ts';
import { editTokenIn, type TokenEdit, unlessNameTaken } from '../tokens/edits.ts';
import { createUnheldToken, endOne } from '../tokens/tokens.ts';
import { type TokenView, tokenViews } from '../tokens/views.ts';
import { MAX_GIVEN_SEC } from './exchange.ts';

const MIN_GIVEN_SEC = MINUTE_SEC;
const MAX_RULES = 20;
/** The most given tokens that are shown at once. */
const MAX_SHOWN_GIVEN = 100;

/** What a rule demands. */
export interface RuleDraft {
  readonly conditions: readonly ClaimCondition[];
  /** The longest life of what it gives; the longest there is when left out. */
  readonly maxLifeSec?: number | undefined;
  /** Left out: as the preset of the issuer has it. */
  readonly isSingleUse?: boolean | undefined;
  readonly takesPullRequests?: boolean | undefined;
}

/** A new rule: its issuer, what it demands, and the rights of what it gives. */
export interface NewRuleDraft extends RuleDraft {
  readonly issuer: string;
  readonly token: Pick<TokenDraft, 'name' | 'description' | 'grants' | 'refRules' | 'allowedAddresses'>;
}

export interface RuleView extends WorkloadRule {
  readonly issuer: WorkloadIssuer;
  /** The rights of what it gives; revoked = it gives nothing more. */
  readonly token: TokenView;
}

/** A token that a rule gave, with who runs. */
export type GivenToken = DerivedToken;

/** Whose machine: found through a permit by the doors, named by the operator. */
export interface MachinePlace {
  readonly owner: Account;
  readonly machine: Account;
}

/** The machine of that name of the permit's account. @throws Problem when it has none */
export async function machinePlace({ store: { db } }: Context, permit: Permit, login: string): Promise<MachinePlace> {
  const owner = await machinesOwner(db, permit);
  return { owner, machine: await machineOf(db, owner, login) };
}

/** The rules of a machine, the oldest first: the first that takes a token gives. */
export async function listRules(ctx: Context, { machine }: MachinePlace): Promise<RuleView[]> {
  return ruleViews(ctx, { machineId: machine.id });
}

/** @throws Problem when the machine has no such rule */
export async function readRule(ctx: Context, place: MachinePlace, id: number): Promise<RuleView> {
  const [found] = await ruleViews(ctx, { id, machineId: place.machine.id });
  if (found === undefined) throw noRule(place, id);
  return found;
}

async function ruleViews(ctx: Context, which: Parameters<typeof rulesWhere>[1]): Promise<RuleView[]> {
  const { db } = ctx.store;
  const [rules, issuers] = await Promise.all([rulesWhere(db, which), listIssuers(db)]);
  const tokens = await tokensByIds(
    db,
    rules.map(({ tokenId }) => tokenId),
  );
  const views = await tokenViews(db, [...tokens.values()], ctx.clock.now());
  return rules.flatMap((rule) => {
    const issuer = issuers.find(({ id }) => id === rule.issuerId);
    const token = views.find(({ id }) => id === rule.tokenId);
    return issuer === undefined || token === undefined ? [] : [{ ...rule, issuer, token }];
  });
}

function noRule({ machine }: MachinePlace, id: number): Problem {
  return problem('not_found', `${machine.login} has no rule ${id}.`, 'id');
}

/** Adds a rule, with the token whose rights it gives; returns its id. @throws Problem */
export async function addRule(
  ctx: Context,
  permit: Permit,
  { owner, machine }: MachinePlace,
  draft: NewRuleDraft,
): Promise<number> {
  keepTo(permit, { ownerId: owner.id });
  const issuer = await listedIssuer(ctx.store.db, draft.issuer);
  const demands = demandsOf(draft, presetOf(issuer.preset), issuer);
  const token: TokenDraft = {
    ...draft.token,
    grants: draft.token.grants.map((grant) => ({ ...grant, owner: owner.login })),
    userLogin: machine.login,
    kind: 'fine-grained',
    scopes: [],
  };
  return createUnheldToken(ctx, permit, machine, token, async (tx, { id: tokenId, name }) => {
    const at = ctx.clock.now();
    if ((await rulesWhere(tx, { machineId: machine.id })).length >= MAX_RULES)
      throw problem('limit_reached', `${machine.login} has ${MAX_RULES} rules, which is the limit.`);
    const id = await insertRule(tx, { ...demands, issuerId: issuer.id, tokenId, machineId: machine.id, createdAt: at });
    await record(tx, permit, at, {
      action: 'workload_identity.add_rule',
      ...placeFacts({ owner, machine }),
      tokenId,
      data: factsOf({ name, issuer: issuer.name, machine: machine.login, ...demands }),
    });
    return id;
  });
}

/** @throws Problem that names those there are: owners can't look at the list */
async function listedIssuer(q: Query, name: string): Promise<WorkloadIssuer> {
  const issuers = await listIssuers(q);
  const found = issuers.find((each) => each.name === name.toLowerCase());
  if (found !== undefined) return found;
  const known = issuers.map((each) => each.name).join(', ');
  const words = known === '' ? 'An administrator lists issuers first.' : `Listed are ${known}.`;
  throw problem('invalid', `There is no issuer ${name.slice(0, 60)}. ${words}`, 'issuer');
}

type Demands = Pick<WorkloadRule, 'conditions' | 'maxLifeSec' | 'isSingleUse' | 'takesPullRequests'>;

function demandsOf(draft: RuleDraft, preset: IssuerPreset, issuer: WorkloadIssuer): Demands {
  const complaints = new Complaints();
  const { maxLifeSec = MAX_GIVEN_SEC, isSingleUse = preset.isSingleUse, takesPullRequests = false } = draft;
  if (!Number.isInteger(maxLifeSec) || maxLifeSec < MIN_GIVEN_SEC || maxLifeSec > MAX_GIVEN_SEC)
    complaints.add(
      'max_life',
      'invalid',
      `What a rule gives lives ${MIN_GIVEN_SEC} to ${MAX_GIVEN_SEC} seconds; left out, ${MAX_GIVEN_SEC}.`,
    );
  const conditions = checkConditions(draft.conditions, issuer.preset, complaints);
  if (complaints.list.length > 0) throw new Problem(complaints.list);
  return { conditions, maxLifeSec, isSingleUse, takesPullRequests };
}

/** What changes of a rule; what is left out stays. */
export interface RuleEdit extends Partial<RuleDraft> {
  /** The rights of what it gives, and its name. */
  readonly token?: TokenEdit | undefined;
}

/**
 * Changes what a rule demands, and the rights of what it gives and gave. A token changes no rule that gives more than
 * the token has: who may say whom a rule lets in could let themselves in.
 * @throws Problem with every complaint at once; then nothing was changed
 */
export async function editRule(
  ctx: Context,
  permit: Permit,
  place: MachinePlace,
  id: number,
  { token, ...draft }: RuleEdit,
): Promise<void> {
  keepTo(permit, { ownerId: place.owner.id });
  const before = await readRule(ctx, place, id);
  const given = Object.fromEntries(Object.entries(draft).filter(([, value]) => value !== undefined));
  const demands = demandsOf({ ...before, ...given }, presetOf(before.issuer.preset), before.issuer);
  await unlessNameTaken(token ?? {}, () =>
    ctx.store.transaction(async (tx) => {
      const { tokenId } = await ruleIn(tx, place, id);
      keepWithin(permit, await boundsOf(tx, await heldToken(tx, tokenId)), { isOfMachine: true });
      const name =
        token === undefined ? before.name : await editRights(ctx, tx, permit, place, { tokenId, edit: token });
      await updateRule(tx, id, demands);
      await record(tx, permit, ctx.clock.now(), {
        action: 'workload_identity.edit_rule',
        ...placeFacts(place),
        tokenId,
        data: factsOf({ name, issuer: before.issuer.name, machine: place.machine.login, ...demands }),
      });
    }),
  );
}

async function heldToken(tx: Query, id: number): Promise<Token> {
  return present(await tokenById(tx, id), 'the token of a rule');
}

/** Returns its name after that. */
async function editRights(
  ctx: Context,
  tx: Query,
  permit: Permit,
  { owner, machine }: MachinePlace,
  { tokenId, edit }: { readonly tokenId: number; readonly edit: TokenEdit },
): Promise<string> {
  const grants = edit.grants?.map((grant) => ({ ...grant, owner: owner.login }));
  const wanted = { id: tokenId, machineId: machine.id };
  return (await editTokenIn(ctx, tx, permit, wanted, { ...edit, grants })).name;
}

async function ruleIn(tx: Query, place: MachinePlace, id: number): Promise<WorkloadRule> {
  const [rule] = await rulesWhere(tx, { id, machineId: place.machine.id });
  if (rule === undefined) throw noRule(place, id);
  return rule;
}

/** Removes a rule; what it gave ends at once. @throws Problem when the machine has no such rule */
export async function removeRule(ctx: Context, permit: Permit, place: MachinePlace, id: number): Promise<void> {
  keepTo(permit, { ownerId: place.owner.id });
  await ctx.store.transaction(async (tx) => {
    const { tokenId, name } = await ruleIn(tx, place, id);
    await endOne(ctx, tx, permit, { id: tokenId, by: `the rule ${name} was removed` });
    await deleteRule(tx, id);
    await record(tx, permit, ctx.clock.now(), {
      action: 'workload_identity.remove_rule',
      ...placeFacts(place),
      tokenId,
      data: { name, machine: place.machine.login },
    });
  });
}

/** The living tokens that a rule gave, newest first, each with who runs. */
export async function listGiven(
  ctx: Context,
  place: MachinePlace,
  id: number,
  page: Page = { beforeId: null, limit: MAX_SHOWN_GIVEN },
): Promise<GivenToken[]> {
  const { tokenId } = await ruleIn(ctx.store.db, place, id);
  return livingDerived(ctx.store.db, tokenId, ctx.clock.now(), page);
}

function placeFacts({ owner, machine }: MachinePlace) {
  return { userId: machine.id, organizationId: owner.kind === 'organization' ? owner.id : null };
}

function factsOf({
  name,
  issuer,
  machine,
  conditions,
  maxLifeSec,
  isSingleUse,
  takesPullRequests,
}: Demands & { readonly name: string; readonly issuer: string; readonly machine: string }): Record<string, unknown> {
  return {
    name,
    issuer,
    machine,
    conditions: conditions.map(({ claim, values }) => `${claim}: ${values.join(' or ')}`),
    max_life: maxLifeSec,
    single_use: isSingleUse,
    pull_requests: takesPullRequests,
  };
}
