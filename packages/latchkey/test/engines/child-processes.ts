/** The child processes of another process. */
import { execFileSync } from 'node:child_process';

/** Their ids; without those that have ended but weren't waited for. */
export function childrenOf(parentPid: number): number[] {
  return execFileSync('ps', ['-A', '-o', 'pid=,ppid=,stat='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, parent, state]) => Number(parent) === parentPid && !state?.startsWith('Z'))
    .map(([pid]) => Number(pid));
}
