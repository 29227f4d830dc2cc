/**
 * The approved commit or tag that a request just made again. A request that writes files makes another commit each
 * time, if only by its time, so none that its owner approved would ever come a second time.
 *
 * Invariant: a twin has the same tree, parents, people and message, byte for byte; only times differ.
 */
import { readObjects } from '../../../git/objects/cat-file.ts';
import type { RefChange } from '../../../git/objects/refs.ts';
import type { Permit } from '../../decision/authorize.ts';
import type { Context } from '../../ground/context.ts';
import { openTarget } from '../target.ts';
import { approvedMoves } from './asking.ts';

/** What a request writes is no longer; a longer one has no twin. */
const MAX_COMPARED_BYTES = 256 * 1024;
/** The time in a line about a person, at its end. */
const TIMES = /^((?:author|committer|tagger) .*>) \d+ [+-]\d{4}$/gm;

/** Its id; null when none of the approved ones is. */
export async function approvedTwin(ctx: Context, permit: Permit, change: RefChange): Promise<string | null> {
  const approved = await approvedMoves(ctx, permit, change);
  if (change.to === null || approved.length === 0) return null;
  const ids = [change.to, ...approved.map(({ newId }) => newId).filter((id) => id !== '')];
  const [made, ...others] = await readObjects(openTarget(ctx, permit), ids, MAX_COMPARED_BYTES + 1);
  if (made == null || made.content.length > MAX_COMPARED_BYTES) return null;
  const twin = others.find((other) => other?.type === made.type && timeless(other.content) === timeless(made.content));
  return twin?.id ?? null;
}

/** The object without its times. Only the head has lines of people: what follows the first empty line is message. */
function timeless(content: Buffer): string {
  const text = content.toString('latin1');
  const end = text.indexOf('\n\n');
  return end < 0 ? text : text.slice(0, end).replaceAll(TIMES, '$1') + text.slice(end);
}
