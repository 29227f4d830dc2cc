/**
 * What many remembered tokens and targets have in common, kept once.
 *
 * Part of `Memory`, and as old as it. A hundred thousand remembered tokens take 22 MiB with it and 100 MiB without, as
 * many targets 1 and 25 MiB (decision 0170).
 * Invariant: a part is only ever shared by what is equal to it, so nothing has to be forgotten: what is not used any
 * more is pushed out.
 */
import { isDeepStrictEqual } from 'node:util';
import { RecentMap } from '../../base/recent-map.ts';
import type { Grant, IdSet, Target, TokenRecord } from '../../rules/model.ts';

/** How many different parts of each kind are shared. Beyond that, the least used are rebuilt. */
const MAX_SHARED = 10_000;

/** Only these fields are a token's own. Most tokens share the rest. */
type Own = 'id' | 'userId' | 'name' | 'lastEight' | 'issuedAt' | 'expiresAt' | 'grants' | 'derived';
export type CommonOfToken = Omit<TokenRecord, Own> & { readonly hasOverlap: boolean };
export type CommonOfGrant = Pick<Grant, 'selection' | 'permissions' | 'state'>;
type RepositoryTarget = Extract<Target, { kind: 'repository' }>;

/** Parts under a text that describes all of their content. */
class Parts<Part extends object> {
  readonly #known = new RecentMap<string, Part>(MAX_SHARED);

  /** The part under a key, made at its first use. */
  of(key: string, make: () => Part): Part {
    let part = this.#known.get(key);
    if (part === undefined) this.#known.set(key, (part = make()));
    return part;
  }
}

export class SharedParts {
  readonly tokens = new Parts<CommonOfToken>();
  readonly grants = new Parts<CommonOfGrant>();
  /** The grants that scopes stand for. */
  readonly grantsOfScopes = new Parts<readonly Grant[]>();
  /** Selections of several repositories. */
  readonly selections = new Parts<IdSet>();
  /** Repositories as people with one role see them. */
  readonly #targets = new RecentMap<string, RepositoryTarget>(MAX_SHARED);

  /** The target, or an equal one remembered for somebody with the same role. */
  target(target: RepositoryTarget): RepositoryTarget {
    const key = `${target.repository?.id} ${target.repository?.role} ${target.owner?.role}`;
    const known = this.#targets.get(key);
    if (known !== undefined && isDeepStrictEqual(known, target)) return known;
    this.#targets.set(key, target);
    return target;
  }
}
