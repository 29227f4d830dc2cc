/** The patterns in docs/tokens.md for scanners find every token, and nothing else. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mintTokenText } from '../../src/rules/token-text.ts';

const DOCUMENT = readFileSync(join(import.meta.dirname, '../../../../docs/tokens.md'), 'utf8');
const PATTERNS = [...DOCUMENT.matchAll(/^(?:.*')?((?:\\b)?\(.*lk\[fcsdp\]_\S*?)'*$/gm)].map(([, pattern]) => pattern!);
const TOKENS = (['fine-grained', 'classic', 'scoped', 'derived'] as const).flatMap((kind) =>
  [null, 'a', 'acme', 'a234567890123456'].map((prefix) => mintTokenText(kind, randomBytes, prefix)),
);

test('docs/tokens.md has a pattern for each scanner', () => {
  expect(PATTERNS).toHaveLength(3);
});

test.each(PATTERNS)('the pattern %s finds each token whole, whatever surrounds it', (pattern) => {
  for (const token of TOKENS)
    for (const text of [token, `TOKEN="${token}"`, `https://ada:${token}@git.example.org/`, `\n${token}\n`])
      expect(new RegExp(pattern).exec(text)?.[0]).toBe(token);
});

test.each(PATTERNS)('the pattern %s skips texts that are not tokens', (pattern) => {
  for (const text of ['lkf_short', `lkx_${'a'.repeat(36)}`, `ghp_${'a1B2'.repeat(9)}`, `lkf_${'-'.repeat(36)}`])
    expect(new RegExp(pattern).exec(text)).toBeNull();
});
