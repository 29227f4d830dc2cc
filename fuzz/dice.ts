/** Hostile text and bytes, by chance that can be repeated. */
import { type Chance, chanceOf } from '../chaos/random.ts';

export interface Dice extends Chance {
  /** True in this share of all cases. */
  often(share: number): boolean;
  /** At most so many bytes, any. */
  bytes(most: number): Buffer;
  /** A text that is meant to break something. */
  text(): string;
  /** A good text with something wrong in it, or as it is. */
  spoiled(good: string): string;
}

/** What has broken other programs: paths, encodings, markup, queries, formats, sizes, what nobody sees. */
const HOSTILE: readonly string[] = [
  '',
  '.',
  '..',
  '../../../../etc/passwd',
  '..%2f..%2f',
  '%2e%2e/',
  '%00',
  '\u0000',
  '%',
  '%zz',
  '%c0%ae%c0%ae',
  '\\..\\',
  '~root',
  '-x',
  '--output=/tmp/x',
  '--upload-pack=touch /tmp/x',
  ';id',
  '$(id)',
  '`id`',
  '|id',
  "' or 1=1 --",
  '"; drop table audit; --',
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  'javascript:alert(1)',
  '{{7*7}}',
  '${7*7}',
  '\r\nSet-Cookie: x=y',
  '\n',
  '\t',
  ' ',
  '\u202ecod.exe',
  '\u200b',
  '\u2066',
  '\ud800',
  '\ufffd',
  'İ',
  'ß',
  'ａｄａ',
  '😀'.repeat(40),
  '-1',
  '0',
  '1e309',
  'NaN',
  '0x10',
  '9007199254740993',
  '18446744073709551616',
  'null',
  'undefined',
  'true',
  '[]',
  '{}',
  '{"__proto__":{"admin":true}}',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '2026-02-31',
  '9999-99-99T99:99:99Z',
  'HEAD',
  'refs/heads/main',
  'refs/../config',
  '@{-1}',
  '.git',
  '.git/config',
  'con',
  'file:///etc/passwd',
  'http://127.0.0.1:1/',
  'http://[::1]/',
  '//evil.example/',
  'xn--80ak6aa92e.example',
  'a@b',
  'a@b.example\r\nBcc: c@d.example',
  'a'.repeat(300),
  'a'.repeat(5000),
  '['.repeat(500),
  '&a=b'.repeat(200),
];

/** What somebody might type who means well. */
const HONEST: readonly string[] = [
  'a note',
  'main',
  'README.md',
  'notes',
  'site',
  'ada',
  'eve',
  'acme',
  '1',
  '2',
  '30',
  'true',
  '2027-01-31',
  'repo',
  'read_api',
  'https://example.org/',
  'someone@example.org',
];

/**
 * The same chance for a request that is right but for a few values, so that it gets past the first questions. What is
 * usual happens always, and a text is hostile only now and then.
 */
export function mostlyHonest(dice: Dice): Dice {
  return {
    ...dice,
    often: (share) => share >= 0.7 || dice.often(share),
    text: () => (dice.often(0.15) ? dice.text() : dice.oneOf(HONEST)),
    spoiled: (good) => (dice.often(0.05) ? dice.spoiled(good) : good),
  };
}

export function diceOf(seed: number): Dice {
  const chance = chanceOf(seed);
  const often = (share: number): boolean => chance.next() < share;
  const bytes = (most: number): Buffer =>
    Buffer.from(Array.from({ length: chance.below(most) }, () => chance.below(256)));
  const text = (): string => (often(0.8) ? chance.oneOf(HOSTILE) : bytes(60).toString(often(0.5) ? 'latin1' : 'utf8'));
  const spoiled = (good: string): string => {
    const at = chance.below(good.length + 1);
    const [before, after] = [good.slice(0, at), good.slice(at)];
    return chance.oneOf([
      () => good,
      () => before + after.slice(1 + chance.below(4)),
      () => before + text() + after,
      () => before + before + after,
      () => before,
      () => good.toUpperCase(),
      () => before + String.fromCharCode(chance.below(256)) + after.slice(1),
    ])();
  };
  return { ...chance, often, bytes, text, spoiled };
}
