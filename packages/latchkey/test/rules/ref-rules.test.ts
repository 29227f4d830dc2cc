import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { moveRefusal } from '../../src/rules/decide.ts';
import { rulesWithin } from '../../src/rules/refs/ref-inclusion.ts';
import {
  checkRefRules,
  MAX_REF_RULES,
  refRuleDrafts,
  refRuleLine,
  refRuleWords,
} from '../../src/rules/refs/ref-rule-text.ts';
import {
  allowsAct,
  firstRule,
  matches,
  REF_ACTS,
  type RefRule,
  type RefWord,
  refObjection,
} from '../../src/rules/refs/ref-rules.ts';

const ADA = { token: 'CI of octo/site', login: 'Ada' };

function rules(...lines: string[]): readonly RefRule[] {
  const checked = checkRefRules(refRuleDrafts(lines), ADA);
  if (!checked.ok || checked.rules === null) throw new TypeError(JSON.stringify(checked));
  return checked.rules;
}

function problems(...lines: string[]): string {
  const checked = checkRefRules(refRuleDrafts(lines), ADA);
  return checked.ok ? '' : checked.problems.join(' | ');
}

describe('a pattern', () => {
  it.each([
    ['refs/heads/main', 'refs/heads/main', true],
    ['refs/heads/main', 'refs/heads/Main', false],
    ['refs/heads/main', 'refs/heads/main2', false],
    ['refs/heads/main', 'refs/tags/main', false],
    ['refs/heads/agent/*', 'refs/heads/agent/a', true],
    ['refs/heads/agent/*', 'refs/heads/agent/a/b', false],
    ['refs/heads/agent/**', 'refs/heads/agent/a/b', true],
    ['refs/heads/agent/**', 'refs/heads/agent', false],
    ['refs/heads/agent/**', 'refs/heads/agents/a', false],
    ['refs/heads/agent-*', 'refs/heads/agent-', true],
    ['refs/heads/agent-*-x', 'refs/heads/agent-a-x-b-x', true],
    ['refs/heads/agent-*-x', 'refs/heads/agent-a-x-b', false],
    ['refs/heads/**/fix', 'refs/heads/fix', true],
    ['refs/heads/**/fix', 'refs/heads/a/b/fix', true],
    ['refs/heads/**/fix', 'refs/heads/afix', false],
    ['refs/heads/**/fix/*', 'refs/heads/fix/fix/a', true],
    ['refs/heads/\u0430gent/**', 'refs/heads/agent/a', false],
  ])('%s on %s: %s', (pattern, ref, expected) => {
    expect(matches(pattern, ref)).toBe(expected);
  });

  it('takes no longer for a name made to be slow', () => {
    const pattern = `refs/heads/${'*a'.repeat(8)}`;
    expect(matches(pattern, `refs/heads/${'a'.repeat(100_000)}b`)).toBe(false);
  });
});

describe('ref rules', () => {
  it('let the first pattern that matches decide, and refuse what none matches', () => {
    const some = rules('agent/release/**: none', 'agent/**', 'refs/tags/v*: create');
    expect(refObjection(some, 'refs/heads/agent/a', 'create')).toBeNull();
    expect(refObjection(some, 'refs/heads/agent/a', 'update')).toBeNull();
    expect(refObjection(some, 'refs/heads/agent/a', 'force')?.rule?.pattern).toBe('refs/heads/agent/**');
    expect(refObjection(some, 'refs/heads/agent/release/a', 'create')?.rule?.pattern).toBe(
      'refs/heads/agent/release/**',
    );
    expect(refObjection(some, 'refs/heads/main', 'update')).toEqual({
      ref: 'refs/heads/main',
      act: 'update',
      rule: null,
    });
    expect(refObjection(some, 'refs/tags/v1', 'create')).toBeNull();
    expect(refObjection(some, 'refs/tags/v1', 'force')).not.toBeNull();
    expect(refObjection(null, 'refs/heads/main', 'force')).toBeNull();
  });

  it('count force as including what goes forward', () => {
    expect(refObjection(rules('agent/**: force'), 'refs/heads/agent/a', 'update')).toBeNull();
    expect(refObjection(rules('agent/**: update'), 'refs/heads/agent/a', 'force')).not.toBeNull();
  });

  it.each([
    'HEAD',
    'refs/replace/0123',
    'refs/latchkey/x',
    'refs/pull/1/head',
    'refs/heads',
    'refs/stash',
    'refs/heads/',
    `refs/heads/${'a'.repeat(2000)}`,
  ])('never open %s', (ref) => {
    const everything: RefRule = { pattern: 'refs/**', allow: REF_ACTS };
    expect(firstRule([everything, { pattern: ref, allow: REF_ACTS }], ref)).toBeNull();
  });

  it('fill in placeholders as one segment without wildcards, once and for all', () => {
    expect(rules('{login}/{token}/**')[0]?.pattern).toBe('refs/heads/ada/ci-of-octo-site/**');
    const named = (token: string) => checkRefRules([{ pattern: 'x-{token}*' }], { token, login: 'ada' });
    expect(named('**/../a')).toMatchObject({ ok: true, rules: [{ pattern: 'refs/heads/x-a*' }] });
    expect(named('../**.lock')).toMatchObject({ ok: true, rules: [{ pattern: 'refs/heads/x-lock*' }] });
    expect(named('../**')).toMatchObject({ ok: false, problems: [expect.stringContaining('{token} has no letter')] });
  });

  it('read back their own words', () => {
    for (const line of [
      'agent/**',
      'main: none',
      'main: ask',
      'refs/tags/v*: create',
      'x/*: create, update, force, delete',
    ])
      expect(rules(line).map(refRuleLine)).toEqual([line]);
  });

  it('say in a few words where one may push', () => {
    expect(refRuleWords(null)).toBeNull();
    expect(refRuleWords(rules('agent/**'))).toBe('push only to agent/**');
    expect(refRuleWords(rules('main: none'))).toBe('push nowhere');
    expect(refRuleWords(rules('main: none', 'a', 'b', 'c', 'd: force'))).toBe(
      'push only to a, b, c and 1 more, with exceptions',
    );
    expect(refRuleWords(rules('agent/**: all', 'docs: update'))).toBe(
      'push only to agent/** (also by force, delete), docs (not new)',
    );
    expect(refRuleWords(rules('agent/**', 'main: ask'))).toBe('push only to agent/**, main (after approval)');
  });
});

describe('what can not be a ref rule', () => {
  it.each([
    [['refs/replace/**'], 'no rule opens'],
    [['refs/**'], 'which kind of ref'],
    [['refs/*/x'], 'which kind of ref'],
    [['refs/heads'], 'no rule opens'],
    [['HEAD'], 'not a well formed name'],
    [['-x'], 'not a well formed name'],
    [['a..b'], 'not a well formed name'],
    [['a b'], "can't be seen or told apart"],
    [['a/'], 'not a well formed name'],
    [['a//b'], 'not a well formed name'],
    [['a?'], 'not a well formed name'],
    [['[a]'], 'not a well formed name'],
    [['a**'], '** beside something else'],
    [['a/***'], '** beside something else'],
    [['a/**/**'], '** twice in a row'],
    [['*a*a*a*a*a*a*a*a*a'], 'more than 8 wildcards'],
    [['{branch}'], 'placeholder that is none'],
    [['a\u200bb'], "can't be seen or told apart"],
    [['a\u202eb'], "can't be seen or told apart"],
    [['e\u0301t\u00e9'], "can't be seen or told apart"],
    [[`x${'y'.repeat(200)}`], 'more than 200 characters'],
    [['a: push'], `can't allow "push"`],
    [['a: ask, update'], 'ask stands alone'],
    [['a', 'a: none'], 'stands there twice'],
  ])('%j: %s', (lines, words) => {
    expect(problems(...lines)).toContain(words);
  });

  it(`more than ${MAX_REF_RULES} of them`, () => {
    const many = Array.from({ length: MAX_REF_RULES + 1 }, (_, i) => `a${i}`);
    expect(problems(...many.slice(1))).toBe('');
    expect(problems(...many)).toBe('A token has at most 20 ref rules; these are 21.');
  });
});

describe('whether rules stay within others', () => {
  it.each([
    [['agent/**'], ['agent/**: all'], true],
    [['agent/**: all'], ['agent/**'], false],
    [['agent/x/**'], ['agent/**'], true],
    [['agent/*'], ['agent/**'], true],
    [['agent/**'], ['agent/*'], false],
    [['agent/*', 'agent/*/**'], ['agent/**'], true],
    [['agent/**'], ['agent/*', 'agent/*/**'], true],
    [['agent/**'], ['agent/main: none', 'agent/**'], false],
    [['agent/main: none', 'agent/**'], ['agent/main: none', 'agent/**'], true],
    [['agent/m*: none', 'agent/**'], ['agent/main: none', 'agent/**'], true],
    [['main'], ['agent/**'], false],
    [['main: none'], ['agent/**'], true],
    [['main: ask'], ['main: ask'], true],
    [['main: ask'], ['main: all'], true],
    [['main: ask'], ['main'], false],
    [['main'], ['main: ask'], false],
    [['main: none'], ['main: ask'], true],
    [['main: ask'], ['agent/**'], false],
    [['a*b'], ['a*', '*b: none'], true],
    [['a*b'], ['*b: none', 'a*'], false],
    [['**/fix'], ['**/f*'], true],
    [['**/fix'], ['*/fix'], false],
    [['fix', '*/**/fix'], ['**/fix'], true],
    [['**/fix'], ['fix', '*/**/fix'], true],
    [['refs/tags/v*'], ['**'], false],
  ])('%j within %j: %s', (inner, outer, expected) => {
    expect(rulesWithin(rules(...inner), rules(...outer))).toBe(expected);
  });

  it('holds for no rules at all on the outside only', () => {
    expect(rulesWithin(null, null)).toBe(true);
    expect(rulesWithin(rules('a'), null)).toBe(true);
    expect(rulesWithin(null, rules('**: all'))).toBe(false);
  });

  const segment = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 3 });
  const ref = fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => `refs/heads/${parts.join('/')}`);
  const part = fc.oneof(segment, fc.string({ unit: fc.constantFrom('a', '*'), minLength: 1, maxLength: 3 }));
  const pattern = fc
    .array(fc.oneof({ weight: 3, arbitrary: part }, { weight: 1, arbitrary: fc.constant('**') }), {
      minLength: 1,
      maxLength: 4,
    })
    .map((parts) => parts.map((one) => (one === '**' ? one : one.replaceAll(/\*+/g, '*'))).join('/'))
    .filter((text) => !text.includes('**/**'))
    .map((text) => `refs/heads/${text}`);
  const allow = fc.oneof(fc.subarray<RefWord>([...REF_ACTS]), fc.constant<RefWord[]>(['ask']));
  const list = fc.array(fc.record({ pattern, allow }), { minLength: 1, maxLength: 5 });

  it('never says yes where a single ref may be moved inside and not outside', () => {
    fc.assert(
      fc.property(list, list, fc.array(ref, { minLength: 30, maxLength: 60 }), (inner, outer, refs) => {
        fc.pre(rulesWithin(inner, outer));
        for (const one of refs)
          for (const act of REF_ACTS)
            for (const isApproved of [false, true]) {
              const move = { ref: one, act, isApproved };
              const refusal = (rules: typeof inner) => moveRefusal({ rules, protections: [], role: 'write' }, move);
              if (refusal(inner) === null) expect(refusal(outer)).toBeNull();
            }
      }),
      { numRuns: 100 },
    );
  });

  it('says yes to every list within itself, shortened, narrowed, or with a refusal in front', () => {
    fc.assert(
      fc.property(list, fc.nat(), pattern, (outer, n, denied) => {
        const narrowed = outer.map((rule, i) => (i === n % outer.length ? { ...rule, allow: [] } : rule));
        expect(rulesWithin(narrowed, outer)).toBe(true);
        expect(rulesWithin([{ pattern: denied, allow: [] }, ...outer], outer)).toBe(true);
        expect(rulesWithin(outer.slice(0, 1), outer)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('matches a pattern as a plain reading of it does', () => {
    const plain = (text: string): RegExp =>
      new RegExp(
        `^${text.replaceAll(/\*\*\/|\/\*\*$|\*/g, (wild) =>
          wild === '**/' ? '(?:[^/]+/)*' : wild === '*' ? '[^/]*' : '/.+',
        )}$`,
      );
    fc.assert(
      fc.property(pattern, ref, (text, name) => {
        expect(matches(text, name)).toBe(plain(text).test(name));
      }),
      { numRuns: 500 },
    );
  });

  it('takes every act of a rule into account', () => {
    for (const act of REF_ACTS) expect(allowsAct({ pattern: 'refs/heads/a', allow: [act] }, act)).toBe(true);
  });
});
