import { expect, test } from 'vitest';
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH, passwordProblem } from '../../src/rules/password.ts';

const common = new Set(['password', '12345678', 'iloveyou']);
const names = ['ada', 'Ada Lovelace', 'acme', 'latchkey', 'git.example'];
const problemOf = (password: string): string | null => passwordProblem(password, { common, names });

test.each(['password', 'PassWord', '12345678', 'aaaaaaaaaaaa', 'abababababab'])(
  'the password %s is refused, since it is tried first',
  (password) => {
    expect(problemOf(password)).toContain('tried first');
  },
);

test.each([
  ['latchkey', 'beside latchkey'],
  ['Latchkey2026!', 'beside latchkey'],
  ['ada.lovelace', 'beside lovelace and ada'],
  ['acme-Ada-1', 'beside acme and ada'],
  ['example99', 'beside example'],
  ['ada!!!!!!!!!!!', 'beside ada'],
])('the password %s is refused as a name with little added, and the answer says which name', (password, words) => {
  expect(problemOf(password)).toContain(words);
});

test.each([
  'correct horse battery',
  'latchkeys open violet doors',
  'nur Kleinbuchstaben',
  '        a b c',
  'пароль из слов',
  '🦊🦉🐢🐙🦋🐝🦔🐳',
])('the password %s is accepted: no kinds of characters are required', (password) => {
  expect(problemOf(password)).toBeNull();
});

test('a character counts once, whatever it takes to store', () => {
  expect(problemOf('🦊🦉🐢🐙🦋🐝🦔')).toBe(`A password has at least ${MIN_PASSWORD_LENGTH} characters.`);
  expect(problemOf('🦊🦉🐢'.repeat(80))).toBeNull();
  const words = 'word salad ';
  expect(problemOf(words.repeat(30).slice(0, MAX_PASSWORD_LENGTH))).toBeNull();
  expect(problemOf(words.repeat(30).slice(0, MAX_PASSWORD_LENGTH + 1))).toBe(
    `A password has at most ${MAX_PASSWORD_LENGTH} characters.`,
  );
});
