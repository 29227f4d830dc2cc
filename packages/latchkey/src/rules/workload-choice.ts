/**
 * Which rule takes a workload's token, and what a caller hears when none does.
 *
 * Invariant: what a rule expects is told only to a workload that has met the rule's own conditions on ids. At the large
 * issuers anybody gets a token that is signed and meant for us, so others hear what their token has, and no more.
 */
import { presetOf } from '../catalogue/workloads/issuers.ts';
import { isSameName } from './names.ts';
import { type ClaimCheck, type Claims, judgeRule, type RuleDemands } from './workload-claims.ts';

/** A rule that can give tokens. */
export interface ChoosableRule extends RuleDemands {
  readonly name: string;
  readonly machineLogin: string;
}

/** Why no rule takes a token, as the audit log names it. */
type NoRule = 'no_rule' | 'condition' | 'ambiguous';

export type Choice<Rule extends ChoosableRule> =
  | { readonly rule: Rule }
  | {
      readonly reason: NoRule;
      /** For whoever sent the token. */
      readonly words: string;
      /** The rule that came closest, and what of it wasn't met; null = none was meant. */
      readonly closest: { readonly rule: Rule; readonly check: ClaimCheck } | null;
    };

/**
 * The first rule, in their order, that takes a token. Several machine accounts whose rules take it are told apart by a
 * name alone.
 * @param machine the login that was asked for; null = whichever it is
 */
export function chooseRule<Rule extends ChoosableRule>(
  rules: readonly Rule[],
  claims: Claims,
  machine: string | null,
): Choice<Rule> {
  const meant = machine === null ? rules : rules.filter(({ machineLogin }) => isSameName(machineLogin, machine));
  const judged = meant.map((rule) => ({ rule, unmet: unmetOf(rule, claims) }));
  const taking = judged.filter(({ unmet }) => unmet === null).map(({ rule }) => rule);
  const [first] = taking;
  if (first !== undefined) {
    const other = taking.find(({ machineLogin }) => machineLogin !== first.machineLogin);
    if (other === undefined) return { rule: first };
    const words = 'Rules of several machine accounts take this token: name the account in client_id.';
    return { reason: 'ambiguous', words, closest: null };
  }
  return noneOf(judged, machine);
}

interface Unmet {
  readonly check: ClaimCheck;
  /** True when the conditions on ids are met. */
  readonly isKnown: boolean;
  /** How many were met. */
  readonly met: number;
}

function unmetOf(rule: ChoosableRule, claims: Claims): Unmet | null {
  const { ids } = presetOf(rule.preset);
  // Where no claim is known to be for good, whole values must do.
  const isId = ({ claim, expected }: ClaimCheck): boolean =>
    ids.length > 0 ? ids.includes(claim) : !expected.endsWith('*');
  const checks = judgeRule(claims, rule);
  const ofIds = checks.slice(0, rule.conditions.length).filter(isId);
  const check = ofIds.find(({ isMet }) => !isMet) ?? checks.find(({ isMet }) => !isMet);
  if (check === undefined) return null;
  return { check, isKnown: ofIds.every(({ isMet }) => isMet), met: checks.filter(({ isMet }) => isMet).length };
}

function noneOf<Rule extends ChoosableRule>(
  judged: readonly { readonly rule: Rule; readonly unmet: Unmet | null }[],
  machine: string | null,
): Exclude<Choice<Rule>, { readonly rule: Rule }> {
  const unmet = judged.flatMap(({ rule, unmet: each }) => (each === null ? [] : [{ rule, ...each }]));
  const [closest] = unmet.toSorted((a, b) => Number(b.isKnown) - Number(a.isKnown) || b.met - a.met);
  if (closest === undefined || (machine === null && !closest.isKnown)) {
    const words =
      machine === null
        ? 'No rule takes this token. To hear what it lacks, name the machine account in client_id.'
        : `No rule of a machine account ${machine.slice(0, 60)} takes tokens of this issuer.`;
    return { reason: 'no_rule', words, closest: null };
  }
  const { rule, check, isKnown } = closest;
  const seen = check.seen === null ? 'the token has none' : `the token has ${check.seen}`;
  const words = isKnown
    ? `The rule ${rule.name} does not take this token: ${check.words}`
    : `The rule does not take this token: of ${check.claim} ${seen}, which is not what it expects.`;
  return { reason: 'condition', words, closest: { rule, check } };
}
