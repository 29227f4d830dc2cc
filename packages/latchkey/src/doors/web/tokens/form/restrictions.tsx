/**
 * What restricts a token besides what it can do: where it works, from when on, and how often. Folded, because few
 * tokens need it.
 *
 * Invariant: an edit leaves untouched fields as they are, even if uses are spent while the form is open, or the start
 * is in the middle of a day.
 */
import type { VNode } from 'preact';
import { isoDate, spokenInstant, type UnixSeconds } from '../../../../base/time.ts';
import type { RefRuleDraft } from '../../../../rules/refs/ref-rule-text.ts';
import type { RefRule } from '../../../../rules/refs/ref-rules.ts';
import { MAX_USES } from '../../../../rules/token-limits.ts';
import { Instant } from '../../parts/components.tsx';
import type { Fields } from '../../parts/fields.ts';
import { Hidden } from '../../parts/form.tsx';
import { TextArea, TextField } from '../../parts/text-fields.tsx';
import { dayAt } from './draft.ts';
import {
  isRefRuleFieldFilled,
  RefRuleFacts,
  RefRuleField,
  readRefRules,
  refRulesText,
  refuseIdleRules,
  typedRefRuleWords,
} from './ref-rule-fields.tsx';

/** As in a token; null = not restricted. */
export interface Restrictions {
  readonly allowedAddresses: readonly string[] | null;
  readonly notBeforeAt: UnixSeconds | null;
  readonly usesLeft: number | null;
  readonly refRules: readonly RefRule[] | null;
}

/** The same as a form asks for it. */
export type RestrictionEdit = Partial<Omit<Restrictions, 'refRules'>> & {
  readonly refRules?: readonly RefRuleDraft[] | null;
};

const NONE: Restrictions = { allowedAddresses: null, notBeforeAt: null, usesLeft: null, refRules: null };

const addressesText = ({ allowedAddresses }: Restrictions): string => (allowedAddresses ?? []).join('\n');
const dayText = ({ notBeforeAt }: Restrictions): string => (notBeforeAt === null ? '' : isoDate(notBeforeAt));
const usesText = ({ usesLeft }: Restrictions): string => (usesLeft === null ? '' : String(usesLeft));

/** The fields. @param token its current restrictions, for an edit */
export function RestrictionFields({ f, token = NONE }: { f: Fields; token?: Restrictions | undefined }): VNode {
  const [addresses, day, uses] = [addressesText(token), dayText(token), usesText(token)];
  const names = { allowed_addresses: addresses, not_before: day, uses_left: uses };
  const isOpen =
    isRefRuleFieldFilled(f, token.refRules) ||
    Object.entries(names).some(([name, value]) => f.value(name, value) !== '' || f.error(name) !== '');
  return (
    <details class="mb-3" open={isOpen}>
      <summary class="text-bold">
        More restrictions
        {isOpen ? null : <span class="note text-normal"> from any address, at once, any number of times</span>}
      </summary>
      <div class="mt-2">
        <RefRuleField f={f} rules={token.refRules} />
        <TextArea
          f={f}
          name="allowed_addresses"
          label="Only from these addresses"
          value={addresses}
          rows={2}
          note="IP addresses or CIDR blocks, separated by spaces or lines. Blank: anywhere."
        />
        <TextField
          f={f}
          name="not_before"
          label="Not before"
          type="date"
          value={day}
          block={false}
          note="It starts to work at 00:00 UTC on that day. Blank: at once."
        />
        <TextField
          f={f}
          name="uses_left"
          label="Number of uses"
          type="number"
          value={uses}
          block={false}
          min="1"
          max={String(MAX_USES)}
          note={
            'Requests that it may make, with Git and with the API together; a clone or a push makes two or more. ' +
            'Blank: any number.'
          }
        />
        <Hidden name="uses_left_before" value={f.value('uses_left_before', uses)} />
      </div>
    </details>
  );
}

/**
 * The restrictions from the fields; for an edit, only the changed ones. Unreadable values become ones that the rules
 * reject.
 * @throws Problem when ref rules are written that don't count
 */
export function readRestrictions(source: URLSearchParams, token: Restrictions = NONE): RestrictionEdit {
  refuseIdleRules(source);
  return restrictionsIn(source, token);
}

function restrictionsIn(source: URLSearchParams, token: Restrictions): RestrictionEdit {
  const typed = (name: string): string => (source.get(name) ?? '').trim();
  const addresses = typed('allowed_addresses')
    .split(/[\s,]+/)
    .filter((each) => each !== '');
  const [day, uses] = [typed('not_before'), typed('uses_left')];
  const refRules = readRefRules(source, token.refRules);
  return {
    ...(addresses.join('\n') === addressesText(token)
      ? {}
      : { allowedAddresses: addresses.length === 0 ? null : addresses }),
    ...(day === dayText(token) ? {} : { notBeforeAt: day === '' ? null : (dayAt(day) ?? NaN) }),
    ...(uses === typed('uses_left_before')
      ? {}
      : { usesLeft: uses === '' ? null : /^\d{1,10}$/.test(uses) ? Number(uses) : NaN }),
    ...(refRules === undefined ? {} : { refRules }),
  };
}

/** The fields of another token like this one. What was spent, and a day that is over, say nothing about the next. */
export function restrictionsToCopy(token: Restrictions): [name: string, value: string][] {
  return [
    ['allowed_addresses', addressesText(token)],
    ['ref_rules', refRulesText(token.refRules)],
  ].filter((field): field is [string, string] => field[1] !== '');
}

/** For the summary of a form: what restricts the token, as far as it is clear. */
export function restrictionWords(source: URLSearchParams): readonly string[] {
  const { allowedAddresses, notBeforeAt, usesLeft } = { ...NONE, ...restrictionsIn(source, NONE) };
  const pushes = typedRefRuleWords(source);
  return [
    ...(pushes === null ? [] : [pushes]),
    ...(allowedAddresses === null
      ? []
      : [
          `from ${allowedAddresses.length} ` +
            `${allowedAddresses.length === 1 ? 'address or block' : 'addresses or blocks'} only`,
        ]),
    ...(notBeforeAt === null || Number.isNaN(notBeforeAt) ? [] : [`from ${spokenInstant(notBeforeAt)} on`]),
    ...(usesLeft === null || Number.isNaN(usesLeft) ? [] : [usesWords(usesLeft)]),
  ];
}

function usesWords(uses: number): string {
  return uses === 1 ? 'once' : `${uses} times`;
}

/** The same on a token's own page. */
export function RestrictionFacts({
  token: { allowedAddresses, notBeforeAt, usesLeft, refRules },
}: {
  token: Restrictions;
}): VNode {
  return (
    <>
      <RefRuleFacts rules={refRules} />
      {allowedAddresses === null ? null : (
        <p class="color-fg-muted f6">Works only from {allowedAddresses.join(', ')}.</p>
      )}
      {notBeforeAt === null ? null : (
        <p class="color-fg-muted f6">
          Does not work before <Instant at={notBeforeAt} />.
        </p>
      )}
      {usesLeft === null ? null : (
        <p class="color-fg-muted f6">
          {usesLeft === 0 ? 'All its uses are used up.' : `Works ${usesWords(usesLeft)} more.`}
        </p>
      )}
    </>
  );
}
