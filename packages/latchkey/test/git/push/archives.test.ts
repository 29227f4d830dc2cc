/** Archives: what is in them, and what they can't do to the code that searches them. */
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { isArchive, MAX_UNPACKED_BYTES, MAX_UNPACKED_FILES, unpack } from '../../../src/git/push/archives.ts';
import { zipOf } from './zip.ts';

async function packed(archive: Buffer, maxBytes = MAX_UNPACKED_BYTES): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { name, bytes } of unpack(archive, maxBytes))
    found[name] = (found[name] ?? '') + bytes.toString('latin1');
  return found;
}

test('files of a zip and what is in a gzip are read', async () => {
  expect(await packed(zipOf({ 'a/b.txt': 'one', c: 'two' }))).toEqual({ 'a/b.txt': 'one', c: 'two' });
  expect(await packed(gzipSync('three'))).toEqual({ '': 'three' });
  expect(
    [zipOf({ a: 'a' }), gzipSync(''), Buffer.from('PK is no archive')].map((one) => isArchive(one.toString('latin1'))),
  ).toEqual([true, true, false]);
});

test('a bomb of zeros ends at the bound, to the byte', async () => {
  const zeros = Buffer.alloc(300_000);
  for (const bound of [299_999, 100_000, 1]) expect((await packed(gzipSync(zeros), bound))['']).toHaveLength(bound);
  const both = await packed(zipOf({ a: zeros, b: zeros }), 400_000);
  expect([both['a']?.length, both['b']?.length]).toEqual([300_000, 100_000]);
  expect((await packed(gzipSync(zeros), 300_000))['']).toHaveLength(300_000);
});

test('of a zip with more files than are looked at the first ones are', async () => {
  const names = Array.from({ length: MAX_UNPACKED_FILES + 1 }, (_, i) => String(i));
  const found = await packed(zipOf(Object.fromEntries(names.map((name) => [name, 'x']))));
  expect(Object.keys(found)).toEqual(names.slice(0, -1));
});

test('a damaged archive gives what comes before the damage, and no error', async () => {
  const noise = Array.from({ length: 20_000 }, (_, i) => String(i * 7919)).join(' ');
  const cut = gzipSync(noise).subarray(0, 20_000);
  const text = (await packed(cut))[''] ?? '';
  expect(text.length).toBeGreaterThan(0);
  expect(noise.startsWith(text)).toBe(true);
  const zip = zipOf({ a: noise });
  expect(await packed(zip.subarray(0, 1000))).toEqual({});
  const lying = Buffer.from(zip);
  lying.writeUInt32LE(0xffff_fff0, lying.length - 6);
  expect(await packed(lying)).toEqual({});
  expect(await packed(zipOf({ a: 'stored, they say' }, 0))).toEqual({});
});
