/**
 * Annotated tags: written, and their messages read.
 *
 * Source: git's documentation, git-mktag.
 */

import { type ObjectType, readObjects } from './cat-file.ts';
import { type Signature, signatureOf, signatureText } from './commits.ts';
import type { Plumbing } from './plumbing.ts';

/** A tag object is read this far. */
const MAX_TAG_BYTES = 64 * 1024;

export interface NewTag {
  /** Without `refs/tags/`; passed `refNameProblem`. */
  readonly name: string;
  /** What it marks. */
  readonly targetId: string;
  readonly targetType: ObjectType;
  readonly tagger: Signature;
  readonly message: string;
}

/** Writes a tag object and returns its id. No ref changes. */
export async function writeTag(plumbing: Plumbing, tag: NewTag): Promise<string> {
  const { name, targetId, targetType, tagger, message } = tag;
  const head = `object ${targetId}\ntype ${targetType}\ntag ${name}\ntagger ${signatureText(tagger)}\n\n`;
  const output = await plumbing.read(['mktag'], {
    input: Buffer.from(`${head}${message.replaceAll('\0', '').replace(/\n*$/, '\n')}`),
  });
  return output.toString('utf8').trim();
}

/** An annotated tag. */
export interface AnnotatedTag {
  readonly id: string;
  readonly name: string;
  /** What it marks: a commit, as a rule. */
  readonly targetId: string;
  readonly targetType: ObjectType;
  /** Null in tags as old as git itself. */
  readonly tagger: Signature | null;
  /** Without its signature. */
  readonly message: string;
}

/** Tag objects by id; other ids are left out. */
export async function readTags(plumbing: Plumbing, ids: readonly string[]): Promise<Map<string, AnnotatedTag>> {
  const objects = await readObjects(plumbing, ids, MAX_TAG_BYTES);
  return new Map(
    objects.flatMap((object) => (object?.type === 'tag' ? [[object.id, tagOf(object.id, object.content)]] : [])),
  );
}

function tagOf(id: string, content: Buffer): AnnotatedTag {
  const text = content.toString('utf8');
  const gap = text.indexOf('\n\n');
  const headers = (gap < 0 ? text : text.slice(0, gap)).split('\n');
  const header = (name: string): string | null =>
    headers.find((line) => line.startsWith(`${name} `))?.slice(name.length + 1) ?? null;
  const tagger = header('tagger');
  return {
    id,
    name: header('tag') ?? '',
    targetId: header('object') ?? '',
    targetType: (header('type') ?? 'commit') as ObjectType,
    tagger: tagger === null ? null : signatureOf(tagger),
    message:
      gap < 0
        ? ''
        : text
            .slice(gap + 2)
            .replace(/\n-----BEGIN [\s\S]*$/, '\n')
            .trimEnd(),
  };
}

/** The messages of tag objects by id; other ids are left out. */
export async function tagMessages(plumbing: Plumbing, ids: readonly string[]): Promise<Map<string, string>> {
  const tags = await readTags(plumbing, ids);
  return new Map([...tags.values()].map(({ id, message }) => [id, message]));
}
