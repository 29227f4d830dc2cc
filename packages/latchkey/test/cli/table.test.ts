/** What the commands print for people: instants as people write them, with their zone. */
import { expect, test } from 'vitest';
import { spokenIso } from '../../src/base/time.ts';
import { alignedTable } from '../../src/cli/table.ts';

test('a column of instants is told as people write them, and only such a column', () => {
  const row = { name: '2026-11-21T08:00:00Z', expires_at: '2026-11-21T08:00:00Z', last_used_at: null };
  expect(alignedTable(['name', 'expires_at', 'last_used_at'], [row])).toEqual([
    'NAME                  EXPIRES AT              LAST USED AT',
    '2026-11-21T08:00:00Z  21 Nov 2026, 08:00 UTC  -',
  ]);
});

test('what a server sends in place of an instant is not repeated', () => {
  expect(spokenIso('\u001b[2Jsoon')).toBe('a time that can’t be read');
});
