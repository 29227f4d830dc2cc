/**
 * Which request is being answered, so that log lines can be told apart, and what was found out about it meanwhile.
 *
 * Invariant: an id costs nothing until somebody asks for it.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';

/** A request in progress. */
export interface RequestMark {
  id: string | null;
  /** The login of whoever asks; null while nobody is known. */
  account: string | null;
  tokenId: number | null;
  /** Why it is refused: a reason of the catalogue. */
  reason: string | null;
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

/** Notes on the current request who asks. */
export function noteCaller(account: string | null, tokenId: number | null): void {
  const mark = current.getStore();
  if (mark === undefined) return;
  mark.account = account;
  mark.tokenId = tokenId;
}

/** Notes on the current request why it is refused. */
export function noteReason(reason: string): void {
  const mark = current.getStore();
  if (mark !== undefined) mark.reason = reason;
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
