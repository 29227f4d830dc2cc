/** Whether the server accepts requests: what `/readyz` says, and when connections close after their next answer. */
import type { Fitness } from '../actions/ground/fitness.ts';
import type { PartProblem } from '../actions/ground/probes.ts';
import type { OpenContext } from '../actions/instance/open.ts';

/** Whether the server is about to stop. Then `/readyz` says so, and connections end with their next answer. */
export interface Readiness {
  stopping: boolean;
  /** True when it takes no more connections, or will soon stop taking them. */
  leaving: boolean;
  /** Resolves when the last connection has ended; null while new ones are taken. */
  closed: Promise<void> | null;
  /** Aborts when the server begins to stop, and ends the event streams, which never end by themselves. */
  readonly ended: AbortController;
}

/** Ready for what: answering checks, or also for changes. */
export type Purpose = 'check' | 'write';

export interface ReadinessAnswer {
  readonly status: 200 | 503;
  readonly body: {
    readonly status: 'ready' | 'ready to check' | 'reads only' | 'no database' | 'wrong clock' | 'stopping';
    readonly check: boolean;
    readonly write: boolean;
    readonly parts: Readonly<Record<string, { readonly ok: boolean; readonly reason?: PartProblem }>>;
    /** Repositories that are known, and whose files are missing. Others are served all the same. */
    readonly repositories_without_files: number | null;
  };
}

/** The answer of `/readyz`. Never rejects, and takes a second at most. */
export async function readinessAnswer(
  { fitness }: Pick<OpenContext, 'fitness'>,
  { stopping }: Pick<Readiness, 'stopping'>,
  purpose: Purpose,
): Promise<ReadinessAnswer> {
  const fit = await fitness.look();
  const isReady = !stopping && fit[purpose];
  return {
    status: isReady ? 200 : 503,
    body: {
      status: stopping ? 'stopping' : wordOf(fit),
      check: fit.check && !stopping,
      write: fit.write && !stopping,
      parts: Object.fromEntries(
        Object.entries(fit.parts).map(([name, why]) => [
          name,
          why === null ? { ok: true } : { ok: false, reason: why },
        ]),
      ),
      repositories_without_files: fit.withoutFiles?.count ?? null,
    },
  };
}

function wordOf({ check, write, readsOnly, parts }: Fitness): ReadinessAnswer['body']['status'] {
  if (!check) return parts.database === null ? 'wrong clock' : 'no database';
  if (write) return 'ready';
  return readsOnly ? 'reads only' : 'ready to check';
}
