/**
 * Records spans with OpenTelemetry and sends them to a collector: OTLP over HTTP, as JSON.
 *
 * Loaded only if an endpoint is set, because the packages take time to load. Nothing is registered globally: spans
 * are passed along explicitly.
 * Invariant: a slow, absent or broken collector costs no request anything: at most `MAX_WAITING_SPANS` wait, more are
 * dropped.
 * Never: a collector's answer in the log; it may quote the credentials that it was sent.
 */

import {
  type Context,
  SpanKind as OtelKind,
  type Span as OtelSpan,
  type Tracer as OtelTracer,
  ROOT_CONTEXT,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { Log } from '../base/log.ts';
import type { Settings } from '../base/settings/settings.ts';
import type { RemoteParent, Span, SpanAttributes, SpanKind, Tracer } from '../base/trace.ts';
import { lossTeller, ownResource, SEND_LIMIT_MS } from './otlp-sending.ts';

/** Ended spans that wait to be sent. Beyond this, new ones are dropped. */
export const MAX_WAITING_SPANS = 2_048;
/** Spans in one request to the collector. */
const MAX_SPANS_SENT = 512;
/** How long spans wait for others, to be sent together. */
const SEND_EVERY_MS = 2_000;
/** Longer attribute values are cut. */
const MAX_VALUE_CHARACTERS = 256;

const KINDS: Readonly<Record<SpanKind, OtelKind>> = {
  server: OtelKind.SERVER,
  client: OtelKind.CLIENT,
  internal: OtelKind.INTERNAL,
};

/**
 * A tracer that sends to `<endpoint>/v1/traces`. OpenTelemetry's own variables set the headers for the collector, its
 * certificate, and the service's name (`OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_EXPORTER_OTLP_CERTIFICATE`,
 * `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES` …).
 */
export function openTracer(endpoint: string, { traceOneIn }: Pick<Settings, 'traceOneIn'>, log: Log): Tracer {
  const provider = new TracerProvider({
    resource: ownResource(),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(1 / traceOneIn) }),
    spanLimits: { attributeValueLengthLimit: MAX_VALUE_CHARACTERS },
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: telling(new OTLPTraceExporter({ url: `${endpoint}/v1/traces`, timeoutMillis: SEND_LIMIT_MS }), log),
        maxQueueSize: MAX_WAITING_SPANS,
        maxExportBatchSize: MAX_SPANS_SENT,
        scheduledDelayMillis: SEND_EVERY_MS,
        exportTimeoutMillis: SEND_LIMIT_MS,
      }),
    ],
  });
  const tracer = provider.getTracer('latchkey');
  return {
    begin(name, kind, parent) {
      const span = tracer.startSpan(name, { kind: KINDS[kind] }, parent === null ? ROOT_CONTEXT : contextOf(parent));
      return span.isRecording() ? new RecordedSpan(tracer, span, null) : null;
    },
    close: () => provider.shutdown().catch(() => undefined),
  };
}

function contextOf({ traceId, spanId, sampled }: RemoteParent): Context {
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: sampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
    isRemote: true,
  });
}

function telling(exporter: SpanExporter, log: Log): SpanExporter {
  const tell = lossTeller('traces', log);
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        tell(result.error);
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
  };
}

class RecordedSpan implements Span {
  readonly root: Span;
  readonly traceId: string;
  readonly id: string;
  readonly #tracer: OtelTracer;
  readonly #span: OtelSpan;

  constructor(tracer: OtelTracer, span: OtelSpan, root: Span | null) {
    this.#tracer = tracer;
    this.#span = span;
    this.root = root ?? this;
    this.traceId = span.spanContext().traceId;
    this.id = span.spanContext().spanId;
  }

  get hasEnded(): boolean {
    return !this.#span.isRecording();
  }

  rename(name: string): void {
    this.#span.updateName(name);
  }

  set(attributes: SpanAttributes): void {
    this.#span.setAttributes(attributes);
  }

  child(name: string, kind: SpanKind, attributes: SpanAttributes): Span {
    const span = this.#tracer.startSpan(
      name,
      { kind: KINDS[kind], attributes },
      trace.setSpan(ROOT_CONTEXT, this.#span),
    );
    return new RecordedSpan(this.#tracer, span, this.root);
  }

  end(error?: string): void {
    if (error !== undefined) {
      this.#span.setAttribute('error.type', error);
      this.#span.setStatus({ code: SpanStatusCode.ERROR });
    }
    this.#span.end();
  }
}
