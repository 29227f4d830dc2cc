/** Incoming requests: gathered, marked, counted, and some refused before any door reads them. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { OUTAGES } from '../base/machine/outage.ts';
import { type RequestMark, requestIdOf } from '../base/request-id.ts';
import { FORM_ERRORS, type FormError } from '../base/requests/request-form.ts';
import { STANDING } from '../base/requests/standing-headers.ts';
import type { Span } from '../base/trace.ts';
import type { DoorName, Metrics } from '../telemetry/metrics.ts';
import type { RequestLog } from '../telemetry/request-log.ts';
import { endRequestSpan } from '../telemetry/request-spans.ts';

/** A request that came in, for the code that answers, marks and counts it. */
export interface Arrival extends RequestMark {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** By `performance.now()`. */
  readonly startedAt: number;
  /** What the connection had sent before. */
  readonly bytesBefore: number;
  /** Null when it is not traced. */
  span: Span | null;
}

/**
 * Answers all requests of one turn of the event loop at its end, one after the other. That way they share some work
 * (SQLite reads the revision once), and their answers leave close together: written one by one between reads, each
 * would wake the receiver again.
 */
export function together(answer: (arrival: Arrival) => void): RequestListener {
  let waiting: Arrival[] = [];
  const answerAll = (): void => {
    const batch = waiting;
    waiting = [];
    for (const arrival of batch) answer(arrival);
  };
  return (request, response) => {
    const arrival: Arrival = {
      request,
      response,
      startedAt: performance.now(),
      bytesBefore: request.socket.bytesWritten,
      id: null,
      account: null,
      tokenId: null,
      reason: null,
      span: null,
    };
    if (waiting.push(arrival) === 1) setImmediate(answerAll);
  };
}

/** All connections are in use: come back later. */
export function sendCrowded(response: ServerResponse): void {
  const { sentence, retryAfterSec } = OUTAGES.descriptors_exhausted;
  response.writeHead(503, {
    ...STANDING,
    'Content-Type': 'text/plain; charset=utf-8',
    'Retry-After': String(retryAfterSec),
    'X-Latchkey-Reason': 'descriptors_exhausted',
  });
  response.end(`${sentence}\n`);
}

/** Refuses a request whose form has more than one meaning. */
export function refuseForm(response: ServerResponse, error: FormError): void {
  response.writeHead(400, { ...STANDING, 'Content-Type': 'text/plain; charset=utf-8', Connection: 'close' });
  response.end(`${FORM_ERRORS[error]}\n`);
}

/** Where ended requests are counted and written down. */
export interface Books {
  readonly metrics: Metrics;
  /** Null when no request gets a line. */
  readonly requests: RequestLog | null;
}

/** Counts a request when it is answered. Most answers of the plain doors are ready at once and need no listener. */
export function count(books: Books, door: DoorName, arrival: Arrival): void {
  if (arrival.response.writableEnded) countNow(books, door, arrival);
  else arrival.response.once('close', () => countNow(books, door, arrival));
}

function countNow({ metrics, requests }: Books, door: DoorName, arrival: Arrival): void {
  const { response, startedAt, span } = arrival;
  const ms = performance.now() - startedAt;
  metrics.served(door, response.statusCode, ms);
  requests?.note(arrival, door, ms);
  if (span !== null) endRequestSpan(span, door, requestIdOf(arrival), response);
}
