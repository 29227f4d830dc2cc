/** What an operator sets for this room. */
import type { SizeLimits } from './sizes.ts';

/** The settings that this room reads; the server's `Settings` hold them. */
export interface GitSettings extends SizeLimits {
  /** Folder of the repositories; made when it is missing. */
  readonly repositories: string;
  /** True when the repositories are a copy that somebody else fills. */
  readonly readOnly: boolean;
  /** The server's own folder: a node that only reads keeps there what git needs beside the repositories. */
  readonly data: string;
  /** Where a node that only reads sends those who want to write. */
  readonly publicUrl: string;
  /** Git processes that may serve clients at once, ≥ 1. */
  readonly maxGitProcesses: number;
  /** Requests that may wait for one, ≥ 0. */
  readonly gitQueueLimit: number;
  /** How long a request waits at most. */
  readonly gitQueueWaitSec: number;
  /** True to run the hooks that lie in repositories, with the rights of the server. */
  readonly allowRepositoryHooks: boolean;
  /** True when the group of the server may read what it writes. */
  readonly groupAccess: boolean;
}
