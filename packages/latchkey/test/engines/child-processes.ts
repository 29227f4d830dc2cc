/** Processes below another one. */
import { execFileSync } from 'node:child_process';

/** Their ids; those that have ended and wait to be asked how are left out. */
export function childrenOf(parentPid: number): number[] {
  return execFileSync('ps', ['-A', '-o', 'pid=,ppid=,stat='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, parent, state]) => Number(parent) === parentPid && !state?.startsWith('Z'))
    .map(([pid]) => Number(pid));
}
