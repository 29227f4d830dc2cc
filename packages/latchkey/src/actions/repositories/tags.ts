/** Tags of a repository, including annotated ones. */
import { refNameProblem } from '../../git/objects/names.ts';
import type { Ref } from '../../git/objects/refs.ts';
import { resolveCommit } from '../../git/objects/revisions.ts';
import { tagMessages, writeTag } from '../../git/objects/tags.ts';
import type { Explanation } from '../../rules/explain.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { scanTexts } from './push-protection.ts';
import { createRef, type RefResult } from './refs.ts';
import { openTarget, signatureFor } from './target.ts';

export interface TagDraft {
  readonly name: string;
  /** The revision it marks. */
  readonly revision: string;
  /** Null makes a lightweight tag, which only names a commit. */
  readonly message: string | null;
}

export type TagResult = RefResult | { readonly ok: false; readonly why: 'refused'; readonly explanation: Explanation };

/** Makes a tag. If the state of the repository doesn't allow it, the reason is returned. */
export async function createTag(
  ctx: Context,
  permit: Permit,
  { name, revision, message }: TagDraft,
): Promise<TagResult> {
  const ref = `refs/tags/${name}`;
  if (name === '' || refNameProblem(ref) !== null) return { ok: false, why: 'ref_invalid' };
  const plumbing = openTarget(ctx, permit);
  const commitId = (await resolveCommit(plumbing, revision))?.commitId;
  if (commitId === undefined) return { ok: false, why: 'object_missing' };
  const protection = message === null ? null : await scanTexts(ctx, permit, { message, names: [], actions: [] });
  if (protection !== null && protection.refused !== null)
    return { ok: false, why: 'refused', explanation: protection.refused };
  const id =
    message === null
      ? commitId
      : await writeTag(plumbing, {
          name,
          targetId: commitId,
          targetType: 'commit',
          tagger: await signatureFor(ctx, permit),
          message,
        });
  const leaks = protection?.leaks ?? [];
  const made = await createRef(ctx, permit, { ref, id, leaks, isMadeNow: message !== null });
  return made.ok ? { ok: true, ref: { ...made.ref, peeledId: commitId } } : made;
}

/** The messages of the tags that have one, by the id of the tag object. */
export function readTagMessages(
  ctx: Context,
  permit: Permit,
  refs: readonly Ref[],
): Promise<ReadonlyMap<string, string>> {
  return tagMessages(
    openTarget(ctx, permit),
    refs.filter(({ type }) => type === 'tag').map(({ id }) => id),
  );
}
