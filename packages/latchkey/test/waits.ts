/**
 * How tests wait: always for something, and never longer than a limit of its own, so that a test that fails says what
 * did not happen instead of that its time was over.
 */
import { once as nextEvent } from 'node:events';

/** Generous: it only decides how late a test fails on a busy machine. Shorter than the time that a test has. */
const LIMIT_MS = 45_000;

/** The next event of an emitter, as Node's `once` gives it. @throws when it does not come in time, or an error does */
export async function once(emitter: NodeJS.EventEmitter, event: string, limitMs = LIMIT_MS): Promise<unknown[]> {
  const signal = AbortSignal.timeout(limitMs);
  try {
    return await nextEvent(emitter, event, { signal });
  } catch (error) {
    throw signal.aborted ? new Error(`no "${event}" came within ${limitMs} ms`, { cause: error }) : error;
  }
}

/** What a promise gives. @throws when it does not give it in time */
export async function within<T>(promise: Promise<T>, what: string, limitMs = LIMIT_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`never happened: ${what}`)), limitMs);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Waits until something holds. @throws when it does not in time */
export async function until(holds: () => boolean | Promise<boolean>, what: string, limitMs = LIMIT_MS): Promise<void> {
  const end = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`never happened: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
