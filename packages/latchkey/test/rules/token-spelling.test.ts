import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { misspellingOf } from '../../src/rules/token-spelling.ts';
import { mintTokenText } from '../../src/rules/token-text.ts';

const T = mintTokenText('fine-grained', randomBytes, null);
const PREFIXED = mintTokenText('classic', randomBytes, 'acme');
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const utf16 = (text: string): string => `\ufeff${text}`;

describe('a token with something around it is told by what that is', () => {
  it.each<[string, string]>([
    [`"${T}"`, 'in double quotes'],
    [`'${T}'`, 'in single quotes'],
    [`\`${T}\``, 'in backticks'],
    [`“${T}”`, 'in double quotes'],
    [`<${T}>`, 'in angle brackets'],
    [`[${T}]`, 'in brackets'],
    [`Bearer ${T}`, 'behind the word Bearer'],
    [`token ${T}`, 'behind the word token'],
    [`Authorization: Bearer ${T}`, 'behind the name of a header'],
    [`TOKEN=${T}`, 'behind the name of a variable'],
    [`export LATCHKEY_TOKEN="${T}"`, 'behind the name of a variable'],
    [`token: ${T}`, 'behind a name and a colon'],
    [`ada:${T}`, 'behind a username and a colon'],
    [`https://ada:${T}@git.example.org/`, 'in an address'],
    [base64(T), 'encoded as base64'],
    [base64(`ada:${T}`), 'encoded as base64'],
    [base64(T).replace(/=+$/, ''), 'encoded as base64'],
    [`%22${T}%22`, 'in double quotes'],
    [`${T.slice(0, 20)}\n${T.slice(20)}`, 'with white space in it'],
    [`${T.slice(0, 20)} ${T.slice(20)}`, 'with white space in it'],
    [utf16(T), 'with invisible characters'],
    [`${T.slice(0, 9)}\u200b${T.slice(9)}`, 'with invisible characters'],
    [`{"token":"${T}"}`, 'with other characters around it'],
    [`${T}\\n`, 'with other characters around it'],
    [`${T}${T}`, 'twice'],
    [`"${PREFIXED}"`, 'in double quotes'],
  ])('of %s it is told: %s', (text, how) => {
    expect(misspellingOf(text)).toEqual({ kind: 'wrapped', how });
  });

  it('unless it stands alone', () => {
    expect(misspellingOf(T)).toBeNull();
    expect(misspellingOf(PREFIXED)).toBeNull();
  });

  it('unless its checksum is wrong', () => {
    expect(misspellingOf(`"${T.slice(0, -1)}_"`)).toBeNull();
  });
});

describe('a variable that was not replaced is told', () => {
  it.each<[string, string]>([
    ['$TOKEN', 'the name of a variable'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: that is what is sent.
    ['${TOKEN}', 'the name of a variable'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: that is what is sent.
    ['${{ secrets.LATCHKEY_TOKEN }}', 'the name of a variable'],
    ['{{ token }}', 'the name of a variable'],
    ['%TOKEN%', 'the name of a variable'],
    ['$env:TOKEN', 'the name of a variable'],
    ['$(TOKEN)', 'the name of a variable'],
    ['LATCHKEY_TOKEN', 'the name of a variable'],
    ['<token>', 'the placeholder of an example'],
    ['<YOUR_TOKEN>', 'the placeholder of an example'],
    ['YOUR-TOKEN', 'the placeholder of an example'],
    ['your_access_token_here', 'the placeholder of an example'],
    ['TOKEN', 'the placeholder of an example'],
    ['lkf_…', 'the placeholder of an example'],
    ['****', 'asterisks, which stand for a hidden value'],
    ['••••••••', 'asterisks, which stand for a hidden value'],
    ['[redacted]', 'asterisks, which stand for a hidden value'],
    ['[MASKED]', 'asterisks, which stand for a hidden value'],
    ['undefined', 'the word for a value that is not there'],
    ['null', 'the word for a value that is not there'],
    ['None', 'the word for a value that is not there'],
    ['[object Object]', 'the word for a value that is not there'],
    ['""', 'a pair of quotes with nothing in it'],
    ["''", 'a pair of quotes with nothing in it'],
  ])('of %s it is told: %s', (text, how) => {
    expect(misspellingOf(text)).toEqual({ kind: 'placeholder', how });
  });

  it('and a password is not taken for one', () => {
    for (const password of ['hunter2hunter2', 'correct horse battery', 'pa$$word1', '$ecret7!', 'A1b2C3d4', '****a'])
      expect(misspellingOf(password), password).toBeNull();
  });
});

it('nothing that is sent takes long or throws', () => {
  const pieces = fc.constantFrom(
    T,
    T.slice(0, 20),
    '"',
    ' ',
    '\n',
    '%',
    '%22',
    '=',
    ':',
    'Bearer ',
    '$',
    '{',
    'é',
    '\ud800',
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 40 }), (parts) => {
      misspellingOf(parts.join(''));
    }),
  );
  for (const one of ['"', ' ', 'A', '%', 'lkf_', '$', '<', '_']) {
    // Processor time: wall-clock time would include the rest of a busy machine.
    const begun = process.cpuUsage();
    misspellingOf(one.repeat(4096));
    expect(process.cpuUsage(begun).user).toBeLessThan(100_000);
  }
});
