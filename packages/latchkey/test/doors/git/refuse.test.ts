import { describe, expect, it } from 'vitest';
import { REASONS, REFUSALS } from '../../../src/catalogue/refusals/refusals.ts';
import { PushReport } from '../../../src/doors/git/push-report.ts';
import { STATUS_OF } from '../../../src/doors/git/refuse.ts';
import { packetLine } from '../../../src/git/protocol/pkt-lines.ts';

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

  const band = (text: string, number = 1): string => {
    const length = (text.length + 5).toString(16).padStart(4, '0');
    return `${length}${String.fromCharCode(number)}${text}`;
  };
  const OK = `${packetLine('unpack ok')}${packetLine('ok refs/heads/main')}0000`;

  it.each<[string, string[], boolean | null]>([
    ['a ref that changed', [`${band(OK)}0000`], true],
    ['a ref that changed, for a client without bands', [OK], true],
    ['a ref that did not', [`${packetLine('unpack ok')}${packetLine('ng refs/heads/main fetch first')}0000`], false],
    [
      'one of two refs that changed',
      [
        `${packetLine('unpack ok')}${packetLine('ng refs/heads/a fetch first')}`,
        `${packetLine('ok refs/heads/b')}0000`,
      ],
      true,
    ],
    [
      'a pack that could not be read',
      [`${packetLine('unpack index-pack failed')}${packetLine('ng refs/heads/main unpacker error')}0000`],
      false,
    ],
    ['a report that was cut off', [`${packetLine('unpack ok')}${packetLine('ng refs/heads/main fetch first')}`], null],
    ['a report in pieces', [...OK], true],
    ['a report in two bands, each in pieces', [...band(OK.slice(0, 20)), ...band(OK.slice(20))], true],
    ['no report', [''], null],
    ['words for people that look like a report', [band(OK, 2)], null],
    ['a report behind damage', [`00zz${OK}`], null],
  ])('tells whether refs moved from %s', (_what, chunks, outcome) => {
    expect(report(...chunks)).toBe(outcome);
  });
});
