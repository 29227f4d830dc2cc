/** Whether the server accepts requests: what `/readyz` says, and when connections close after their next answer. */
import type { OpenContext } from '../actions/instance/open.ts';

/** Whether the server is about to stop: then `/readyz` says so, and connections end with their next answer. */
export interface Readiness {
  stopping: boolean;
  /** True when it takes no more connections, or will not soon. */
  leaving: boolean;
  /** Resolves when the last connection has ended; null while connections are taken. */
  closed: Promise<void> | null;
  /** Aborts when the server begins to stop: streams of events, which never end by themselves, end then. */
  readonly ended: AbortController;
}

/** What keeps the server from serving; null when nothing does. */
export async function problemOf({ store, log }: OpenContext): Promise<string | null> {
  try {
    await store.revision();
    return null;
  } catch (error) {
    log.warn({ err: error }, 'the database cannot be reached');
    return 'no database';
  }
}
