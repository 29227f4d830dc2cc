/**
 * Annotated tags: written, and their messages read.
 *
 * Source: git's documentation, git-mktag.
 */

import { readObjects } from './cat-file.ts';
import type { Signature } from './commits.ts';
import type { Plumbing } from './plumbing.ts';

/** A tag object is read this far. */
const MAX_TAG_BYTES = 64 * 1024;

export interface NewTag {
  /** Without `refs/tags/`; passed `refNameProblem`. */
  readonly name: string;
  readonly commitId: string;
  readonly tagger: Signature;
  readonly message: string;
}

/** Writes a tag object and returns its id. No ref changes. */
export async function writeTag(plumbing: Plumbing, { name, commitId, tagger, message }: NewTag): Promise<string> {
  const plain = (text: string): string => text.replace(/[\x00-\x1f<>]/g, '').trim();
  const head =
    `object ${commitId}\ntype commit\ntag ${name}\ntagger ${plain(tagger.name)} <${plain(tagger.email)}> ` +
    `${tagger.at} +0000\n\n`;
  const output = await plumbing.read(['mktag'], {
    input: Buffer.from(`${head}${message.replaceAll('\0', '').replace(/\n*$/, '\n')}`),
  });
  return output.toString('utf8').trim();
}

/** The messages of tag objects by id; other ids are left out. */
export async function tagMessages(plumbing: Plumbing, ids: readonly string[]): Promise<Map<string, string>> {
  const objects = await readObjects(plumbing, ids, MAX_TAG_BYTES);
  return new Map(
    objects.flatMap((object) => {
      if (object?.type !== 'tag') return [];
      const text = object.content.toString('utf8');
      const gap = text.indexOf('\n\n');
      return [
        [
          object.id,
          gap < 0
            ? ''
            : text
                .slice(gap + 2)
                .replace(/\n-----BEGIN [\s\S]*$/, '\n')
                .trimEnd(),
        ],
      ];
    }),
  );
}
