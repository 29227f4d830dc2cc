/** The prefilter before a push, on bodies that a real git makes. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mayHoldPieceOfToken, tokensWrittenIn } from '../../../src/actions/repositories/written-tokens.ts';
import { FLUSH, packetLine } from '../../../src/git/protocol/pkt-lines.ts';
import { isArchive } from '../../../src/git/push/archives.ts';
import {
  MAX_INFLATED_BYTES,
  MAX_PREFILTERED_OBJECTS,
  needsScan,
  type Suspicion,
} from '../../../src/git/push/pack-prefilter.ts';
import { mintTokenText } from '../../../src/rules/token-text.ts';
import { type Bench, makeBench } from '../bench.ts';
import { commitIn, type Files, initWorkTree } from '../work-tree.ts';

const WORD = 'suspiciousWordOfThirtyTwoLetters';
/** What pushes are looked at for. */
const OF_TOKENS: Suspicion = {
  text: (whole) => tokensWrittenIn(whole).next().done !== true || isArchive(whole),
  piece: mayHoldPieceOfToken,
};
const SUSPICION: Suspicion = { text: (whole) => whole.includes(WORD), piece: (piece) => piece.includes(WORD) };

let bench: Bench;
let work: string;

beforeEach(async () => {
  bench = await makeBench();
});
afterEach(() => bench.close());

function begin(format?: 'sha1' | 'sha256'): void {
  work = initWorkTree(bench, format);
}

const commit = (files: Files, message?: string): string => commitIn(bench, work, files, message);

/** What git would send to push `to` to a repository that has `from`. */
function bodyOf(to: string, from: string | null, options: { pushOptions?: readonly string[] } = {}): Buffer {
  const input = `${to}\n${from === null ? '' : `^${from}\n`}`;
  const pack = execFileSync(
    'git',
    ['-C', work, 'pack-objects', '--revs', '--stdout', '--thin', '--delta-base-offset', '-q'],
    { input },
  );
  const pushOptions =
    options.pushOptions === undefined ? '' : `${options.pushOptions.map(packetLine).join('')}${FLUSH}`;
  return Buffer.concat([
    Buffer.from(
      `${packetLine(`${from ?? '0'.repeat(to.length)} ${to} refs/heads/main\0 report-status`)}${FLUSH}${pushOptions}`,
    ),
    pack,
  ]);
}

const lines = (count: number): string[] => Array.from({ length: count }, () => randomBytes(12).toString('hex'));
const looks = (body: Buffer, format: 'sha1' | 'sha256' = 'sha1'): boolean => needsScan(body, format, SUSPICION);

describe('the prefilter before a push', () => {
  it.each(['sha1', 'sha256'] as const)(
    'tells a file or a message that holds what is looked for from others (%s)',
    (format) => {
      begin(format);
      const first = commit({ 'a.txt': 'plain', 'sub/b.bin': '\0\u00ff' });
      expect(looks(bodyOf(first, null), format)).toBe(false);
      const second = commit({ 'sub/c.txt': `x ${WORD} y` });
      expect(looks(bodyOf(second, first), format)).toBe(true);
      const third = commit({}, `About ${WORD}`);
      expect(looks(bodyOf(third, second), format)).toBe(true);
      expect(looks(bodyOf(commit({ 'd.txt': 'd' }), third), format)).toBe(false);
    },
  );

  it.each(['sha1', 'sha256'] as const)(
    'sees what a changed line adds, though the rest of the file does not travel (%s)',
    (format) => {
      begin(format);
      const text = lines(500);
      const first = commit({ 'long.txt': text.join('\n') });
      text[100] = 'harmless';
      const second = commit({ 'long.txt': text.join('\n') });
      text[250] = `key = ${WORD};`;
      const third = commit({ 'long.txt': text.join('\n') });
      const body = bodyOf(third, second);
      expect(body.length).toBeLessThan(1000);
      expect(looks(bodyOf(second, first), format)).toBe(false);
      expect(looks(body, format)).toBe(true);
    },
  );

  it.each(['sha1', 'sha256'] as const)(
    'lets a change of files among many pass, of which git sends folders and digests as deltas (%s)',
    (format) => {
      begin(format);
      const files = Object.fromEntries(
        Array.from({ length: 300 }, (_, i) => [`src/part-${i % 3}/file-${i}.txt`, lines(40).join('\n')]),
      );
      let before = commit(files);
      const names = Object.keys(files);
      for (let i = 0; i < 10; i++) {
        // One file, several, a new one, one that can be run, one in a new folder.
        const changed = Object.fromEntries(
          names
            .filter((_, n) => n % 10 === i && n % (i + 2) < 2)
            .map((name) => [name, `${files[name]}\n${randomBytes(20).toString('hex')} ${i}`]),
        );
        const after = commit({ ...changed, [`src/part-1/new-${i}.txt`]: 'x', [`src/in-${i}/a.txt`]: String(i) });
        const body = bodyOf(after, before);
        expect([i, needsScan(body, format, OF_TOKENS)]).toEqual([i, false]);
        before = after;
      }
    },
  );

  it.each(['sha1', 'sha256'] as const)(
    'looks at a token that a delta adds: as it is, in UTF-16, in base64, in an archive (%s)',
    (format) => {
      begin(format);
      const filler = lines(400).join('\n');
      // So long that only its last block changes.
      const contents = lines(8_000).join('\n');
      const packed = (text: string): Buffer => gzipSync(Buffer.from(contents + text));
      const utf16 = (text: string): Buffer => Buffer.from(filler + text, 'utf16le');
      let before = commit({ 'a.txt': filler, 'b.txt': utf16(''), 'c.txt': filler, 'd.gz': packed('') });
      const token = mintTokenText('classic', randomBytes, null);
      const writings: readonly Files[] = [
        { 'a.txt': `${filler}\n${token}` },
        { 'b.txt': utf16(`\n${token}`) },
        { 'c.txt': `${filler}\n${Buffer.from(`ada:${token}`).toString('base64')}` },
        { 'd.gz': packed(token) },
      ];
      for (const files of writings) {
        const after = commit(files);
        const body = bodyOf(after, before);
        expect([Object.keys(files), needsScan(body, format, OF_TOKENS)]).toEqual([Object.keys(files), true]);
        // What was there before doesn't travel.
        expect(body.length).toBeLessThan(files['d.gz'] === undefined ? 1_000 : 30_000);
        before = after;
      }
    },
  );

  it('reads push options, deletions and an empty pack', () => {
    begin();
    const first = commit({ 'a.txt': 'plain' });
    expect(looks(bodyOf(first, null, { pushOptions: ['ci.skip'] }))).toBe(false);
    expect(looks(bodyOf(first, null, { pushOptions: [] }))).toBe(false);
    expect(looks(bodyOf(first, first))).toBe(false);
    expect(looks(Buffer.from(`${packetLine(`${first} ${'0'.repeat(40)} refs/heads/main`)}${FLUSH}`))).toBe(false);
    expect(looks(Buffer.from(FLUSH))).toBe(false);
  });

  it('asks for a look at whatever it can not read to the end', () => {
    begin();
    const body = bodyOf(commit({ 'a.txt': 'plain '.repeat(50), 'b.txt': lines(20).join('\n') }), null);
    expect(looks(body)).toBe(false);
    const packAt = body.indexOf('PACK');
    for (let length = 1; length < body.length; length++) {
      // When the commands end and no pack begins, there is nothing to check.
      expect([length, looks(body.subarray(0, length))]).toEqual([length, length !== packAt]);
    }
    expect(looks(Buffer.concat([body, Buffer.from('x')]))).toBe(true);
    expect(looks(Buffer.from('zzzz'))).toBe(true);
    expect(looks(Buffer.from('0003'))).toBe(true);
  });

  it('asks for a look at more objects, or more bytes, than it reads', () => {
    begin();
    // A commit and a tree are objects, too.
    const first = commit(
      Object.fromEntries(Array.from({ length: MAX_PREFILTERED_OBJECTS - 2 }, (_, i) => [`${i}.txt`, String(i)])),
    );
    expect(looks(bodyOf(first, null))).toBe(false);
    expect(looks(bodyOf(commit({ 'more.txt': 'x' }), null))).toBe(true);
    const large = commit({ 'large.txt': 'x'.repeat(MAX_INFLATED_BYTES - 100_000) });
    expect(looks(bodyOf(large, first))).toBe(false);
    expect(looks(bodyOf(commit({ 'large.txt': 'y'.repeat(MAX_INFLATED_BYTES) }), large))).toBe(true);
  });
});
