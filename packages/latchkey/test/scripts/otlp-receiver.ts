/** A collector on loopback: accepts OTLP over HTTP as JSON and keeps every span, every log record and every byte. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { once } from '../waits.ts';

type Attributes = Readonly<Record<string, string | number | boolean>>;

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | null;
  readonly name: string;
  /** As in OTLP: 1 internal, 2 server, 3 client. */
  readonly kind: number;
  readonly ms: number;
  readonly failed: boolean;
  readonly attributes: Attributes;
  readonly resource: Attributes;
}

interface ReceivedLog {
  readonly at: string;
  readonly severity: number;
  readonly severityText: string;
  readonly body: string;
  readonly traceId: string | null;
  readonly attributes: Attributes;
  readonly resource: Attributes;
}

export interface OtlpReceiver {
  readonly endpoint: string;
  readonly spans: readonly ReceivedSpan[];
  readonly logs: readonly ReceivedLog[];
  /** All requests, headers included, as text. */
  text(): string;
  /** From now on, holds requests without an answer until the returned function is called. */
  hold(): () => void;
  /** From now on, refuses every request with this status. */
  refuse(status: number): void;
}

interface OtlpAttribute {
  key: string;
  value: { stringValue?: string; intValue?: string | number; doubleValue?: number; boolValue?: boolean };
}
interface OtlpSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: OtlpAttribute[];
  status: { code?: number };
}
interface OtlpLogRecord {
  timeUnixNano: string;
  severityNumber: number;
  severityText: string;
  body: { stringValue: string };
  traceId?: string;
  attributes: OtlpAttribute[];
}
interface OtlpLogsRequest {
  resourceLogs: { resource: { attributes: OtlpAttribute[] }; scopeLogs: { logRecords: OtlpLogRecord[] }[] }[];
}
interface OtlpRequest {
  resourceSpans: { resource: { attributes: OtlpAttribute[] }; scopeSpans: { spans: OtlpSpan[] }[] }[];
}

/** Listens on a free port; closed after the test. */
export async function otlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const logs: ReceivedLog[] = [];
  const texts: string[] = [];
  let refusal: number | null = null;
  let held: Promise<void> = Promise.resolve();
  const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    await held;
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk as string;
    texts.push(`${request.url} ${JSON.stringify(request.rawHeaders)}\n${body}`);
    const isKnown = request.url === '/v1/traces' || request.url === '/v1/logs';
    const status = refusal ?? (isKnown ? 200 : 404);
    if (status === 200 && request.url === '/v1/traces') spans.push(...read(JSON.parse(body) as OtlpRequest));
    if (status === 200 && request.url === '/v1/logs') logs.push(...readLogs(JSON.parse(body) as OtlpLogsRequest));
    response.writeHead(status, { 'Content-Type': 'application/json' }).end('{}');
  };
  const server = createServer((request, response) => {
    receive(request, response).catch((error: unknown) => server.emit('error', error));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    logs,
    refuse: (status) => {
      refusal = status;
    },
    text: () => texts.join('\n'),
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>();
      held = promise;
      return resolve;
    },
  };
}

function read({ resourceSpans }: OtlpRequest): ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap((scope) =>
      scope.spans.map(
        (span): ReceivedSpan => ({
          traceId: span.traceId,
          spanId: span.spanId,
          parentSpanId: span.parentSpanId || null,
          name: span.name,
          kind: span.kind,
          ms: Number(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)) / 1e6,
          failed: span.status.code === 2,
          attributes: plain(span.attributes),
          resource: plain(resource.attributes),
        }),
      ),
    ),
  );
}

function readLogs({ resourceLogs }: OtlpLogsRequest): ReceivedLog[] {
  return resourceLogs.flatMap(({ resource, scopeLogs }) =>
    scopeLogs.flatMap(({ logRecords }) =>
      logRecords.map(
        (record): ReceivedLog => ({
          at: new Date(Number(BigInt(record.timeUnixNano) / 1_000_000n)).toISOString(),
          severity: record.severityNumber,
          severityText: record.severityText,
          body: record.body.stringValue,
          traceId: record.traceId || null,
          attributes: plain(record.attributes),
          resource: plain(resource.attributes),
        }),
      ),
    ),
  );
}

function plain(attributes: readonly OtlpAttribute[]): Attributes {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [
      key,
      value.stringValue ?? value.boolValue ?? value.doubleValue ?? Number(value.intValue),
    ]),
  );
}
