/**
 * The machine's git, run safely: the one way from the server to repositories on disk and to git processes.
 *
 * Invariant: with `readOnly`, nothing starts that could change a repository: every function that could calls
 * `demandWrites` first.
 * Invariant: every process has the environment of `processes/environment.ts`; every path comes from `Folders.path`.
 * Never: a decision about who may do what. The caller has decided.
 */
import type { Log } from '../base/log.ts';
import { andThen, type MaybePromise } from '../base/maybe-promise.ts';
import { HashingWriter } from './lfs/hashing-writer.ts';
import { type Arrival, type Mismatch, type ObjectName, receiveObject, storedBytes } from './lfs/object-files.ts';
import { Plumbing } from './objects/plumbing.ts';
import { type Committer, gitEnvironment, protocolVersion } from './processes/environment.ts';
import { type GitProcess, GitProcesses } from './processes/git-process.ts';
import { placesFor } from './processes/places.ts';
import { isLost, type ObjectFormat, Profiles } from './processes/profile.ts';
import { notCopied, onlyReads } from './processes/read-only.ts';
import { type Advertisement, Advertisements } from './protocol/capability-advertisement.ts';
import { PrestartedProcesses } from './push/prestarted.ts';
import { pushRefs } from './push/ref-advertisement.ts';
import { type GitService, type ServiceRun, Services, SWITCHES } from './push/service-runs.ts';
import { type Beginnings, makeBeginnings } from './repositories/beginnings.ts';
import { RepositoryCopies } from './repositories/copies.ts';
import { Folders, type RepositoryName } from './repositories/folders.ts';
import { type FsckBounds, type FsckOutcome, fsck } from './repositories/fsck.ts';
import type { GitSettings } from './repositories/git-settings.ts';
import { sweepRepositories } from './repositories/leftovers.ts';
import { Maintenance } from './repositories/maintenance.ts';
import { mend } from './repositories/mend.ts';
import { ModeWatch } from './repositories/modes.ts';
import { demandFiles, SeenBriefly } from './repositories/presence.ts';
import { makeRemotes, type Remotes } from './repositories/remotes.ts';
import { Measures, type RoomLeft, Sizes } from './repositories/sizes.ts';

export type { GitService, ServiceRun };

export interface GitRoom extends Beginnings {
  /** The folder of the repositories, with every link in it resolved. */
  readonly root: string;
  /**
   * `<root>/<owner>/<name>.git`, which need not exist. Throws a `Fault` when it would leave the root, by its name or by
   * a link.
   */
  path(owner: string, name: string): string;
  exists(owner: string, name: string): boolean;
  /**
   * Throws what `serve` would because of the repository itself: missing files (`FilesMissing`, reported as an outage),
   * parts of it elsewhere, or a service that its own config turns off. A yes holds for `SEEN_MS`.
   */
  demandService(owner: string, name: string, service: GitService): MaybePromise<void>;
  /**
   * Tells a repository's folder from any other that was or will be in its place; stays the same after a move. Null when
   * there is none.
   */
  identity(owner: string, name: string): string | null;
  /**
   * Throws a `Problem` (`read_only`) on a node that only reads. Call it before changing other things ahead of a
   * repository.
   */
  demandWrites(): void;
  /** Repositories that follow others, or are followed. */
  readonly remotes: Remotes;
  rename(from: RepositoryName, to: RepositoryName): Promise<void>;
  /** Moves everything of an owner. Throws a `Fault` when something is there. */
  renameOwner(from: string, to: string): Promise<void>;
  /** Names of the repositories that lie in an owner's folder. */
  namesOf(owner: string): Promise<string[]>;
  /** Removed at once; the disk space follows. Does nothing when it doesn't exist. */
  remove(owner: string, name: string): Promise<void>;
  /** Bare repositories on the disk, whether or not the store knows them. */
  list(): Promise<RepositoryName[]>;
  /**
   * Protocol v2's answer to `info/refs`, in ASCII: the same for all repositories of an object format, so it needs no
   * process.
   */
  capabilities(objectFormat: ObjectFormat): MaybePromise<string>;
  /**
   * What `serve` would print for the list of refs that begins a push; null where a process must be asked. Throws what
   * `serve` does.
   */
  pushRefs(run: ServiceRun): Promise<Buffer | null>;
  /** How much one push may bring to the repository at a path. */
  roomFor(path: string): Promise<RoomLeft>;
  /** The space of its objects on the disk, in bytes; at most a minute old. */
  sizeOf(path: string): Promise<number>;
  /**
   * Runs a service in the caller's turn. Rejects with `Busy` when there is no place, with the signal's reason when it
   * aborts.
   */
  serve(run: ServiceRun, signal?: AbortSignal): Promise<GitProcess>;
  /** Announces that a push will probably come in a moment, with this run: then git is started ahead. Never rejects. */
  prestart(run: ServiceRun): Promise<void>;
  /**
   * A repository's objects and refs, for the functions of this room that take a `Plumbing`. Its calls take the caller's
   * turns (a user or an address), and reflogs name the committer.
   */
  open(owner: string, name: string, caller: string, committer?: Committer): Plumbing;
  /** Reports a push, so that the repository is maintained after a while. */
  touched(path: string): void;
  /** Reports its size. */
  grown(path: string, bytes: number): void;
  /** What the LFS objects of a repository take, in bytes; near its limit, and else after a minute, counted anew. */
  lfsBytes(path: string, limit: number): Promise<number>;
  /** Takes an LFS object, checking its size and digest: see `receiveObject`. */
  receiveLfs(path: string, name: ObjectName, arrival: Arrival): Promise<Mismatch | null>;
  /** Reports an LFS object of this size; negative when it was removed. */
  lfsGrown(path: string, bytes: number): void;
  /** Maintains a repository now; does nothing on a node that only reads. Never rejects. */
  maintain(path: string): Promise<void>;
  /** Removes from every repository what killed processes left there this long ago; failures are logged. */
  removeLeftOvers(olderThanSec: number, signal: AbortSignal): Promise<void>;
  /** How many git processes serve clients, and how many requests wait for one. */
  load(): { readonly running: number; readonly queued: number };
  /** Tests whether the disk accepts writes. @throws what keeps it from that */
  probe(): Promise<void>;
  /**
   * Makes anew what git makes from packs and refs: indexes, bitmaps, the graph of commits. A `GitFailure` or an error
   * of the disk rejects it.
   */
  mend(owner: string, name: string): Promise<void>;
  /** Repositories as a backup keeps them. */
  readonly copies: RepositoryCopies;
  /** Checks a repository for damage. */
  check(owner: string, name: string, bounds: FsckBounds): Promise<FsckOutcome>;
  /**
   * Gives running services `graceSec` to end (`CLOSE_GRACE_SEC` by default), then stops them. Settles when no process
   * is left.
   */
  close(graceSec?: number): Promise<void>;
}

/** How long a push that arrived whole may still take when the room closes, and then to clean up. */
const CLOSE_GRACE_SEC = 2;
const KILL_AFTER_SEC = 2;
/** Up to this share of its limit, what was counted within the last minute is certain enough. */
const CERTAIN = 0.9;

/**
 * Opens the folder of repositories. Two processes may have it open at once: a server, and an administrator's command.
 */
export function makeGitRoom(settings: GitSettings, log: Log): GitRoom {
  const { readOnly, publicUrl, allowRepositoryHooks: runsHooks } = settings;
  const folders = new Folders(settings.repositories, readOnly ? settings.data : null);
  const demandWrites = (): void => {
    if (readOnly) throw onlyReads(publicUrl);
    folders.demandPlace();
  };
  const writing =
    <Args extends unknown[], Result>(work: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      demandWrites();
      return work(...args);
    };
  folders.emptyTrash().catch((error: unknown) => log.warn({ err: error }, 'the trash could not be emptied'));
  const plain = gitEnvironment({ homeFolder: folders.home, hooksFolder: folders.noHooks });
  const profiles = new Profiles(plain, readOnly ? () => notCopied(publicUrl) : isLost);
  const advertisements = new Advertisements(folders, settings.data, settings.partialClones);
  const maintenance = new Maintenance({ log, environment: plain, demand: (path) => profiles.of(path) });
  const limits = placesFor(settings);
  const processes = new GitProcesses(limits);
  // Separate places: a page or a REST call doesn't wait for clones, nor clones for them.
  const readers = new GitProcesses(limits);
  const prestarted = new PrestartedProcesses();
  const sizes = new Sizes(settings);
  const lfsSizes = new Measures(storedBytes);
  const lfsWriter = new HashingWriter();
  const modes = new ModeWatch(folders, log, settings.groupAccess);

  const advertisementOf = (format: ObjectFormat): MaybePromise<Advertisement> =>
    advertisements.of(format) ?? advertisements.capture(format);

  const services = new Services({
    settings,
    folders,
    profiles,
    processes,
    prestarted,
    log,
    plain,
    maxFileBytes: sizes.maxFileBytes,
    demandWrites,
  });
  const seen = new SeenBriefly();

  return {
    root: folders.root,
    path: (owner, name) => folders.path(owner, name),
    exists: (owner, name) => folders.holdsRepository(folders.path(owner, name)),
    demandService: (owner, name, service) => {
      const key = `${service} ${owner}/${name}`;
      if (seen.has(key)) return undefined;
      const path = folders.path(owner, name);
      if (!readOnly) demandFiles(folders, path);
      return andThen(profiles.for(path, SWITCHES[service]), () => seen.add(key));
    },
    identity: (owner, name) => folders.identity(folders.path(owner, name)),
    demandWrites,
    remotes: makeRemotes(folders, async (path) => {
      demandWrites();
      await profiles.for(path, 'receivepack');
    }),
    ...makeBeginnings(folders, { runsHooks, writing, demandWrites }),
    rename: writing(async (from, to) => {
      const [before, after] = [folders.path(from.owner, from.name), folders.path(to.owner, to.name)];
      await folders.rename(from, to);
      maintenance.moved(before, after);
    }),
    renameOwner: writing((from, to) => folders.renameOwner(from, to)),
    namesOf: (owner) => folders.namesOf(owner),
    // It frees space, so a full disk must not prevent it.
    remove: async (owner, name) => {
      if (readOnly) throw onlyReads(publicUrl);
      await folders.remove(owner, name);
    },
    list: () => folders.list(),
    capabilities: (objectFormat) => andThen(advertisementOf(objectFormat), ({ fetch }) => fetch),
    pushRefs: async ({ path, protocol }) => {
      demandWrites();
      const { plain, objectFormat } = await profiles.for(path, 'receivepack');
      return plain && protocolVersion(protocol) !== 1
        ? pushRefs(path, objectFormat, (await advertisementOf(objectFormat)).push)
        : null;
    },
    roomFor: (path) => sizes.roomFor(path),
    sizeOf: (path) => sizes.of(path),
    serve: (run, signal) => services.serve(run, signal),
    prestart: (run) => services.prestart(run),
    open: (owner, name, caller, committer) => {
      const path = folders.path(owner, name);
      if (!readOnly) demandFiles(folders, path);
      return new Plumbing({ folders, profiles, processes: readers, demandWrites }, path, caller, committer);
    },
    touched: (path) => {
      if (!readOnly) maintenance.touched(path);
    },
    grown: (path, bytes) => sizes.add(path, bytes),
    lfsBytes: (path, limit) => lfsSizes.of(path, limit * CERTAIN),
    receiveLfs: writing((path, name, arrival) => receiveObject(lfsWriter, path, name, arrival)),
    lfsGrown: (path, bytes) => lfsSizes.add(path, bytes),
    maintain: async (path) => {
      if (!readOnly) await maintenance.maintain(path);
    },
    removeLeftOvers: writing((sec, signal) => sweepRepositories(folders, { olderThanSec: sec, log, modes }, signal)),
    probe: () => folders.probe(),
    mend: writing(async (owner, name) => {
      const path = folders.path(owner, name);
      await profiles.of(path);
      await mend(path, plain);
      await maintenance.maintain(path);
    }),
    check: async (owner, name, bounds) => {
      const path = folders.path(owner, name);
      await profiles.of(path);
      return fsck(readers, plain, { path, name: `${owner}/${name}` }, bounds);
    },
    copies: new RepositoryCopies(folders),
    load: () => ({ running: processes.running, queued: processes.queued }),
    close: async (graceSec = CLOSE_GRACE_SEC) => {
      await Promise.all([
        prestarted.close(),
        processes.drain(graceSec, KILL_AFTER_SEC),
        readers.drain(graceSec, KILL_AFTER_SEC),
        maintenance.stop(),
        advertisements.settled(),
      ]);
      await lfsWriter.close();
    },
  };
}
