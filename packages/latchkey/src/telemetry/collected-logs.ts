/** Whether the log goes to a collector too. The packages for that are loaded only then. */
import { handOnLines, type Log } from '../base/log.ts';
import type { Settings } from '../base/settings/settings.ts';
import { type Series, single } from './metrics.ts';

export interface CollectedLogs {
  /** What was lost on the way. */
  readonly lost: Series;
  /** Sends what is left. Limited in time; never rejects. */
  close(): Promise<void>;
}

/** From now on, each line of the log goes to the collector as well. Null when that isn't wanted. */
export async function sendLogs(
  { otlpEndpoint, otlpSignals }: Pick<Settings, 'otlpEndpoint' | 'otlpSignals'>,
  log: Log,
): Promise<CollectedLogs | null> {
  if (otlpEndpoint === null || !otlpSignals.includes('logs')) return null;
  const { OtlpLogs } = await import('./otlp-logs.ts');
  const logs = new OtlpLogs(otlpEndpoint, log);
  handOnLines(log, (lines) => logs.take(lines));
  log.info({ endpoint: otlpEndpoint }, 'logs');
  const help = 'Lines of the log that the collector did not get.';
  return {
    lost: single('latchkey_log_lines_lost_total', help, 'counter', () => logs.lost),
    close: () => logs.close(),
  };
}
