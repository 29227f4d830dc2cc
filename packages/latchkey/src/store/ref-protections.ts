/** Protected branches and tags, kept in the row of their repository (decision 0640). */
import type { RefProtection } from '../rules/refs/ref-protections.ts';
import type { Query } from './db.ts';
import { bumpRevision, subjectOf } from './revision.ts';

const NO_PROTECTIONS: readonly RefProtection[] = [];

/** What a repository's column holds, in the order in which they were added. */
export function protectionsIn(json: string | null): readonly RefProtection[] {
  return json === null ? NO_PROTECTIONS : (JSON.parse(json) as readonly RefProtection[]);
}

/** Replaces a repository's protected branches and tags. Answers from memory about it end with that. */
export async function setProtections(tx: Query, id: number, protections: readonly RefProtection[]): Promise<void> {
  await tx
    .updateTable('repositories')
    .set({ protections_json: protections.length === 0 ? null : JSON.stringify(protections) })
    .where('id', '=', id)
    .execute();
  await bumpRevision(tx, subjectOf('repository', id));
}
