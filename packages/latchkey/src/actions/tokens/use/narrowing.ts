/**
 * Takes away what a token never used, and gives it back within a week.
 *
 * Invariant: nothing is called unused before it was watched for long enough, and narrowing removes only what nobody
 * used: a permission that was used stays at the level of its use.
 * Invariant: undoing gives back what narrowing took, and only where nobody has changed the grant since.
 */
import { problem } from '../../../base/errors.ts';
import { DAY_SEC, type UnixSeconds } from '../../../base/time.ts';
import {
  atLeast,
  LEVELS,
  type Level,
  type PermissionName,
  type PermissionSet,
  permissionNamed,
  wholeOf,
} from '../../../catalogue/permissions.ts';
import { MAX_SELECTED_REPOSITORIES } from '../../../rules/grant-draft.ts';
import type { Query } from '../../../store/db.ts';
import { type GrantReach, grantsOf, isSameReach, type StoredGrant, setGrantReach } from '../../../store/grants.ts';
import { deleteNarrowing, narrowingOf, type StoredReach, saveNarrowing } from '../../../store/narrowings.ts';
import { type Token, updateToken } from '../../../store/tokens.ts';
import type { Permit } from '../../decision/authorize.ts';
import { tokenWithin } from '../../decision/token-access.ts';
import type { Context } from '../../ground/context.ts';
import { record } from '../../ground/record.ts';
import { tokenEvent } from '../../ground/token-events.ts';
import type { GrantView, TokenView } from '../views.ts';
import { ACTIVITY_DAYS, type Activity, readActivity } from './activity.ts';

/** What a token had for less time than this may still be for next month. */
const OBSERVED_SEC = ACTIVITY_DAYS * DAY_SEC;
/** How long a narrowing can be undone. */
export const UNDO_SEC = 7 * DAY_SEC;

/** How long something must have been watched: `ACTIVITY_DAYS`, or, by the person's choice, since it was given. */
export type Observation = 'enough' | 'so-far';

/** Grants that lose something, and what goes, in words. */
export interface Narrower {
  readonly grants: readonly { readonly id: number; readonly before: GrantReach; readonly after: GrantReach }[];
  readonly dropped: readonly string[];
}

type Narrowable = Pick<TokenView, 'kind' | 'createdAt' | 'grants'>;

/**
 * What a token would keep if it were narrowed to what it used. Null when it uses everything that it has had for long
 * enough, or was never used; while a request of its waits, nothing can be said of it yet.
 */
export function narrowed(
  token: Narrowable,
  activity: Activity,
  at: UnixSeconds,
  observation: Observation = 'enough',
): Narrower | null {
  if (token.kind !== 'fine-grained' || activity.total === 0) return null;
  const views = token.grants.filter(({ state }) => state === 'active' || state === 'pending');
  if (views.some(({ state, request }) => state === 'pending' || request !== null)) return null;
  const dropped: string[] = [];
  const grants = views
    .filter((view) => observation === 'so-far' || at - givenAt(token, view) >= OBSERVED_SEC)
    .flatMap((view) => {
      const words: string[] = [];
      const after = {
        ...usedRepositories(view, activity, words),
        permissions: usedPermissions(view.permissions, activity, words),
      };
      dropped.push(...words);
      return words.length === 0 ? [] : [{ id: view.id, before: view, after }];
    });
  return dropped.length === 0 ? null : { grants, dropped };
}

/** When all of a token's grants have been watched for long enough; null when nothing can ever be said of it. */
export function observedFrom(token: Narrowable): UnixSeconds | null {
  const given = token.grants.filter(({ state }) => state === 'active').map((view) => givenAt(token, view));
  return token.kind !== 'fine-grained' || given.length === 0 ? null : Math.max(...given) + OBSERVED_SEC;
}

/** Since when a grant has given what it gives. */
function givenAt(token: Pick<TokenView, 'createdAt'>, { decidedAt, reachedAt, createdAt }: GrantView): UnixSeconds {
  return Math.max(token.createdAt, createdAt, decidedAt ?? 0, reachedAt ?? 0);
}

function usedPermissions(permissions: PermissionSet, activity: Activity, dropped: string[]): PermissionSet {
  const kept: Partial<Record<PermissionName, Level>> = {};
  for (const [name, level] of Object.entries(permissions) as [PermissionName, Level][]) {
    const used = activity.byPermission.filter(({ permission }) => permission === wholeOf(name)).map((one) => one.level);
    const highest = LEVELS.findLast((each) => used.includes(each)) ?? null;
    const isLowest = permissionNamed(name)?.levels[0] === level;
    if (name === 'metadata' || (highest !== null && (isLowest || atLeast(highest, level)))) kept[name] = level;
    else if (highest !== null && permissionNamed(name)?.levels.includes(highest) === true) {
      kept[name] = highest;
      dropped.push(`${name}: ${level}, of which ${highest} was used`);
    } else dropped.push(`${name}: ${level}`);
  }
  return kept;
}

function usedRepositories(
  grant: GrantView,
  activity: Activity,
  dropped: string[],
): Pick<GrantReach, 'selection' | 'repositoryIds'> {
  const { selection, repositoryIds } = grant;
  const used = activity.byRepository.filter(
    ({ id, ownerId }) => ownerId === grant.ownerId && (selection === 'all' || repositoryIds.has(id)),
  );
  // A grant without any repository would be empty: then the selection stays.
  if (selection === 'public' || used.length === 0) return { selection, repositoryIds };
  if (selection === 'all') {
    if (used.length > MAX_SELECTED_REPOSITORIES) return { selection, repositoryIds };
    dropped.push(`all repositories of ${grant.owner} except ${used.map(({ name }) => name).join(', ')}`);
  } else {
    const keep = new Set(used.map(({ name }) => name));
    dropped.push(
      ...grant.repositoryNames
        .map((name) => `${grant.owner}/${name}`)
        .filter((name) => !keep.has(name))
        .map((name) => `the repository ${name}`),
    );
  }
  return { selection: 'selected', repositoryIds: used.map(({ id }) => id) };
}

/** What the person agreed to: how long was enough, and what they were told would go. */
interface Agreed {
  readonly observation: Observation;
  readonly shown: readonly string[];
}

/**
 * Narrows a token to what it used; its secret stays.
 * @throws Problem when something else would go by now
 */
export async function narrowToken(
  ctx: Context,
  permit: Permit,
  token: TokenView,
  { observation, shown }: Agreed,
): Promise<readonly string[]> {
  const at = ctx.clock.now();
  const narrower = narrowed(token, await readActivity(ctx, permit, token.id), at, observation);
  if (narrower === null) throw problem('conflict', 'Everything it has is in use.');
  if (narrower.dropped.join('\n') !== shown.join('\n'))
    throw problem('conflict', 'The token was used or changed meanwhile. Look again at what would go.');
  await ctx.store.transaction(async (tx) => {
    const owned = await tokenWithin(tx, permit, token.id);
    const held = await heldGrants(tx, token.id);
    for (const { id, before, after } of narrower.grants) {
      const grant = held.get(id);
      if (grant === undefined || !isSameReach(grant, before))
        throw problem('conflict', 'The token was changed meanwhile. Look again.');
      await setGrantReach(tx, id, after, at);
    }
    await saveNarrowing(tx, {
      tokenId: token.id,
      at,
      grants: narrower.grants.map(({ id, before, after }) => ({
        id,
        before: storedReach(before),
        after: storedReach(after),
      })),
    });
    await noteChange(tx, permit, owned, at);
  });
  return narrower.dropped;
}

/** When a token was narrowed, while that can be undone; null otherwise. */
export async function undoableNarrowing(ctx: Context, tokenId: number): Promise<{ at: number; until: number } | null> {
  const narrowing = await narrowingOf(ctx.store.db, tokenId);
  return narrowing === null || narrowing.at + UNDO_SEC <= ctx.clock.now()
    ? null
    : { at: narrowing.at, until: narrowing.at + UNDO_SEC };
}

/**
 * Gives back what the last narrowing took. An approval that was given for it still holds.
 * @throws Problem when that is too long ago, or every grant was changed since
 */
export async function undoNarrowing(ctx: Context, permit: Permit, tokenId: number): Promise<void> {
  const at = ctx.clock.now();
  await ctx.store.transaction(async (tx) => {
    const token = await tokenWithin(tx, permit, tokenId);
    const narrowing = await narrowingOf(tx, tokenId);
    if (narrowing === null || narrowing.at + UNDO_SEC <= at)
      throw problem('conflict', 'That can be undone for 7 days, which are over. Edit the token instead.');
    const held = await heldGrants(tx, tokenId);
    const left = narrowing.grants.filter(({ id, after }) => {
      const grant = held.get(id);
      return grant?.state === 'active' && isSameReach(grant, after);
    });
    if (left.length === 0)
      throw problem('conflict', 'What was narrowed has been changed since. Edit the token instead.');
    for (const { id, before } of left) await setGrantReach(tx, id, before, at);
    await deleteNarrowing(tx, tokenId);
    await noteChange(tx, permit, token, at);
  });
}

async function heldGrants(tx: Query, tokenId: number): Promise<Map<number, StoredGrant>> {
  return new Map(((await grantsOf(tx, [tokenId])).get(tokenId) ?? []).map((grant) => [grant.id, grant]));
}

async function noteChange(tx: Query, permit: Permit, token: Token, at: UnixSeconds): Promise<void> {
  await updateToken(tx, token.id, {}, at);
  await record(tx, permit, at, {
    action: tokenEvent(token.kind, 'update'),
    userId: token.userId,
    tokenId: token.id,
    data: { name: token.name, pat_field_changed: ['grants'] },
  });
}

function storedReach({ selection, repositoryIds, permissions }: GrantReach): StoredReach {
  return { selection, repositoryIds: [...repositoryIds].toSorted((a, b) => a - b), permissions };
}
