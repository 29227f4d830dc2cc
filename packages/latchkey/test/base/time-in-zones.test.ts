/** Times in a reader's zone. */
import { describe, expect, it } from 'vitest';
import { isTimeZone, mailedInstant, zoneWords } from '../../src/base/time.ts';

const at = (iso: string): number => Date.parse(iso) / 1000;

describe('a time', () => {
  it('is told in the zone, summer time included, across midnight and the year', () => {
    const berlin = zoneWords('Europe/Berlin');
    expect(berlin.instant(at('2026-11-21T08:00:00Z'))).toBe('21 Nov 2026, 09:00');
    expect(berlin.instant(at('2026-07-01T22:30:00Z'))).toBe('2 Jul 2026, 00:30');
    expect(zoneWords('America/Los_Angeles').date(at('2027-01-01T00:00:00Z'))).toBe('31 Dec 2026');
    expect(zoneWords('Asia/Kathmandu').instant(at('2026-11-21T08:00:00Z'))).toBe('21 Nov 2026, 13:45');
  });

  it('is UTC, and says so, for who is not known to be anywhere, and in a zone that nobody knows', () => {
    for (const zone of [null, 'Mars/Olympus', '', '../etc/passwd'])
      expect(zoneWords(zone).instant(at('2026-11-21T08:00:00Z'))).toBe('21 Nov 2026, 08:00 UTC');
  });

  it('in a mail names the zone and UTC, with the day where that is another', () => {
    const tokyo = zoneWords('Asia/Tokyo');
    expect(mailedInstant(tokyo, at('2026-11-21T08:00:00Z'))).toBe('21 Nov 2026, 17:00 Asia/Tokyo (08:00 UTC)');
    expect(mailedInstant(tokyo, at('2026-11-21T20:00:00Z'))).toBe(
      '22 Nov 2026, 05:00 Asia/Tokyo (21 Nov 2026, 20:00 UTC)',
    );
    expect(mailedInstant(zoneWords(null), at('2026-11-21T08:00:00Z'))).toBe('21 Nov 2026, 08:00 UTC');
  });

  it('knows the names of zones, and nothing else', () => {
    for (const zone of ['UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires', 'Etc/GMT+5'])
      expect([zone, isTimeZone(zone)]).toEqual([zone, true]);
    for (const text of ['', 'Berlin ', '+01:00', 'x'.repeat(65), '<b>', 'Europe/Nowhere'])
      expect([text, isTimeZone(text)]).toEqual([text, false]);
  });
});
