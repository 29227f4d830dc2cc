/**
 * How much memory what was just made may take before it is looked through.
 *
 * Where a machine has plenty, V8 takes 2 × 64 MiB for it and gives none back. A server whose requests leave little
 * behind is not quicker for that (decision 0240). V8's own setting, `--max-semi-space-size`, is heard on the command
 * line alone, and a server is started by many (npm, systemd, containers, people); what is heard at any time is by how
 * much that room grows. So growth is switched off where it has grown enough, and on again when V8 made it smaller.
 */
import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** It stops growing at this size: 16 MiB for each half. It may double once before that is noticed. */
const ENOUGH_BYTES = 32 * 1024 * 1024;

/** Limits it from now on, for this process. */
export function boundYoungHeap(): void {
  let mayGrow = true;
  new PerformanceObserver(() => {
    const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
    const isSmall = (young?.space_size ?? 0) < ENOUGH_BYTES;
    if (isSmall === mayGrow) return;
    mayGrow = isSmall;
    setFlagsFromString(`--semi-space-growth-factor=${mayGrow ? 2 : 1}`);
  }).observe({ entryTypes: ['gc'] });
}
