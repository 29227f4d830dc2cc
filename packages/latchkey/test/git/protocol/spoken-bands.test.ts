import { describe, expect, it } from 'vitest';
import { PacketStream } from '../../../src/git/protocol/pkt-lines.ts';
import { SpokenBands, withoutPaths } from '../../../src/git/protocol/spoken-bands.ts';

const REPOSITORY = '/srv/über uns/repositories/ada/site.git';

function packet(band: number, content: string): Buffer {
  const bytes = Buffer.concat([Buffer.from([band]), Buffer.from(content)]);
  return Buffer.concat([Buffer.from((bytes.length + 4).toString(16).padStart(4, '0')), bytes]);
}

/** What a client gets of an answer in pieces of this many bytes, and what it reads in each band. */
function read(answer: Buffer, pieceBytes: number): { bytes: Buffer; bands: Record<number, string> } {
  const spoken = new SpokenBands(REPOSITORY);
  const out: Buffer[] = [];
  for (let at = 0; at < answer.length; at += pieceBytes) out.push(...spoken.pass(answer.subarray(at, at + pieceBytes)));
  const bytes = Buffer.concat([...out, ...spoken.rest()]);
  const bands: Record<number, string> = {};
  for (const content of new PacketStream().read(bytes)) {
    const band = content[0] ?? 0;
    bands[band] = (bands[band] ?? '') + content.toString('utf8', 1);
  }
  return { bytes, bands };
}

describe('words of git', () => {
  it.each([
    [
      "error: cannot lock ref 'refs/heads/main': " +
        `Unable to create '${REPOSITORY}/./refs/heads/main.lock': File exists.\n`,
      "error: cannot lock ref 'refs/heads/main': Unable to create 'refs/heads/main.lock': File exists.\n",
    ],
    [`fatal: not a git repository: '${REPOSITORY}'\n`, "fatal: not a git repository: 'the repository'\n"],
    [
      '/srv/über uns/repositories/.latchkey/hooks/inspect/pre-receive: 23: Cannot fork\n',
      'pre-receive: 23: Cannot fork\n',
    ],
    ["fatal: cannot exec '/usr/lib/git-core/git': no\n", "fatal: cannot exec 'git': no\n"],
    ['/usr/share/latchkey/pre-receive: 5: Cannot fork\n', 'pre-receive: 5: Cannot fork\n'],
    [
      `error: file ${REPOSITORY}/objects/pack/pack-1.pack is too short\n`,
      'error: file objects/pack/pack-1.pack is too short\n',
    ],
  ])('name no place on the disk: %s', (said, shown) => {
    const latin1 = (text: string): string => Buffer.from(text).toString('latin1');
    expect(withoutPaths(latin1(said), latin1(REPOSITORY))).toBe(latin1(shown));
  });

  it('keep addresses, refs and files of a project as they are', () => {
    const words =
      'Allow it: https://git.example.org/settings/tokens/3\n  .github/workflows/ci.yml on refs/heads/main\n';
    expect(withoutPaths(words, REPOSITORY)).toBe(words);
  });
});

describe('an answer of git', () => {
  const pack = 'x'.repeat(5_000);
  const lock = `error: cannot lock: '${REPOSITORY}/refs/heads/main.lock'\n`;
  const answer = Buffer.concat([
    Buffer.from('0008NAK\n'),
    packet(2, 'Counting: 50%\r'),
    packet(2, 'Counting: 100%, done.\n'),
    packet(1, pack),
    packet(2, lock.slice(0, 40)),
    packet(1, ''),
    packet(2, lock.slice(40)),
    packet(2, `über ${REPOSITORY}`),
    packet(3, `fatal: ${REPOSITORY}/HEAD is gone`),
    Buffer.from('0000'),
  ]);

  it.each([1, 3, 7, 128, 4_096, 100_000])('loses its paths wherever it is cut, in pieces of %i bytes', (pieceBytes) => {
    const { bytes, bands } = read(answer, pieceBytes);
    expect(bytes.includes('/srv')).toBe(false);
    expect(bands).toMatchObject({
      1: pack,
      2: "Counting: 50%\rCounting: 100%, done.\nerror: cannot lock: 'refs/heads/main.lock'\n",
    });
    expect(bands[3]).toContain('HEAD is gone');
    expect(bytes.subarray(-4).toString()).toBe('0000');
  });

  it('is passed on as it came where it is a pack, with bands or without, and copied nowhere', () => {
    const banded = packet(1, pack);
    const bare = Buffer.from(`0008NAK\nPACK${pack}`);
    for (const bytes of [banded, bare]) {
      expect(new SpokenBands(REPOSITORY).pass(bytes)[0]?.buffer).toBe(bytes.buffer);
      for (const size of [1, 5, 1_000]) expect(read(bytes, size).bytes.equals(bytes)).toBe(true);
    }
  });

  it('with a line that never ends is passed on in parts', () => {
    const words = 'word '.repeat(10_000);
    const parts = Buffer.concat([packet(2, words.slice(0, 20_000)), packet(2, words.slice(20_000))]);
    expect(read(parts, 500).bands[2]).toBe(words);
  });
});
