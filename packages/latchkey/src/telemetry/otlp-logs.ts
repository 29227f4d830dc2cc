/**
 * Sends the log to a collector: OTLP over HTTP, as JSON. What is sent is made of the lines that the log writes, so it
 * has what they have and nothing more: `base/log.ts` has left secrets out.
 *
 * Loaded only if it is asked for, because the packages take time to load.
 * Invariant: a slow, absent or broken collector costs nothing else anything: at most `MAX_WAITING_CHARACTERS` wait, and
 * one request is under way. More lines are lost, and counted.
 * Never: a collector's answer in the log; it may quote the credentials that it was sent.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { type Attributes, type HrTime, SeverityNumber, TraceFlags } from '@opentelemetry/api';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-http';
import type { Log } from '../base/log.ts';
import { lossTeller, ownResource, SEND_LIMIT_MS } from './otlp-sending.ts';

type LogRecord = Parameters<OTLPLogExporter['export']>[0][number];

/** What waits to be sent, in characters of its lines. */
export const MAX_WAITING_CHARACTERS = 4 * 1_048_576;
/** Lines in one request to the collector. */
export const MAX_LINES_SENT = 512;
/** How long lines wait for others, to be sent together. */
const SEND_EVERY_MS = 1_000;
/** How long a stop waits for what is left. */
const CLOSE_LIMIT_MS = 3_000;

const SEVERITIES: Readonly<Record<string, SeverityNumber>> = {
  trace: SeverityNumber.TRACE,
  debug: SeverityNumber.DEBUG,
  info: SeverityNumber.INFO,
  warn: SeverityNumber.WARN,
  error: SeverityNumber.ERROR,
  fatal: SeverityNumber.FATAL,
};

export class OtlpLogs {
  readonly #exporter: OTLPLogExporter;
  readonly #resource = ownResource();
  readonly #scope = { name: 'latchkey' };
  readonly #tell: (error: Error | undefined) => void;
  #waiting: string[] = [];
  #characters = 0;
  #lost = 0;
  #timer: NodeJS.Timeout | null = null;
  #sending: Promise<void> | null = null;

  /** Sends to `<endpoint>/v1/logs`; OpenTelemetry's variables set headers and certificates, as for traces. */
  constructor(endpoint: string, log: Log) {
    this.#exporter = new OTLPLogExporter({ url: `${endpoint}/v1/logs`, timeoutMillis: SEND_LIMIT_MS });
    this.#tell = lossTeller('logs', log);
  }

  /** Lines that the collector didn't get: too many waited, or it didn't take them. */
  get lost(): number {
    return this.#lost;
  }

  /** Takes what the log wrote: lines of JSON, each with its line feed. */
  take(lines: string): void {
    for (const line of lines.trimEnd().split('\n')) {
      if (this.#characters + line.length > MAX_WAITING_CHARACTERS) {
        this.#lost += 1;
        continue;
      }
      this.#waiting.push(line);
      this.#characters += line.length;
    }
    if (this.#waiting.length >= MAX_LINES_SENT) this.#send();
    else this.#timer ??= setTimeout(() => this.#send(), SEND_EVERY_MS).unref();
  }

  /** Sends what waits, for at most `CLOSE_LIMIT_MS`. Never rejects. */
  async close(): Promise<void> {
    const late = pause(CLOSE_LIMIT_MS, 'late', { ref: false });
    while (this.#waiting.length > 0 || this.#sending !== null) {
      this.#send();
      if ((await Promise.race([this.#sending, late])) === 'late') break;
    }
    await Promise.race([this.#exporter.shutdown().catch(() => undefined), late]);
  }

  #send(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#sending ??= this.#sendBatch().finally(() => {
      this.#sending = null;
      if (this.#waiting.length > 0) this.#timer ??= setTimeout(() => this.#send(), this.#pauseMs()).unref();
    });
  }

  /** Whole requests follow each other; what is less waits for more. */
  #pauseMs(): number {
    return this.#waiting.length >= MAX_LINES_SENT ? 0 : SEND_EVERY_MS;
  }

  async #sendBatch(): Promise<void> {
    const lines = this.#waiting.splice(0, MAX_LINES_SENT);
    if (lines.length === 0) return;
    this.#characters -= lines.reduce((sum, { length }) => sum + length, 0);
    const records = lines.map((line) => this.#recordOf(line));
    const { promise, resolve } = Promise.withResolvers<Error | undefined>();
    this.#exporter.export(records, ({ error }) => resolve(error));
    const error = await promise;
    if (error !== undefined) this.#lost += lines.length;
    this.#tell(error);
  }

  /** A line as OpenTelemetry's log data model has it; facts keep the names that they have in the log. */
  #recordOf(line: string): LogRecord {
    const { level, time, msg, err, trace_id, span_id, ...facts } = JSON.parse(line) as Record<string, unknown>;
    const at = timeOf(String(time));
    return {
      hrTime: at,
      hrTimeObserved: at,
      severityText: String(level),
      severityNumber: SEVERITIES[String(level)] ?? SeverityNumber.UNSPECIFIED,
      body: String(msg),
      attributes: { ...facts, ...exceptionOf(err) } as Attributes,
      ...(typeof trace_id === 'string' && typeof span_id === 'string'
        ? { spanContext: { traceId: trace_id, spanId: span_id, traceFlags: TraceFlags.SAMPLED } }
        : {}),
      resource: this.#resource,
      instrumentationScope: this.#scope,
      droppedAttributesCount: 0,
    };
  }
}

function timeOf(text: string): HrTime {
  const ms = Date.parse(text);
  return [Math.floor(ms / 1000), (ms % 1000) * 1_000_000];
}

/** By OpenTelemetry's conventions for exceptions. */
function exceptionOf(err: unknown): Record<string, unknown> {
  if (err === undefined) return {};
  const { type, message, stack } = err as { readonly [name: string]: unknown };
  return { 'exception.type': type, 'exception.message': message, 'exception.stacktrace': stack };
}
