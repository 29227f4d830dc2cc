/** Rulesets, kept in the row of their repository or organization (decision 0720). */
import type { Ruleset } from '../rules/refs/rulesets.ts';
import type { Query } from './db.ts';
import { bumpRevision, subjectOf } from './revision.ts';

const NO_RULESETS: readonly Ruleset[] = [];

/** Whose they are. */
export interface RulesetOwner {
  readonly kind: 'repository' | 'account';
  readonly id: number;
}

/** What a column holds, in the order in which they were made. */
export function rulesetsIn(json: string | null): readonly Ruleset[] {
  return json === null ? NO_RULESETS : (JSON.parse(json) as readonly Ruleset[]);
}

/** The rulesets of an organization. */
export async function rulesetsOfAccount(q: Query, id: number): Promise<readonly Ruleset[]> {
  return (await rulesetsOfAccounts(q, [id])).get(id) ?? NO_RULESETS;
}

/** Those of several in one query; accounts without any are missing. */
export async function rulesetsOfAccounts(
  q: Query,
  ids: readonly number[],
): Promise<ReadonlyMap<number, readonly Ruleset[]>> {
  if (ids.length === 0) return new Map();
  const rows = await q
    .selectFrom('accounts')
    .select(['id', 'rulesets_json'])
    .where('id', 'in', ids)
    .where('rulesets_json', 'is not', null)
    .execute();
  return new Map(rows.map((row) => [row.id, rulesetsIn(row.rulesets_json)]));
}

/** Replaces them. Answers from memory about the repository, or about all of the organization, end with that. */
export async function setRulesets(tx: Query, { kind, id }: RulesetOwner, rulesets: readonly Ruleset[]): Promise<void> {
  const set = { rulesets_json: rulesets.length === 0 ? null : JSON.stringify(rulesets) };
  if (kind === 'repository') await tx.updateTable('repositories').set(set).where('id', '=', id).execute();
  else await tx.updateTable('accounts').set(set).where('id', '=', id).execute();
  await bumpRevision(tx, subjectOf(kind, id));
}
