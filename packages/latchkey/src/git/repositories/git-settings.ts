/** What an operator sets for this room. */
import type { SizeLimits } from './sizes.ts';

/** The settings that this room reads; they are part of the server's `Settings`. */
export interface GitSettings extends SizeLimits {
  /** Folder of the repositories; created when missing. */
  readonly repositories: string;
  /** True when the repositories are a copy that somebody else fills. */
  readonly readOnly: boolean;
  /** The server's own folder: a node that only reads keeps there what git needs outside the repositories. */
  readonly data: string;
  /** Where a node that only reads sends people who want to write. */
  readonly publicUrl: string;
  /** Git processes that may serve clients at once, ≥ 1. */
  readonly maxGitProcesses: number;
  /** Requests that may wait for a process, ≥ 0. */
  readonly gitQueueLimit: number;
  /** The longest a request waits. */
  readonly gitQueueWaitSec: number;
  /** Which partial clones are served; see `filterConfig`. */
  readonly partialClones: 'all' | 'simple' | 'none';
  /** True to run the hooks in repositories, with the rights of the server. */
  readonly allowRepositoryHooks: boolean;
  /** True when the server's group may read what it writes. */
  readonly groupAccess: boolean;
}
