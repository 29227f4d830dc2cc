/**
 * A line in the log for each request: who asked from where, for what, and how it ended.
 *
 * Lines are collected and written together, since a system call for each would cost as much as a check.
 * Invariant: a line is written within `FLUSH_MS` of its request's end, and before the log is closed.
 * Never: a query, a header with a credential, a path that contains a secret, or the path of a request to another
 * service.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Log, writeLines } from '../base/log.ts';
import type { RequestMark } from '../base/request-id.ts';
import { callerOf } from '../base/requests/caller.ts';
import type { Settings } from '../base/settings/settings.ts';
import type { DoorName } from './metrics.ts';
import { shownPath } from './request-spans.ts';

const FLUSH_MS = 100;
/** The same few addresses come again and again: so many are kept with what is shown of them. */
const MAX_KEPT_PATHS = 1_000;
const HEALTH = /^\/(?:healthz|readyz)(?:\?|$)/;

/** A request that was answered, or cut off. */
export interface EndedRequest extends RequestMark {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** What its connection had sent when it came. */
  readonly bytesBefore: number;
}

export class RequestLog {
  readonly #settings: Settings;
  readonly #log: Log;
  readonly #paths = new Map<string, string>();
  #lines = '';
  #timer: NodeJS.Timeout | null = null;

  /** Null when no request gets a line. */
  static of(settings: Settings, log: Log): RequestLog | null {
    return settings.requestLog === 'off' || !log.isLevelEnabled('info') ? null : new RequestLog(settings, log);
  }

  private constructor(settings: Settings, log: Log) {
    this.#settings = settings;
    this.#log = log;
  }

  /** Writes down a request at its end. Successful health checks get no line. @param ms how long it took */
  note(ended: EndedRequest, door: DoorName, ms: number): void {
    const { request, response, account, tokenId, reason, id, bytesBefore } = ended;
    const { statusCode: status } = response;
    const isRefused = status >= 400 || reason !== null;
    if (!isRefused && (this.#settings.requestLog === 'refused' || HEALTH.test(request.url ?? ''))) return;
    this.#lines += `${JSON.stringify({
      level: 'info',
      time: new Date().toISOString(),
      requestId: id ?? undefined,
      door,
      address: callerOf(request, this.#settings),
      account: account ?? undefined,
      tokenId: tokenId ?? undefined,
      method: request.method,
      path: door === 'forward' ? '/forward-auth' : this.#pathOf(request.url ?? ''),
      status: response.headersSent ? status : undefined,
      reason: reason ?? undefined,
      ms: Math.round(ms * 100) / 100,
      bytes: request.socket.bytesWritten - bytesBefore,
      aborted: response.writableEnded ? undefined : true,
      msg: 'request',
    })}\n`;
    this.#timer ??= setTimeout(() => this.flush(), FLUSH_MS).unref();
  }

  /** Writes what was collected. */
  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const lines = this.#lines;
    this.#lines = '';
    if (lines !== '') writeLines(this.#log, lines);
  }

  #pathOf(url: string): string {
    const known = this.#paths.get(url);
    if (known !== undefined) return known;
    const path = shownPath(url);
    if (this.#paths.size >= MAX_KEPT_PATHS) this.#paths.clear();
    if (url.length <= 256) this.#paths.set(url, path);
    return path;
  }
}
