/**
 * The attack: a name that looks like another one. "deploy\u202Eyek-nimda" shows as "deployadmin-key" to the owner who
 * approves it; "ci\u200B" looks like "ci", and the wrong one is revoked.
 */
import { expect, it } from 'vitest';
import { emailProblem, nameTextProblem } from '../../src/rules/names.ts';
import { Complaints, checkName } from '../../src/rules/token-limits.ts';

const UNSEEN: [what: string, spelled: string, text: string][] = [
  ['a right-to-left override', 'U+202E', 'deploy\u202Eyek-nimda'],
  ['an isolate', 'U+2066', 'a\u2066b'],
  ['an Arabic letter mark', 'U+061C', 'a\u061Cb'],
  ['a zero-width space', 'U+200B', 'ci\u200B'],
  ['a zero-width joiner', 'U+200D', 'c\u200Di'],
  ['a soft hyphen', 'U+00AD', 'c\u00ADi'],
  ['a byte order mark', 'U+FEFF', 'a\uFEFFb'],
  ['a tag character', 'U+E0041', 'ci\u{E0041}'],
  ['a line end', 'U+000A', 'ci\nci'],
  ['a C1 control character', 'U+0085', 'ci\u0085ci'],
  ['a line separator', 'U+2028', 'ci\u2028ci'],
  ['half a surrogate pair', 'U+D800', 'ci\uD800'],
];

it.each(UNSEEN)('no name of a token has %s, and the refusal spells it %s', (_what, spelled, name) => {
  const complaints = new Complaints();
  checkName('fine-grained', name, false, complaints);
  expect(complaints.list).toEqual([
    {
      field: 'name',
      code: 'invalid',
      message: `A token's name can’t have control characters or invisible ones: take out ${spelled}.`,
    },
  ]);
});

it.each(UNSEEN)('no e-mail address is taken with %s in it', (_what, _spelled, text) =>
  expect(emailProblem(`${text}@example.org`)).not.toBeNull(),
);

it.each(['Bücherei', 'שרת בנייה', 'خادم البناء', 'サーバー', 'build 🔑', 'a · b'])(
  'what everybody can read, such as %s, is taken as a name',
  (name) => expect(nameTextProblem('A name', name)).toBeNull(),
);
