/** How repositories come into the folder: made, copied, taken over. */
import { statSync } from 'node:fs';
import type { Folders, RepositoryName } from './folders.ts';
import {
  createRepository,
  type Imported,
  importRepository,
  type NewRepositoryOptions,
  type TakeIn,
  takeIn,
} from './new-repository.ts';
import type { OwnEffects } from './own-effects.ts';
import { importBundle, importRemote, type RelayPlace, type RemoteRefs } from './remote-import.ts';
import { type Finding, survey } from './survey.ts';

export interface Beginnings {
  /** Makes an empty bare repository. Throws a `Problem` (`already_exists`) when something is there. */
  create(owner: string, name: string, options?: NewRepositoryOptions): Promise<void>;
  /**
   * Takes over a repository: as it is when it is already in its place, otherwise as a copy without hooks and settings;
   * or copies a bundle.
   * Throws a `Problem` when there is none or it can't be read whole (`invalid`), or when another one is in its place
   * (`already_exists`).
   */
  importFrom(source: string, owner: string, name: string): Promise<Imported>;
  /**
   * Copies a repository from another server by way of a relay. Rejects with a `GitFailure` when git can't, with a
   * `Problem` (`already_exists`) when one is in its place.
   */
  importRemote(relay: RelayPlace, owner: string, name: string, signal: AbortSignal): Promise<RemoteRefs>;
  /**
   * Takes over a repository that lies in the folder at `place`, after moving it to its name; where it can't be
   * registered, it is moved back. `register` null changes nothing. Throws a `Problem` as `importFrom` does.
   */
  takeIn(place: string, to: RepositoryName, register: TakeIn['register']): Promise<OwnEffects>;
  /** Everything that lies in the folder of repositories. */
  survey(): Promise<readonly Finding[]>;
}

interface Ways {
  readonly runsHooks: boolean;
  /** Guards a function that changes something. */
  readonly writing: <Args extends unknown[], Result>(
    work: (...args: Args) => Promise<Result>,
  ) => (...args: Args) => Promise<Result>;
  readonly demandWrites: () => void;
}

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() === true;

/** The ways into this folder. */
export function makeBeginnings(folders: Folders, { runsHooks, writing, demandWrites }: Ways): Beginnings {
  return {
    create: writing((owner: string, name: string, how?: NewRepositoryOptions) =>
      createRepository(folders, folders.path(owner, name), how),
    ),
    importFrom: writing((source: string, owner: string, name: string) =>
      isFile(source)
        ? importBundle(folders, folders.path(owner, name), source)
        : importRepository(folders, folders.path(owner, name), source, runsHooks),
    ),
    importRemote: writing((relay: RelayPlace, owner: string, name: string, signal: AbortSignal) =>
      importRemote(folders, folders.path(owner, name), relay, signal),
    ),
    takeIn: async (place, to, register) => {
      if (register !== null) demandWrites();
      return takeIn(folders, { place, to, runsHooks, register });
    },
    survey: () => survey(folders),
  };
}
