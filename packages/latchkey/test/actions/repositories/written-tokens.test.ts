/** Tokens as other programs write them. */
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { mayHoldPieceOfToken, tokensWrittenIn } from '../../../src/actions/repositories/written-tokens.ts';
import { mintTokenText } from '../../../src/rules/token-text.ts';

const KINDS = ['fine-grained', 'classic', 'scoped', 'derived'] as const;
const latin1 = (bytes: Buffer): string => bytes.toString('latin1');
const everyPercent = (text: string): string =>
  [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0').toUpperCase()}`).join('');

const WRITINGS: readonly (readonly [name: string, write: (text: string) => string])[] = [
  ['UTF-16 with a byte-order mark', (text) => latin1(Buffer.from(`\ufeff"${text}"`, 'utf16le'))],
  ['UTF-16 without one', (text) => latin1(Buffer.from(`x=${text}`, 'utf16le'))],
  ['UTF-16, big-endian', (text) => latin1(Buffer.from(`x=${text}`, 'utf16le').swap16())],
  ['base64 at the first place', (text) => `"${Buffer.from(text).toString('base64')}"`],
  ['base64 at the second place', (text) => `Basic ${Buffer.from(`ada:${text}`).toString('base64')}`],
  ['base64 at the third place', (text) => `_auth=${Buffer.from(`ad:a:${text}`).toString('base64')}`],
  ['base64 for addresses', (text) => Buffer.from(`\u00ff\u00ff:${text}\u00ff`).toString('base64url')],
  [
    'base64 in lines of 76',
    (text) => Buffer.from(`x-access-token:${text}`).toString('base64').replace(/.{76}/g, '$&\r\n'),
  ],
  ['an underscore that is percent-encoded', (text) => `%3A${text.replaceAll('_', '%5F')}%40`],
  ['every character percent-encoded', everyPercent],
  ['every character percent-encoded in small letters', (text) => everyPercent(text).toLowerCase()],
];

describe.each(WRITINGS)('the encoding "%s"', (_, write) => {
  test.each(KINDS)('shows a %s token, with the prefix of an instance, too', (kind) => {
    for (const prefix of [null, 'acme', 'a234567890123456']) {
      const token = mintTokenText(kind, randomBytes, prefix);
      const text = `${'\n'.repeat(3)}${write(token)}\n`;
      const found = [...tokensWrittenIn(text)];
      expect(found.map((one) => one.text)).toContain(token);
      for (const { at, length } of found) expect([at >= 3, at + length > at]).toEqual([true, true]);
      expect(mayHoldPieceOfToken(text)).toBe(true);
    }
  });

  test('shows no token whose checksum is wrong', () => {
    const token = mintTokenText('classic', randomBytes, null);
    const wrong = token.slice(0, -1) + (token.endsWith('a') ? 'b' : 'a');
    expect([...tokensWrittenIn(write(wrong))]).toEqual([]);
  });
});

test('a text of beginnings alone is read in good time', () => {
  for (const beginning of ['bGtmX', 'l\0k\0f\0_\0', 'lkf%5F', 'xrZl9', '%6C%6B%66%5F'])
    expect([...tokensWrittenIn(beginning.repeat(20_000))]).toEqual([]);
});

test('part of a token is noticed even if a few characters at either end lie elsewhere', () => {
  const token = mintTokenText('classic', randomBytes, null);
  expect(mayHoldPieceOfToken(`"${token.slice(8, -4)}"`)).toBe(true);
  expect(mayHoldPieceOfToken('const wordsOfACommonLength = readEverything();')).toBe(false);
});

test('a digest in hexadecimal is no piece of a token, unless there is more in the same run', () => {
  const digest = randomBytes(32).toString('hex');
  expect(mayHoldPieceOfToken(`tree ${digest}\nparent ${digest}\n`)).toBe(false);
  expect(mayHoldPieceOfToken(`${digest}G`)).toBe(true);
  expect(mayHoldPieceOfToken(`G${digest}`)).toBe(true);
});
