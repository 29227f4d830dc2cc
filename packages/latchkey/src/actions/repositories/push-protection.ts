/**
 * Tokens in pushed content: in a public repository they are revoked before anybody can read them there; elsewhere the
 * push is refused.
 *
 * Invariant: only texts with a correct checksum are looked up, together for each piece of a file, and about
 * `MAX_LOOKED_UP` of them at most.
 * Invariant: a revoked, replaced or expired token harms nobody and stops no push: revoking is a remedy, even if the
 * token is in an old commit.
 * Never: a token's text in words, in the log or in the store.
 */
import { setImmediate } from 'node:timers/promises';
import { digestOf } from '../../base/secret.ts';
import { shown } from '../../catalogue/refusals/links.ts';
import type { FileAction } from '../../git/objects/file-commit.ts';
import type { PushedObjects, ScanResult } from '../../git/push/content-scan.ts';
import { needsScan } from '../../git/push/pack-prefilter.ts';
import type { Explanation } from '../../rules/explain.ts';
import {
  lastEightOf,
  MAX_TOKEN_LENGTH,
  mayHoldPieceOfToken,
  tokensWithin,
  withoutTokens,
} from '../../rules/token-text.ts';
import { knownDigests } from '../../store/token-secrets.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { liveToken, revokeLeaked } from '../tokens/leaks.ts';
import { explainSize, explainTokens } from './content-refusals.ts';
import { targetRepository } from './target.ts';

/**
 * Texts that could be tokens, in one push: with more of them nothing is looked up any more, and the push is refused.
 */
export const MAX_LOOKED_UP = 100_000;
/** Most places that are told. */
const MAX_REPORTED = 20;
/** Text that is searched before others have their turn. */
const PIECE_LENGTH = 64 * 1024;

const MIB = 1024 * 1024;
const PARTLY_SEEN = 'The push is too large to be looked through for personal access tokens: a part of it was not.';
const SUSPICION = { text: (whole: string) => tokensWithin(whole).next().done !== true, piece: mayHoldPieceOfToken };

/** What becomes of what is brought. `refused` is null where nothing is. */
export interface Protection extends ScanResult {
  readonly refused: Explanation | null;
}

/** What is written over REST. */
export interface WrittenTexts {
  /** Of the commit or tag, and the names that stand in it. */
  readonly message: string;
  readonly actions: readonly FileAction[];
}

/** True when a short push, as it was sent, may bring a token, so that it must be scanned. */
export function mayBringToken(permit: Permit, body: Buffer): boolean {
  return needsScan(body, targetRepository(permit).repository.objectFormat, SUSPICION);
}

/** Looks through the new objects of a push, and revokes or refuses. */
export async function scanPush(ctx: Context, permit: Permit, objects: PushedObjects): Promise<Protection> {
  const search = new Search(ctx);
  for await (const piece of objects) {
    if (piece === 'unseen') search.unseen = true;
    else await search.look(piece.bytes.toString('latin1'), piece.ends, piece);
    if (search.isFull) break;
  }
  if (objects.tooLarge.size > 0) return refuseFiles(ctx, permit, await pathsOfLarge(objects));
  if (search.unseen)
    ctx.log.warn(
      { repository: targetRepository(permit).repository.id },
      'a part of a push was not looked through for tokens',
    );
  const paths = await objects.pathsOf(
    new Set([...search.findings, ...search.live.values()].filter(({ type }) => type === 'blob').map(({ id }) => id)),
  );
  return protect(ctx, permit, search, paths);
}

/** Files that are too large, by their paths where those can be found. */
async function pathsOfLarge(objects: PushedObjects): Promise<string[]> {
  const ids = new Set([...objects.tooLarge].slice(0, MAX_REPORTED));
  const paths = await objects.pathsOf(ids);
  return [...ids].map((id) => {
    const path = paths.get(id);
    return path === undefined ? `file ${id.slice(0, SHORT_ID)}` : shown(withoutTokens(path));
  });
}

function refuseAll(refused: Explanation): Protection {
  return { allowed: false, words: refused.sentence, refused };
}

function refuseFiles(ctx: Context, permit: Permit, paths: readonly string[]): Protection {
  const refused = explainSize(ctx, permit, 'file_too_large', ctx.settings.maxFileMib, paths);
  const { sentence, remedy } = refused;
  const others = paths.slice(1).map((path) => `  ${path}`);
  return { allowed: false, words: lines([sentence, ...others, remedy.text, remedy.url ?? '']), refused };
}

/** The same for a commit or tag that is to be made. */
export async function scanTexts(ctx: Context, permit: Permit, { message, actions }: WrittenTexts): Promise<Protection> {
  const sizes = actions.map((action) => ({
    path: action.path,
    bytes: 'content' in action && action.content !== null ? action.content.length : 0,
  }));
  const { maxFileMib } = ctx.settings;
  const large = sizes.filter(({ bytes }) => maxFileMib > 0 && bytes > maxFileMib * MIB);
  if (large.length > 0)
    return refuseFiles(
      ctx,
      permit,
      large.map(({ path }) => shown(withoutTokens(path))),
    );
  const { owner, repository } = targetRepository(permit);
  const room = await ctx.git.roomFor(ctx.git.path(owner.login, repository.name));
  const written = sizes.reduce((sum, { bytes }) => sum + bytes, message.length);
  if (room.bytes !== null && written > room.bytes)
    return refuseAll(explainSize(ctx, permit, room.reason, room.limitMib));
  const search = new Search(ctx);
  await search.lookThrough(message, { type: 'commit', id: '' });
  for (const action of actions) {
    if ('content' in action && action.content !== null)
      await search.lookThrough(action.content.toString('latin1'), { type: 'blob', id: action.path });
  }
  return protect(ctx, permit, search, new Map(actions.map(({ path }) => [path, path])));
}

/** An object, or a file that is not one yet, which has its path for an id. */
interface Source {
  readonly type: 'commit' | 'tag' | 'blob';
  readonly id: string;
}

interface TokenFinding extends Source {
  readonly text: string;
  readonly line: number;
}

class Search {
  readonly #ctx: Context;
  /** Every text that opens something, with where it was first. */
  readonly live = new Map<string, TokenFinding>();
  /** The first places, and how many there are. */
  readonly findings: TokenFinding[] = [];
  count = 0;
  unseen = false;
  #lookedUp = 0;
  /** The end of the piece before, where a token may begin, and the line on which that begins. */
  #tail = '';
  #line = 1;

  constructor(ctx: Context) {
    this.#ctx = ctx;
  }

  /** True when it brought more than is looked up. */
  get isFull(): boolean {
    return this.#lookedUp > MAX_LOOKED_UP;
  }

  /** Reads a whole text, in turns with what others want. */
  async lookThrough(text: string, source: Source): Promise<void> {
    for (let at = 0; at < text.length && !this.isFull; at += PIECE_LENGTH) {
      await this.look(text.slice(at, at + PIECE_LENGTH), at + PIECE_LENGTH >= text.length, source);
      await setImmediate();
    }
  }

  /** Reads on. `ends` where the text does, and another one begins. */
  async look(piece: string, ends: boolean, { type, id }: Source): Promise<void> {
    const before = this.#tail.length;
    const content = this.#tail + piece;
    const found = tokensWithin(content)
      .filter(({ text, at }) => at + text.length > before)
      .toArray();
    const opening = await this.#lookUp(new Set(found.map(({ text }) => text).filter((text) => !this.live.has(text))));
    for (const { text, at } of found) {
      const isNew = opening.has(text) && !this.live.has(text);
      if (!isNew && !this.live.has(text)) continue;
      this.count++;
      if (!isNew && this.findings.length >= MAX_REPORTED) continue;
      const finding = { type, id, text, line: this.#line + breaksIn(content, at) };
      if (isNew) this.live.set(text, finding);
      if (this.findings.length < MAX_REPORTED) this.findings.push(finding);
    }
    this.#line = ends ? 1 : this.#line + breaksIn(content, content.length - MAX_TOKEN_LENGTH);
    this.#tail = ends ? '' : content.slice(-MAX_TOKEN_LENGTH);
  }

  /** Those that open something now. */
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

async function protect(
  ctx: Context,
  permit: Permit,
  search: Search,
  paths: ReadonlyMap<string, string>,
): Promise<Protection> {
  const { owner, repository } = targetRepository(permit);
  if (search.isFull || (search.count > 0 && repository.visibility !== 'public'))
    return refuse(ctx, permit, search, paths);
  const live = [...search.live.values()];
  for (const finding of live)
    await revokeLeaked(ctx, permit, [finding.text], `${owner.login}/${repository.name}, ${placeOf(finding, paths)}`);
  const words = live
    .slice(0, MAX_REPORTED)
    .map(
      (finding) =>
        `Everybody can read this repository, so the personal access token in ${describe(finding, paths)} was ` +
        `revoked. Its owner is told.`,
    );
  return {
    allowed: true,
    words: lines([...words, more(live.length), search.unseen ? PARTLY_SEEN : '']),
    refused: null,
  };
}

function refuse(
  ctx: Context,
  permit: Permit,
  { isFull, findings, count }: Search,
  paths: ReadonlyMap<string, string>,
): Protection {
  const places = isFull ? [] : findings.map((finding) => describe(finding, paths));
  const refused = explainTokens(ctx, permit, places);
  const { sentence, remedy } = refused;
  return {
    allowed: false,
    words: lines([
      sentence,
      ...places.slice(1).map((place) => `  ${place}`),
      isFull ? '' : more(count),
      remedy.text,
      remedy.url ?? '',
    ]),
    refused,
  };
}

/** In words for a terminal, a mail and the log: paths come from whoever pushes, and may hold anything. */
function placeOf({ type, id, line }: TokenFinding, paths: ReadonlyMap<string, string>): string {
  if (type !== 'blob') return id === '' ? 'the message' : `the message of ${type} ${id.slice(0, SHORT_ID)}`;
  const path = paths.get(id);
  return `${path === undefined ? `file ${id.slice(0, SHORT_ID)}` : shown(withoutTokens(path))}, line ${line}`;
}

const SHORT_ID = 7;

function describe(finding: TokenFinding, paths: ReadonlyMap<string, string>): string {
  return `${placeOf(finding, paths)} (ends in ${lastEightOf(finding.text)})`;
}

/** How many line breaks stand before a place. */
function breaksIn(content: string, before: number): number {
  let breaks = 0;
  for (let at = content.indexOf('\n'); at >= 0 && at < before; at = content.indexOf('\n', at + 1)) breaks++;
  return breaks;
}

function more(count: number): string {
  return count <= MAX_REPORTED ? '' : `  and ${count - MAX_REPORTED} more`;
}

function lines(all: readonly string[]): string {
  return all.filter((line) => line !== '').join('\n');
}
