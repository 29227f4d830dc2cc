/** How many git processes may run at once, and how many of them for one caller. */
import type { QueueLimits } from './queue.ts';

/** The share of places that one caller may hold while others could want them. */
const SHARE_OF_ONE_CALLER = 0.75;
/** The share of the queue that one caller may fill. */
const QUEUE_SHARE_OF_ONE_CALLER = 0.25;

/** The limits of a queue, from the settings. */
export function placesFor(settings: {
  readonly maxGitProcesses: number;
  readonly gitQueueLimit: number;
  readonly gitQueueWaitSec: number;
}): QueueLimits {
  return {
    maxRunning: settings.maxGitProcesses,
    maxRunningPerCaller: Math.ceil(settings.maxGitProcesses * SHARE_OF_ONE_CALLER),
    maxQueued: settings.gitQueueLimit,
    maxQueuedPerCaller: Math.ceil(settings.gitQueueLimit * QUEUE_SHARE_OF_ONE_CALLER),
    maxWaitSec: settings.gitQueueWaitSec,
  };
}
