/** `--keep`: old backups go with the parts that no other needs, and never one that somebody needs. */
import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keepNewest } from '../../../src/actions/backups/aging.ts';
import { NO_ENCRYPTION } from '../../../src/actions/backups/encryption.ts';
import { PartsWriter } from '../../../src/actions/backups/parts.ts';
import { BackupFolder } from '../../../src/actions/backups/places.ts';
import { DAY_SEC } from '../../../src/base/time.ts';

const [OLD, MIDDLE, NEW] = ['20261101T000000Z', '20261102T000000Z', '20261103T000000Z'];
let path: string;
let folder: BackupFolder;

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'latchkey-aging-'));
  folder = new BackupFolder(path);
});
afterEach(() => rm(path, { recursive: true, force: true }));

/** A backup that holds these texts, each in a part; returns their digests. */
async function backup(name: string, texts: readonly string[]): Promise<string[]> {
  const parts = new PartsWriter(folder, NO_ENCRYPTION);
  for (const text of texts) await parts.write('bytes', pieces(text));
  await folder.put(`snapshots/${name}.parts`, Buffer.from([...parts.used].map((digest) => `${digest}\n`).join('')));
  await folder.put(`snapshots/${name}.json`, Buffer.from('{}'));
  return [...parts.used];
}

async function* pieces(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
}

/** All parts, as if they had been written two days ago. */
async function ageParts(): Promise<void> {
  const at = Date.now() / 1000 - 2 * DAY_SEC;
  for (const name of await folder.names()) if (name.startsWith('parts/')) await utimes(join(path, name), at, at);
}

async function partsLeft(): Promise<string[]> {
  const names = await readdir(join(path, 'parts'), { recursive: true });
  return names.flatMap((name) => /\w{64}$/.exec(name)?.[0] ?? []).sort();
}

test('the newest stay whole, the others go with the parts that only they needed', async () => {
  const [onlyOld, shared] = await backup(OLD, ['only old', 'shared']);
  const [, onlyMiddle] = await backup(MIDDLE, ['shared', 'only middle']);
  const [, onlyNew] = await backup(NEW, ['shared', 'only new']);
  await ageParts();
  expect(await keepNewest(folder, 2)).toEqual([OLD]);
  expect(await partsLeft()).toEqual([shared, onlyMiddle, onlyNew].sort());
  expect(await folder.names()).not.toContain(`snapshots/${OLD}.parts`);
  expect(await keepNewest(folder, 2)).toEqual([]);
  expect(onlyOld).toMatch(/^\w{64}$/);
});

test('a part that a backup under way wrote, or used again, stays, though no backup names it yet', async () => {
  const [reused] = await backup(OLD, ['used again']);
  await backup(NEW, ['new']);
  await ageParts();
  const underWay = new PartsWriter(folder, NO_ENCRYPTION);
  expect(await underWay.reuses([reused!])).toBe(true);
  const [written] = await underWay.write('bytes', pieces('written just now'));
  expect(await keepNewest(folder, 1)).toEqual([OLD]);
  expect(await partsLeft()).toEqual(expect.arrayContaining([reused, written]));
});

test('text that is put away again counts as used, like a part that is named', async () => {
  const [old] = await backup(OLD, ['the same rows']);
  await backup(NEW, ['new']);
  await ageParts();
  await new PartsWriter(folder, NO_ENCRYPTION).write('bytes', pieces('the same rows'));
  await keepNewest(folder, 1);
  expect(await partsLeft()).toContain(old);
});

test('what is left of a backup that was cut off goes after a day', async () => {
  const [cutOff] = await backup(OLD, ['cut off']);
  await folder.remove(`snapshots/${OLD}.json`);
  await backup(NEW, ['new']);
  expect(await keepNewest(folder, 1)).toEqual([]);
  expect(await partsLeft()).toContain(cutOff);
  await ageParts();
  const at = Date.now() / 1000 - 2 * DAY_SEC;
  await utimes(join(path, `snapshots/${OLD}.parts`), at, at);
  await keepNewest(folder, 1);
  expect(await partsLeft()).not.toContain(cutOff);
});
