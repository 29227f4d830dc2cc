/**
 * Tokens in what is pushed: in a public repository they are revoked before anybody can read them there, elsewhere the push is refused.
 *
 * Invariant: only texts with the right checksum are looked up, each once, and at most `MAX_LOOKED_UP` of them.
 * Invariant: what opens nothing any more harms nobody and stops no push: revoking a token is a way out, also where it stands in an old commit.
 * Never: the text of a token in words, in the log or in the store.
 */
import type { FileAction } from '../git/file-commit.ts';
import type { Judgement, PushedObjects, PushedPiece } from '../git/push-judge.ts';
import { needsLook } from '../git/push-screen.ts';
import type { Need } from '../catalogue/needs.ts';
import { shown } from '../catalogue/refusal-links.ts';
import { explain, type Explanation } from '../rules/explain.ts';
import { lastEightOf, MAX_TOKEN_LENGTH, mayHoldPieceOfToken, tokensWithin } from '../rules/token-text.ts';
import type { Permit } from './authorize.ts';
import type { Context } from './context.ts';
import { liveToken, revokeLeaked } from './leaks.ts';
import { targetRepository } from './repository-access.ts';

/** Different tokens, alive or not, that one push may bring. */
export const MAX_LOOKED_UP = 1_000;
/** Most places that are told. */
const MAX_TOLD = 20;

const WRITES: Need = { sets: [{ contents: 'write' }], publicRead: false, writes: true };
const PARTLY_SEEN = 'The push is too large to be looked through for personal access tokens: a part of it was not.';
const SUSPICION = { text: (whole: string) => tokensWithin(whole).length > 0, piece: mayHoldPieceOfToken };

/** What becomes of what is brought. `refused` is null where nothing is. */
export interface Protection extends Judgement {
  readonly refused: Explanation | null;
}

/** True when a short push, as it was sent, may bring a token, so that it must be judged. */
export function mayBringToken(permit: Permit, body: Buffer): boolean {
  return needsLook(body, targetRepository(permit).repository.objectFormat, SUSPICION);
}

/** Looks through the new objects of a push, and revokes or refuses. */
export async function judgePush(ctx: Context, permit: Permit, objects: PushedObjects): Promise<Protection> {
  const search = new Search(ctx);
  for await (const piece of objects) {
    if (piece === 'unseen') search.unseen = true;
    else await search.look(piece.bytes.toString('latin1'), piece.ends, (line) => placeIn(piece, line));
  }
  return protect(ctx, permit, search);
}

/** The same for a commit that is to be made: its message and the files that it writes. */
export async function judgeFiles(ctx: Context, permit: Permit, message: string, actions: readonly FileAction[]): Promise<Protection> {
  const search = new Search(ctx);
  await search.look(message, true, () => 'the message of the commit');
  for (const action of actions) {
    if ('content' in action && action.content !== null) await search.look(action.content.toString('latin1'), true, (line) => `${action.path}, line ${line}`);
  }
  return protect(ctx, permit, search);
}

class Search {
  readonly #ctx: Context;
  /** Every text that was looked up, with the first place of those that open something, and null for the others. */
  readonly #known = new Map<string, string | null>();
  /** The first places, and how many there are. */
  readonly places: string[] = [];
  count = 0;
  unseen = false;
  /** The end of the piece before, where a token may begin, and the line on which that begins. */
  #tail = '';
  #line = 1;

  constructor(ctx: Context) {
    this.#ctx = ctx;
  }

  /** True when it brought more different tokens than are looked up. */
  get isFull(): boolean {
    return this.#known.size > MAX_LOOKED_UP;
  }

  /** Every text that opens something, with its first place. */
  live(): [text: string, place: string][] {
    return [...this.#known].filter((entry): entry is [string, string] => entry[1] !== null);
  }

  /** Reads on. `ends` where the text does, and another one begins. */
  async look(piece: string, ends: boolean, placeOf: (line: number) => string): Promise<void> {
    const before = this.#tail.length;
    const content = this.#tail + piece;
    for (const { text, at } of tokensWithin(content)) {
      if (at + text.length > before && !this.isFull) await this.#note(text, () => placeOf(this.#line + breaksIn(content, at)));
    }
    this.#line = ends ? 1 : this.#line + breaksIn(content, content.length - MAX_TOKEN_LENGTH);
    this.#tail = ends ? '' : content.slice(-MAX_TOKEN_LENGTH);
  }

  async #note(text: string, place: () => string): Promise<void> {
    if (!this.#known.has(text)) this.#known.set(text, (await liveToken(this.#ctx, text)) === null ? null : place());
    if (this.#known.get(text) === null) return;
    this.count++;
    if (this.places.length < MAX_TOLD) this.places.push(told(text, place()));
  }
}

async function protect(ctx: Context, permit: Permit, search: Search): Promise<Protection> {
  const { owner, repository } = targetRepository(permit);
  if (search.isFull || (search.count > 0 && repository.visibility !== 'public')) return refuse(ctx, permit, search);
  const live = search.live();
  for (const [text, place] of live) await revokeLeaked(ctx, permit, [text], `${owner.login}/${repository.name}, ${place}`);
  const words = live.slice(0, MAX_TOLD).map(([text, place]) => `Everybody can read this repository, so the personal access token in ${told(text, place)} was revoked. Its owner is told.`);
  return { allowed: true, words: lines([...words, more(live.length), search.unseen ? PARTLY_SEEN : '']), refused: null };
}

function refuse(ctx: Context, permit: Permit, { places, count }: Search): Protection {
  const question = { bearer: permit.bearer!, need: WRITES, target: permit.target, at: ctx.clock.now(), address: permit.actor.address ?? '' };
  const refused = explain(ctx.settings.publicUrl, question, [{ reason: 'token_in_content' }], null, { paths: places });
  const { sentence, wayOut } = refused;
  return { allowed: false, words: lines([sentence, ...places.slice(1).map((place) => `  ${place}`), more(count), wayOut.text, wayOut.url ?? '']), refused };
}

function placeIn({ id, type, path }: PushedPiece, line: number): string {
  if (type !== 'blob') return `the message of ${type} ${id.slice(0, SHORT_ID)}`;
  return `${path === '' ? `file ${id.slice(0, SHORT_ID)}` : path}, line ${line}`;
}

const SHORT_ID = 7;

/** How many line breaks stand before a place. */
function breaksIn(content: string, before: number): number {
  let breaks = 0;
  for (let at = content.indexOf('\n'); at >= 0 && at < before; at = content.indexOf('\n', at + 1)) breaks++;
  return breaks;
}

/** A place without what a terminal would take for a command: paths come from whoever pushes. */
function told(text: string, place: string): string {
  return `${shown(place)} (ends in ${lastEightOf(text)})`;
}

function more(count: number): string {
  return count <= MAX_TOLD ? '' : `  and ${count - MAX_TOLD} more`;
}

function lines(all: readonly string[]): string {
  return all.filter((line) => line !== '').join('\n');
}
