/**
 * What a resource server learns about a token (RFC 7662).
 *
 * Invariant: about a token that isn't alive it learns nothing, not even that it exists.
 */
import type { Secret } from '../../base/secret.ts';
import type { UnixSeconds } from '../../base/time.ts';
import { atLeast, type Level } from '../../catalogue/permissions.ts';
import {
  ANY_OWNER,
  type Grant,
  INSTANCE_OWNER,
  type Need,
  type TokenKind,
  type TokenRecord,
  type UserRecord,
} from '../../rules/model.ts';
import { lacksTwoFactor } from '../../rules/policy.ts';
import { grantAccess, lifeOf, policyObjection } from '../../rules/token-state.ts';
import { type Account, accountsByIds } from '../../store/accounts.ts';
import { repositoriesByIds } from '../../store/repositories.ts';
import { authenticate } from '../decision/authenticate.ts';
import { consider } from '../decision/authorize.ts';
import { policyInForce, policyOf } from '../decision/targets.ts';
import type { Context } from '../ground/context.ts';

type Owners = ReadonlyMap<number, Account>;

/** A grant in names. */
interface GrantInWords {
  /** A login; null = every owner that the token's user reaches. */
  readonly owner: string | null;
  readonly selection: Grant['selection'];
  /** For `selected`: full names. */
  readonly repositories: readonly string[];
  readonly permissions: Grant['permissions'];
}

export interface Introspection {
  readonly token: TokenRecord;
  readonly user: UserRecord;
  readonly kind: TokenKind;
  /** Classic and GitLab scopes as they are; for a fine-grained token, `contents:write metadata:read`. */
  readonly scope: string;
  readonly grants: readonly GrantInWords[];
  /** How long the answer may be kept unless a change is announced; 0 = not at all. */
  readonly maxAgeSec: number;
}

/** The longest time an answer about a token may be kept. */
const MAX_AGE_SEC = 60;
/** Being alive is enough. */
const ALIVE: Need = { sets: [], publicRead: false, writes: false, gitlabScopes: [] };

/**
 * A living token, or null.
 * @param address from where it is used; a token with a list of addresses counts as alive only when this is given
 * @param resource where it is used: a token for one service counts as alive there alone; '' = this server
 */
export async function introspect(
  ctx: Context,
  secret: Secret,
  address: string,
  resource = '',
): Promise<Introspection | null> {
  await ctx.memory.refresh();
  const identity = await authenticate(ctx, { form: 'bearer', secret });
  if ('via' in identity || identity.bearer.via !== 'token') return null;
  const { token, user } = identity.bearer;
  const question = { need: ALIVE, target: { kind: 'account', login: null }, address, resource } as const;
  if ((await consider(ctx, question, identity)) !== null) return null;
  const owners = await ownersOf(ctx, token);
  const grants = await grantsInForce(ctx, token, user, owners);
  return {
    token,
    user,
    kind: token.kind,
    scope: scopeOf(token, grants),
    grants: await inWords(ctx, token, grants, owners),
    maxAgeSec: maxAgeOf(token, ctx.clock.now()),
  };
}

/**
 * How long a decision about a token stays true if nothing is changed: until the token, or the secret it was found by,
 * ends.
 */
export function maxAgeOf(token: TokenRecord, at: UnixSeconds): number {
  if (token.usesLeft !== null) return 0;
  const ends = [token.expiresAt, token.secretState === 'overlapping' ? token.secretEndsAt : null].filter(
    (end) => end !== null,
  );
  return Math.max(0, Math.min(MAX_AGE_SEC, ...ends.map((end) => end - at)));
}

/** `contents:write metadata:read`, or scopes as they are. */
export function scopeOf(token: TokenRecord, grants: readonly Grant[]): string {
  if (token.kind !== 'fine-grained') return token.scopes.join(' ');
  const held = new Map<string, Level>();
  for (const grant of grants) {
    for (const [name, level] of Object.entries(grant.permissions) as [string, Level][])
      if (!atLeast(held.get(name), level)) held.set(name, level);
  }
  return [...held].map(([name, level]) => `${name}:${level}`).join(' ');
}

function ownersOf(ctx: Context, { grants }: TokenRecord): Promise<Owners> {
  return accountsByIds(
    ctx.store.db,
    grants.map(({ ownerId }) => ownerId).filter((id) => id > INSTANCE_OWNER),
  );
}

/** Grants that give something today: a resource server that follows them decides as this server would. */
async function grantsInForce(ctx: Context, token: TokenRecord, user: UserRecord, owners: Owners): Promise<Grant[]> {
  const instance = await policyOf(ctx, INSTANCE_OWNER);
  const inForce: Grant[] = [];
  for (const grant of token.grants) {
    const isOrganizations = owners.get(grant.ownerId)?.kind === 'organization';
    const policy = policyInForce(instance, isOrganizations ? await policyOf(ctx, grant.ownerId) : null);
    if (lacksTwoFactor(user, policy, ctx.clock.now())) continue;
    if (policy.requiresSso && !token.ssoOrganizationIds.has(grant.ownerId)) continue;
    if (grantAccess(grant, policyObjection(lifeOf(token), policy, user.admin)) === 'active') inForce.push(grant);
  }
  return inForce;
}

async function inWords(
  ctx: Context,
  { derived }: TokenRecord,
  grants: readonly Grant[],
  owners: Owners,
): Promise<GrantInWords[]> {
  if (derived !== null && derived.repositoryIds !== null) return onlyThese(ctx, [...derived.repositoryIds], grants);
  const repositories = await repositoriesByIds(
    ctx.store.db,
    grants.flatMap(({ repositoryIds }) => [...repositoryIds]),
  );
  return grants.map((grant) => {
    const owner = owners.get(grant.ownerId)?.login ?? null;
    const names = [...grant.repositoryIds].flatMap((id) => repositories.get(id)?.name ?? []);
    return {
      owner,
      selection: grant.selection,
      repositories: names.map((name) => `${owner}/${name}`),
      permissions: grant.permissions,
    };
  });
}

/** The grants of a token that was derived for some repositories: for each owner those that the grant reaches, too. */
async function onlyThese(ctx: Context, ids: readonly number[], grants: readonly Grant[]): Promise<GrantInWords[]> {
  const repositories = [...(await repositoriesByIds(ctx.store.db, ids)).values()];
  const owners = await accountsByIds(ctx.store.db, [...new Set(repositories.map(({ ownerId }) => ownerId))]);
  return grants.flatMap(({ ownerId, selection, repositoryIds, permissions }) =>
    [...owners.values()].flatMap(({ id, login }) => {
      const reached = repositories.filter(
        (each) =>
          each.ownerId === id &&
          (ownerId === id || ownerId === ANY_OWNER) &&
          (selection === 'all' || (selection === 'public' ? each.visibility === 'public' : repositoryIds.has(each.id))),
      );
      const names = reached.map(({ name }) => `${login}/${name}`);
      return names.length === 0
        ? []
        : [{ owner: login, selection: 'selected' as const, repositories: names, permissions }];
    }),
  );
}
