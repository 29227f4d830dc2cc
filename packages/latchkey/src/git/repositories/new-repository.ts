/**
 * How a repository comes to exist on disk: created empty, adopted where it is, or copied in.
 *
 * Invariant: it is built out of sight and moved into place complete, so half a repository is never served.
 * Never: a source's hooks, settings or remotes in the copy; nothing that a source's config names is run.
 */
import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { problem } from '../../base/errors.ts';
import { gitEnvironment } from '../processes/environment.ts';
import { GitFailure, readGit } from '../processes/git-process.ts';
import { outsidePart } from '../processes/outside-parts.ts';
import {
  type ObjectFormat,
  type OwnEntry,
  type OwnSettings,
  ownSettingsIn,
  readOwnEntries,
} from '../processes/profile.ts';
import type { Folders, RepositoryName } from './folders.ts';
import { type OwnEffects, ownEffects } from './own-effects.ts';

/** `sha1` and `main` by default. */
export interface NewRepositoryOptions {
  readonly objectFormat?: ObjectFormat;
  readonly defaultBranch?: string;
}

/** Makes an empty bare repository at `path`. Throws a `Problem` (`already_exists`) when something is there. */
export async function createRepository(
  folders: Folders,
  path: string,
  options: NewRepositoryOptions = {},
): Promise<void> {
  await made(folders, path, (draft) =>
    init(folders, draft, options.objectFormat ?? 'sha1', options.defaultBranch ?? 'main'),
  );
}

/** A repository that was taken over. */
export interface Imported {
  readonly objectFormat: ObjectFormat;
  /** False when it lay in its place. */
  readonly copied: boolean;
  readonly effects: OwnEffects;
}

/**
 * Adopts the repository when `source` is exactly `path`; otherwise copies it there, with every ref and the default
 * branch. Services that its config turns off stay off. Throws a `Problem` (`invalid`) when `source` contains no
 * repository, can't be read whole, reaches into another one, or hides parts of itself from its readers; and
 * `already_exists` when something is at `path`.
 */
export async function importRepository(
  folders: Folders,
  path: string,
  source: string,
  runsHooks: boolean,
): Promise<Imported> {
  const from = [source, join(source, '.git')].find((place) => folders.holdsRepository(place));
  if (from === undefined) throw problem('invalid', `There is no Git repository at ${source}.`, 'path');
  const real = realpathSync.native(from);
  const isCopy = real !== path;
  return reading(source, async () => {
    const { own, entries } = await demandServable(folders, source, real);
    const effects = await ownEffects(real, entries, { runsHooks, isCopy });
    if (isCopy) await made(folders, path, (draft) => copy(folders, real, draft, own));
    return { objectFormat: own.objectFormat, copied: isCopy, effects };
  });
}

/** How a repository in the folder is taken over. */
export interface TakeIn {
  /** Where it lies, below the root. */
  readonly place: string;
  readonly to: RepositoryName;
  readonly runsHooks: boolean;
  /** Registers it; null changes nothing. */
  readonly register: ((objectFormat: ObjectFormat) => Promise<unknown>) | null;
}

/**
 * Takes over a repository that lies in the folder, after moving it to its name; where it can't be registered, it is
 * moved back. Throws what `importRepository` does, and what `register` throws.
 */
export async function takeIn(folders: Folders, { place, to, runsHooks, register }: TakeIn): Promise<OwnEffects> {
  const source = join(folders.root, place);
  const path = folders.path(to.owner, to.name);
  const isThere = place === `${to.owner}/${to.name}.git`;
  if (!isThere && existsSync(path))
    throw problem('already_exists', `Something lies at ${to.owner}/${to.name}.git already.`, 'name');
  const { own, entries } = await reading(source, () => demandServable(folders, source, realpathSync.native(source)));
  const effects = await ownEffects(source, entries, { runsHooks, isCopy: false });
  if (register === null) return effects;
  if (!isThere) await folders.move(source, path);
  try {
    await register(own.objectFormat);
  } catch (error) {
    if (!isThere) await folders.move(path, source);
    throw error;
  }
  return effects;
}

/** Says of git's failure that the repository can't be read. @throws Problem */
export async function reading<T>(source: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof GitFailure)) throw error;
    throw problem('invalid', `The repository at ${source} can't be read whole: ${lastLine(error.end.stderr)}`, 'path');
  }
}

/** A repository's own settings, and the entries that they come from. */
interface Servable {
  readonly own: OwnSettings;
  readonly entries: readonly OwnEntry[];
}

/** Throws a `Problem` for a repository that reaches into others, or that hides parts of itself from its readers. */
async function demandServable(folders: Folders, source: string, real: string): Promise<Servable> {
  const refuse = (what: string): Error => problem('invalid', `The repository at ${source} ${what}`, 'path');
  const outside = await outsidePart(real);
  if (outside !== null)
    throw refuse(
      `isn't whole: ${outside} leads out of it, perhaps into another repository. ` +
        (outside === 'objects/info/alternates'
          ? 'Copy in what it borrows with "git repack -a -d", then delete that file.'
          : 'Take what belongs to it in, then delete that.'),
    );
  const entries = await readOwnEntries(real, environmentOf(folders));
  const own = ownSettingsIn(entries);
  if (own.hidesRefs)
    throw refuse(
      'hides refs in its config (hideRefs), which is not possible here: whoever may read a repository may read all ' +
        'of it. Delete those refs, or give them a repository of their own, and unset it.',
    );
  if ((await run(folders, [`--git-dir=${real}`, 'for-each-ref', '--count=1', 'refs/namespaces/'])) !== '')
    throw refuse(
      'has namespaces (refs/namespaces/), which are not possible here: whoever may read a repository may read all of ' +
        'it. Clone each with GIT_NAMESPACE set, and import the clones.',
    );
  return { own, entries };
}

/** Builds something out of sight, and moves it into its place. Throws a `Problem` when something is there. */
export async function made(folders: Folders, path: string, make: (draft: string) => Promise<void>): Promise<void> {
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

/** Makes an empty repository at a path. */
export async function init(folders: Folders, path: string, format: ObjectFormat, branch: string): Promise<void> {
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

/** Fetches instead of copying files: git checks every object's name on the way, and leaves out what no ref reaches. */
async function copy(folders: Folders, source: string, draft: string, own: OwnSettings): Promise<void> {
  const head = await run(folders, [`--git-dir=${source}`, 'symbolic-ref', '--quiet', 'HEAD']).catch(() => '');
  const branch = /^refs\/heads\/(.+)\n$/.exec(head)?.[1] ?? 'main';
  await init(folders, draft, own.objectFormat, branch);
  for (const service of own.off) await run(folders, [`--git-dir=${draft}`, 'config', `http.${service}`, 'false']);
  // Git clears its settings for the other side of a local fetch, so that side must be told separately that the owner of
  // the files doesn't matter.
  const otherSide = "git -c safe.directory='*' upload-pack";
  const how = ['--quiet', '--no-write-fetch-head', '--update-shallow', `--upload-pack=${otherSide}`];
  await run(folders, [`--git-dir=${draft}`, 'fetch', ...how, source, '+refs/*:refs/*']);
}

async function run(folders: Folders, args: readonly string[]): Promise<string> {
  return (await readGit({ args, environment: environmentOf(folders), cwd: folders.root })).toString('utf8');
}

function environmentOf(folders: Folders): Record<string, string> {
  return gitEnvironment({
    homeFolder: folders.home,
    hooksFolder: folders.noHooks,
    // What an operator imports is accepted as it is, including old mistakes; pushes are checked.
    config: [['fetch.fsckObjects', 'false']],
    allowProtocol: 'file',
  });
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
