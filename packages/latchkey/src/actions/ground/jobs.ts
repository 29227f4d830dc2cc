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

/** A folder, as it was when something was begun with it, and the places where it may lie. */
export interface UnsettledFolder {
  readonly repositoryId: number;
  readonly identity: string;
  readonly places: readonly RepositoryName[];
}

/** Every kind of job with what it is told: plain JSON, never a secret. `null` for those that come by themselves. */
export interface JobPayloads {
  /** Puts checkpoints over what was written into the audit log. */
  'chain-audit': null;
  /** Looks through repositories for damage. */
  'check-repositories': null;
  /** Removes what killed git processes left in repositories. */
  'clear-leftovers': null;
  /** Forgets jobs that were given up long ago. */
  'clear-jobs': null;
  /** Forgets mails that were done with long ago. */
  'clear-mail': null;
  /** Forgets windows of rate limits that have ended. */
  'clear-rate-windows': null;
  /** Forgets sign-ins of commands whose time is over. */
  'clear-logins': null;
  /** Forgets what tokens were refused long ago. */
  'clear-refusals': null;
  /** Forgets sessions, links and sent forms that have ended. */
  'clear-sessions': null;
  /** Notes beside the repositories how far the audit log has come. */
  'note-high-water': null;
  /** Mails owners of organizations what waits for them. */
  'digest-requests': null;
  /** Writes the entries of pushes that were cut off. */
  'settle-pushes': null;
  /** Ends tokens that nobody uses. */
  'end-disused': null;
  /** Tells owners of tokens that end soon, or have ended. */
  'notice-ends': null;
  /** Mails the link for a new password to whoever has this name. */
  'mail-password-link': { readonly name: string; readonly address: string };
  /** Forgets old deliveries to webhooks. */
  'clear-webhook-deliveries': null;
  /** Hands mails that are due to the mail server. */
  'deliver-mail': null;
  /** Sends one delivery to its webhook. */
  'deliver-webhook': { readonly deliveryId: number };
  /** Seals what lies in clear, or is sealed with an old key. */
  'seal-anew': null;
  /** Sends what a stream of the audit log lacks. */
  'stream-audit': { readonly stream: StreamName };
  /** Finishes moving or removing the folder of a repository, where a server died over it. */
  'settle-folder': UnsettledFolder;
  /** Forgets what revisions were about that no node needs any more. */
  'clear-revisions': null;
}

export type JobKind = keyof JobPayloads;

/** A job to be done. */
export type JobOrder = {
  readonly [K in JobKind]: {
    readonly kind: K;
    readonly payload: JobPayloads[K];
    /** When at the earliest; at once when left out. */
    readonly runAt?: UnixSeconds;
    /**
     * At most one job of this key waits: another takes the newer payload and the earlier time. One that runs already is
     * run once more.
     */
    readonly uniqueKey?: string;
    /** Jobs of one lane get few places at the same time: they may all hang for the same reason. */
    readonly lane?: string;
  };
}[JobKind];

/** Asks for a job, in the caller's transaction. */
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
