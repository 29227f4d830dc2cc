/**
 * A test that waits for a condition sets a limit, or takes that of `vitest.config.ts`. Vitest's own for `vi.waitFor` is
 * one second, which a busy machine may need to start a process.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../../../..');
const WAIT = /\bvi\.(?:waitFor|waitUntil)\(/g;

/** The text in the brackets that open right before this place. */
function argumentsAt(text: string, start: number): string {
  let depth = 1;
  let end = start;
  for (; depth > 0 && end < text.length; end++) {
    if ('([{'.includes(text.charAt(end))) depth++;
    if (')]}'.includes(text.charAt(end))) depth--;
  }
  return text.slice(start, end);
}

test('whatever a test waits for has a limit of its own', () => {
  const files = globSync('packages/*/test/**/*.{ts,tsx}', { cwd: ROOT });
  expect(files.length).toBeGreaterThan(100);
  const unlimited = files.flatMap((file) => {
    const text = readFileSync(join(ROOT, file), 'utf8');
    return [...text.matchAll(WAIT)]
      .filter(({ index, 0: call }) => !/\btimeout\b|,\s+\w+,?\s*\)$/.test(argumentsAt(text, index + call.length)))
      .map(({ index }) => `${file}:${text.slice(0, index).split('\n').length}`);
  });
  expect(unlimited, 'take expect.poll, or say { timeout }').toEqual([]);
});
