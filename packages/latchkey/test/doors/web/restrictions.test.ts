/**
 * From where, from when, how often and on which refs a token works: set and changed on the forms of every kind, shown
 * on its page.
 */
import { expect, test } from 'vitest';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { listTokens } from '../../../src/actions/tokens/tokens.ts';
import { readRestrictions } from '../../../src/doors/web/tokens/form/restrictions.tsx';
import { MAX_USES } from '../../../src/rules/token-limits.ts';
import { type Visitor, type WebWorld, webWorld } from './visitor.ts';

/** 2026-12-01, before which the tests' clock stands. */
const DAY = '2026-12-01';
const DAY_AT = Date.UTC(2026, 11, 1) / 1000;

const RULES = [
  { pattern: 'refs/heads/main', allow: [] },
  { pattern: 'refs/heads/agent/**', allow: ['create', 'update'] },
];

const KINDS = [
  {
    kind: 'fine-grained',
    list: '/settings/personal-access-tokens',
    make: '/settings/personal-access-tokens/new',
    form: 'create',
    edit: 'create',
    typed: { selection: 'all', contents: 'read', expires_in: '366' },
  },
  {
    kind: 'classic',
    list: '/settings/tokens',
    make: '/settings/tokens/new',
    form: 'classic',
    edit: 'edit',
    typed: { scopes: 'repo', expires_in: '366' },
  },
  {
    kind: 'scoped',
    list: '/-/user_settings/personal_access_tokens',
    make: '/-/user_settings/personal_access_tokens',
    form: 'scoped',
    edit: 'edit',
    typed: { scopes: 'api' },
  },
] as const;

async function ada(): Promise<{ world: WebWorld; visitor: Visitor }> {
  const world = await webWorld();
  await world.addPerson('ada');
  const visitor = world.visitor();
  await visitor.signIn('ada');
  return { world, visitor };
}

const restrictionsOf = async (world: WebWorld) =>
  (await listTokens(world.ctx, operatorPermit(), 'ada')).map(
    ({ allowedAddresses, notBeforeAt, usesLeft, refRules }) => ({
      allowedAddresses,
      notBeforeAt,
      usesLeft,
      refRules,
    }),
  );

test.each(KINDS)(
  'a $kind token is restricted when it is made, shown so, and freed by an edit',
  async ({ list, make, form, edit, typed }) => {
    const { world, visitor } = await ada();
    const made = await visitor.send(make, form, {
      name: 'held',
      ...typed,
      allowed_addresses: '192.0.2.0/24 2001:db8::1',
      not_before: DAY,
      uses_left: '3',
      may_push: 'only',
      ref_rules: 'main: none\r\nagent/**\r\n',
    });
    expect([made.status, made.location]).toEqual([303, `${list}/1/created`]);
    expect(await restrictionsOf(world)).toEqual([
      { allowedAddresses: ['192.0.2.0/24', '2001:db8::1'], notBeforeAt: DAY_AT, usesLeft: 3, refRules: RULES },
    ]);
    const page = (await visitor.get(`${list}/1`)).text;
    for (const words of [
      'Not yet valid',
      'Works only from 192.0.2.0/24, 2001:db8::1.',
      'Does not work before <time datetime="2026-12-01T00:00:00Z" title="1 Dec 2026, 00:00 UTC">',
      'Works 3 times more.',
      // This fine-grained one has no permission to push at all.
      ...(list.includes('personal-access-tokens') ? [] : ['May push only to agent/**, with exceptions.']),
      '<code>main: none</code>',
    ])
      expect(page).toContain(words);
    const kept = await visitor.send(`${list}/1/edit`, edit, {
      ...typed,
      name: 'renamed',
      allowed_addresses: '192.0.2.0/24\r\n2001:db8::1',
      ref_rules: 'main: none\r\nagent/**',
    });
    expect(kept.status).toBe(303);
    expect(await restrictionsOf(world)).toEqual([
      { allowedAddresses: ['192.0.2.0/24', '2001:db8::1'], notBeforeAt: DAY_AT, usesLeft: 3, refRules: RULES },
    ]);
    const unsure = await visitor.send(`${list}/1/edit`, edit, { ...typed, may_push: 'any' });
    expect([
      unsure.status,
      unsure.text.includes('There are rules here, but “Any branch and tag” is selected.'),
    ]).toEqual([422, true]);
    expect(unsure.text).toContain('agent/**</textarea>');
    const freed = await visitor.send(`${list}/1/edit`, edit, {
      ...typed,
      allowed_addresses: '',
      not_before: '',
      uses_left: '',
      may_push: 'any',
      ref_rules: '',
    });
    expect(freed.status).toBe(303);
    expect(await restrictionsOf(world)).toEqual([
      { allowedAddresses: null, notBeforeAt: null, usesLeft: null, refRules: null },
    ]);
  },
);

test.each(
  KINDS.flatMap((each) =>
    (
      [
        ['a day that is none', { not_before: '2026-02-30' }, 'Not-before is a day or an instant, such as 2027-01-31.'],
        [
          'a start after the end',
          { not_before: '2030-01-01', expires_at: DAY },
          'Not-before lies after the expiration: the token would never work.',
        ],
        ['no use at all', { uses_left: '0' }, `A use limit is a whole number from 1 to ${MAX_USES}.`],
        ['half a use', { uses_left: '1.5' }, `A use limit is a whole number from 1 to ${MAX_USES}.`],
        ['"only these" without a rule', { may_push: 'only', ref_rules: ' ' }, 'A ref rule needs a pattern'],
        ['a pattern that is none', { may_push: 'only', ref_rules: 'refs/replace/**' }, 'names refs that no rule opens'],
        ['too many uses', { uses_left: String(MAX_USES + 1) }, `A use limit is a whole number from 1 to ${MAX_USES}.`],
        [
          'an address that is none',
          { allowed_addresses: '192.0.2.0/33' },
          '192.0.2.0/33 is neither an address nor a CIDR block.',
        ],
      ] as [string, Record<string, string>, string][]
    ).map((row) => [each.kind, row, each] as const),
  ),
)('the form of a %s token refuses %s', async (_kind, [, fields, words], { make, form, typed }) => {
  const { world, visitor } = await ada();
  const seen = await visitor.send(make, form, { name: 'held', ...typed, ...fields });
  expect([seen.status, seen.text.includes(words)]).toEqual([422, true]);
  expect(seen.text).toContain('<details class="mb-3" open>');
  expect(await restrictionsOf(world)).toEqual([]);
});

test('rules still written below "any branch and tag" are asked about; taking them out frees the token', async () => {
  const { world, visitor } = await ada();
  const rules = { name: 'held', ref_rules: 'agent/**' };
  await visitor.send('/settings/tokens/new', 'classic', { ...rules, may_push: 'only' });
  const form = (await visitor.get('/settings/tokens/1/edit')).text;
  expect(form).toMatch(/value="only" checked/);
  expect((await visitor.send('/settings/tokens/1/edit', 'edit', { ...rules, may_push: 'any' })).status).toBe(422);
  expect((await restrictionsOf(world))[0]!.refRules).not.toBeNull();
  await visitor.send('/settings/tokens/1/edit', 'edit', { name: 'held', ref_rules: '', may_push: 'any' });
  expect((await restrictionsOf(world))[0]!.refRules).toBeNull();
});

test('the most uses there can be are taken', async () => {
  const { world, visitor } = await ada();
  await visitor.send('/settings/tokens/new', 'classic', { name: 'held', uses_left: String(MAX_USES) });
  expect((await restrictionsOf(world))[0]!.usesLeft).toBe(MAX_USES);
});

test('an edit that leaves the number of uses alone gives back none that were spent meanwhile', () => {
  const today = { allowedAddresses: null, notBeforeAt: DAY_AT + 3_600, usesLeft: 1, refRules: null };
  expect(
    readRestrictions(new URLSearchParams({ uses_left: '3', uses_left_before: '3', not_before: DAY }), today),
  ).toEqual({});
  expect(
    readRestrictions(new URLSearchParams({ uses_left: '5', uses_left_before: '3', not_before: '' }), today),
  ).toEqual({ usesLeft: 5, notBeforeAt: null });
});

test('a link fills the rules in, the summary says them, and the link of the form carries them on', async () => {
  const { visitor } = await ada();
  const link = '/settings/personal-access-tokens/new?name=agent&contents=write&ref_rules=main:%20none;agent/**';
  const { text } = await visitor.get(link);
  expect(text).toContain('>main: none;agent/**</textarea>');
  expect(text).toContain('can push only to agent/**, with exceptions');
  expect(text).toMatch(/ref_rules=main%3A\+none%3Bagent%2F\*\*/);
});
