/**
 * How tests wait: always for something, and with a limit of their own, so that a failing test says what did not happen,
 * instead of just running out of time.
 */
import { once as nextEvent } from 'node:events';

/** Generous: it only decides how late a test fails on a busy machine. Shorter than a test's time limit. */
const LIMIT_MS = 45_000;

/**
 * The next event of an emitter, as Node's `once` returns it.
 * @throws when it doesn't happen in time, or an error does
 */
export async function once(emitter: NodeJS.EventEmitter, event: string, limitMs = LIMIT_MS): Promise<unknown[]> {
  const signal = AbortSignal.timeout(limitMs);
  try {
    return await nextEvent(emitter, event, { signal });
  } catch (error) {
    throw signal.aborted ? new Error(`no "${event}" came within ${limitMs} ms`, { cause: error }) : error;
  }
}

/** The value of a promise. @throws when it doesn't settle in time */
export async function within<T>(promise: Promise<T>, what: string, limitMs = LIMIT_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`never happened: ${what}`)), limitMs);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Waits until a condition is true. @throws when it isn't in time */
export async function until(holds: () => boolean | Promise<boolean>, what: string, limitMs = LIMIT_MS): Promise<void> {
  const end = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`never happened: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
