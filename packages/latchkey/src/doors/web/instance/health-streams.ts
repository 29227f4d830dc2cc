/** How far a stream of the audit log is, for the health page: in words, with the next step. */
import type { StreamHealth } from '../../../actions/audit/streams.ts';
import type { Part } from './health-readiness.ts';

/** What is sent within seconds as a rule, and waits for longer than this, needs somebody to look. */
const LATE_SEC = 120;

/** A row of the health page. */
export function streamPart(stream: StreamHealth): Part {
  return { name: `Audit log to ${stream.name}`, state: stateOf(stream), advice: adviceFor(stream) };
}

function stateOf({ behind, behindSec, isOn }: StreamHealth): string {
  const off = isOn ? '' : 'Turned off here; ';
  if (behind === 0) return `${off}${isOn ? 'Everything' : 'everything'} is sent`;
  const waiting = behind === 1 ? '1 entry waits' : `up to ${behind.toLocaleString('en')} entries wait`;
  return `${off}${waiting}, the oldest for ${span(behindSec)}`;
}

function adviceFor({ name, behind, behindSec, failures, lastError, isOn }: StreamHealth): string | null {
  if (behind === 0) return null;
  if (!isOn)
    return `Turn it on again (setting audit-${name}), or let go what waits: latchkey admin audit prune --unsent.`;
  if (failures > 0)
    return (
      `${failures === 1 ? 'The last try' : `The last ${failures} tries`} failed: ${lastError ?? 'no reason given'}. ` +
      'It is tried again at least once a minute; nothing is lost.'
    );
  return behindSec > LATE_SEC
    ? 'Nothing is sending it. Check the jobs, and that a node with this setting is running.'
    : null;
}

/** `40 seconds`, `5 minutes`, `3 hours`, `2 days`; rounded down. */
function span(sec: number): string {
  const [unit, size] = UNITS.find((one) => sec >= 2 * one[1]) ?? (['second', 1] as const);
  const count = Math.floor(sec / size);
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

const UNITS = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const;
