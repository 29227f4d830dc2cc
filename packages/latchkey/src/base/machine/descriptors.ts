/**
 * How many descriptors this process may have open, and what it spends them on.
 *
 * Invariant: everything bounded by this adds up to less than there is, so no stranger can use up the server's
 * descriptors.
 */
import { readFileSync } from 'node:fs';

/** Used when the system gives no limit. */
const UNKNOWN_LIMIT = 1_024;
/** For the process itself: Node, the log, SQLite, open files, name look-ups. */
const OWN = 48;
/** A git process: three pipes, and one to its hook; as many again while it starts. */
const PER_GIT_PROCESS = 4;
/** For each place: one process that serves a client, one that reads for a page, one that checks a push. */
const PROCESSES_PER_PLACE = 3;
/** Prepared for a push, repacking, answering questions about a repository. */
const OTHER_PROCESSES = 10;
/** The most connections to the server, however many descriptors there are. */
const MAX_CONNECTIONS = 16_384;
/** Kept free for health checks and administrators. */
const MAX_RESERVE = 16;

/** What each part of this process may have open. */
export interface DescriptorBudget {
  /** For the whole process. */
  readonly limit: number;
  /** Git processes that serve clients at once: as many as requested, or fewer. */
  readonly gitProcesses: number;
  /** Answers to clones that are kept in files. */
  readonly keptAnswers: number;
  /** Connections of clients. */
  readonly connections: number;
  /** Extra ones, for health checks and administrators. */
  readonly reserve: number;
}

/** The limit that the system sets for this process (`ulimit -n`). */
export function descriptorLimit(): number {
  try {
    const [, soft] = /^Max open files\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? [];
    return soft === 'unlimited' ? Infinity : Number(soft) || UNKNOWN_LIMIT;
  } catch {
    return reportedLimit();
  }
}

function reportedLimit(): number {
  const report = process.report.getReport() as { userLimits?: { open_files?: { soft?: number | string } } };
  const soft = report.userLimits?.open_files?.soft;
  return soft === 'unlimited' ? Infinity : Number(soft) || UNKNOWN_LIMIT;
}

/**
 * Divides a limit: git gets at most half of what is left, and at least one place; clients get the rest.
 * @param wanted `connections` null = as many as fit
 */
export function shareDescriptors(
  limit: number,
  wanted: { readonly gitProcesses: number; readonly databasePool: number; readonly connections: number | null },
): DescriptorBudget {
  const bounded = Math.min(limit, 1_048_576);
  const keptAnswers = Math.floor(bounded / 16);
  const outgoing = Math.floor(bounded / 16);
  // Twice for those in the reserve (`connections.ts`), once for those that are being turned away.
  const reserve = Math.max(4, Math.min(MAX_RESERVE, Math.floor(bounded / 32)));
  const left = Math.max(0, bounded - OWN - wanted.databasePool - keptAnswers - outgoing - 3 * reserve);
  const places = Math.floor((left / 2 / PER_GIT_PROCESS - OTHER_PROCESSES) / PROCESSES_PER_PLACE);
  const gitProcesses = Math.max(1, Math.min(wanted.gitProcesses, places));
  const forGit = Math.min(left / 2, PER_GIT_PROCESS * (PROCESSES_PER_PLACE * gitProcesses + OTHER_PROCESSES));
  const fitting = Math.max(reserve, Math.min(MAX_CONNECTIONS, Math.floor(left - forGit)));
  const connections = wanted.connections === null ? fitting : Math.min(wanted.connections, fitting);
  return { limit, gitProcesses, keptAnswers, connections, reserve };
}
