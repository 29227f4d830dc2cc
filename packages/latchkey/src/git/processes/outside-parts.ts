/**
 * What makes a repository give, or take, more than lies in its own folder: borrowed objects (`alternates`), another
 * folder that stands in for it (`commondir`, a `.git` in it, which receive-pack prefers), links, and an index that
 * names packs elsewhere. In an adopted repository each may be the way to somebody else's.
 *
 * Source: git's documentation, gitrepository-layout, gitformat-pack "multi-pack-index"; git's own `enter_repo`.
 * Never: a file that git itself could be made to write by a push; nobody must be able to lock a repository that way.
 */
import { existsSync, readlinkSync, realpathSync } from 'node:fs';
import { lstat, open, readdir } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { unlessGone } from '../../base/machine/gone.ts';

/** Files that matter as soon as they exist. Checked for every request, so they are few. */
export const BORROWING = ['objects/info/alternates', 'objects/info/http-alternates', 'commondir', '.git'] as const;
/** What git reads refs, objects and settings from, and writes to. Hooks are not included: they don't run. */
const PARTS = ['HEAD', 'config', 'config.worktree', 'info', 'logs', 'objects', 'packed-refs', 'refs', 'reftable'];
const PACK_INDEX = /(?:^|\/)(?:multi-pack-index|[^/]+\.midx)$/;
/** Longer lists of pack names are not checked: such an index counts as one that leads outside. */
const MAX_PACK_NAMES_BYTES = 16 * 1024 * 1024;

/** The first part that leads out of the repository, as a path below it; null when it is whole. */
export async function outsidePart(repository: string): Promise<string | null> {
  const borrowing = BORROWING.find((place) => existsSync(join(repository, place)));
  if (borrowing !== undefined) return borrowing;
  const root = realpathSync.native(repository);
  let level: readonly string[] = PARTS;
  while (level.length > 0) {
    const looks = await Promise.all(level.map((place) => look(root, place)));
    const out = looks.find((one) => one.leadsOut);
    if (out !== undefined) return out.place;
    level = looks.flatMap(({ below }) => below);
  }
  return null;
}

interface Look {
  readonly place: string;
  readonly leadsOut: boolean;
  /** What is left to check. */
  readonly below: readonly string[];
}

/** Git may remove locks, packs and empty folders meanwhile. */
async function look(root: string, place: string): Promise<Look> {
  const path = join(root, place);
  const entry = await lstat(path).catch(unlessGone);
  if (entry?.isSymbolicLink() === true) return { place, leadsOut: linkLeadsOut(root, path), below: [] };
  if (entry?.isDirectory() !== true) return { place, leadsOut: false, below: [] };
  const entries = (await readdir(path, { withFileTypes: true }).catch(unlessGone)) ?? [];
  const leading = entries.find((one) => one.isSymbolicLink() && linkLeadsOut(root, join(path, one.name)));
  if (leading !== undefined) return { place: `${place}/${leading.name}`, leadsOut: true, below: [] };
  for (const { name } of entries.filter((one) => one.isFile() && PACK_INDEX.test(`${place}/${one.name}`)))
    if (await namesOutside(join(path, name))) return { place: `${place}/${name}`, leadsOut: true, below: [] };
  const below = entries.filter((one) => one.isDirectory()).map((one) => `${place}/${one.name}`);
  return { place, leadsOut: false, below };
}

/** A link may point to something that doesn't exist yet: an old HEAD is a link to the branch. */
function linkLeadsOut(root: string, path: string): boolean {
  const named = resolve(dirname(path), readlinkSync(path));
  const target = existsSync(named) ? realpathSync.native(named) : named;
  return !target.startsWith(root + sep);
}

/**
 * True when an index of several packs names one that is stored elsewhere. The names are read as git reads them: as many
 * as the header says, wherever the table of chunks says they end.
 */
async function namesOutside(file: string): Promise<boolean> {
  await using handle = await open(file, 'r');
  const head = await bytesAt(12, 0);
  if (head.length < 12 || head.toString('latin1', 0, 4) !== 'MIDX') return false;
  const [chunks, packs] = [head.readUInt8(6), head.readUInt32BE(8)];
  const table = await bytesAt(chunks * 12, 12);
  for (let at = 0; at + 12 <= table.length; at += 12) {
    if (table.toString('latin1', at, at + 4) !== 'PNAM') continue;
    if (await someNameLeadsOut(Number(table.readBigUInt64BE(at + 4)), packs)) return true;
  }
  return false;

  async function bytesAt(length: number, position: number): Promise<Buffer> {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
    return buffer.subarray(0, bytesRead);
  }

  async function someNameLeadsOut(start: number, count: number): Promise<boolean> {
    for (let position = start, left = count; left > 0; ) {
      const bytes = await bytesAt(64 * 1024, position);
      for (const byte of bytes) {
        if (byte === 0x2f) return true;
        if (byte === 0 && --left === 0) return false;
      }
      position += bytes.length;
      if (bytes.length === 0 || position - start > MAX_PACK_NAMES_BYTES) return true;
    }
    return false;
  }
}
