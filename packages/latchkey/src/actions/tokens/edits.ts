/**
 * Edits of live tokens that keep their secret.
 *
 * Invariant: removing takes effect at once; adding access to an organization that requires approval becomes a request
 * for the difference, and the grant stays as it was in the meantime (GitHub docs, "Managing requests for personal
 * access tokens").
 */
import { Problem, problem } from '../../base/errors.ts';
import type { UnixSeconds } from '../../base/time.ts';
import { MAX_GRANTS } from '../../rules/draft.ts';
import { checkGrant, checkOwner, type GrantDraft, type GrantPlan, type OwnerInWorld } from '../../rules/grant-draft.ts';
import { addedReach, commonReach } from '../../rules/reach.ts';
import { rulesWithin } from '../../rules/refs/ref-inclusion.ts';
import { type RefRuleDraft, refRuleLine } from '../../rules/refs/ref-rule-text.ts';
import {
  Complaints,
  checkAddresses,
  checkDescription,
  checkName,
  checkNotBefore,
  checkRefs,
  checkScopes,
  checkUses,
} from '../../rules/token-limits.ts';
import { accountById, accountsByIds } from '../../store/accounts.ts';
import type { Query } from '../../store/db.ts';
import {
  deleteGrant,
  grantsOf,
  insertGrant,
  type StoredGrant,
  setGrantReach,
  setGrantState,
} from '../../store/grants.ts';
import { organizationOfHolder } from '../../store/machines.ts';
import { cancelRequests } from '../../store/requests.ts';
import { withdrawFromAll, withdrawFromOrganization } from '../../store/token-organizations.ts';
import { isTokenNameTaken, type Token, type TokenChange, updateToken } from '../../store/tokens.ts';
import { unlessTaken } from '../accounts/accounts.ts';
import type { Permit } from '../decision/authorize.ts';
import { actingToken, boundsOf, keepWithin, tokenWithin, type WantedToken } from '../decision/token-access.ts';
import type { Context } from '../ground/context.ts';
import { record } from '../ground/record.ts';
import { tokenEvent } from '../ground/token-events.ts';
import { draftWorld } from './draft-world.ts';
import { fileRequest, openGrant } from './grant-requests.ts';
import { authorizeWhereProved } from './single-sign-on.ts';

/** Fields to change; the others stay. */
export interface TokenEdit {
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
  /** All grants that the token will have: one that is missing here is taken away. */
  readonly grants?: readonly GrantDraft[] | undefined;
  readonly notBeforeAt?: UnixSeconds | null | undefined;
  readonly allowedAddresses?: readonly string[] | null | undefined;
  readonly usesLeft?: number | null | undefined;
  /** Null and none = any ref. */
  readonly refRules?: readonly RefRuleDraft[] | null | undefined;
}

/** Edits a token. @throws Problem with every complaint at once; then nothing was changed */
export async function editToken(ctx: Context, permit: Permit, wanted: WantedToken, edit: TokenEdit): Promise<Token> {
  return unlessNameTaken(edit, () => ctx.store.transaction((tx) => editTokenIn(ctx, tx, permit, wanted, edit)));
}

/** Runs work that edits a token, and says so when its new name is taken. */
export function unlessNameTaken<Done>({ name }: TokenEdit, work: () => Promise<Done>): Promise<Done> {
  return unlessTaken(`There is a token named ${name?.trim()} already.`, 'name', work);
}

/** As `editToken`, in the caller's transaction. */
export async function editTokenIn(
  ctx: Context,
  tx: Query,
  permit: Permit,
  wanted: WantedToken,
  edit: TokenEdit,
): Promise<Token> {
  const at = ctx.clock.now();
  const token = await tokenWithin(tx, permit, wanted);
  const { id } = token;
  const complaints = new Complaints();
  const change = await checkChange(tx, token, edit, complaints);
  const plans = edit.grants === undefined ? null : await checkGrants(ctx, tx, token, edit.grants, complaints);
  await checkWider(tx, token, change, complaints);
  if (complaints.list.length > 0) throw new Problem(complaints.list);
  await keepEditWithin(tx, permit, token, change, plans);
  const changed = await updateToken(tx, id, change, at);
  if (changed === null) throw problem('conflict', `The token ${token.name} was revoked meanwhile.`);
  if (change.scopes !== undefined && change.scopes.join() !== token.scopes.join()) await withdrawFromAll(tx, id);
  if (plans !== null) await applyPlans(tx, permit, changed, plans, at);
  await record(tx, permit, at, {
    action: tokenEvent(token.kind, 'update'),
    userId: token.userId,
    organizationId: await organizationOfHolder(tx, token.userId),
    tokenId: id,
    data: { name: changed.name, pat_field_changed: fieldsOf(edit), ...oldValues(token, change) },
  });
  return changed;
}

async function checkChange(tx: Query, token: Token, edit: TokenEdit, complaints: Complaints): Promise<TokenChange> {
  const name = edit.name?.trim();
  if (name !== undefined)
    checkName(
      token.kind,
      name,
      token.kind === 'fine-grained' && (await isTokenNameTaken(tx, token.userId, token.kind, name, token.id)),
      complaints,
    );
  if (edit.description !== undefined) checkDescription(edit.description, complaints);
  if (edit.scopes !== undefined && token.kind === 'fine-grained')
    complaints.add('scopes', 'invalid', 'A fine-grained token has permissions, not scopes.');
  if (edit.scopes !== undefined && token.kind === 'scoped')
    complaints.add('scopes', 'invalid', 'The scopes of a scoped token are fixed: create another one.');
  if (edit.grants !== undefined && token.kind !== 'fine-grained')
    complaints.add('permissions', 'invalid', `A ${token.kind} token has scopes, not permissions.`);
  return {
    ...(name === undefined ? {} : { name }),
    ...(edit.description === undefined ? {} : { description: edit.description }),
    ...(edit.scopes === undefined || token.kind !== 'classic'
      ? {}
      : { scopes: checkScopes('classic', edit.scopes, complaints) }),
    ...(edit.notBeforeAt === undefined
      ? {}
      : { notBeforeAt: checkNotBefore(edit.notBeforeAt, token.expiresAt, complaints) }),
    ...(edit.allowedAddresses === undefined
      ? {}
      : { allowedAddresses: checkAddresses(edit.allowedAddresses, complaints) }),
    ...(edit.usesLeft === undefined ? {} : { usesLeft: checkUses(edit.usesLeft, complaints) }),
    ...(edit.refRules === undefined
      ? {}
      : {
          refRules: checkRefs(
            edit.refRules,
            { token: name ?? token.name, login: (await accountById(tx, token.userId))?.login ?? '' },
            complaints,
          ),
        }),
  };
}

/**
 * An organization's owners may have let the token in for the sake of its rules: there they are only narrowed. A
 * machine's are edited by those owners themselves.
 */
async function checkWider(tx: Query, token: Token, change: TokenChange, complaints: Complaints): Promise<void> {
  if (change.refRules === undefined || complaints.list.length > 0) return;
  if (rulesWithin(change.refRules, token.refRules)) return;
  if ((await accountById(tx, token.userId))?.kind === 'machine') return;
  const grants = (await grantsOf(tx, [token.id])).get(token.id) ?? [];
  const owners = await accountsByIds(
    tx,
    grants.filter(({ state }) => state === 'active' || state === 'pending').map(({ ownerId }) => ownerId),
  );
  const organization = [...owners.values()].find(({ kind }) => kind === 'organization');
  if (organization !== undefined)
    complaints.add(
      'ref_rules',
      'invalid',
      `The ref rules of a token that reaches an organization (${organization.login}) can only be narrowed: create ` +
        'another token for more.',
    );
}

async function checkGrants(
  ctx: Context,
  tx: Query,
  token: Token,
  drafts: readonly GrantDraft[],
  complaints: Complaints,
): Promise<GrantPlan[]> {
  const user = await accountById(tx, token.userId);
  if (user === null) throw new TypeError('a token has no user');
  const asNew = {
    userLogin: user.login,
    kind: token.kind,
    name: token.name,
    description: '',
    scopes: [],
    grants: drafts.slice(0, MAX_GRANTS),
  };
  const { owners, isAdmin } = await draftWorld(ctx, tx, user, asNew);
  if (drafts.length > MAX_GRANTS)
    complaints.add('grants', 'invalid', `A token reaches at most ${MAX_GRANTS} resource owners.`);
  if (drafts.length === 0) complaints.add('grants', 'missing_field', 'A fine-grained token needs a resource owner.');
  const plans: GrantPlan[] = [];
  for (const draft of drafts.slice(0, MAX_GRANTS)) {
    const owner: OwnerInWorld | undefined = owners.get(draft.owner.toLowerCase());
    if (!checkOwner(owner, draft, isAdmin, complaints)) continue;
    if (plans.some((plan) => plan.ownerId === owner.id))
      complaints.add('target_name', 'invalid', `The resource owner ${owner.login} is named twice.`);
    else plans.push(...checkGrant(draft, owner, complaints));
  }
  return plans;
}

/**
 * When a token edits another one: what that one will give, as if everything were approved, must be within what the
 * acting one has.
 */
async function keepEditWithin(
  tx: Query,
  permit: Permit,
  token: Token,
  change: TokenChange,
  plans: readonly GrantPlan[] | null,
): Promise<void> {
  if (actingToken(permit) === null) return;
  const today = await boundsOf(tx, token);
  const allowedAddresses = change.allowedAddresses === undefined ? today.allowedAddresses : change.allowedAddresses;
  const refRules = change.refRules === undefined ? today.refRules : change.refRules;
  keepWithin(
    permit,
    { ...today, scopes: change.scopes ?? today.scopes, grants: plans ?? today.grants, allowedAddresses, refRules },
    {
      isItself: actingToken(permit)?.id === token.id,
      isOfMachine: (await accountById(tx, token.userId))?.kind === 'machine',
    },
  );
  if (
    change.usesLeft !== undefined &&
    token.usesLeft !== null &&
    (change.usesLeft === null || change.usesLeft > token.usesLeft)
  )
    throw problem('unprocessable', "A token can't raise a use limit.", 'uses_left');
}

async function applyPlans(
  tx: Query,
  permit: Permit,
  token: Token,
  plans: readonly GrantPlan[],
  at: UnixSeconds,
): Promise<void> {
  const held = (await grantsOf(tx, [token.id])).get(token.id) ?? [];
  for (const grant of held)
    if (!plans.some((plan) => plan.ownerId === grant.ownerId)) {
      await deleteGrant(tx, grant.id);
      await withdrawFromOrganization(tx, token.id, grant.ownerId);
    }
  for (const plan of plans) {
    const grant = held.find((one) => one.ownerId === plan.ownerId);
    if (grant === undefined) {
      await openGrant(tx, permit, { token, grantId: await insertGrant(tx, token.id, plan, at), plan }, at);
      await authorizeWhereProved(tx, permit, token, [plan.ownerId], at);
    } else await changeGrant(tx, permit, { token, grant, plan }, at);
  }
}

/** A pending request is replaced by what is wanted now. */
async function changeGrant(
  tx: Query,
  permit: Permit,
  { token, grant, plan }: { readonly token: Token; readonly grant: StoredGrant; readonly plan: GrantPlan },
  at: UnixSeconds,
): Promise<void> {
  await cancelRequests(tx, { grantId: grant.id }, at);
  if (grant.state === 'active' && plan.state === 'pending') {
    await setGrantReach(tx, grant.id, commonReach(grant, plan), at);
    const added = addedReach(grant, plan);
    if (added !== null)
      await fileRequest(
        tx,
        permit,
        { ...added, token, grantId: grant.id, organizationId: plan.ownerId, justification: plan.justification },
        at,
      );
    return;
  }
  await setGrantReach(tx, grant.id, plan, at);
  if (grant.state !== plan.state) await setGrantState(tx, grant.id, [grant.state], plan.state, at);
  if (grant.state !== 'active') await openGrant(tx, permit, { token, grantId: grant.id, plan }, at);
}

function fieldsOf(edit: TokenEdit): string[] {
  return Object.entries(edit)
    .filter(([, value]) => value !== undefined)
    .map(([name]) => name);
}

function oldValues(token: Token, change: TokenChange): Record<string, unknown> {
  return {
    ...(change.name === undefined || change.name === token.name ? {} : { old_name: token.name }),
    ...(change.scopes === undefined ? {} : { old_scopes: token.scopes, scopes: change.scopes }),
    ...(change.refRules === undefined
      ? {}
      : {
          old_ref_rules: token.refRules?.map(refRuleLine) ?? null,
          ref_rules: change.refRules?.map(refRuleLine) ?? null,
        }),
  };
}
