/**
 * Which request is being answered, so that log lines can be told apart.
 *
 * Invariant: an id costs nothing until somebody asks for it.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';

/** A request in progress. */
export interface RequestMark {
  id: string | null;
}

const current = new AsyncLocalStorage<RequestMark>();
/** Tells this process from other processes. */
const PROCESS = randomBytes(4).toString('hex');
let count = 0;

/**
 * From here on, what the running callback does and causes belongs to this request, until the callback ends or begins
 * the next request.
 */
export function beginRequest(mark: RequestMark): void {
  current.enterWith(mark);
}

/** The id of a request: short and unique. */
export function requestIdOf(mark: RequestMark): string {
  return (mark.id ??= `${PROCESS}-${(++count).toString(36)}`);
}

/** The id of the request being answered; null outside of one. */
export function currentRequestId(): string | null {
  const mark = current.getStore();
  return mark === undefined ? null : requestIdOf(mark);
}
