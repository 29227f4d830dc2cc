/**
 * What a token would do if it were made now, for the form: the same sentences as about a token that exists, asked of
 * the same decision.
 *
 * Never: a change.
 */
import { DAY_SEC } from '../../base/time.ts';
import { checkGrant, checkOwner, type GrantDraft, type OwnerInWorld } from '../../rules/grant-draft.ts';
import { addedReach, commonReach, type Reach } from '../../rules/reach.ts';
import { type RightGrant, rightSentence } from '../../rules/right/right-sentence.ts';
import { type Account, accountById } from '../../store/accounts.ts';
import type { Token } from '../../store/tokens.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { draftWorld } from './draft-world.ts';
import { tokenView } from './views.ts';

/**
 * One for each grant: what it would do today, or why it can't be made.
 * @param held what the token has, if it is being edited: that needs no approval again
 */
export async function draftSentences(
  ctx: Context,
  permit: Permit,
  grants: readonly GrantDraft[],
  held: readonly RightGrant[],
): Promise<string[]> {
  const { db } = ctx.store;
  const user = permit.actor.userId === null ? null : await accountById(db, permit.actor.userId);
  if (user === null) throw new TypeError('only a person has tokens');
  const asked = { userLogin: user.login, kind: 'fine-grained', name: '', description: '', scopes: [], grants } as const;
  const { owners, isAdmin } = await draftWorld(ctx, db, user, asked);
  const seen = grants.map((grant): RightGrant | null => {
    const owner = owners.get(grant.owner.toLowerCase());
    if (!checkOwner(owner, grant, isAdmin, QUIET)) return null;
    const [plan] = checkGrant(grant, owner, QUIET);
    if (plan === undefined) return null;
    const now = held.find(({ ownerId, state }) => ownerId === plan.ownerId && state === 'active');
    const stays = plan.state === 'pending' && now !== undefined;
    const added = stays ? addedReach(now, plan) : null;
    const reachNow = inNames(owner, stays ? commonReach(now, plan) : plan);
    return {
      ...reachNow,
      id: plan.ownerId,
      ownerId: plan.ownerId,
      owner: owner.login,
      ownerKind: owner.isSelf ? 'self' : owner.kind,
      state: stays ? 'active' : plan.state,
      request: added === null ? null : inNames(owner, added),
      decidedAt: null,
    };
  });
  const repositoryIds = seen.flatMap((grant) => [
    ...(grant?.repositoryIds ?? []),
    ...(grant?.request?.repositoryIds ?? []),
  ]);
  const view = await tokenView(db, unmade(user, ctx.clock.now()), ctx.clock.now(), { repositoryIds });
  return seen.map((grant, index) =>
    grant === null
      ? `Cannot be made: there is no resource owner ${grants[index]?.owner ?? ''} whose repositories you can name here.`
      : rightSentence({ ...view, grants: [grant] }, 'owner'),
  );
}

function inNames(owner: OwnerInWorld, { selection, repositoryIds, permissions }: Reach) {
  const ids = new Set(repositoryIds);
  const repositoryNames = [...owner.repositories.values()]
    .flatMap(({ id, name }) => (ids.has(id) ? [name] : []))
    .sort();
  return { selection, permissions, repositoryIds: ids, repositoryNames };
}

/** The form complains by itself. */
const QUIET = { add: () => undefined };

/** A token that nobody has yet. Its life is so short that no policy minds: the form says by itself what is too long. */
function unmade({ id: userId }: Account, at: number): Token {
  return {
    id: 0,
    userId,
    kind: 'fine-grained',
    name: '',
    description: '',
    lastEight: '',
    scopes: [],
    createdAt: at,
    updatedAt: at,
    issuedAt: at,
    expiresAt: at + DAY_SEC,
    notBeforeAt: null,
    allowedAddresses: null,
    usesLeft: null,
    refRules: null,
    parentId: null,
    familyId: null,
    revokedAt: null,
    revokedBy: null,
  };
}
