/**
 * Opens everything that actions need, and closes it again.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Fault } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { descriptorLimit, shareDescriptors } from '../../base/machine/descriptors.ts';
import { placeFault } from '../../base/machine/place-fault.ts';
import { atPort, reachedAt, type Settings } from '../../base/settings/settings.ts';
import { type Clock, systemClock, type UnixSeconds } from '../../base/time.ts';
import { makeGitRoom } from '../../git/room.ts';
import { SQLITE_FILE_NAME, type Store } from '../../store/db.ts';
import { openStore } from '../../store/open.ts';
import { readServerAddress } from '../../store/server-address.ts';
import { Metrics } from '../../telemetry/metrics.ts';
import { ClientDocuments } from '../applications/client-documents.ts';
import { Memory } from '../decision/memory.ts';
import { Refusals } from '../decision/refusals.ts';
import { SecretLookup } from '../decision/secret-lookup.ts';
import { Usage } from '../decision/usage.ts';
import { KeySets } from '../federation/key-sets.ts';
import type { Context } from '../ground/context.ts';
import { FitnessWatch } from '../ground/fitness.ts';
import { RateLimits } from '../ground/rate-limit.ts';
import { newRun } from '../ground/runs.ts';
import { SteadyTime } from '../ground/steady-time.ts';
import { IdentityProviders } from '../identity/providers.ts';
import { RouteMaps } from '../questions/route-maps.ts';
import { demandKnown, demandWhole, noteHighWater } from './high-water.ts';
import { openKeys } from './sealing.ts';

export interface OpenContext extends Context {
  /** Passes on the port that the system chose, so that links use it. Called once, before the first request. */
  listensAt(port: number): void;
  /** Writes what is in memory and closes the database. */
  close(): Promise<void>;
}

/** Clocks other than the system's, for tests. */
export interface Clocks {
  readonly clock: Clock;
  /** By default, the database's clock shows the same as `clock`. */
  readonly databaseTime?: () => Promise<UnixSeconds>;
}

/** Known faults that are about to be fixed. */
export interface Circumstances {
  /** The key that seals secrets is lost. */
  readonly keyIsLost?: boolean;
  /** The database was restored to an earlier state. */
  readonly isRestoring?: boolean;
  /** A backup is being put back: nobody else works on it yet. */
  readonly isPuttingBack?: boolean;
  /** A command on the server's machine: it names the server's address, unless it is told another. */
  readonly isCommand?: boolean;
}

/** How long the marks may delay closing: the database may hang. */
const MARK_LIMIT_MS = 1_000;

/**
 * Opens (and migrates) the store and the folder of repositories. The clock is the system's, except in tests.
 * @throws Fault when the store, the folder, the key file or the route map can't be used
 */
export async function openContext(
  settings: Settings,
  log: Log,
  clocks: Clocks | null = null,
  { keyIsLost = false, isRestoring = false, isPuttingBack = false, isCommand = false }: Circumstances = {},
): Promise<OpenContext> {
  if (!isPuttingBack) demandWhole(settings);
  const clock = clocks?.clock ?? systemClock;
  const descriptors = shareDescriptors(descriptorLimit(), {
    gitProcesses: settings.maxGitProcesses,
    databasePool: settings.database === null ? 0 : settings.databasePool,
    connections: settings.maxConnections,
  });
  if (descriptors.gitProcesses < settings.maxGitProcesses)
    log.warn(
      { limit: descriptors.limit, gitProcesses: descriptors.gitProcesses, asked: settings.maxGitProcesses },
      'the limit of open files (ulimit -n) allows fewer git processes than asked for',
    );
  const routeMaps = new RouteMaps(settings.routeMap);
  const identityProviders = new IdentityProviders(settings.identityProviders);
  const store = await openDatabase(settings, log);
  try {
    await demandKnown(settings, store, isRestoring);
    const keys = await openKeys(settings, store, clock.now(), keyIsLost);
    const git = makeGitRoom({ ...settings, maxGitProcesses: descriptors.gitProcesses }, log);
    const usage = new Usage(store, log);
    const refusals = new Refusals(store, log);
    const memory = new Memory(store, clock);
    const limits = new RateLimits({ store, settings, clock, log });
    const databaseTime = clocks === null ? store.now : (clocks.databaseTime ?? (async () => clock.now()));
    const steadyTime = new SteadyTime({ store, clock, log, databaseTime });
    const fitness = new FitnessWatch({ settings, store, memory, git, steadyTime, log });
    const known = isCommand && !settings.isPublicUrlSet ? await readServerAddress(store.db) : null;
    let current = known === null ? settings : reachedAt(settings, known);
    return {
      get settings() {
        return current;
      },
      clock,
      steadyTime,
      fitness,
      descriptors,
      log,
      store,
      keys,
      git,
      limits,
      metrics: new Metrics(),
      pushes: { run: newRun(), open: new Set(), opening: 0 },
      secrets: new SecretLookup(store),
      usage,
      refusals,
      routeMaps,
      identityProviders,
      keySets: new KeySets({ passed: () => clock.passed(), networks: settings.webhookNetworks }),
      clientDocuments: new ClientDocuments({ passed: () => clock.passed(), networks: settings.webhookNetworks }),
      memory,
      listensAt: (port) => {
        current = atPort(settings, port);
      },
      close: async () => {
        // Counts are written before waiting for anything that may hang.
        const noted = isRestoring
          ? null
          : Promise.race([noteHighWater({ settings, store, log }), pause(MARK_LIMIT_MS)]);
        await Promise.all([usage.flush(), refusals.flush(), limits.close(), git.close(), noted]);
        await memory.leave();
        await store.close();
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** @throws Fault that names the setting, the place and the next step */
async function openDatabase(settings: Settings, log: Log): Promise<Store> {
  const { data, database } = settings;
  await mkdir(data, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw placeFault({ what: 'the data folder', path: data, setting: '--data' }, error);
  });
  try {
    return await openStore({
      dataDir: data,
      databaseUrl: database?.reveal() ?? null,
      postgres: { poolSize: settings.databasePool, caFile: settings.databaseCa },
      log,
    });
  } catch (error) {
    if (error instanceof Fault) throw error;
    if (database === null)
      throw placeFault({ what: 'the database', path: join(data, SQLITE_FILE_NAME), setting: '--data' }, error);
    throw new Fault('the database that --database names can’t be prepared', {
      hint: 'its user must be allowed to make tables in it, and it must take changes; --log-level debug says why',
      detail: String(error),
      cause: error,
    });
  }
}
