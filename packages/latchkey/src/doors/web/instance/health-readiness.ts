/** What this node can do now, for the health page: in words, with the next step. */
import { type Fitness, PARTS as NEEDED_FOR, type PartName } from '../../../actions/ground/fitness.ts';
import type { PartProblem } from '../../../actions/ground/probes.ts';

/** A row of the page. */
export interface Part {
  readonly name: string;
  readonly state: string;
  /** What to do about it; null when all is well. */
  readonly advice: string | null;
}

/** The name of each part, and what to do when it doesn't work. */
const PARTS: Readonly<Record<PartName, { readonly name: string; readonly advice: string }>> = {
  database: {
    name: 'the database does not answer',
    advice: 'Check that it is running, and that the network reaches it.',
  },
  clock: { name: 'the clock differs from the database’s', advice: 'Let both machines take their time from NTP.' },
  lease: { name: 'no lease', advice: 'The database answers too slowly for checks to be answered from memory.' },
  database_writes: { name: 'the database takes no changes', advice: 'Check its disk, and that it is not a replica.' },
  data_disk: {
    name: 'the disk of the data folder',
    advice: 'Make room there (setting data), or let the server write.',
  },
  repositories_disk: {
    name: 'the disk of the repositories',
    advice: 'Mount it, make room there, or let the server write (setting repositories).',
  },
};

const PROBLEMS: Readonly<Partial<Record<PartProblem, string>>> = {
  disk_unavailable: 'full, or takes nothing',
  permission_denied: 'no permission to write',
  missing: 'not there',
  low_space: 'little room',
  no_answer: 'no answer',
};

/** Rows of the health page: checks, changes, and the room on the disks. */
export function readinessParts({ check, write, readsOnly, parts, free }: Fitness): readonly Part[] {
  const broken = (Object.keys(PARTS) as PartName[]).filter((name) => parts[name] != null);
  const words = (need: 'check' | 'write'): string =>
    broken
      .filter((name) => NEEDED_FOR[name] === need)
      .map((name) => {
        const why = PROBLEMS[parts[name] ?? 'failed'];
        return NEEDED_FOR[name] === 'check' || why === undefined ? PARTS[name].name : `${PARTS[name].name}: ${why}`;
      })
      .join('; ');
  const advice = (need: 'check' | 'write'): string =>
    broken
      .filter((name) => NEEDED_FOR[name] === need)
      .map((name) => PARTS[name].advice)
      .join(' ');
  const isLeaseGone = parts.lease != null;
  return [
    {
      name: 'Ready to check',
      state: check ? `Yes${isLeaseGone ? ', asking the database each time' : ''}` : `No: ${words('check')}`,
      advice: check ? (isLeaseGone ? PARTS.lease.advice : null) : advice('check'),
    },
    {
      name: 'Ready to write',
      state: write ? 'Yes' : readsOnly ? 'No: this node only reads' : `No: ${words('write') || 'not ready to check'}`,
      advice: write || readsOnly ? null : advice('write') || 'Nothing is changed before checks work again.',
    },
    {
      name: 'Free space',
      state: `${roomOf(free.data)} for data, ${roomOf(free.repositories)} for repositories`,
      advice: null,
    },
  ];
}

const MIB = 1024 * 1024;

function roomOf(bytes: number | null): string {
  if (bytes === null) return 'unknown room';
  const mib = Math.floor(bytes / MIB);
  return mib < 1024 ? `${mib} MiB` : `${(mib / 1024).toFixed(1)} GiB`;
}
