/**
 * Values that are usually available at once and sometimes come later: an answer from memory costs no turn of the
 * event loop.
 */

export type MaybePromise<T> = T | Promise<T>;

/** Continues with a value now if it is there, or later if it is a promise. */
export function andThen<T, R>(value: MaybePromise<T>, next: (value: T) => MaybePromise<R>): MaybePromise<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}
