/** How a token was used in the last 90 days, and its grants as drafts, where an edit begins. */
import { DAY_SEC, type UnixSeconds } from '../../../base/time.ts';
import { atLeast, type Level } from '../../../catalogue/permissions.ts';
import type { GrantDraft } from '../../../rules/grant-draft.ts';
import { DELETED_ACCOUNT } from '../../../rules/names.ts';
import { accountsByIds } from '../../../store/accounts.ts';
import { repositoriesByIds } from '../../../store/repositories.ts';
import { daysOfToken, type TokenDay } from '../../../store/token-days.ts';
import type { Permit } from '../../decision/authorize.ts';
import { tokenWithin } from '../../decision/token-access.ts';
import type { Context } from '../../ground/context.ts';
import { INSTANCE_LOGIN } from '../draft-world.ts';
import type { TokenView } from '../views.ts';

/** How far back a token's use is shown and counts. */
export const ACTIVITY_DAYS = 90;

interface UsedRepository {
  readonly id: number;
  readonly ownerId: number;
  readonly name: string;
  readonly times: number;
}

export interface Activity {
  /** One number for each of the last `ACTIVITY_DAYS` days, today last. */
  readonly perDay: readonly number[];
  readonly total: number;
  /** `contents: write` → how often; the most used first. */
  readonly byPermission: readonly { readonly permission: string; readonly level: Level; readonly times: number }[];
  /** `octo/site` → how often; the most used first. */
  readonly byRepository: readonly UsedRepository[];
}

/** How one of the caller's own tokens was used. */
export async function readActivity(ctx: Context, permit: Permit, tokenId: number): Promise<Activity> {
  const token = await tokenWithin(ctx.store.db, permit, tokenId, { alive: false });
  await ctx.usage.flush();
  const today = ctx.clock.now() - (ctx.clock.now() % DAY_SEC);
  const since = today - (ACTIVITY_DAYS - 1) * DAY_SEC;
  const days = await daysOfToken(ctx.store.db, token.id, since);
  const perDay = daily(days, since);
  return {
    perDay,
    total: perDay.reduce((sum, times) => sum + times, 0),
    byPermission: permissionsOf(days),
    byRepository: await repositoriesOf(ctx, days),
  };
}

/**
 * A request that needs several permissions is counted under each. For one day and repository, the highest count is
 * close to the number of requests.
 */
function daily(days: readonly TokenDay[], since: UnixSeconds): number[] {
  const perDay = Array.from({ length: ACTIVITY_DAYS }, () => 0);
  const highest = new Map<string, number>();
  for (const { dayAt, repositoryId, times } of days)
    highest.set(`${dayAt} ${repositoryId}`, Math.max(times, highest.get(`${dayAt} ${repositoryId}`) ?? 0));
  for (const [key, times] of highest) {
    const index = (Number(key.split(' ')[0]) - since) / DAY_SEC;
    if (index >= 0 && index < ACTIVITY_DAYS) perDay[index] = (perDay[index] ?? 0) + times;
  }
  return perDay;
}

function permissionsOf(days: readonly TokenDay[]): Activity['byPermission'] {
  const sums = new Map<string, number>();
  for (const { permission, level, times } of days)
    if (permission !== '') sums.set(`${permission} ${level}`, (sums.get(`${permission} ${level}`) ?? 0) + times);
  return [...sums]
    .map(([key, times]) => {
      const [permission = '', level = 'read'] = key.split(' ');
      return { permission, level: level as Level, times };
    })
    .sort((a, b) => b.times - a.times);
}

async function repositoriesOf(ctx: Context, days: readonly TokenDay[]): Promise<Activity['byRepository']> {
  const sums = new Map<number, number>();
  for (const { repositoryId, times } of days)
    if (repositoryId !== 0) sums.set(repositoryId, (sums.get(repositoryId) ?? 0) + times);
  const repositories = await repositoriesByIds(ctx.store.db, [...sums.keys()].slice(0, 1_000));
  const owners = await accountsByIds(ctx.store.db, [
    ...new Set([...repositories.values()].map(({ ownerId }) => ownerId)),
  ]);
  return [...repositories.values()]
    .map((repository) => ({
      id: repository.id,
      ownerId: repository.ownerId,
      name: `${owners.get(repository.ownerId)?.login ?? DELETED_ACCOUNT}/${repository.name}`,
      times: sums.get(repository.id) ?? 0,
    }))
    .sort((a, b) => b.times - a.times);
}

/** A token's grants as drafts, where an edit begins. */
export function draftsOf(token: Pick<TokenView, 'grants'>): GrantDraft[] {
  return token.grants
    .filter(({ state }) => state === 'active' || state === 'pending')
    .map(({ owner, ownerKind, selection, repositoryNames, permissions }) => ({
      owner: ownerKind === 'self' ? '' : ownerKind === 'instance' ? INSTANCE_LOGIN : owner,
      selection,
      repositories: selection === 'selected' ? repositoryNames : [],
      permissions: permissions as Record<string, string>,
      justification: null,
    }));
}

export interface GrantAddition {
  /** '' = oneself. */
  readonly owner: string;
  readonly repositories: readonly string[];
  readonly permissions: Readonly<Record<string, string>>;
}

/** A token's grants with what a refusal said was missing. */
export function widened(token: Pick<TokenView, 'grants'>, addition: GrantAddition): GrantDraft[] {
  const drafts = draftsOf(token);
  const named = drafts.findIndex(({ owner }) => owner.toLowerCase() === addition.owner.toLowerCase());
  // A link without an owner, for a token that has just one, means that owner.
  const index = named === -1 && addition.owner === '' && drafts.length === 1 ? 0 : named;
  if (index === -1)
    return [
      ...drafts,
      {
        owner: addition.owner,
        selection: addition.repositories.length > 0 ? 'selected' : 'all',
        repositories: addition.repositories,
        permissions: addition.permissions,
        justification: null,
      },
    ];
  return drafts.map((draft, at) => (at === index ? withAddition(draft, addition) : draft));
}

function withAddition(draft: GrantDraft, addition: GrantAddition): GrantDraft {
  const permissions: Record<string, string> = { ...draft.permissions };
  for (const [name, level] of Object.entries(addition.permissions))
    if (!atLeast(permissions[name] as Level | undefined, level as Level)) permissions[name] = level;
  if (draft.selection === 'all' || addition.repositories.length === 0) return { ...draft, permissions };
  return {
    ...draft,
    permissions,
    selection: 'selected',
    repositories: [...new Set([...draft.repositories, ...addition.repositories])],
  };
}
