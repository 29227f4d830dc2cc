/**
 * The log on stderr, through pino: one JSON object per line, or a line of text for a person at a terminal.
 *
 * Never: a secret. A `Secret` prints as `[redacted]`; headers that carry credentials are removed as well.
 */
import { isatty } from 'node:tty';
import { destination, type Logger, pino, symbols } from 'pino';
import { currentRequestId } from './request-id.ts';
import { currentSpan } from './trace.ts';

export type Log = Logger;

/** `auto` is `text` on a terminal and `json` elsewhere. */
export const LOG_FORMATS = ['auto', 'json', 'text'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

const CREDENTIAL_PATHS = ['authorization', 'cookie', 'password', 'token', 'secret'].flatMap((name) => [
  name,
  `*.${name}`,
  `headers["${name}"]`,
  `*.headers["${name}"]`,
]);

/**
 * Levels are pino's words: `trace` … `fatal`, or `silent`. Times are ISO 8601 in UTC. During a trace, each line names
 * it the way OpenTelemetry's log formats do.
 */
export function makeLog(level: string, format: LogFormat = 'json', fd = 2): Log {
  const out = destination({ fd, sync: true });
  const isText = format === 'text' || (format === 'auto' && isatty(fd));
  return pino(
    {
      level,
      base: null,
      formatters: { level: (label) => ({ level: label }) },
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
    isText ? { write: (lines: string) => out.write(lines.trimEnd().split('\n').map(asText).join('')) } : out,
  );
}

/** Where pino writes. */
interface Written {
  write(lines: string): void;
}

/** Writes lines of JSON to where the log goes: they must be as the log would write them. */
export function writeLines(log: Log, lines: string): void {
  (log as unknown as Record<symbol, Written>)[symbols.streamSym]?.write(lines);
}

/**
 * Hands on whatever the log writes from now on, after its redaction: lines of JSON, whatever a terminal shows.
 */
export function handOnLines(log: Log, take: (lines: string) => void): void {
  const place = log as unknown as Record<symbol, Written>;
  const out = place[symbols.streamSym];
  place[symbols.streamSym] = {
    write(lines) {
      out?.write(lines);
      take(lines);
    },
  };
}

/** `12:03:04 warn  a request must wait  reason=busy`: a line of JSON for a person. Times are local. */
function asText(line: string): string {
  const { level, time, msg, err, ...facts } = JSON.parse(line) as Record<string, unknown>;
  const at = new Date(String(time));
  const clock = [at.getHours(), at.getMinutes(), at.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
  const told = Object.entries(facts).map(([name, value]) => ` ${name}=${wordOf(value)}`);
  const stack = (err as { readonly stack?: string } | undefined)?.stack;
  const trace = stack === undefined ? '' : `\n${stack}`;
  return `${clock} ${String(level).padEnd(5)} ${String(msg)}${told.join('')}${trace}\n`;
}

/** Quoted unless it is one plain word, so that nothing in it looks like another line or fact. */
function wordOf(value: unknown): string {
  const text = JSON.stringify(value);
  return typeof value === 'string' && /^[\w./:@+-]+$/.test(value) ? value : text;
}
