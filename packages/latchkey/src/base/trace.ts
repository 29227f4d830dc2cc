/**
 * Spans: which piece of work is going on, as part of what, and for how long. The recorder is passed in; nothing here
 * knows OpenTelemetry.
 *
 * Invariant: without a tracer nobody starts a span, and asking for the current one costs a few nanoseconds.
 * Invariant: a span gets children only while it runs. What a timer does later, though some earlier request started
 * it, is not part of that request.
 * Never: in a name or attribute, a secret, a query, the text of an error, or another service's path.
 */
import { AsyncLocalStorage } from 'node:async_hooks';

export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** `server`: answers a request. `client`: waits for another program. `internal`: neither. */
export type SpanKind = 'server' | 'client' | 'internal';

/** A recorded piece of work. */
export interface Span {
  /** 32 hexadecimal digits, as in W3C Trace Context. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly id: string;
  /** The span without a parent in this process: the request, or the job. */
  readonly root: Span;
  readonly hasEnded: boolean;
  rename(name: string): void;
  set(attributes: SpanAttributes): void;
  child(name: string, kind: SpanKind, attributes: SpanAttributes): Span;
  /** @param error the kind of failure, in a word; left out when there was none */
  end(error?: string): void;
}

/** The span of the program that sent the request. */
export interface RemoteParent {
  readonly traceId: string;
  readonly spanId: string;
  readonly sampled: boolean;
}

export interface Tracer {
  /** Begins a span without a parent in this process; null when it isn't recorded. */
  begin(name: string, kind: SpanKind, parent: RemoteParent | null): Span | null;
  /** Sends what was recorded. Limited in time; never rejects. */
  close(): Promise<void>;
}

const current = new AsyncLocalStorage<Span>();

/** Runs `work`, and everything it causes, as part of a span. */
export function duringSpan<T>(span: Span, work: () => T): T {
  return current.run(span, work);
}

/** The current span; null when none is recorded. It may have ended: what it caused goes on. */
export function currentSpan(): Span | null {
  return current.getStore() ?? null;
}

/**
 * Runs `work` as a child of the current span, if there is one. A result that is there at once leaves no span: nobody
 * waited for it.
 */
export function traced<T>(name: string, kind: SpanKind, attributes: SpanAttributes, work: () => T): T {
  const parent = currentSpan();
  if (parent === null || parent.hasEnded) return work();
  const span = parent.child(name, kind, attributes);
  const value = duringSpan(span, work);
  if (value instanceof Promise)
    void value.then(
      () => span.end(),
      (error: unknown) => span.end(errorType(error)),
    );
  return value;
}

/** Runs `work` as a root span; without a tracer, just runs it. */
export async function tracedAlone<T>(
  tracer: Tracer | null,
  name: string,
  attributes: SpanAttributes,
  work: () => Promise<T>,
): Promise<T> {
  const span = tracer?.begin(name, 'internal', null) ?? null;
  if (span === null) return work();
  span.set(attributes);
  try {
    const value = await duringSpan(span, work);
    span.end();
    return value;
  } catch (error) {
    span.end(errorType(error));
    throw error;
  }
}

/** The code of an error, or its class. Never its message, which may quote anything. */
function errorType(error: unknown): string {
  if (!(error instanceof Error)) return '_OTHER';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;
const SAMPLED = 0x01;

/**
 * What a `traceparent` header names; null when it can't be read. Later versions are read as the first (W3C Trace
 * Context, section 3.2).
 */
export function readTraceparent(text: string): RemoteParent | null {
  const [, version, traceId = '', spanId = '', flags = ''] = TRACEPARENT.exec(text.trim()) ?? [];
  if (version === undefined || version === 'ff' || (version === '00' && text.trim().length !== 55)) return null;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return null;
  return { traceId, spanId, sampled: (parseInt(flags, 16) & SAMPLED) !== 0 };
}
