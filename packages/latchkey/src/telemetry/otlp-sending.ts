/** What traces and logs that go to a collector have in common: whose they are, and how long sending may take. */
import { hostname } from 'node:os';
import {
  defaultResource,
  detectResources,
  envDetector,
  type Resource,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import type { Log } from '../base/log.ts';
import { programVersion } from '../base/version.ts';

/** How long the collector may take, including retries. A stop waits for it no longer than this. */
export const SEND_LIMIT_MS = 5_000;

/** This process. OpenTelemetry's own variables (`OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`) win. */
export function ownResource(): Resource {
  const own = {
    'service.name': 'latchkey',
    'service.version': programVersion(),
    'host.name': hostname(),
    'process.pid': process.pid,
  };
  return defaultResource()
    .merge(resourceFromAttributes(own))
    .merge(detectResources({ detectors: [envDetector] }));
}

/**
 * Says when things begin to be lost and when they arrive again; not each time.
 * @param what is sent, as the first word of a sentence
 */
export function lossTeller(what: 'traces' | 'logs', log: Log): (error: Error | undefined) => void {
  let failing = false;
  return (error) => {
    const failed = error !== undefined;
    if (failed && !failing)
      log.warn({ reason: error.message }, `${what} do not reach the collector; those that wait too long are dropped`);
    if (!failed && failing) log.info(`${what} reach the collector again`);
    failing = failed;
  };
}
