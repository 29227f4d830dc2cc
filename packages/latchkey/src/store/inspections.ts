/** The look through all repositories that somebody asked for: one row, with the last request and the last findings. */
import type { UnixSeconds } from '../base/time.ts';
import type { Query } from './db.ts';

export interface Inspection<Findings> {
  readonly requestedAt: UnixSeconds | null;
  readonly startedAt: UnixSeconds | null;
  readonly finishedAt: UnixSeconds | null;
  /** Of the last one that finished; null when none has. */
  readonly findings: Findings | null;
}

const ID = 1;

/** @typeParam Findings as `finishInspection` got them */
export async function readInspection<Findings>(q: Query): Promise<Inspection<Findings>> {
  const row = await q.selectFrom('inspections').selectAll().where('id', '=', ID).executeTakeFirst();
  return {
    requestedAt: row?.requested_at ?? null,
    startedAt: row?.started_at ?? null,
    finishedAt: row?.finished_at ?? null,
    findings: row?.findings_json == null ? null : (JSON.parse(row.findings_json) as Findings),
  };
}

/** Notes that one was asked for. */
export function requestInspection(tx: Query, at: UnixSeconds): Promise<void> {
  return note(tx, { requested_at: at });
}

export function startInspection(tx: Query, at: UnixSeconds): Promise<void> {
  return note(tx, { started_at: at, finished_at: null });
}

export function finishInspection(tx: Query, at: UnixSeconds, findings: object): Promise<void> {
  return note(tx, { requested_at: null, finished_at: at, findings_json: JSON.stringify(findings) });
}

interface Columns {
  readonly requested_at?: UnixSeconds | null;
  readonly started_at?: UnixSeconds | null;
  readonly finished_at?: UnixSeconds | null;
  readonly findings_json?: string | null;
}

async function note(tx: Query, columns: Columns): Promise<void> {
  const none = { requested_at: null, started_at: null, finished_at: null, findings_json: null };
  await tx
    .insertInto('inspections')
    .values({ id: ID, ...none, ...columns })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(columns))
    .execute();
}
