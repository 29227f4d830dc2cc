/** The quick way through a plain path reads it as the long way does. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalPath } from '../../src/base/canonical-path.ts';

const PLAIN = /^(?:\/[A-Za-z0-9._~!$&'()*+,=:@-]*[A-Za-z0-9_~!$&'()*+,=:@-])+$/;
const paths = fc.array(fc.constantFrom(...'/./a%2F0_~@:;\\ é'), { maxLength: 14 }).map((parts) => `/${parts.join('')}`);

test('a path is taken apart at its slashes only where it is plain, and is otherwise looked at closely', () => {
  fc.assert(
    fc.property(paths, (path) => {
      const read = canonicalPath(path);
      if (PLAIN.test(path)) expect(read).toEqual({ segments: path.slice(1).split('/'), slashes: false });
      else if (typeof read !== 'string')
        expect(read.segments.every((part) => part !== '' && !/[. ]$/.test(part))).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});
