/** Patterns of rulesets: what Ruby's `File.fnmatch` with `FNM_PATHNAME` says, and its bound on work. */
import { describe, expect, it } from 'vitest';
import { fnmatches, fnmatchProblem } from '../../src/rules/refs/fnmatch.ts';

describe('a pattern', () => {
  it.each([
    // GitHub's own examples.
    ['qa/*', 'qa/foo', true],
    ['qa/*', 'qa/foo/bar', false],
    ['qa/**/*', 'qa/foo/bar/foobar/hello-world', true],
    ['qa/**/*', 'qa/foo', true],
    ['qa**/**/*', 'qa-2/foo/bar', true],
    // Ruby's documentation of File.fnmatch.
    ['ca[a-z]', 'cat', true],
    ['ca[!t]', 'cat', false],
    ['ca[^t]', 'cab', true],
    ['cat', 'CAT', false],
    ['?', '/', false],
    ['[/]', '/', false],
    ['\\?', '?', true],
    ['\\a', 'a', true],
    ['[\\?]', '?', true],
    ['**/foo', 'a/b/c/foo', true],
    ['**/foo', 'foo', true],
    ['**.rb', 'main.rb', true],
    ['**.rb', 'lib/song.rb', false],
    ['refs/heads/**', 'refs/heads/a/b', false],
    ['refs/heads/**', 'refs/heads/a', true],
    ['refs/heads/**/*', 'refs/heads/a/b', true],
    ['refs/heads/release-[0-9].x', 'refs/heads/release-4.x', true],
    ['refs/heads/ma?n', 'refs/heads/main', true],
    // A character that takes two units of UTF-16 is one.
    ['refs/heads/\u{1f600}*', 'refs/heads/\u{1f600}/x', false],
    ['refs/heads/\u{1f600}*', 'refs/heads/\u{1f600}x', true],
    ['refs/heads/?[\u{1f600}]', 'refs/heads/\u{1f601}\u{1f600}', true],
    // What begins with a dot is no way out.
    ['**/*', '.github/workflows/ci.yml', true],
    ['*', '.env', true],
    // Look-alikes are other names.
    ['refs/heads/main', 'refs/heads/Main', false],
    ['refs/heads/main', 'refs/heads/main\u0301', false],
    ['refs/heads/main', 'refs/heads/m\u0430in', false],
  ])('%j matches %j: %s', (pattern, name, is) => {
    expect(fnmatches(pattern, name)).toBe(is);
  });

  it.each(['', 'a\nb', 'a\\', 'a[b', '{a,b}'])('%j is refused', (pattern) => {
    expect(fnmatchProblem(pattern)).not.toBeNull();
  });

  it.each(['a', '**/*', 'v[0-9].*', '[!]]x', '\\[x', 'a\\\\'])('%j is taken', (pattern) => {
    expect(fnmatchProblem(pattern)).toBeNull();
  });

  it('takes no longer for a hostile pattern than the product of both lengths', () => {
    const start = performance.now();
    expect(fnmatches(`${'*a'.repeat(90)}b`, 'a'.repeat(1000))).toBe(false);
    expect(fnmatches(`${'**/'.repeat(60)}b`, 'a/'.repeat(500))).toBe(false);
    expect(performance.now() - start).toBeLessThan(2000);
  });
});
