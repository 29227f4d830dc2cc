/**
 * Tokens in what is pushed: in a public repository they are revoked before anybody can read them there, elsewhere the push is refused.
 *
 * Invariant: only texts with the right checksum are looked up, each once, and at most `MAX_LOOKED_UP` of them.
 * Invariant: what opens nothing any more harms nobody and stops no push: revoking a token is a way out, also where it stands in an old commit.
 * Never: the text of a token in words, in the log or in the store.
 */
import type { FileAction } from '../git/file-commit.ts';
import type { Judgement, PushedObject, PushedObjects } from '../git/push-judge.ts';
import { needsLook } from '../git/push-screen.ts';
import type { Need } from '../catalogue/needs.ts';
import { shown } from '../catalogue/refusal-links.ts';
import { explain, type Explanation } from '../rules/explain.ts';
import { lastEightOf, mayHoldPieceOfToken, tokensWithin } from '../rules/token-text.ts';
import type { Permit } from './authorize.ts';
import type { Context } from './context.ts';
import { liveToken, revokeLeaked } from './leaks.ts';
import { targetRepository } from './repository-access.ts';

/** Different tokens, alive or not, that one push may bring. */
export const MAX_LOOKED_UP = 1_000;
/** Most places that are told. */
const MAX_TOLD = 20;

const WRITES: Need = { sets: [{ contents: 'write' }], publicRead: false, writes: true };
const PARTLY_SEEN = 'The push is too large to be looked through for personal access tokens; the part that was seen has none.';
const SUSPICION = { text: (whole: string) => tokensWithin(whole).length > 0, piece: mayHoldPieceOfToken };

/** A live token, and where it stands: `src/app.ts, line 3`. */
interface Leak {
  readonly text: string;
  readonly place: string;
}

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
  for await (const object of objects) {
    if (object === 'unseen') search.unseen = true;
    else await search.look(object.content.toString('latin1'), (line) => placeIn(object, line));
  }
  return protect(ctx, permit, search);
}

/** The same for a commit that is to be made: its message and the files that it writes. */
export async function judgeFiles(ctx: Context, permit: Permit, message: string, actions: readonly FileAction[]): Promise<Protection> {
  const search = new Search(ctx);
  await search.look(message, () => 'the message of the commit');
  for (const action of actions) {
    if ('content' in action && action.content !== null) await search.look(action.content.toString('latin1'), (line) => `${action.path}, line ${line}`);
  }
  return protect(ctx, permit, search);
}

class Search {
  readonly #ctx: Context;
  /** Every text that was looked up: true for those that open something. */
  readonly #known = new Map<string, boolean>();
  readonly leaks: Leak[] = [];
  unseen = false;

  constructor(ctx: Context) {
    this.#ctx = ctx;
  }

  /** True when it brought more different tokens than are looked up. */
  get isFull(): boolean {
    return this.#known.size > MAX_LOOKED_UP;
  }

  async look(content: string, place: (line: number) => string): Promise<void> {
    for (const { text, at } of tokensWithin(content)) {
      if (!this.#known.has(text)) this.#known.set(text, !this.isFull && (await liveToken(this.#ctx, text)) !== null);
      if (this.isFull) return;
      if (this.#known.get(text) === true) this.leaks.push({ text, place: place(lineAt(content, at)) });
    }
  }
}

async function protect(ctx: Context, permit: Permit, { leaks, isFull, unseen }: Search): Promise<Protection> {
  const { owner, repository } = targetRepository(permit);
  const isPublic = repository.visibility === 'public';
  if (isPublic && !isFull) {
    for (const { text, place } of leaks) await revokeLeaked(ctx, permit, [text], `${owner.login}/${repository.name}, ${place}`);
    const words = leaks.map(({ text, place }) => `Everybody can read this repository, so the personal access token in ${told(text, place)} was revoked. Its owner is told.`);
    return { allowed: true, words: lines([...few(words), ...(unseen ? [PARTLY_SEEN] : [])]), refused: null };
  }
  if (leaks.length === 0 && !isFull) return { allowed: true, words: unseen ? PARTLY_SEEN : '', refused: null };
  const places = leaks.map(({ text, place }) => told(text, place));
  const question = { bearer: permit.bearer!, need: WRITES, target: permit.target, at: ctx.clock.now(), address: permit.actor.address ?? '' };
  const refused = explain(ctx.settings.publicUrl, question, [{ reason: 'token_in_content' }], null, { paths: places });
  const { sentence, wayOut } = refused;
  return { allowed: false, words: lines([sentence, ...few(places).slice(1).map((place) => `  ${place}`), wayOut.text, wayOut.url ?? '']), refused };
}

function placeIn({ id, type, path }: PushedObject, line: number): string {
  if (type !== 'blob') return `the message of ${type} ${id.slice(0, SHORT_ID)}`;
  return `${path === '' ? `file ${id.slice(0, SHORT_ID)}` : path}, line ${line}`;
}

const SHORT_ID = 7;

function lineAt(content: string, at: number): number {
  let line = 1;
  for (let end = content.indexOf('\n'); end >= 0 && end < at; end = content.indexOf('\n', end + 1)) line++;
  return line;
}

/** A place without what a terminal would take for a command: paths come from whoever pushes. */
function told(text: string, place: string): string {
  return `${shown(place)} (ends in ${lastEightOf(text)})`;
}

function few(all: readonly string[]): string[] {
  return all.length <= MAX_TOLD ? [...all] : [...all.slice(0, MAX_TOLD), `… and ${all.length - MAX_TOLD} more`];
}

function lines(all: readonly string[]): string {
  return all.filter((line) => line !== '').join('\n');
}
