/** What strangers send in the place of a digest. */
import { expect, it } from 'vitest';
import { digestOf, sameDigest } from '../../src/base/secret.ts';

it('text with as many characters as a digest, but more bytes, is no digest and no fault', () => {
  const digest = digestOf('a secret');
  expect(sameDigest('é'.repeat(digest.length), digest)).toBe(false);
  expect(sameDigest(`é${digest.slice(1)}`, digest)).toBe(false);
  expect(sameDigest(digest.slice(1), digest)).toBe(false);
  expect(sameDigest(digest, digestOf('a secret'))).toBe(true);
});
