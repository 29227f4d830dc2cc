/** Last use of tokens: one row each, written in batches off the hot path. */
import type { Selectable } from 'kysely';
import type { UnixSeconds } from '../base/time.ts';
import type { Query } from './db.ts';
import type { TokenUseTable } from './schema.ts';

/** How many distinct addresses are remembered for a token. */
export const MAX_ADDRESSES = 5;
/** Rows in one statement: far below the parameter limit of either engine. */
const ROWS_PER_STATEMENT = 500;

export interface TokenUse {
  readonly tokenId: number;
  readonly usedAt: UnixSeconds;
  readonly address: string;
  readonly agent: string;
  /** The purpose in words: `push acme/site`. */
  readonly purpose: string;
  /** Distinct addresses, newest first; at most `MAX_ADDRESSES` are kept. */
  readonly addresses: readonly string[];
}

/**
 * Writes a batch, at most one use per token. A use older than the stored one (another node was faster) only adds its
 * addresses. Tokens that no longer exist are left out.
 */
export async function recordUses(tx: Query, uses: readonly TokenUse[]): Promise<void> {
  for (let start = 0; start < uses.length; start += ROWS_PER_STATEMENT)
    await recordSome(tx, uses.slice(start, start + ROWS_PER_STATEMENT));
}

async function recordSome(tx: Query, uses: readonly TokenUse[]): Promise<void> {
  const ids = uses.map((use) => use.tokenId);
  const rows = await tx.selectFrom('tokens').select('id').where('id', 'in', ids).execute();
  const alive = new Set(rows.map((row) => row.id));
  const known = await lastUses(tx, ids);
  const merged = uses.filter((use) => alive.has(use.tokenId)).map((use) => merge(use, known.get(use.tokenId)));
  if (merged.length === 0) return;
  await tx
    .insertInto('token_use')
    .values(merged.map(rowOf))
    .onConflict((conflict) =>
      conflict.column('token_id').doUpdateSet((row) => ({
        last_used_at: row.ref('excluded.last_used_at'),
        last_address: row.ref('excluded.last_address'),
        last_agent: row.ref('excluded.last_agent'),
        last_purpose: row.ref('excluded.last_purpose'),
        addresses_json: row.ref('excluded.addresses_json'),
      })),
    )
    .execute();
}

function merge(use: TokenUse, before: TokenUse | undefined): TokenUse {
  const [newer, older] = before !== undefined && before.usedAt > use.usedAt ? [before, use] : [use, before];
  const addresses = [newer.address, ...newer.addresses, ...(older?.addresses ?? [])];
  return { ...newer, addresses: [...new Set(addresses)].slice(0, MAX_ADDRESSES) };
}

/** The last use of each of these tokens; tokens that were never used are missing. A few thousand ids at most. */
export async function lastUses(q: Query, tokenIds: readonly number[]): Promise<Map<number, TokenUse>> {
  if (tokenIds.length === 0) return new Map();
  const rows = await q.selectFrom('token_use').selectAll().where('token_id', 'in', tokenIds).execute();
  return new Map(rows.map((row) => [row.token_id, useOf(row)]));
}

function useOf(row: Selectable<TokenUseTable>): TokenUse {
  return {
    tokenId: row.token_id,
    usedAt: row.last_used_at,
    address: row.last_address,
    agent: row.last_agent,
    purpose: row.last_purpose,
    addresses: JSON.parse(row.addresses_json) as string[],
  };
}

function rowOf(use: TokenUse): Selectable<TokenUseTable> {
  return {
    token_id: use.tokenId,
    last_used_at: use.usedAt,
    last_address: use.address,
    last_agent: use.agent,
    last_purpose: use.purpose,
    addresses_json: JSON.stringify(use.addresses),
  };
}
