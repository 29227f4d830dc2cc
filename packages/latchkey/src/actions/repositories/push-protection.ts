/**
 * Tokens in pushed content: in a public repository they are revoked as soon as the push is taken; elsewhere the push is
 * refused.
 *
 * Invariant: a revoked, replaced or expired token harms nobody and stops no push: revoking is a remedy, even if the
 * token is in an old commit.
 * Invariant: a push that is not taken revokes nothing: whoever was refused can still take the token out.
 * Invariant: what is to be revoked is noted before a ref moves, so that it ends even if the server dies right after.
 * Never: a token's text in words, in the log or in the store.
 */
import { digestOf } from '../../base/secret.ts';
import type { FileAction } from '../../git/objects/file-commit.ts';
import { isArchive } from '../../git/push/archives.ts';
import type { PushedObjects, ScanResult } from '../../git/push/content-scan.ts';
import { needsScan } from '../../git/push/pack-prefilter.ts';
import type { Explanation } from '../../rules/explain.ts';
import type { PushedLeak } from '../../store/push-intents.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { explainSize, explainTokens } from './content-refusals.ts';
import { targetRepository } from './target.ts';
import { describe, fileWords, MAX_REPORTED, placeOf, shownPath, TokenSearch } from './token-search.ts';
import { mayHoldPieceOfToken, tokensWrittenIn } from './written-tokens.ts';

const MIB = 1024 * 1024;
const PARTLY_SEEN = 'The push is too large to be looked through for personal access tokens: a part of it was not.';
const SUSPICION = {
  text: (whole: string) => tokensWrittenIn(whole).next().done !== true || isArchive(whole),
  piece: mayHoldPieceOfToken,
};

/** What happens to the new content. */
export interface Protection extends ScanResult {
  /** Why it is refused; null when it isn't. */
  readonly refused: Explanation | null;
  /**
   * What everybody can read once it is accepted. It is recorded before a ref moves (`noteLeaks`, `movingRefs`), and
   * revoked before its sender gets the answer.
   */
  readonly leaks: readonly PushedLeak[];
}

/** What is written over REST. */
export interface WrittenTexts {
  /** The message of the commit or tag. */
  readonly message: string;
  /** Names of people and their addresses, as they will appear in it. */
  readonly names: readonly string[];
  readonly actions: readonly FileAction[];
}

/** True when the bytes of a short push may contain a token, so that it must be scanned. */
export function mayBringToken(permit: Permit, body: Buffer): boolean {
  return needsScan(body, targetRepository(permit).repository.objectFormat, SUSPICION);
}

/** Scans the new objects of a push, and says what happens to it. */
export async function scanPush(ctx: Context, permit: Permit, objects: PushedObjects): Promise<Protection> {
  const search = new TokenSearch(ctx);
  for await (const piece of objects) {
    if (piece === 'unseen') search.unseen = true;
    else await search.read(piece.bytes, piece.ends, { type: piece.type, id: piece.id });
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

/** Files that are too large, by path where that can be found. */
async function pathsOfLarge(objects: PushedObjects): Promise<string[]> {
  const ids = new Set([...objects.tooLarge].slice(0, MAX_REPORTED));
  const paths = await objects.pathsOf(ids);
  return [...ids].map((id) => fileWords(id, paths));
}

function refuseAll(refused: Explanation): Protection {
  return { allowed: false, words: refused.sentence, refused, leaks: [] };
}

function refuseFiles(ctx: Context, permit: Permit, paths: readonly string[]): Protection {
  const refused = explainSize(ctx, permit, 'file_too_large', ctx.settings.maxFileMib, paths);
  const { sentence, remedy } = refused;
  const others = paths.slice(1).map((path) => `  ${path}`);
  return {
    allowed: false,
    words: lines([sentence, ...others, remedy.text, remedy.url ?? '']),
    refused,
    leaks: [],
  };
}

/** The same for a commit or tag before it is made. */
export async function scanTexts(
  ctx: Context,
  permit: Permit,
  { message, names, actions }: WrittenTexts,
): Promise<Protection> {
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
      large.map(({ path }) => shownPath(path)),
    );
  const { owner, repository } = targetRepository(permit);
  const room = await ctx.git.roomFor(ctx.git.path(owner.login, repository.name));
  const written = sizes.reduce((sum, { bytes }) => sum + bytes, message.length);
  if (room.bytes !== null && written > room.bytes)
    return refuseAll(explainSize(ctx, permit, room.reason, room.limitMib));
  const search = new TokenSearch(ctx);
  await search.readWhole(Buffer.from(message), { type: 'commit', id: '' });
  await search.readWhole(Buffer.from(names.join('\n')), { type: 'commit', id: '', isOfNames: true });
  for (const action of actions) {
    if ('content' in action && action.content !== null)
      await search.readWhole(action.content, { type: 'blob', id: action.path });
  }
  return protect(ctx, permit, search, new Map(actions.map(({ path }) => [path, path])));
}

function protect(ctx: Context, permit: Permit, search: TokenSearch, paths: ReadonlyMap<string, string>): Protection {
  const { owner, repository } = targetRepository(permit);
  if (search.isFull || (search.count > 0 && repository.visibility !== 'public'))
    return refuse(ctx, permit, search, paths);
  const live = [...search.live.values()];
  const words = live
    .slice(0, MAX_REPORTED)
    .map(
      (finding) =>
        `Everybody can read this repository: once this is taken, the personal access token in ` +
        `${describe(finding, paths)} is revoked. Its owner is told.`,
    );
  return {
    allowed: true,
    words: lines([...words, more(live.length), search.unseen ? PARTLY_SEEN : '']),
    refused: null,
    leaks: live.map((finding) => ({
      digest: digestOf(finding.text),
      where: `${owner.login}/${repository.name}, ${placeOf(finding, paths)}`,
    })),
  };
}

function refuse(
  ctx: Context,
  permit: Permit,
  { isFull, findings, count }: TokenSearch,
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
    leaks: [],
  };
}

function more(count: number): string {
  return count <= MAX_REPORTED ? '' : `  and ${count - MAX_REPORTED} more`;
}

function lines(all: readonly string[]): string {
  return all.filter((line) => line !== '').join('\n');
}
