/**
 * The list of refs that opens a push, made from the repository's files without a process.
 *
 * Source: git's documentation, gitprotocol-pack "Reference Discovery", gitrepository-layout, git-pack-refs; and git's
 * own order of reading: loose refs first, so that a ref being packed is seen in one place or the other.
 * Invariant: it is byte for byte what `git receive-pack --advertise-refs` prints. Anything that could make a
 * difference is left to git: settings (see `Profile.plain`), alternates, a shallow history, links, symbolic refs,
 * names that git would skip, and more refs than are worth reading at once. The one difference: a ref whose object was
 * lost is listed, too.
 */
import { closeSync, existsSync, opendirSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isObjectId, refNameProblem } from '../objects/names.ts';
import type { ObjectFormat } from '../processes/profile.ts';
import { FLUSH, packetLine } from '../protocol/pkt-lines.ts';

/** With more loose refs and ref folders, git is asked. Reading this many takes 2 ms. */
export const MAX_LOOSE_REFS = 200;
/** With a longer `packed-refs`, of about two thousand refs, git is asked. */
export const MAX_PACKED_REFS_BYTES = 128 * 1024;
/** An object id and the end of its line. */
const LOOSE_BYTES = { sha1: 41, sha256: 65 } as const;
/** What makes git print more than the refs. */
const EXTRAORDINARY = ['shallow', 'objects/info/alternates', 'reftable', 'config.worktree'];

/**
 * The list as git prints it, from `capabilities` on. Null when git must be asked.
 * @param capabilities what follows the first ref, without the NUL
 */
export function pushRefs(path: string, format: ObjectFormat, capabilities: string): Buffer | null {
  try {
    if (
      EXTRAORDINARY.some((place) => existsSync(join(path, place))) ||
      !isHead(readFileSync(join(path, 'HEAD'), 'latin1'), format)
    )
      return null;
    const refs = new Map<string, string>();
    const read = readLoose(path, format, refs) && readPacked(path, format, refs);
    return read ? listOf(refs, format, capabilities) : null;
  } catch {
    // Moved away, damaged, or unreadable: git reports it.
    return null;
  }
}

function isHead(text: string, format: ObjectFormat): boolean {
  return /^ref: refs\/heads\/\S+\n$/.test(text) || isId(text.trimEnd(), format);
}

function isId(text: string, format: ObjectFormat): boolean {
  return text.length === LOOSE_BYTES[format] - 1 && isObjectId(text) && !/^0+$/.test(text);
}

/** False when git must be asked. */
function readLoose(path: string, format: ObjectFormat, refs: Map<string, string>): boolean {
  const folders = ['refs'];
  let seen = 0;
  for (const folder of folders) {
    using entries = opendirSync(join(path, folder));
    for (let entry = entries.readSync(); entry !== null; entry = entries.readSync()) {
      const name = `${folder}/${entry.name}`;
      if (++seen > MAX_LOOSE_REFS) return false;
      if (entry.isDirectory()) folders.push(name);
      // Being written, or left over: git skips it, too.
      else if (entry.name.endsWith('.lock') && entry.isFile()) continue;
      else if (!entry.isFile() || !isPlainName(name)) return false;
      else {
        const id = looseId(join(path, name), format);
        if (id === undefined) continue;
        if (id === null) return false;
        refs.set(name, id);
      }
    }
  }
  return true;
}

/** Undefined when the ref is gone meanwhile: it was deleted, or packed. Null when it isn't an id. */
function looseId(file: string, format: ObjectFormat): string | null | undefined {
  const bytes = Buffer.allocUnsafe(LOOSE_BYTES[format] + 1);
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const text = bytes.toString('latin1', 0, readSync(descriptor, bytes));
    return text.endsWith('\n') && isId(text.slice(0, -1), format) ? text.slice(0, -1) : null;
  } finally {
    closeSync(descriptor);
  }
}

/** Adds those that are not loose. False when git must be asked. */
function readPacked(path: string, format: ObjectFormat, refs: Map<string, string>): boolean {
  const file = join(path, 'packed-refs');
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size > MAX_PACKED_REFS_BYTES) return false;
  if (size === 0) return true;
  const text = readFileSync(file, 'latin1');
  if (!text.endsWith('\n')) return false;
  const idLength = LOOSE_BYTES[format] - 1;
  for (const line of text.slice(0, -1).split('\n')) {
    // The target of an annotated tag, which a push isn't told; and how the file was written.
    if (line.startsWith('^') || line.startsWith('# pack-refs with:')) continue;
    const name = line.slice(idLength + 1);
    if (line[idLength] !== ' ' || !isId(line.slice(0, idLength), format) || !isPlainName(name)) return false;
    if (!refs.has(name)) refs.set(name, line.slice(0, idLength));
  }
  return true;
}

/** Printable ASCII, so that the order of characters is the order of bytes. */
function isPlainName(name: string): boolean {
  return name.startsWith('refs/') && /^[!-~]+$/.test(name) && refNameProblem(name) === null;
}

function listOf(refs: ReadonlyMap<string, string>, format: ObjectFormat, capabilities: string): Buffer {
  const names = [...refs.keys()].sort();
  const lines = names.map((name, i) => `${refs.get(name)} ${name}${i === 0 ? `\0${capabilities}` : ''}`);
  if (lines.length === 0) lines.push(`${'0'.repeat(LOOSE_BYTES[format] - 1)} capabilities^{}\0${capabilities}`);
  return Buffer.from(`${lines.map(packetLine).join('')}${FLUSH}`, 'latin1');
}
