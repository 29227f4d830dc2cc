/** A new secret for a token: how long it lives, how often it works, and when the old one ends. */
import type { VNode } from 'preact';
import { DEFAULT_OVERLAP_SEC, type RenewalDraft } from '../../../../actions/tokens/secrets.ts';
import type { TokenView } from '../../../../actions/tokens/views.ts';
import { present } from '../../../../base/present.ts';
import { DAY_SEC, HOUR_SEC, MINUTE_SEC, type UnixSeconds } from '../../../../base/time.ts';
import { MAX_USES } from '../../../../rules/token-limits.ts';
import type { Visit } from '../../frame/visit.ts';
import { Radios } from '../../parts/choice-fields.tsx';
import type { Fields } from '../../parts/fields.ts';
import { TextField } from '../../parts/text-fields.tsx';
import { readExpiry } from './draft.ts';
import { ExpirationField } from './expiration-field.tsx';

const OVERLAPS = [
  { value: '0', label: 'At once', note: 'Regenerate: whatever uses the old secret is refused from now on.' },
  { value: String(10 * MINUTE_SEC), label: 'In 10 minutes, or at the first use of the new one' },
  { value: String(DEFAULT_OVERLAP_SEC), label: 'In an hour, or at the first use of the new one' },
  { value: String(24 * HOUR_SEC), label: 'In a day, or at the first use of the new one' },
  { value: String(7 * DAY_SEC), label: 'In a week, or at the first use of the new one' },
];

/** Uses that the form offers for a token that has none left: a few clones and pushes. */
const USES_OFFERED = 10;

/** @param props.capDays the longest life that the policies allow; null = any */
export function RenewalFields({
  f,
  at,
  token,
  capDays,
}: {
  f: Fields;
  at: UnixSeconds;
  token: TokenView;
  capDays: number | null;
}): VNode {
  const span =
    token.expiresAt === null ? 'none' : String(Math.max(1, Math.round((token.expiresAt - token.issuedAt) / DAY_SEC)));
  const days = capDays === null ? span : String(Math.min(span === 'none' ? capDays : Number(span), capDays));
  return (
    <>
      <ExpirationField f={f} at={at} capDays={capDays} value={days} />
      {token.usesLeft === null ? null : (
        <TextField
          f={f}
          name="uses_left"
          label="Number of uses"
          type="number"
          value={String(token.usesLeft || USES_OFFERED)}
          block={false}
          min="1"
          max={String(MAX_USES)}
          required
          note="Requests that it may make from now on; a clone or a push makes two or more."
        />
      )}
      <Radios
        f={f}
        name="overlap"
        label="When does the old secret end?"
        value="0"
        choices={OVERLAPS}
        note={
          'With an overlap you can put the new one in place without a gap. If the old one is used later, you ' +
          'get an alert.'
        }
      />
    </>
  );
}

/** What the fields ask for; `overlapSec` null = the old secret is dead at once. */
export function readRenewal(visit: Visit): { readonly draft: RenewalDraft; readonly overlapSec: number | null } {
  const overlapSec = Number(visit.field('overlap') || '0');
  const uses = visit.field('uses_left');
  return {
    draft: {
      ...readExpiry(present(visit.typed, 'the form')),
      ...(uses === '' ? {} : { usesLeft: /^\d{1,10}$/.test(uses) ? Number(uses) : NaN }),
    },
    overlapSec: overlapSec === 0 ? null : overlapSec,
  };
}
