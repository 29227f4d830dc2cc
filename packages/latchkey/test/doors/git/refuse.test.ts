import { describe, expect, it } from 'vitest';
import { REASONS, REFUSALS } from '../../../src/catalogue/refusals/refusals.ts';
import { PushReport } from '../../../src/doors/git/push-report.ts';
import { STATUS_OF } from '../../../src/doors/git/refuse.ts';

describe('the refusals of the git door', () => {
  it('has a status for every reason', () => {
    expect(Object.keys(STATUS_OF).sort()).toEqual([...REASONS].sort());
  });

  it.each(REASONS)('%s makes git forget the credential only when it is dead', (reason) => {
    expect(STATUS_OF[reason] === 401).toBe(REFUSALS[reason].credentialIsDead || reason === 'credentials_missing');
  });
});

describe('reading along with the report on a push', () => {
  const report = (...chunks: string[]): boolean | null => {
    const reading = new PushReport();
    for (const chunk of chunks) reading.see(Buffer.from(chunk, 'latin1'));
    return reading.outcome();
  };

  it.each<[string, string[], boolean | null]>([
    ['a ref that changed', ['003001000eunpack ok\n0019ok refs/heads/main\n0000'], true],
    ['a ref that did not', ['000eunpack ok\n0025ng refs/heads/main fetch first\n0000'], false],
    [
      'one of two refs that changed',
      ['000eunpack ok\n0025ng refs/heads/a fetch first\n', '0019ok refs/heads/b\n0000'],
      true,
    ],
    ['a pack that could not be read', ['001cunpack index-pack failed\n0025ng refs/heads/main unpacker error\n'], false],
    ['a report in pieces', ['000eunp', 'ack ok\n00', '19ok re', 'fs/heads/main\n'], true],
    ['no report', [''], null],
    ['other words', ['0020\u0002ok, unpacked refs/heads\n'], null],
  ])('finds %s', (_what, chunks, outcome) => {
    expect(report(...chunks)).toBe(outcome);
  });
});
