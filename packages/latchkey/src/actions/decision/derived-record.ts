/**
 * A derived token as decisions see it: the person's token it comes from, as that is now, less what was left out.
 *
 * Invariant: it lives as long as the secret that it was derived with, and no longer: not past the token's end, not past
 * a rotation, not past its own end.
 */
import type { UnixSeconds } from '../../base/time.ts';
import { derivationOf, narrowedAddresses, narrowedRefRules, narrowedScopes } from '../../rules/derivation.ts';
import type { TokenRecord } from '../../rules/model.ts';
import { isRevoked, isRotatedAway } from '../../rules/token-state.ts';
import type { UserFacts } from '../../store/decision-facts.ts';
import type { DerivedToken } from '../../store/derived-tokens.ts';
import type { StoredToken } from '../../store/presented-tokens.ts';
import type { SharedParts } from './shared-parts.ts';
import { RememberedDerivedToken } from './token-record.ts';

/** @param stored the person's token, found by the secret that the derived one was made with */
export function derivedRecord(
  stored: StoredToken,
  derived: DerivedToken,
  holder: UserFacts,
  parts: SharedParts,
): RememberedDerivedToken {
  const { narrowing } = derived;
  return new RememberedDerivedToken(
    {
      ...stored,
      name: derived.name,
      lastEight: derived.lastEight,
      expiresAt: endOf(stored, derived),
      ...deathOf(stored, derived),
      // Its own secret has no other state: what became of the one behind it is told above.
      secretState: 'current',
      secretEndsAt: null,
      hasOverlap: false,
      scopes: narrowedScopes(stored, narrowing.scopes),
      refRules: narrowedRefRules(stored.refRules, narrowing.refRules),
      allowedAddresses: narrowedAddresses(stored.allowedAddresses, narrowing.allowedAddresses),
    },
    holder,
    parts,
    { derived: derivationOf(stored, derived), narrowing },
  );
}

function endOf({ expiresAt, secretState, secretEndsAt }: StoredToken, derived: DerivedToken): UnixSeconds {
  const ends = [derived.expiresAt, expiresAt, secretState === 'overlapping' ? secretEndsAt : null];
  return Math.min(...ends.filter((end) => end !== null));
}

/** When and why it was ended, if it was; in words that its holder reads. */
function deathOf(stored: StoredToken, derived: DerivedToken): Pick<TokenRecord, 'revokedAt' | 'revokedBy'> {
  const { revokedAt, revokedBy, secretState, secretEndsAt, issuedAt } = stored;
  if (isRevoked(stored)) return { revokedAt, revokedBy: `with "${stored.name}": ${revokedBy ?? 'revoked'}` };
  if (isRotatedAway(stored)) return { revokedAt, revokedBy: `with "${stored.name}", which was rotated` };
  if (secretState === 'replaced' || (secretState === 'overlapping' && secretEndsAt === null))
    return { revokedAt: secretEndsAt ?? issuedAt, revokedBy: `"${stored.name}" has a new secret` };
  return { revokedAt: derived.revokedAt, revokedBy: derived.revokedBy };
}
