/**
 * Looks for tokens in what is brought, text by text: plain, as other programs write them, and in archives.
 *
 * Invariant: only texts with a correct checksum are looked up, together for each piece of a file, and about
 * `MAX_LOOKED_UP` of them at most.
 * Never: a token's text in words, in the log or in the store.
 */
import { setImmediate } from 'node:timers/promises';
import { digestOf } from '../../base/secret.ts';
import { shown } from '../../catalogue/refusals/links.ts';
import { isArchive, MAX_UNPACKED_BYTES, unpack } from '../../git/push/archives.ts';
import { lastEightOf, withoutTokens } from '../../rules/token-text.ts';
import { knownDigests } from '../../store/token-secrets.ts';
import type { Context } from '../ground/context.ts';
import { liveToken } from '../tokens/leaks.ts';
import { MAX_WRITTEN_LENGTH, tokensWrittenIn } from './written-tokens.ts';

/** The most possible tokens in one push. With more, nothing is looked up, and the push is refused. */
export const MAX_LOOKED_UP = 100_000;
/** The most places to report. */
export const MAX_REPORTED = 20;
/** Text to search before others get their turn. */
const PIECE_LENGTH = 64 * 1024;
/** Larger archives are not searched. */
const MAX_ARCHIVE_BYTES = 8 * 1024 * 1024;

/** Bytes that identify an archive. */
const MAGIC_LENGTH = 4;

/** An object, or a file that isn't one yet and has its path as id. */
export interface Source {
  readonly type: 'commit' | 'tag' | 'blob';
  readonly id: string;
  /** In an archive, the name of the file; '' when it has none. */
  readonly packed?: string;
  /** True for the names of people who will appear in a commit. */
  readonly isOfNames?: true;
}

export interface TokenFinding extends Source {
  readonly text: string;
  readonly line: number;
  /** In a commit or tag, which part: `message`, `author`, `committer`, `tagger`, `header`, `name or address`. */
  readonly part: string;
}

export class TokenSearch {
  readonly #ctx: Context;
  /** Every working token, with the first place it was found. */
  readonly live = new Map<string, TokenFinding>();
  /** The first places, and how many there are. */
  readonly findings: TokenFinding[] = [];
  count = 0;
  unseen = false;
  #lookedUp = 0;
  #unpackedBytes = 0;
  /** The end of the previous piece, where a token may begin, and the line that this beginning is on. */
  #tail = '';
  #line = 1;
  /** True after the headers of a commit or tag. */
  #inMessage = false;
  /** The archive being read; null in other files. */
  #archive: Buffer[] | null = null;

  constructor(ctx: Context) {
    this.#ctx = ctx;
  }

  /** True when it found more possible tokens than it looks up. */
  get isFull(): boolean {
    return this.#lookedUp > MAX_LOOKED_UP;
  }

  /** Reads more of an object. `ends` when this is its last piece. */
  async read(bytes: Buffer, ends: boolean, source: Source): Promise<void> {
    const text = bytes.toString('latin1');
    const isFirst = this.#line === 1 && this.#tail === '' && this.#archive === null;
    if (isFirst && source.type === 'blob' && (isArchive(text) || text.length < MAGIC_LENGTH)) this.#archive = [];
    // The buffer is reused, so an archive needs a copy.
    this.#archive?.push(Buffer.from(bytes));
    await this.#look(text, ends, source);
    if (!ends || this.#archive === null) return;
    const archive = Buffer.concat(this.#archive);
    this.#archive = null;
    if (archive.length <= MAX_ARCHIVE_BYTES && isArchive(archive.toString('latin1', 0, MAGIC_LENGTH)))
      await this.#lookInto(archive, source);
  }

  /** Reads a whole text, and gives others their turn in between. */
  async readWhole(content: Buffer, source: Source): Promise<void> {
    for (let at = 0; at < content.length && !this.isFull; at += PIECE_LENGTH) {
      await this.read(content.subarray(at, at + PIECE_LENGTH), at + PIECE_LENGTH >= content.length, source);
      await setImmediate();
    }
  }

  async #lookInto(archive: Buffer, source: Source): Promise<void> {
    const left = MAX_UNPACKED_BYTES - this.#unpackedBytes;
    if (left <= 0) return void (this.unseen = true);
    for await (const { name, bytes, ends } of unpack(archive, left)) {
      this.#unpackedBytes += bytes.length;
      await this.#look(bytes.toString('latin1'), ends, { ...source, packed: name });
      if (this.isFull) return;
    }
    if (this.#unpackedBytes >= MAX_UNPACKED_BYTES) this.unseen = true;
  }

  async #look(piece: string, ends: boolean, source: Source): Promise<void> {
    const before = this.#tail.length;
    const content = this.#tail + piece;
    const found = tokensWrittenIn(content)
      .filter(({ length, at }) => at + length > before)
      .toArray();
    const opening = await this.#lookUp(new Set(found.map(({ text }) => text).filter((text) => !this.live.has(text))));
    for (const { text, at } of found) {
      const isNew = opening.has(text) && !this.live.has(text);
      if (!isNew && !this.live.has(text)) continue;
      this.count++;
      if (!isNew && this.findings.length >= MAX_REPORTED) continue;
      const finding = {
        ...source,
        text,
        line: this.#line + breaksIn(content, at),
        part: this.#partAt(content, at, source),
      };
      if (isNew) this.live.set(text, finding);
      if (this.findings.length < MAX_REPORTED) this.findings.push(finding);
    }
    this.#line = ends ? 1 : this.#line + breaksIn(content, content.length - MAX_WRITTEN_LENGTH);
    this.#inMessage = !ends && (this.#inMessage || content.includes('\n\n'));
    this.#tail = ends ? '' : content.slice(-MAX_WRITTEN_LENGTH);
  }

  /** Git ends the headers of a commit or tag with an empty line; each header begins with its name. */
  #partAt(content: string, at: number, { type, id, isOfNames }: Source): string {
    if (isOfNames === true) return 'name or address';
    const headersEnd = content.indexOf('\n\n');
    if (type === 'blob' || id === '' || this.#inMessage || (headersEnd >= 0 && at > headersEnd)) return 'message';
    return /^(?:author|committer|tagger)(?= )/.exec(content.slice(content.lastIndexOf('\n', at) + 1))?.[0] ?? 'header';
  }

  /** Those that work now. */
  async #lookUp(texts: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    const opening = new Set<string>();
    this.#lookedUp += texts.size;
    if (texts.size === 0 || this.isFull) return opening;
    const byDigest = new Map([...texts].map((text) => [digestOf(text), text]));
    for (const digest of await knownDigests(this.#ctx.store.db, [...byDigest.keys()])) {
      const text = byDigest.get(digest);
      if (text !== undefined && (await liveToken(this.#ctx, text)) !== null) opening.add(text);
    }
    return opening;
  }
}

const SHORT_ID = 7;

/** A path made safe to show: it comes from the person who pushes, and may contain anything. */
export function shownPath(path: string): string {
  return shown(withoutTokens(path));
}

/** A file by its path, if known. */
export function fileWords(id: string, paths: ReadonlyMap<string, string>): string {
  const path = paths.get(id);
  return path === undefined ? `file ${id.slice(0, SHORT_ID)}` : shownPath(path);
}

/** Worded for a terminal, a mail and the log. */
export function placeOf({ type, id, line, part, packed }: TokenFinding, paths: ReadonlyMap<string, string>): string {
  if (type !== 'blob') return id === '' ? `the ${part}` : `the ${part} of ${type} ${id.slice(0, SHORT_ID)}`;
  const file = fileWords(id, paths);
  if (packed === undefined) return `${file}, line ${line}`;
  return packed === '' ? `${file}, unpacked` : `${file}, in it ${shownPath(packed)}, line ${line}`;
}

/** The place, with the last characters of the token. */
export function describe(finding: TokenFinding, paths: ReadonlyMap<string, string>): string {
  return `${placeOf(finding, paths)} (ends in ${lastEightOf(finding.text)})`;
}

/** The number of line breaks before a place. */
function breaksIn(content: string, before: number): number {
  let breaks = 0;
  for (let at = content.indexOf('\n'); at >= 0 && at < before; at = content.indexOf('\n', at + 1)) breaks++;
  return breaks;
}
