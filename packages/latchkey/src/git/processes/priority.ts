/** Processes that nobody waits for. */
import { constants, setPriority } from 'node:os';

/** Lets everything else go first. */
export function lowerPriority(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW);
  } catch {
    // It has ended already, or the system doesn't allow it. It is only a courtesy.
  }
}
