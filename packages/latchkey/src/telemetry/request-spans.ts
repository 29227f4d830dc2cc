/**
 * A request's span: who asked, where, and how it ended.
 *
 * Invariant: a caller's `traceparent` counts only if it comes directly from a trusted proxy. Otherwise a stranger
 * could have all of their requests recorded, and put spans into other people's traces.
 * Never: a query, a header with a credential, a path that contains a secret, or the path of a request to another
 * service.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { includesAddress } from '../base/address.ts';
import type { Log } from '../base/log.ts';
import { headerOf } from '../base/requests/raw-headers.ts';
import type { Settings } from '../base/settings/settings.ts';
import { readTraceparent, type Span, type Tracer } from '../base/trace.ts';
import { recogniseThirdParty } from '../catalogue/third-party-tokens.ts';
import type { DoorName } from './metrics.ts';

/** Begins the span of a request; null when it isn't recorded. */
export function beginRequestSpan(
  tracer: Tracer,
  { trustedProxies }: Settings,
  { method = '', url = '', rawHeaders, socket }: IncomingMessage,
): Span | null {
  const traceparent = headerOf(rawHeaders, 'traceparent');
  const isBelieved = traceparent !== undefined && includesAddress(trustedProxies, socket.remoteAddress ?? '');
  const span = tracer.begin(method, 'server', isBelieved ? readTraceparent(traceparent) : null);
  if (span === null) return null;
  const userAgent = headerOf(rawHeaders, 'user-agent');
  span.set({
    'http.request.method': method,
    'url.path': shownPath(url),
    'url.scheme': (socket as Partial<TLSSocket>).encrypted === true ? 'https' : 'http',
    ...(userAgent === undefined ? {} : { 'user_agent.original': withoutSecrets(userAgent) }),
  });
  return span;
}

/** Ends the span with its answer, whole or cut off. */
export function endRequestSpan(span: Span, door: DoorName, requestId: string, response: ServerResponse): void {
  span.rename(`${response.req.method} ${door}`);
  span.set({
    'latchkey.door': door,
    'latchkey.request_id': requestId,
    ...(response.headersSent ? { 'http.response.status_code': response.statusCode } : {}),
  });
  // The rest of a proxy's path belongs to another service. It may contain secrets that nobody here can recognise.
  if (door === 'forward') span.set({ 'url.path': '/forward-auth' });
  if (!response.writableEnded) span.end('cut_off');
  else if (response.statusCode >= 500) span.end(String(response.statusCode));
  else span.end();
}

/** The path without its query, and without what may give access: tokens that somebody put there, one-time links. */
export function shownPath(url: string): string {
  if (!url.startsWith('/')) return '';
  return withoutSecrets(url.replace(/[?#].*$/s, ''));
}

const REDACTED = '[redacted]';
/**
 * One-time links, sessions and unknown kinds of tokens are at least this long. A commit's digest is hidden with them.
 */
const LONG = /[A-Za-z0-9_+=-]{40}/;
/** Our own tokens, even in part. */
const OWN = /lk[fcsdp]_/;

/**
 * A text in which every word that could be a secret is replaced. Words are separated by white space and by `/ : @ ; ,`.
 */
function withoutSecrets(text: string): string {
  return text
    .split(/([\s/:@;,]+)/)
    .map((word) => (mayBeSecret(word) ? REDACTED : word))
    .join('');
}

function mayBeSecret(word: string): boolean {
  try {
    const plain = decodeURIComponent(word);
    return LONG.test(plain) || OWN.test(plain) || recogniseThirdParty(plain) !== null;
  } catch {
    return true;
  }
}

/** Null when no traces are wanted: then nothing of OpenTelemetry is loaded. */
export async function tracerFor({ settings, log }: { settings: Settings; log: Log }): Promise<Tracer | null> {
  if (settings.otlpEndpoint === null) {
    if (process.env.OTEL_EXPORTER_OTLP_ENDPOINT !== undefined)
      log.info('OTEL_EXPORTER_OTLP_ENDPOINT is set, but traces are sent only where --otlp-endpoint says');
    return null;
  }
  if (!settings.otlpSignals.includes('traces')) return null;
  const { openTracer } = await import('./otlp-tracer.ts');
  log.info({ endpoint: settings.otlpEndpoint }, 'traces');
  return openTracer(settings.otlpEndpoint, settings, log);
}
