/** What a rule for workloads demands and gives, as a form asks for it: a new one, and an edit. */
import type { VNode } from 'preact';
import type { RuleDraft, RuleView } from '../../../actions/federation/rules.ts';
import { problem } from '../../../base/errors.ts';
import { present } from '../../../base/present.ts';
import type { TokenDraft } from '../../../rules/draft.ts';
import type { GrantDraft } from '../../../rules/grant-draft.ts';
import { type RefRuleDraft, refRuleDrafts, refRuleLine } from '../../../rules/refs/ref-rule-text.ts';
import { MAX_NAME_LENGTH } from '../../../rules/token-limits.ts';
import { readConditions } from '../../../rules/workload-claims.ts';
import type { Visit } from '../frame/visit.ts';
import { Radios } from '../parts/choice-fields.tsx';
import type { Fields } from '../parts/fields.ts';
import { TextArea, TextField } from '../parts/text-fields.tsx';
import { grantIn, MachineGrantFields, repositoriesOf } from './machine-grant-fields.tsx';
import type { Place } from './machine-place.tsx';

interface Props {
  readonly place: Place;
  readonly visit: Visit;
  readonly f: Fields;
  /** What was typed or is there. */
  readonly source: URLSearchParams;
  /** The rule that is edited; null = a new one. */
  readonly rule: RuleView | null;
}

const TAKES = [
  { value: '', label: 'Refuse them', note: 'Pull requests, for example.' },
  { value: 'on', label: 'Accept them, too' },
];
const TIMES = [
  { value: '', label: 'As is usual for the issuer' },
  { value: 'once', label: 'Once' },
  { value: 'several', label: 'Until it ends', note: 'Anyone who copies it meanwhile gets tokens, too.' },
];

/** `claim=value`, one per line. */
function conditionLines({ conditions }: RuleView): string {
  return conditions.flatMap(({ claim, values }) => values.map((value) => `${claim}=${value}`)).join('\n');
}

/** All but the issuer, which stays. */
export function RuleFields({ place, visit, f, source, rule }: Props): VNode {
  return (
    <>
      <TextArea
        f={f}
        name="conditions"
        label="Conditions"
        value={rule === null ? '' : conditionLines(rule)}
        rows={4}
        required
        placeholder={'repository_id=74\nref=refs/heads/main'}
        note={
          'One per line, as claim=value. The same claim on several lines: any of the values. A value may end in *. ' +
          'At least one has to be an id, which nobody else can get later.'
        }
      />
      <TextField
        f={f}
        name="max_life"
        label="Lifetime in seconds"
        value={rule === null ? '' : String(rule.maxLifeSec)}
        inputmode="numeric"
        block={false}
        note="Of each job’s token: 60 to 3600. Blank: an hour."
      />
      <Radios
        f={f}
        name="times"
        label="How often can a job exchange its token?"
        value={rule === null ? '' : rule.isSingleUse ? 'once' : 'several'}
        choices={rule === null ? TIMES : TIMES.slice(1)}
      />
      <Radios
        f={f}
        name="strangers"
        label="Jobs that outsiders can start"
        value={rule?.takesPullRequests === true ? 'on' : ''}
        choices={TAKES}
      />
      <MachineGrantFields
        place={place}
        visit={visit}
        f={f}
        source={source}
        repositories={rule === null ? '' : repositoriesOf(rule.token)}
      />
      <TextArea
        f={f}
        name="ref_rules"
        label="May push to"
        value={(rule?.token.refRules ?? []).map(refRuleLine).join('\n')}
        rows={3}
        note="Branches and tags, one per line, such as agent/** or main: none. Blank: any that its permissions allow."
      />
      <TextArea
        f={f}
        name="allowed_addresses"
        label="Only from these addresses"
        value={(rule?.token.allowedAddresses ?? []).join('\n')}
        rows={2}
        note="IP addresses or CIDR blocks, separated by spaces or lines. Blank: anywhere."
      />
    </>
  );
}

/** The name of the rule, which is that of its token. */
export function RuleNameField({ f, rule }: Pick<Props, 'f' | 'rule'>): VNode {
  return (
    <TextField
      f={f}
      name="name"
      label="Rule name"
      value={rule?.name ?? ''}
      required
      maxLength={MAX_NAME_LENGTH}
      spellcheck={false}
    />
  );
}

const linesOf = (text: string): readonly string[] =>
  text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');

/** What the fields say of a rule. */
export interface TypedRule extends RuleDraft {
  readonly token: Pick<TokenDraft, 'name'> & {
    readonly grants: readonly GrantDraft[];
    readonly refRules: readonly RefRuleDraft[] | null;
    readonly allowedAddresses: readonly string[] | null;
  };
}

/** @param rule the one that is edited; null = a new one. @throws Problem for a life that is no number */
export function readTypedRule(visit: Visit, rule: RuleView | null): TypedRule {
  const typed = present(visit.typed, 'the form');
  const life = visit.field('max_life').trim();
  if (life !== '' && !/^\d{1,9}$/.test(life))
    throw problem('invalid', 'Enter the lifetime as a number of seconds.', 'max_life');
  const refRules = linesOf(visit.field('ref_rules'));
  const addresses = visit
    .field('allowed_addresses')
    .split(/[\s,]+/)
    .filter((each) => each !== '');
  const times = visit.field('times');
  return {
    conditions: readConditions(linesOf(visit.field('conditions'))),
    maxLifeSec: life === '' ? undefined : Number(life),
    isSingleUse: times === '' ? undefined : times !== 'several',
    takesPullRequests: visit.field('strangers') === 'on',
    token: {
      name: visit.field('name'),
      grants: [grantIn(typed, rule?.token ?? null)],
      refRules: refRules.length === 0 ? null : refRuleDrafts(refRules),
      allowedAddresses: addresses.length === 0 ? null : addresses,
    },
  };
}
