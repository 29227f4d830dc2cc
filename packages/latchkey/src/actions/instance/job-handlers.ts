/** Which function handles which job, and which jobs run on a schedule. Handlers live with their noun. */
import type { Settings } from '../../base/settings/settings.ts';
import { DAY_SEC, HOUR_SEC, MINUTE_SEC } from '../../base/time.ts';
import { deleteDeadJobs } from '../../store/jobs.ts';
import { deleteEndedWindows } from '../../store/rate-windows.ts';
import { deleteRefusalsBefore } from '../../store/refusals.ts';
import { deleteOldChanges } from '../../store/revision.ts';
import { mailPasswordLink } from '../accounts/new-password.ts';
import { clearUnusedApplications } from '../applications/registration.ts';
import { clearRefreshTokens } from '../applications/sign-outs.ts';
import { chainAudit } from '../audit/chain.ts';
import { streamAudit } from '../audit/streams.ts';
import { settleAccountFolder } from '../changes/renaming.ts';
import { REFUSALS_KEPT_SEC } from '../decision/refusals.ts';
import { clearExchanges } from '../federation/exchange.ts';
import type { Context } from '../ground/context.ts';
import type { JobKind, JobPayloads } from '../ground/jobs.ts';
import { deleteOldMail, deliverMail } from '../ground/mail.ts';
import { syncAgain } from '../provisioning/groups.ts';
import { clearApprovals } from '../repositories/approvals/approvals.ts';
import { syncMirror } from '../repositories/creation/mirrors.ts';
import { settleFolder } from '../repositories/folders.ts';
import { settlePushes } from '../repositories/push-log.ts';
import { deleteOldDeliveries, deliverWebhook } from '../repositories/webhooks/delivery.ts';
import { clearDerived } from '../tokens/derivation.ts';
import { deleteOldDeviceAuthorizations } from '../tokens/device-authorization.ts';
import { digestRequests, endDisused, noticeEnds } from '../tokens/upkeep.ts';
import { noteHighWater } from './high-water.ts';
import { clearLeftOvers } from './leftovers.ts';
import { checkRepositories, reportOnRepositories } from './repository-checks.ts';
import { deleteExpired } from './retention.ts';
import { sealWhatIsStale } from './sealing.ts';

/**
 * Does one job. Throw to have it retried later; stop early when `signal` is aborted (the server stops, or the lease was
 * lost).
 */
export type JobHandler<Payload> = (ctx: Context, payload: Payload, signal: AbortSignal) => Promise<void>;

/** How long jobs that were given up stay visible. */
const DEAD_JOBS_KEPT_SEC = 30 * DAY_SEC;

type Handlers = { readonly [K in JobKind]: JobHandler<JobPayloads[K]> };

const HANDLERS: Handlers = {
  'chain-audit': chainAudit,
  'clear-jobs': async (ctx) => {
    await ctx.store.transaction((tx) => deleteDeadJobs(tx, ctx.clock.now() - DEAD_JOBS_KEPT_SEC));
  },
  'clear-leftovers': clearLeftOvers,
  'clear-logins': async (ctx) => {
    await deleteOldDeviceAuthorizations(ctx);
    await clearDerived(ctx);
    await clearRefreshTokens(ctx);
    await clearUnusedApplications(ctx);
    await clearApprovals(ctx);
    await clearExchanges(ctx);
  },
  'clear-mail': deleteOldMail,
  'clear-rate-windows': async (ctx) => {
    await ctx.store.transaction((tx) => deleteEndedWindows(tx, ctx.clock.now()));
  },
  'clear-refusals': async (ctx) => {
    await ctx.store.transaction((tx) => deleteRefusalsBefore(tx, ctx.clock.now() - REFUSALS_KEPT_SEC));
  },
  'clear-sessions': deleteExpired,
  'digest-requests': digestRequests,
  'end-disused': endDisused,
  'notice-ends': noticeEnds,
  'mail-password-link': mailPasswordLink,
  'clear-webhook-deliveries': deleteOldDeliveries,
  'deliver-mail': async (ctx) => void (await deliverMail(ctx)),
  'deliver-webhook': deliverWebhook,
  'settle-account-folder': settleAccountFolder,
  'settle-folder': settleFolder,
  'seal-anew': sealWhatIsStale,
  'stream-audit': streamAudit,
  'sync-mirror': syncMirror,
  'note-high-water': noteHighWater,
  'check-repositories': checkRepositories,
  'inspect-repositories': reportOnRepositories,
  'settle-pushes': settlePushes,
  'sync-groups': syncAgain,
  'clear-revisions': async (ctx) => {
    await ctx.store.transaction(deleteOldChanges);
  },
};

/**
 * Jobs that can't be undone, or that tell people a time: how long the clock must have run without a step, in agreement
 * with the database's, before they run. Until then they wait for their next turn.
 */
const STEADY_SEC: { readonly [K in JobKind]?: number } = {
  'clear-jobs': HOUR_SEC,
  'clear-logins': HOUR_SEC,
  'clear-mail': HOUR_SEC,
  'clear-rate-windows': HOUR_SEC,
  'clear-refusals': HOUR_SEC,
  'clear-sessions': HOUR_SEC,
  'clear-webhook-deliveries': HOUR_SEC,
  'end-disused': DAY_SEC,
  'notice-ends': DAY_SEC,
};

function steadily(handler: JobHandler<never>, steadySec: number): JobHandler<never> {
  return async (ctx, payload, signal) => {
    const look = await ctx.steadyTime.look();
    if (look.steadySec < steadySec) return;
    await handler({ ...ctx, clock: { ...ctx.clock, now: () => look.at } }, payload, signal);
  };
}

export const JOB_HANDLERS = Object.fromEntries(
  Object.entries(HANDLERS).map(([kind, handler]) => {
    const steadySec = STEADY_SEC[kind as JobKind];
    return [kind, steadySec === undefined ? handler : steadily(handler as JobHandler<never>, steadySec)];
  }),
) as Handlers;

/** Jobs that work on repositories or depend on their content. They don't suit a copy that somebody else fills. */
const OF_REPOSITORIES: ReadonlySet<string> = new Set<JobKind>([
  'check-repositories',
  'clear-leftovers',
  'inspect-repositories',
  'note-high-water',
  'settle-account-folder',
  'settle-folder',
  'settle-pushes',
  'sync-mirror',
]);

/** The jobs a node may run. One that only reads leaves those that need the repositories to other nodes. */
export function handlersOf({ readOnly }: Pick<Settings, 'readOnly'>): Readonly<Record<string, JobHandler<never>>> {
  const all = Object.entries(JOB_HANDLERS as Readonly<Record<string, JobHandler<never>>>);
  return Object.fromEntries(all.filter(([kind]) => !readOnly || !OF_REPOSITORIES.has(kind)));
}

/** A recurring job. It first runs at the first start, then at whole multiples of `everySec` since the epoch, in UTC. */
export interface Schedule {
  readonly kind: { [K in JobKind]: JobPayloads[K] extends null ? K : never }[JobKind];
  readonly everySec: number;
  /** True for what a server that died may have left undone: it also runs at every start. */
  readonly atStart?: boolean;
}

export const SCHEDULES: readonly Schedule[] = [
  { kind: 'chain-audit', everySec: MINUTE_SEC },
  { kind: 'clear-jobs', everySec: DAY_SEC },
  // Within the hour, counting the half hour that a left-over must be old.
  { kind: 'clear-leftovers', everySec: 15 * MINUTE_SEC },
  { kind: 'clear-logins', everySec: HOUR_SEC },
  { kind: 'clear-mail', everySec: DAY_SEC },
  { kind: 'clear-rate-windows', everySec: HOUR_SEC },
  { kind: 'clear-refusals', everySec: DAY_SEC },
  { kind: 'clear-sessions', everySec: HOUR_SEC },
  { kind: 'clear-webhook-deliveries', everySec: DAY_SEC },
  // A new mail requests it at once; this is for retries.
  { kind: 'deliver-mail', everySec: MINUTE_SEC },
  { kind: 'clear-revisions', everySec: HOUR_SEC },
  { kind: 'digest-requests', everySec: DAY_SEC },
  { kind: 'end-disused', everySec: DAY_SEC },
  { kind: 'notice-ends', everySec: HOUR_SEC },
  { kind: 'check-repositories', everySec: HOUR_SEC },
  { kind: 'note-high-water', everySec: MINUTE_SEC, atStart: true },
  { kind: 'seal-anew', everySec: DAY_SEC },
  { kind: 'settle-pushes', everySec: MINUTE_SEC, atStart: true },
];
