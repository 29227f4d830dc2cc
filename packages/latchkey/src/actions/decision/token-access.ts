/**
 * Whose token an action may touch, and what one token may do to another.
 *
 * Invariant: a token gives its bearer nothing beyond its own rights: not by creating another token, and not by
 * changing or renewing one that can do more.
 */
import { Problem, problem } from '../../base/errors.ts';
import type { TokenRecord } from '../../rules/model.ts';
import { type Bounded, beyondMaker } from '../../rules/reach.ts';
import type { Query } from '../../store/db.ts';
import { grantsOf } from '../../store/grants.ts';
import { type Token, tokenById } from '../../store/tokens.ts';
import type { Permit } from './authorize.ts';

/** A token of a machine account, whose owner's permit was looked at by whoever says so. */
export interface OfMachine {
  readonly id: number;
  readonly machineId: number;
}

/** A token that an action is about: by its number, among those that the permit reaches; or a machine's. */
export type WantedToken = number | OfMachine;

/**
 * A token that the permit reaches: the caller's own, or any for a caller who acts on the whole instance; or one of a
 * machine that the caller may manage.
 * @throws Problem `not_found` for somebody else's, as if it didn't exist; `conflict` when it was revoked and `alive` is
 * set
 */
export async function tokenWithin(
  q: Query,
  permit: Permit,
  wanted: WantedToken,
  { alive = true } = {},
): Promise<Token> {
  const id = typeof wanted === 'number' ? wanted : wanted.id;
  const token = await tokenById(q, id);
  const isWithin =
    token !== null &&
    (typeof wanted === 'number'
      ? permit.target.kind === 'instance' || token.userId === permit.actor.userId
      : token.userId === wanted.machineId);
  if (!isWithin) throw problem('not_found', `There is no token ${id}.`, 'id');
  if (alive && token.revokedAt !== null) throw problem('conflict', `The token ${token.name} was revoked meanwhile.`);
  return token;
}

/** The token that makes the request; null for a session, the operator and upkeep. */
export function actingToken(permit: Permit): TokenRecord | null {
  return permit.bearer?.via === 'token' ? permit.bearer.token : null;
}

/** What a living token gives today, as its maker's limits see it. */
export async function boundsOf(q: Query, token: Token): Promise<Bounded> {
  const grants = (await grantsOf(q, [token.id])).get(token.id) ?? [];
  return { ...token, grants: grants.filter((grant) => grant.state === 'active' || grant.state === 'pending') };
}

/** Checked only for other tokens: a renewed token keeps its uses, and its life is limited separately. */
const OF_OTHERS: ReadonlySet<string | null> = new Set(['expires_in', 'uses_left']);

/** What the limits of a maker are about, when it isn't another token of the same person. */
interface Whose {
  /** True when the token changes itself. */
  readonly isItself?: boolean;
  /** True for a machine's, which are all fine-grained, whatever kind makes them: what they give is what counts. */
  readonly isOfMachine?: boolean;
}

/** Refuses what the acting token doesn't have itself. @throws Problem */
export function keepWithin(permit: Permit, wanted: Bounded, { isItself, isOfMachine }: Whose = {}): void {
  const acting = actingToken(permit);
  if (acting === null) return;
  if (acting.derived !== null) throw problem('unprocessable', 'A derived token makes and changes no tokens.');
  const kind = isOfMachine === true ? acting.kind : wanted.kind;
  const complaints = beyondMaker(acting, { ...wanted, kind }).filter(
    ({ field }) => isItself !== true || !OF_OTHERS.has(field),
  );
  if (complaints.length > 0) throw new Problem(complaints);
}
