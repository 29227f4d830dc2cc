/**
 * Where a token may push: any branch, or only what a list of rules opens. In the form, in the summary beside it, and on
 * the token's own page.
 */
import type { VNode } from 'preact';
import { problem } from '../../../../base/errors.ts';
import {
  checkRefRules,
  MAX_REF_RULES,
  type RefRuleDraft,
  refRuleDrafts,
  refRuleLine,
  refRuleWords,
} from '../../../../rules/refs/ref-rule-text.ts';
import type { RefRule } from '../../../../rules/refs/ref-rules.ts';
import { Radios } from '../../parts/choice-fields.tsx';
import type { Fields } from '../../parts/fields.ts';
import { TextArea } from '../../parts/text-fields.tsx';

type Rules = readonly RefRule[] | null;
const FIELD = 'ref_rules';
/** `any` or `only`: whether the rules count. Left out, they count when there are some, as in a link. */
const CHOICE = 'may_push';

/** As the field has them. */
export const refRulesText = (rules: Rules): string => (rules ?? []).map(refRuleLine).join('\n');

/** The choice and its field; `rules` are those of the token that is edited. */
export function RefRuleField({ f, rules }: { f: Fields; rules: Rules }): VNode {
  return (
    <div class="lk-pushes">
      <Radios
        f={f}
        name={CHOICE}
        label="May push to"
        value={f.value(FIELD, refRulesText(rules)) === '' ? 'any' : 'only'}
        choices={[
          { value: 'any', label: 'Any branch and tag' },
          { value: 'only', label: 'Only these …' },
        ]}
      />
      <div class="lk-push-rules">
        <TextArea
          f={f}
          name={FIELD}
          label="Ref rules"
          placeholder="agent/**"
          value={refRulesText(rules)}
          rows={3}
          note={
            <>
              One on each line, at most {MAX_REF_RULES}. The first that fits a branch or tag decides; what none fits is
              refused. <code>agent/**</code>: create branches under agent/ and push to them again.{' '}
              <code>docs: update</code>: push to docs, but not create or delete it. <code>refs/tags/v*: create</code>:
              create such tags. <code>main: ask</code>: each push to main waits until you approve it. After the colon:
              create, update, force, delete, all or none; or ask.
            </>
          }
        />
      </div>
    </div>
  );
}

/** True when something stands in the field. */
export function isRefRuleFieldFilled(f: Fields, rules: Rules): boolean {
  return f.value(CHOICE) === 'only' || f.value(FIELD, refRulesText(rules)) !== '' || f.error(FIELD) !== '';
}

/** What the field asks for; undefined when it says what the token has already. */
export function readRefRules(source: URLSearchParams, rules: Rules): readonly RefRuleDraft[] | null | undefined {
  const lines = typedLines(source);
  // "Only these" and none is a slip, not a yes to everything: a rule without a pattern is refused in words.
  if (lines.length === 0 && source.get(CHOICE) === 'only') return [{ pattern: '' }];
  if (lines.join('\n') === refRulesText(rules)) return undefined;
  return lines.length === 0 ? null : refRuleDrafts(lines);
}

/** Lines of the form; in a link they may be separated by semicolons, too. */
function typedLines(source: URLSearchParams): string[] {
  if (source.get(CHOICE) === 'any') return [];
  return (source.get(FIELD) ?? '')
    .split(/[\r\n;]+/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/**
 * Any branch, with rules below it: which of both is meant can't be known, and dropping the rules would open more.
 * @throws Problem
 */
export function refuseIdleRules(source: URLSearchParams): void {
  if (source.get(CHOICE) === 'any' && (source.get(FIELD) ?? '').trim() !== '')
    throw problem(
      'invalid',
      'There are rules here, but “Any branch and tag” is selected. Remove the rules, or choose “Only these”.',
      FIELD,
    );
}

/** For a link that fills the form in; '' = nothing. */
export function refRulesForLink(source: URLSearchParams): string {
  return typedLines(source).join(';');
}

/** For the summary of a form; null while nothing is narrowed, or it isn't clear how. */
export function typedRefRuleWords(source: URLSearchParams): string | null {
  const checked = checkRefRules(refRuleDrafts(typedLines(source)), {
    token: (source.get('name') ?? '').trim() || 'token',
    login: 'you',
  });
  const words = checked.ok ? refRuleWords(checked.rules) : null;
  return words === null ? null : `can ${words}`;
}

/** The rules on the token's own page. */
export function RefRuleFacts({ rules }: { rules: Rules }): VNode | null {
  if (rules === null) return null;
  return (
    <div class="color-fg-muted f6 mb-2">
      <p class="mb-1">May push to these refs only; the first rule that fits decides:</p>
      <RefRuleLines lines={rules.map(refRuleLine)} />
    </div>
  );
}

/** Rules in their order. */
export function RefRuleLines({ lines }: { lines: readonly string[] }): VNode {
  return (
    <ol class="pl-3 lk-break">
      {lines.map((line) => (
        <li>
          <code>{line}</code>
        </li>
      ))}
    </ol>
  );
}
