/**
 * How a repository comes to be on the disk: made empty, adopted where it lies, or copied in.
 *
 * Invariant: it is made out of sight and moved into place whole, so that half a repository is never served.
 * Never: hooks, settings or remotes of a source in the copy; and nothing that a source's config names is run.
 */
import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { problem } from '../../base/errors.ts';
import { gitEnvironment } from '../processes/environment.ts';
import { GitFailure, readGit } from '../processes/git-process.ts';
import type { ObjectFormat } from '../processes/profile.ts';
import type { Folders } from './folders.ts';

/** `sha1` and `main` unless told. */
export interface NewRepositoryOptions {
  readonly objectFormat?: ObjectFormat;
  readonly defaultBranch?: string;
}

/** Makes an empty bare repository at `path`. Throws a `Problem` (`already_exists`) when something lies there. */
export async function createRepository(
  folders: Folders,
  path: string,
  options: NewRepositoryOptions = {},
): Promise<void> {
  await made(folders, path, (draft) =>
    init(folders, draft, options.objectFormat ?? 'sha1', options.defaultBranch ?? 'main'),
  );
}

/**
 * Adopts the repository when `source` is the very place at `path`; copies it there otherwise, with every ref and the
 * default branch. Throws a `Problem` (`invalid`) when `source` holds no repository or can't be read whole, and
 * `already_exists` when something lies at `path`.
 */
export async function importRepository(
  folders: Folders,
  path: string,
  source: string,
): Promise<{ objectFormat: ObjectFormat; copied: boolean }> {
  const from = [source, join(source, '.git')].find((place) => folders.holdsRepository(place));
  if (from === undefined) throw problem('invalid', `There is no Git repository at ${source}.`, 'path');
  const real = realpathSync.native(from);
  const copied = real !== path;
  try {
    const objectFormat = await objectFormatOf(folders, real);
    if (copied) await made(folders, path, (draft) => copy(folders, real, draft, objectFormat));
    return { objectFormat, copied };
  } catch (error) {
    if (error instanceof GitFailure)
      throw problem(
        'invalid',
        `The repository at ${source} can't be read whole: ${lastLine(error.end.stderr)}`,
        'path',
      );
    throw error;
  }
}

async function objectFormatOf(folders: Folders, path: string): Promise<ObjectFormat> {
  return (await run(folders, [`--git-dir=${path}`, 'rev-parse', '--show-object-format'])).trim() === 'sha256'
    ? 'sha256'
    : 'sha1';
}

async function made(folders: Folders, path: string, make: (draft: string) => Promise<void>): Promise<void> {
  if (existsSync(path))
    throw problem('already_exists', 'Something already lies where the repository should go.', 'name');
  const draft = folders.draft();
  try {
    await make(draft);
    await folders.move(draft, path);
  } finally {
    await folders.discard(draft);
  }
}

async function init(folders: Folders, path: string, format: ObjectFormat, branch: string): Promise<void> {
  await run(folders, [
    'init',
    '--quiet',
    '--bare',
    '--template=',
    `--object-format=${format}`,
    `--initial-branch=${branch}`,
    path,
  ]);
}

/**
 * Fetches instead of copying files: git checks every object's name on the way, and leaves behind what no ref reaches.
 */
async function copy(folders: Folders, source: string, draft: string, format: ObjectFormat): Promise<void> {
  const head = await run(folders, [`--git-dir=${source}`, 'symbolic-ref', '--quiet', 'HEAD']).catch(() => '');
  const branch = /^refs\/heads\/(.+)\n$/.exec(head)?.[1] ?? 'main';
  await init(folders, draft, format, branch);
  // Git clears its settings for the other side of a local fetch, so that side is told on its own that the owner of the
  // files doesn't matter.
  const otherSide = "git -c safe.directory='*' upload-pack";
  const how = ['--quiet', '--no-write-fetch-head', '--update-shallow', `--upload-pack=${otherSide}`];
  await run(folders, [`--git-dir=${draft}`, 'fetch', ...how, source, '+refs/*:refs/*']);
}

async function run(folders: Folders, args: readonly string[]): Promise<string> {
  // What an operator brings is taken as it is, old mistakes included; pushes are checked.
  const config = [['fetch.fsckObjects', 'false']] as const;
  const environment = gitEnvironment({
    homeFolder: folders.home,
    hooksFolder: folders.noHooks,
    config,
    allowProtocol: 'file',
  });
  return (await readGit({ args, environment, cwd: folders.root })).toString('utf8');
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
