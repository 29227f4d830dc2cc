/** The reader of pkt-lines, compared with git's own reading of the same bytes. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listAt, packetAt, packetLine, packetsOf } from '../../../src/git/protocol/pkt-lines.ts';
import { type Bench, makeBench } from '../bench.ts';

let bench: Bench;
let folder = '';
beforeAll(async () => {
  bench = await makeBench();
  folder = join(bench.folder, 'pkt.git');
  spawnSync('git', ['init', '-q', '--bare', folder]);
});
afterAll(() => bench.close());

/** How the commands of a push are read: to the end, or why not. `content` = the packet is whole, its line bad. */
type Reading = 'whole' | 'content' | 'cut' | 'damaged';
const SHALLOW = `shallow ${'a'.repeat(40)}`;

function gitsReading(body: Buffer): Reading {
  const { stderr } = spawnSync('git', ['receive-pack', '--stateless-rpc', folder], { input: body });
  const words = stderr.toString('latin1');
  if (words.includes('bad line length')) return 'damaged';
  if (words.includes('expected old/new/ref') || words.includes('expected shallow')) return 'content';
  return /hung up|early EOF/.test(words) ? 'cut' : 'whole';
}

function ourReading(body: Buffer): Reading {
  for (let at = 0; ; ) {
    const packet = packetAt(body, at);
    if (typeof packet === 'string') return packet;
    if (packet.kind !== 'data') return 'whole';
    if (!/^shallow [0-9a-f]{40}/i.test(body.toString('latin1', packet.start, packet.end))) return 'content';
    at = packet.end;
  }
}

const line = packetLine(SHALLOW);

describe('a pkt-line', () => {
  it.each([
    ['a flush', '0000', 'whole'],
    ['lines and a flush', `${line}${line}0000`, 'whole'],
    ['a delimiter, which ends a list, too', `${line}0001`, 'whole'],
    ['the end of an answer, which ends a list, too', `${line}0002`, 'whole'],
    ['a length in capitals', '000Aabcdef0000', 'content'],
    ['a flush with letters that are no digits', '00zz', 'damaged'],
    ['the same behind a line', `${line}00zz`, 'damaged'],
    ['the length of a header that is not whole', '0003', 'damaged'],
    ['a sign', '+031', 'damaged'],
    ['a space', ' 031', 'damaged'],
    ['the prefix of hexadecimal digits', '0x31', 'damaged'],
    ['more than git has room for', `ffff${'a'.repeat(65_531)}0000`, 'damaged'],
    ['the first length that is too long', `fff4${'a'.repeat(65_520)}0000`, 'damaged'],
    ['the last length that is not', `fff3${'a'.repeat(65_519)}0000`, 'content'],
    ['nothing but a header', '00040000', 'content'],
    ['half a header', '00', 'cut'],
    ['half a line', line.slice(0, 20), 'cut'],
  ] as const)('with %s is read as git reads it', (_what, text, reading) => {
    const body = Buffer.from(text, 'latin1');
    expect(ourReading(body)).toBe(reading);
    expect(gitsReading(body)).toBe(reading);
  });

  it('of any kind, damaged anywhere, is read as git reads it', () => {
    const piece = fc.constantFrom(line, line, line, '0000', '0001', '0004', '00zz', '0031', 'FFFF', '0');
    const spoilt = fc
      .tuple(fc.array(piece, { maxLength: 4 }), fc.nat(200), fc.constantFrom('', 'g', 'F', '0', '\0', ' '))
      .map(([pieces, at, by]) => {
        const text = pieces.join('');
        return by === '' || text === ''
          ? text
          : text.slice(0, at % text.length) + by + text.slice((at % text.length) + 1);
      });
    fc.assert(
      fc.property(spoilt, (text) => {
        const body = Buffer.from(text, 'latin1');
        expect(ourReading(body)).toBe(gitsReading(body));
      }),
      { numRuns: 60 },
    );
  });
});

describe('damage', () => {
  const damaged = Buffer.from(`${packetLine('command=ls-refs')}00zz`);

  it('is damage to every reader', () => {
    expect([packetsOf(damaged), listAt(damaged, 0)]).toEqual([null, null]);
  });
});
