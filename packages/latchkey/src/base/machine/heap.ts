/**
 * How much memory what lives no more may take before it is looked for.
 *
 * Where a machine has plenty, V8 takes 2 × 64 MiB for what was just made, lets what is older grow to several times of
 * what lives, and gives none of it back. A server whose requests leave little behind is not quicker for that
 * (decision 0240). V8's own setting for young objects, `--max-semi-space-size`, is heard on the command line alone, and
 * a server is started by many (npm, systemd, containers, people); what is heard at any time is by how much each room
 * grows. So growth of the young one is switched off where it has grown enough, and on again when V8 made it smaller.
 */
import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** The young room stops growing at this size: 8 MiB for each half. It may double once before that is noticed. */
const ENOUGH_YOUNG_BYTES = 16 * 1024 * 1024;
/** Old objects are looked through when there is this much more of them than lived at the last look. */
const OLD_GROWTH_PERCENT = 40;

/** Limits both from now on, for this process. */
export function boundHeap(): void {
  setFlagsFromString(`--heap-growing-percent=${OLD_GROWTH_PERCENT}`);
  let mayGrow = true;
  new PerformanceObserver(() => {
    const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
    const isSmall = (young?.space_size ?? 0) < ENOUGH_YOUNG_BYTES;
    if (isSmall === mayGrow) return;
    mayGrow = isSmall;
    setFlagsFromString(`--semi-space-growth-factor=${mayGrow ? 2 : 1}`);
  }).observe({ entryTypes: ['gc'] });
}
