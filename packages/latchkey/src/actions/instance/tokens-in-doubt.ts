/**
 * Administrators resolve a restoration: of tokens that were ended without anybody knowing that somebody had ended them,
 * they say which live again.
 *
 * Invariant: what the lost entries of the log say was ended is not among them: it stays dead.
 */
import { Problem, problem } from '../../base/errors.ts';
import type { UnixSeconds } from '../../base/time.ts';
import { type AuditEntry, listAudit } from '../../store/audit.ts';
import type { Query } from '../../store/db.ts';
import type { Page } from '../../store/page.ts';
import type { Token } from '../../store/tokens.ts';
import { countInDoubt, inDoubtAmong, listInDoubt, settleDead } from '../../store/tokens-in-doubt.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { record } from '../ground/record.ts';
import { restoreToken } from '../tokens/upkeep.ts';
import { type TokenView, tokenViews } from '../tokens/views.ts';
import type { Known } from './restoration.ts';

/** The most tokens that one request resolves. */
export const MAX_RESOLVED = 1_000;

/** What the last restoration did. */
export interface PastRestoration {
  readonly at: UnixSeconds;
  readonly epoch: number;
  readonly known: Known['how'];
  /** Null when no tail of the log was at hand. */
  readonly lostEntries: number | null;
  readonly endedTokens: number;
  readonly suspended: number;
  readonly locked: number;
  /** Event → count, for what must be repeated by hand. */
  readonly byHand: Readonly<Record<string, number>>;
}

export interface RestorationState {
  /** Null when the database was never put back. */
  readonly last: PastRestoration | null;
  readonly inDoubt: number;
}

/** The last restoration, and how much of it is unresolved. */
export async function readRestoration({ store: { db } }: Context, _permit: Permit): Promise<RestorationState> {
  const [entry] = await listAudit(db, { action: 'instance.restore' }, { beforeId: null, limit: 1 });
  return { last: entry === undefined ? null : pastOf(entry), inDoubt: await countInDoubt(db) };
}

function pastOf({ at, data }: AuditEntry): PastRestoration {
  const count = (name: string): number => Number(data[name] ?? 0);
  return {
    at,
    epoch: count('epoch'),
    known: data['known'] as Known['how'],
    lostEntries: (data['lost_entries'] ?? null) as number | null,
    endedTokens: count('tokens'),
    suspended: count('suspended'),
    locked: count('locked'),
    byHand: (data['by_hand'] ?? {}) as Readonly<Record<string, number>>,
  };
}

/** A page of the tokens in doubt, newest first. */
export async function listTokensInDoubt(ctx: Context, _permit: Permit, page: Page): Promise<TokenView[]> {
  const { db } = ctx.store;
  return tokenViews(db, await listInDoubt(db, page), ctx.clock.now());
}

/** `keep`: they stay dead for good. */
export type Verdict = 'restore' | 'keep';

export interface Resolved {
  readonly resolved: number;
  /** Tokens that could not be brought back, and why, in a sentence. */
  readonly failed: readonly { readonly id: number; readonly name: string; readonly message: string }[];
  /** How many are in doubt still. */
  readonly left: number;
}

/**
 * Resolves these tokens, or all; of all, at most `MAX_RESOLVED` that can be resolved.
 * @throws Problem when one of those that are named is not in doubt; then nothing is done
 */
export async function resolveTokens(
  ctx: Context,
  permit: Permit,
  verdict: Verdict,
  chosen: readonly number[] | 'all',
): Promise<Resolved> {
  const { db } = ctx.store;
  const tokens = chosen === 'all' ? await listInDoubt(db, ALL) : await demandInDoubt(db, [...new Set(chosen)]);
  const failed: { id: number; name: string; message: string }[] = [];
  let resolved = 0;
  for (const token of tokens) {
    const message = await (verdict === 'restore' ? bringBack : confirmEnd)(ctx, permit, token);
    if (message === null) resolved++;
    else failed.push({ id: token.id, name: token.name, message });
  }
  return { resolved, failed, left: await countInDoubt(db) };
}

const ALL: Page = { beforeId: null, limit: MAX_RESOLVED };

async function demandInDoubt(q: Query, ids: readonly number[]): Promise<readonly Token[]> {
  const tokens = await inDoubtAmong(q, ids);
  const unknown = ids.filter((id) => !tokens.some((token) => token.id === id));
  if (unknown.length === 0) return tokens;
  throw problem('unprocessable', `Nothing was changed, since there is no doubt about ${unknown.join(', ')}.`);
}

/** Null, or why it stays dead: its name was taken meanwhile, or somebody else resolved it first. */
async function bringBack(ctx: Context, permit: Permit, { id }: Token): Promise<string | null> {
  try {
    await restoreToken(ctx, permit, id);
    return null;
  } catch (error) {
    if (error instanceof Problem) return error.message;
    throw error;
  }
}

async function confirmEnd(ctx: Context, permit: Permit, { id, userId, name }: Token): Promise<string | null> {
  return ctx.store.transaction(async (tx) => {
    if (!(await settleDead(tx, id))) return 'Somebody else resolved it first.';
    const event = { action: 'instance.confirm_end', userId, tokenId: id, data: { name } } as const;
    await record(tx, permit, ctx.clock.now(), event);
    return null;
  });
}
