/**
 * What a workload's token (a JWT) says, judged after its signature was checked: its own claims (RFC 7519), and the
 * conditions of a rule.
 *
 * Invariant: a condition is met by whole values, or by a beginning that a `*` at the end marks. Never: a pattern, a
 * change of case, a value cut or trimmed.
 */
import { HOUR_SEC, MINUTE_SEC, type UnixSeconds } from '../base/time.ts';
import { type IssuerPreset, type PresetName, presetOf } from '../catalogue/workloads/issuers.ts';
import type { Complaints } from './token-limits.ts';

/** How far the issuer's clock may differ from ours. */
export const LEEWAY_SEC = MINUTE_SEC;
/** How long a JWT may live: at least and at most what an administrator may allow for an issuer, and by default. */
export const MIN_JWT_LIFE_SEC = 5 * MINUTE_SEC;
export const MAX_JWT_LIFE_SEC = 24 * HOUR_SEC;
export const DEFAULT_JWT_LIFE_SEC = HOUR_SEC;
const MAX_SUBJECT_LENGTH = 2048;
const MAX_CONDITIONS = 20;
const MAX_VALUES = 20;
const MAX_CLAIM_LENGTH = 128;
const MAX_VALUE_LENGTH = 512;
/** Longer values are cut where they are shown. */
const MAX_SHOWN_LENGTH = 200;

export type Claims = Readonly<Record<string, unknown>>;

/** One claim, and the values of which it must have one. A value that ends in `*` is a beginning. */
export interface ClaimCondition {
  readonly claim: string;
  readonly values: readonly string[];
}

/** One thing that was looked at, for whoever made the rule. */
export interface ClaimCheck {
  /** The claim; for our own demands, too. */
  readonly claim: string;
  readonly expected: string;
  /** As the token has it; null = it has none. */
  readonly seen: string | null;
  readonly isMet: boolean;
  /** A sentence for whoever sent the token, when it isn't met. */
  readonly words: string;
}

/** Lists of claims that are judged before any rule: no condition names them. */
const JUDGED_ALREADY: ReadonlySet<string> = new Set(['iss', 'aud', 'exp', 'iat', 'nbf', 'jti']);

/**
 * The values of a claim as texts; none when it isn't there, or is no text, number, truth value or list of these. A path
 * leads into objects: `kubernetes.io/pod/uid`. A claim whose own name has slashes is found first.
 */
function claimValues(claims: Claims, path: string): readonly string[] {
  const found = valueAt(claims, path);
  const texts = (Array.isArray(found) ? found : [found]).map(textOf);
  return texts.every((text) => text !== null) ? texts : [];
}

function valueAt(claims: Claims, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
    const name = path.slice(0, slash);
    const inner = Object.hasOwn(claims, name) ? claims[name] : undefined;
    if (isObject(inner)) return valueAt(inner, path.slice(slash + 1));
  }
  return undefined;
}

function isObject(value: unknown): value is Claims {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string | null {
  if (typeof value === 'string') return value;
  return typeof value === 'boolean' || Number.isSafeInteger(value) ? String(value) : null;
}

function isMet(values: readonly string[], seen: readonly string[]): boolean {
  return seen.some((each) =>
    values.some((value) => (value.endsWith('*') ? each.startsWith(value.slice(0, -1)) : each === value)),
  );
}

/** A value as it is shown: quoted, short, on one line. */
function shown(seen: readonly string[]): string | null {
  if (seen.length === 0) return null;
  const text = seen.join(', ').replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '�');
  return text.length > MAX_SHOWN_LENGTH ? `${text.slice(0, MAX_SHOWN_LENGTH)}…` : text;
}

function check(claim: string, expected: string, seen: readonly string[], isMet: boolean): ClaimCheck {
  const told = shown(seen);
  const words = `${claim} must be ${expected}; ${told === null ? 'the token has none' : `the token has ${told}`}.`;
  return { claim, expected, seen: told, isMet, words };
}

/** What a token must say of itself, whatever its rule. */
export interface Demands {
  /** Our own address, to the letter. */
  readonly audience: string;
  readonly maxLifeSec: number;
  readonly at: UnixSeconds;
}

/** The token's own claims, the audience first. All of them are looked at. */
export function judgeToken(claims: Claims, { audience, maxLifeSec, at }: Demands): readonly ClaimCheck[] {
  const { exp, iat, nbf, sub } = claims;
  const isFor = claims['aud'] === audience || (isOneOf(claims['aud']) && claims['aud'][0] === audience);
  const life = isTime(exp) && isTime(iat) ? exp - iat : null;
  return [
    check('aud', `${audience}, and nothing else`, claimValues(claims, 'aud'), isFor),
    timeCheck('exp', `a time after ${at}, now`, exp, (time) => time > at - LEEWAY_SEC),
    timeCheck('iat', `a time up to ${at}, now`, iat, (time) => time <= at + LEEWAY_SEC),
    ...(nbf === undefined ? [] : [timeCheck('nbf', `a time up to ${at}, now`, nbf, (time) => time <= at + LEEWAY_SEC)]),
    check(
      'exp - iat',
      `at most ${maxLifeSec} seconds, its life`,
      life === null ? [] : [String(life)],
      life !== null && life > 0 && life <= maxLifeSec,
    ),
    check(
      'sub',
      `a text of 1 to ${MAX_SUBJECT_LENGTH} characters`,
      claimValues(claims, 'sub'),
      typeof sub === 'string' && sub.length > 0 && sub.length <= MAX_SUBJECT_LENGTH,
    ),
  ];
}

function timeCheck(claim: string, expected: string, time: unknown, holds: (time: number) => boolean): ClaimCheck {
  return check(claim, expected, time === undefined ? [] : [String(time)], isTime(time) && holds(time));
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isOneOf(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.length === 1;
}

/** What a rule demands of a token, besides its signature, audience and times. */
export interface RuleDemands {
  readonly preset: PresetName;
  readonly conditions: readonly ClaimCondition[];
  /** True when a token is good for one exchange, and so must have a `jti`. */
  readonly isSingleUse: boolean;
  /** True when runs that strangers can start are taken, too. */
  readonly takesPullRequests: boolean;
}

/** The demands of a rule, in its order. All of them are looked at. */
export function judgeRule(claims: Claims, rule: RuleDemands): readonly ClaimCheck[] {
  const { refuses } = presetOf(rule.preset);
  const { jti } = claims;
  return [
    ...rule.conditions.map(({ claim, values }) => {
      const seen = claimValues(claims, claim);
      return check(claim, values.join(' or '), seen, isMet(values, seen));
    }),
    ...(refuses === null || rule.takesPullRequests ? [] : [judgeRun(claims, refuses)]),
    ...(rule.isSingleUse
      ? [
          check(
            'jti',
            'a text that no other token has',
            claimValues(claims, 'jti'),
            typeof jti === 'string' && jti.length > 0 && jti.length <= MAX_SUBJECT_LENGTH,
          ),
        ]
      : []),
  ];
}

function judgeRun(claims: Claims, { claim, values, isNeeded }: NonNullable<IssuerPreset['refuses']>): ClaimCheck {
  const seen = claimValues(claims, claim);
  const isTaken =
    seen.length === 0 ? !isNeeded && valueAt(claims, claim) === undefined : !isMet(values, seen) && !seen.includes('');
  return check(claim, `none of ${values.join(', ')}, which the rule does not take`, seen, isTaken);
}

/**
 * Conditions as they are typed: `claim=value`, several with the same claim being values of it. What can't be read
 * becomes a condition that `checkConditions` complains about.
 */
export function readConditions(lines: readonly string[]): readonly ClaimCondition[] {
  const values = new Map<string, string[]>();
  for (const line of lines) {
    const equals = line.indexOf('=');
    const claim = equals < 0 ? line : line.slice(0, equals);
    values.set(claim, [...(values.get(claim) ?? []), ...(equals < 0 ? [] : [line.slice(equals + 1)])]);
  }
  return [...values].map(([claim, each]) => ({ claim, values: each }));
}

/** The conditions of a rule as they are stored. Complains about every one that is wrong, or too wide. */
export function checkConditions(
  drafts: readonly ClaimCondition[],
  name: PresetName,
  complaints: Pick<Complaints, 'add'>,
): readonly ClaimCondition[] {
  const complain = (words: string): void => complaints.add('conditions', 'invalid', words);
  if (drafts.length > MAX_CONDITIONS) complain(`A rule has at most ${MAX_CONDITIONS} conditions.`);
  const seen = new Set<string>();
  for (const { claim, values } of drafts.slice(0, MAX_CONDITIONS)) {
    const wrong = claimProblem(claim) ?? valuesProblem(claim, values);
    if (wrong !== null) complain(wrong);
    else if (seen.has(claim)) complain(`The claim ${claim} is named twice: give its values in one condition.`);
    seen.add(claim);
  }
  const { ids, label } = presetOf(name);
  const whole = drafts.filter(({ values }) => values.length > 0 && values.every((value) => !value.endsWith('*')));
  if (ids.length > 0 && !whole.some(({ claim }) => ids.includes(claim)))
    complain(
      `A rule for ${label} needs a condition on ${ids.join(' or ')} with whole values: names can go to others, ` +
        `these don't.`,
    );
  else if (whole.length === 0) complain('A rule needs a condition with whole values, such as sub.');
  return drafts.map(({ claim, values }) => ({ claim, values: [...new Set(values)] }));
}

function claimProblem(claim: string): string | null {
  if (claim === '' || claim.length > MAX_CLAIM_LENGTH || /[^\x21-\x7e]/.test(claim))
    return `A claim's name has 1 to ${MAX_CLAIM_LENGTH} printable characters, such as repository_id.`;
  return JUDGED_ALREADY.has(claim) ? `The server judges ${claim} itself: leave it out of the conditions.` : null;
}

function valuesProblem(claim: string, values: readonly string[]): string | null {
  if (values.length === 0 || values.length > MAX_VALUES) return `Give 1 to ${MAX_VALUES} values of ${claim}.`;
  for (const value of values) {
    if (value === '' || value.length > MAX_VALUE_LENGTH || /[\p{C}\p{Zl}\p{Zp}]/u.test(value))
      return `A value of ${claim} has 1 to ${MAX_VALUE_LENGTH} characters that can be seen.`;
    if (value === '*') return `A value of ${claim} is *, which anything is: give its beginning before the star.`;
    if (value.slice(0, -1).includes('*')) return `A star stands only at the end of a value: ${value.slice(0, 60)}.`;
  }
  return null;
}

/** Who runs, as the issuer told it: kept with what it was given. */
export interface Workload {
  readonly issuer: string;
  readonly subject: string;
  /** Some claims, in the order of the preset. */
  readonly claims: Readonly<Record<string, string>>;
}

/** What is kept of a token's claims; `agent` and `session` name the program and the run. */
export function workloadOf(claims: Claims, issuer: string, name: PresetName) {
  const preset = presetOf(name);
  const told = preset.shown.flatMap((claim): readonly [string, string][] => {
    const value = shown(claimValues(claims, claim));
    return value === null ? [] : [[claim, value]];
  });
  const session = preset.session.flatMap((claim) => claimValues(claims, claim)[0] ?? []).join('/');
  const workload: Workload = {
    issuer,
    subject: shown(claimValues(claims, 'sub')) ?? '',
    claims: Object.fromEntries(told),
  };
  return { workload, agent: preset.agent, session: /^[\w.:/-]{1,64}$/.test(session) ? session : undefined };
}
