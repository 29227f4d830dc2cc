/**
 * Jobs: work that follows a change, once across all nodes. To add one: its row in `JobPayloads` here, its handler in
 * `actions/instance/job-handlers`, and a row in `SCHEDULES` there if it runs on its own.
 *
 * Invariant: a job is requested in the transaction of the change that needs it, so neither exists without the other.
 * Invariant: a handler that was cut off (the node died, the lease was lost) may run again, so it must be able to.
 */
import { systemClock, type UnixSeconds } from '../../base/time.ts';
import type { RepositoryName } from '../../git/repositories/folders.ts';
import type { Query } from '../../store/db.ts';
import { insertJob } from '../../store/jobs.ts';
import type { StreamName } from '../audit/stream-lines.ts';

/** A folder, as it was when an operation on it began, and the places where it may be. */
export interface UnsettledFolder {
  readonly repositoryId: number;
  readonly identity: string;
  readonly places: readonly RepositoryName[];
}

/** Every kind of job with its payload: plain JSON, never a secret. `null` for scheduled ones. */
export interface JobPayloads {
  /** Adds checkpoints for new entries of the audit log. */
  'chain-audit': null;
  /** Checks repositories for damage. */
  'check-repositories': null;
  /** Checks all repositories now, because somebody asked. */
  'inspect-repositories': null;
  /** Removes what killed git processes left in repositories. */
  'clear-leftovers': null;
  /** Deletes jobs that were given up long ago. */
  'clear-jobs': null;
  /** Deletes mails that were finished long ago. */
  'clear-mail': null;
  /** Deletes windows of rate limits that have ended. */
  'clear-rate-windows': null;
  /** Deletes expired sign-ins of commands. */
  'clear-logins': null;
  /** Deletes old refusals of tokens. */
  'clear-refusals': null;
  /** Deletes sessions, links and sent forms that have ended. */
  'clear-sessions': null;
  /** Records beside the repositories how far the audit log has got. */
  'note-high-water': null;
  /** Mails organization owners about pending requests. */
  'digest-requests': null;
  /** Writes the entries of interrupted pushes. */
  'settle-pushes': null;
  /** Ends unused tokens. */
  'end-disused': null;
  /** Mails owners of tokens that end soon, or have ended. */
  'notice-ends': null;
  /** Mails the link for a new password to the person with this name. */
  'mail-password-link': { readonly name: string; readonly address: string };
  /** Deletes old deliveries to webhooks. */
  'clear-webhook-deliveries': null;
  /** Passes due mails to the mail server. */
  'deliver-mail': null;
  /** Sends one delivery to its webhook. */
  'deliver-webhook': { readonly deliveryId: number };
  /** Runs a mirror. */
  'sync-mirror': { readonly mirrorId: number };
  /** Seals what is in clear text or sealed with an old key. */
  'seal-anew': null;
  /** Sends what a stream of the audit log still has to send. */
  'stream-audit': { readonly stream: StreamName };
  /** Finishes moving or removing a repository's folder after a server died during it. */
  'settle-folder': UnsettledFolder;
  /** Finishes moving the folder of an account that got another name. */
  'settle-account-folder': { readonly accountId: number; readonly names: readonly string[] };
  /** Puts people of a directory where its groups say. */
  'sync-groups': { readonly clientId: number; readonly userIds: readonly number[] };
  /** Deletes subjects of revisions that no node needs any more. */
  'clear-revisions': null;
}

export type JobKind = keyof JobPayloads;

/** A job to run. */
export type JobOrder = {
  readonly [K in JobKind]: {
    readonly kind: K;
    readonly payload: JobPayloads[K];
    /** The earliest time; at once by default. */
    readonly runAt?: UnixSeconds;
    /**
     * At most one job with this key waits: another takes the newer payload and the earlier time. If one is running, it
     * runs once more.
     */
    readonly uniqueKey?: string;
    /** Jobs in one lane get few places at a time: they may all hang for the same reason. */
    readonly lane?: string;
  };
}[JobKind];

/** Requests a job, in the caller's transaction. */
export async function enqueueJob(tx: Query, order: JobOrder): Promise<void> {
  const at = systemClock.now();
  await insertJob(tx, {
    kind: order.kind,
    payload: order.payload,
    runAt: order.runAt ?? at,
    uniqueKey: order.uniqueKey ?? null,
    lane: order.lane ?? null,
    at,
  });
}
