import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TOKEN_KINDS } from '../../src/rules/model.ts';
import {
  checksumOf,
  lastEightOf,
  mintTokenText,
  parseTokenText,
  tokensWithin,
  withoutTokens,
} from '../../src/rules/token-text.ts';

describe('the text of a token', () => {
  it.each([...TOKEN_KINDS, 'derived'] as const)(
    'of kind %s reads back as that kind, with and without an instance prefix',
    (kind) => {
      for (const prefix of [null, 'acme', 'A1b2C3d4E5f6G7h8']) {
        const text = mintTokenText(kind, randomBytes, prefix);
        expect(text).toMatch(/^[A-Za-z0-9_]+$/);
        expect(text).toHaveLength((prefix === null ? 0 : prefix.length + 1) + 'lkd_'.length + 36);
        expect(parseTokenText(text)).toEqual({ form: 'valid', kind });
        expect(lastEightOf(text)).toBe(text.slice(text.length - 8));
      }
    },
  );

  it('has the CRC-32 of all that stands before it, in six base62 digits', () => {
    // CRC-32 of the check string "123456789" is 0xcbf43926 = 3421780262 (the catalogue of parametrised CRC algorithms).
    let value = 0;
    for (const digit of checksumOf('123456789'))
      value = value * 62 + '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'.indexOf(digit);
    expect(value).toBe(0xcbf43926);
  });

  it('with any one character changed is told as mistyped, never as valid', () => {
    const text = mintTokenText('fine-grained', randomBytes, null);
    fc.assert(
      fc.property(fc.integer({ min: 4, max: text.length - 1 }), fc.constantFrom(...'abcXYZ019'), (at, character) => {
        fc.pre(text[at] !== character);
        expect(parseTokenText(text.slice(0, at) + character + text.slice(at + 1))).toEqual({ form: 'mistyped' });
      }),
    );
  });

  it('cut short or too long is mistyped; another product’s is unrecognised', () => {
    const text = mintTokenText('classic', randomBytes, null);
    expect(parseTokenText(text.slice(0, -1))).toEqual({ form: 'mistyped' });
    expect(parseTokenText(`${text}x`)).toEqual({ form: 'mistyped' });
    expect(parseTokenText(`lkf_${'a'.repeat(5000)}`)).toEqual({ form: 'mistyped' });
    for (const thirdParty of [
      '',
      'hunter2',
      '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',
      'glpat-aaaaaaaaaaaaaaaaaaaa',
      'LKF_',
      'x'.repeat(9000),
    ])
      expect(parseTokenText(thirdParty)).toEqual({ form: 'unrecognised' });
  });

  it('draws every base62 digit equally often', () => {
    const counts = new Map<string, number>();
    for (let i = 0; i < 2000; i++)
      for (const c of mintTokenText('scoped', randomBytes, null).slice(4, 34)) counts.set(c, (counts.get(c) ?? 0) + 1);
    expect(counts.size).toBe(62);
    for (const count of counts.values()) expect(Math.abs(count - 60_000 / 62)).toBeLessThan(200);
  });
});

describe('a token in another text', () => {
  const token = fc
    .tuple(fc.constantFrom(...TOKEN_KINDS), fc.constantFrom(null, 'acme', 'A1b2C3d4E5f6G7h8'))
    .map(([kind, prefix]) => mintTokenText(kind, randomBytes, prefix));
  // What may be right beside a token without counting as part of it.
  const around = fc.string({
    unit: fc.constantFrom('\n', ' ', '"', "'", ':', '@', '/', '=', '_', '-', '.', 'ä'),
    maxLength: 30,
  });

  it('is found with its place, whatever stands around it', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(around, token), { maxLength: 5 }), around, (parts, end) => {
        const whole = parts.map(([before, text]) => ` ${before}${text} `).join('') + end;
        const places = parts.map(([, text]) => ({ text, at: whole.indexOf(text) }));
        expect([...tokensWithin(whole)]).toEqual(places);
      }),
    );
  });

  it('is found behind letters, too', () => {
    const bare = mintTokenText('classic', randomBytes, null);
    const prefixed = mintTokenText('scoped', randomBytes, 'acme');
    expect([...tokensWithin(`TOKEN${bare}xyz`)]).toEqual([{ text: bare, at: 5 }]);
    expect([...tokensWithin(`MY_TOKEN_${bare}`)]).toEqual([{ text: bare, at: 9 }]);
    expect([...tokensWithin(`TOKEN=${prefixed}`)]).toEqual([{ text: prefixed, at: 6 }]);
    expect([...tokensWithin(`lkf_${'x'.repeat(33)}${bare}`)]).toEqual([{ text: bare, at: 37 }]);
  });

  it('is not found where its checksum is wrong or it is cut off', () => {
    const text = mintTokenText('classic', randomBytes, null);
    expect([
      ...tokensWithin(
        `${text.slice(0, -1)} ${text.slice(1)} ${text.replace('lkc_', 'lkf_')} ${'lkc_'.padEnd(40, 'x')}`,
      ),
    ]).toEqual([]);
  });

  it('is taken out of a text that is told', () => {
    const text = mintTokenText('classic', randomBytes, 'acme');
    expect(withoutTokens(`keys/${text}.txt and ${text}`)).toBe(
      `keys/…${lastEightOf(text)}.txt and …${lastEightOf(text)}`,
    );
  });
});
