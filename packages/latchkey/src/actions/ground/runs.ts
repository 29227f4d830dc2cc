/**
 * This process, as what it leaves in the database names it, so that another can tell whether it is gone.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';

/** Host, process and start, one word each: `web1 4711 0b2c…`. */
export function newRun(): string {
  return `${hostname().replaceAll(/\s/g, '-')} ${process.pid} ${randomUUID()}`;
}

/** True when a run is certainly over: it was on this machine, and its process is gone or is another one now. */
export function isOver(run: string, own: string): boolean {
  const [host, pid] = run.split(' ');
  const [ownHost, ownPid] = own.split(' ');
  if (run === own || host !== ownHost) return false;
  if (pid === ownPid) return true;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
