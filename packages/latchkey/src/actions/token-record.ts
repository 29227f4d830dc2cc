/**
 * A stored token as decisions see it, small enough that a hundred thousand of them are remembered.
 *
 * Scopes of classic and scoped tokens become grants, so that there is one vocabulary. Parts that many tokens have in common (the grants that scopes stand
 * for, sets of permissions, selections of repositories) exist once.
 */
import { LRUCache } from 'lru-cache';
import { scopeReach } from '../catalogue/scopes.ts';
import { ANY_OWNER, type Grant, type TokenRecord } from '../rules/model.ts';
import type { StoredToken } from '../store/tokens.ts';

/** How many different parts are shared; beyond that, the least used are built anew. */
const MAX_SHARED = 10_000;
const NO_IDS: ReadonlySet<number> = new Set();
const NO_WORDS: readonly string[] = [];

const scopeGrants = new LRUCache<string, { readonly scopes: readonly string[]; readonly grants: readonly Grant[] }>({ max: MAX_SHARED });
const permissionSets = new LRUCache<string, Grant['permissions']>({ max: MAX_SHARED });
const selections = new LRUCache<string, ReadonlySet<number>>({ max: MAX_SHARED });

/** The part under a key, made by the first who needs it. */
function shared<T extends object>(cache: LRUCache<string, T>, key: string, make: () => T): T {
  let part = cache.get(key);
  if (part === undefined) cache.set(key, (part = make()));
  return part;
}

/** What decisions need of a stored token, and nothing else. */
export function tokenRecord(stored: StoredToken): TokenRecord {
  const { scopes, grants } = stored.kind === 'fine-grained' ? { scopes: NO_WORDS, grants: stored.grants.map(compactGrant) } : grantsOfScopes(stored);
  return {
    id: stored.id,
    userId: stored.userId,
    kind: stored.kind,
    name: stored.name,
    lastEight: stored.lastEight,
    issuedAt: stored.issuedAt,
    expiresAt: stored.expiresAt,
    notBeforeAt: stored.notBeforeAt,
    revokedAt: stored.revokedAt,
    revokedBy: stored.revokedBy,
    secretState: stored.secretState,
    secretEndsAt: stored.secretEndsAt,
    scopes,
    grants,
    allowedAddresses: stored.allowedAddresses,
    usesLeft: stored.usesLeft,
    ssoOrganizationIds: stored.ssoOrganizationIds.size === 0 ? NO_IDS : stored.ssoOrganizationIds,
  };
}

function grantsOfScopes({ kind, scopes }: StoredToken): { readonly scopes: readonly string[]; readonly grants: readonly Grant[] } {
  return shared(scopeGrants, `${kind} ${scopes.join()}`, () => ({
    scopes,
    grants: scopeReach(kind === 'classic' ? 'classic' : 'scoped', scopes).map((reach, i) => ({
      id: -1 - i, ownerId: ANY_OWNER, selection: reach.selection, repositoryIds: NO_IDS, permissions: reach.permissions, state: 'active',
    })),
  }));
}

function compactGrant({ id, ownerId, selection, repositoryIds, permissions, state }: Grant): Grant {
  return {
    id,
    ownerId,
    selection,
    repositoryIds: repositoryIds.size === 0 ? NO_IDS : shared(selections, [...repositoryIds].join(), () => repositoryIds),
    permissions: shared(permissionSets, JSON.stringify(permissions), () => permissions),
    state,
  };
}
