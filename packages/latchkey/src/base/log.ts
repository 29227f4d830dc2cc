/**
 * The log: one JSON object per line on stderr, through pino.
 *
 * Never: a secret. A `Secret` prints as `[redacted]`; headers that carry credentials are removed as well.
 */
import { destination, type Logger, pino } from 'pino';
import { currentRequestId } from './request-id.ts';
import { currentSpan } from './trace.ts';

export type Log = Logger;

const CREDENTIAL_PATHS = ['authorization', 'cookie', 'password', 'token', 'secret'].flatMap((name) => [
  name,
  `*.${name}`,
  `headers["${name}"]`,
  `*.headers["${name}"]`,
]);

/**
 * Levels are pino's: `trace` … `fatal`, or `silent`. Times are ISO 8601 in UTC. During a trace, each line names it the
 * way OpenTelemetry's log formats do.
 */
export function makeLog(level: string, fd = 2): Log {
  return pino(
    {
      level,
      base: null,
      mixin: () => {
        const requestId = currentRequestId();
        const span = currentSpan();
        return {
          ...(requestId === null ? {} : { requestId }),
          ...(span === null ? {} : { trace_id: span.traceId, span_id: span.id }),
        };
      },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      redact: {
        paths: [...CREDENTIAL_PATHS, 'headers["private-token"]', '*.headers["private-token"]'],
        censor: '[redacted]',
      },
    },
    destination({ fd, sync: true }),
  );
}
