/**
 * Where a person stands: which owners they reach, in which role, and what these own, gathered by what a decision looks
 * at. So a sentence about a token costs a handful of questions, however many repositories and organizations there are.
 */
import type { UnixSeconds } from '../../base/time.ts';
import type { Reason } from '../../catalogue/refusals/refusals.ts';
import type { Grant, OwnerRecord, RepositoryRecord, TokenRecord, UserRecord } from '../model.ts';

/** Repositories of one owner that a decision can't tell apart; the record of one stands for all. */
export interface Place {
  readonly repository: RepositoryRecord;
  readonly count: number;
  /** True when the person has a role of their own there, beside ownership and membership. */
  readonly given: boolean;
}

/** Where a person stands, read once for all their tokens. */
export interface RightWorld {
  readonly at: UnixSeconds;
  readonly user: UserRecord;
  /** By id, with the person's role in each, and no lists of addresses. */
  readonly owners: ReadonlyMap<number, OwnerRecord>;
  /** By the owner's id. */
  readonly places: ReadonlyMap<number, readonly Place[]>;
  /** Single repositories that grants select, by id. */
  readonly selected: ReadonlyMap<number, RepositoryRecord>;
  /** `owners` and their `places`, gathered by what a decision looks at. */
  readonly standings: readonly Standing[];
  /** The grants that scopes stand for, by `scopeKey`, for the tokens in question. Others are worked out when asked. */
  readonly scopeGrants: ReadonlyMap<string, readonly Grant[]>;
  /** Answers about scopes that were given already, by what they depend on: many tokens are alike. Empty at first. */
  readonly scopeEffects: Map<string, ScopeEffect>;
  /** Ids of the owners that allow only certain addresses. */
  readonly addressLimited: ReadonlySet<number>;
}

/** What works of a classic or scoped token. */
export interface ScopeEffect {
  /** Repositories in which it can do something; null when its scopes aren't about repositories. */
  readonly repositories: number | null;
  /** Owners that keep it out, and why. */
  readonly obstacles: readonly { readonly owner: OwnerRecord; readonly reason: Reason }[];
  /** True when it works with at least one owner. */
  readonly works: boolean;
}

/** Owners with the same policy in which the person has the same role, and what these own. */
export interface Standing {
  readonly owners: readonly [OwnerRecord, ...OwnerRecord[]];
  readonly places: readonly Place[];
}

/** What the grants of scopes are found by. */
export function scopeKey({ kind, scopes }: Pick<TokenRecord, 'kind' | 'scopes'>): string {
  return `${kind} ${scopes.join()}`;
}

/** Gathers owners that a decision can't tell apart. The policies of owners are compared by identity. */
export function standingsOf(
  owners: Iterable<OwnerRecord>,
  places: ReadonlyMap<number, readonly Place[]>,
  userId: number,
): Standing[] {
  const reached = [...owners].flatMap((owner) => {
    const own = (places.get(owner.id) ?? []).filter(({ given }) => given || isAtHome(owner, userId));
    return own.length > 0 || isAtHome(owner, userId) ? [{ owner, own }] : [];
  });
  const alike = Map.groupBy(reached, ({ owner }) => owner.policy);
  return [...alike.values()].flatMap((those) =>
    [...Map.groupBy(those, ({ owner }) => `${owner.kind} ${owner.role} ${owner.id === userId}`).values()].flatMap(
      (group): Standing[] => {
        const [first, ...rest] = group.map(({ owner }) => owner);
        return first === undefined
          ? []
          : [{ owners: [first, ...rest], places: merged(group.flatMap(({ own }) => own)) }];
      },
    ),
  );
}

/** True for the person's own account, and for organizations that they belong to. */
export function isAtHome(owner: OwnerRecord, userId: number): boolean {
  return owner.id === userId || owner.role !== null;
}

/** One place for all that differ in nothing that a question about scopes looks at. */
function merged(places: readonly Place[]): Place[] {
  const alike = Map.groupBy(
    places,
    ({ repository: { role, visibility, archivedAt } }) => `${role} ${visibility} ${archivedAt === null}`,
  );
  return [...alike.values()].flatMap((those) => {
    const count = those.reduce((sum, place) => sum + place.count, 0);
    return those.slice(0, 1).map((first) => ({ ...first, count }));
  });
}
