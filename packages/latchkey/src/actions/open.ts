/**
 * Opens everything that actions need, and closes it again.
 */
import { mkdir } from 'node:fs/promises';
import type { Settings } from '../base/config.ts';
import type { Log } from '../base/log.ts';
import { systemClock } from '../base/time.ts';
import { makeGitRoom } from '../git/room.ts';
import { openStore } from '../store/db.ts';
import type { Context } from './context.ts';
import { Memory } from './memory.ts';
import { RateLimits } from './rate-limit.ts';
import { Usage } from './usage.ts';

export interface OpenContext extends Context {
  /** Writes what is in memory and lets go of the database. */
  close(): Promise<void>;
}

/** Opens (and migrates) the store and the folder of repositories. @throws Fault when one of them can't be used. */
export async function openContext(settings: Settings, log: Log): Promise<OpenContext> {
  await mkdir(settings.data, { recursive: true, mode: 0o700 });
  const store = await openStore({ dataDir: settings.data, databaseUrl: settings.database?.reveal() ?? null, log });
  try {
    const git = await makeGitRoom(settings, log);
    const usage = new Usage(store, log);
    const limits = new RateLimits({ store, settings, clock: systemClock, log });
    return {
      settings, clock: systemClock, log, store, git, limits, usage, memory: new Memory(store),
      close: async () => {
        await usage.flush();
        await limits.close();
        await git.close();
        await store.close();
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}
