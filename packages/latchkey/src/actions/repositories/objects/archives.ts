/** The files of a revision as one file to download. Files of Git LFS are in it as their pointers. */
import type { Readable } from 'node:stream';
import { type ArchiveForm, openArchive } from '../../../git/objects/archive.ts';
import { pathProblem } from '../../../git/objects/names.ts';
import { defaultBranch } from '../../../git/objects/refs.ts';
import { resolveCommit } from '../../../git/objects/revisions.ts';
import { entryAt } from '../../../git/objects/trees.ts';
import type { Permit } from '../../decision/authorize.ts';
import type { Context } from '../../ground/context.ts';
import { openTarget } from '../target.ts';

export type { ArchiveForm };

/** What would be in an archive. */
export interface Archivable {
  readonly commitId: string;
  /** The revision for the names of files and folders: `v1.0`, `feature-x`. */
  readonly label: string;
}

/** What a revision (null = the default branch) names; null when there is none. */
export async function findArchivable(
  ctx: Context,
  permit: Permit,
  revision: string | null,
): Promise<Archivable | null> {
  const plumbing = openTarget(ctx, permit);
  const resolved = await resolveCommit(plumbing, revision ?? 'HEAD');
  if (resolved === null) return null;
  const name = revision ?? (await defaultBranch(plumbing.path));
  return {
    commitId: resolved.commitId,
    label: name.replace(/^refs\/(?:heads|tags)\//, '').replace(/[^A-Za-z0-9._-]/g, '-'),
  };
}

/**
 * The archive as a stream. Whoever takes it reads it to its end or destroys it.
 * @param root the folder that everything is in
 * @param path only this folder or file, if given. Null when the commit has no such path
 */
export async function archive(
  ctx: Context,
  permit: Permit,
  { commitId }: Archivable,
  { form, root, path = null }: { readonly form: ArchiveForm; readonly root: string; readonly path?: string | null },
): Promise<Readable | null> {
  const plumbing = openTarget(ctx, permit);
  if (path !== null && (pathProblem(path) !== null || (await entryAt(plumbing, commitId, path)) === null)) return null;
  return openArchive(plumbing, { commitId, form, root, path }, ctx.settings.gitIdleTimeoutSec);
}

export const ARCHIVE_TYPES: Readonly<Record<ArchiveForm, string>> = {
  tar: 'application/x-tar',
  'tar.gz': 'application/gzip',
  zip: 'application/zip',
};
