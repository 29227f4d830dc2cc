/**
 * Which request is being answered, so that log lines can be told apart.
 *
 * Invariant: an id costs nothing until somebody asks for it.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';

/** A request on its way. */
export interface RequestMark {
  id: string | null;
}

const current = new AsyncLocalStorage<RequestMark>();
/** Tells this process from others. */
const PROCESS = randomBytes(4).toString('hex');
let count = 0;

/**
 * From here on, what the running callback does and causes is part of a request: until the callback ends, or the next
 * request begins in it.
 */
export function beginRequest(mark: RequestMark): void {
  current.enterWith(mark);
}

/** What a request is called: short, and unlike any other's. */
export function requestIdOf(mark: RequestMark): string {
  return (mark.id ??= `${PROCESS}-${(++count).toString(36)}`);
}

/** The id of the request that is being answered; null outside of one. */
export function currentRequestId(): string | null {
  const mark = current.getStore();
  return mark === undefined ? null : requestIdOf(mark);
}
