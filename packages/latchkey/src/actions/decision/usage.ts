/**
 * Last use of tokens: when, from where, with which program, what for. Recorded in memory, written in batches, off the
 * request's path.
 *
 * Invariant: recording costs no I/O and never fails a request. A crash loses the last `FLUSH_EVERY_MS`: last use is a
 * help for people, not evidence (the audit log is).
 */
import type { Log } from '../../base/log.ts';
import { oncePer } from '../../base/once.ts';
import { DAY_SEC, type UnixSeconds } from '../../base/time.ts';
import { atLeast, type Level, type PermissionName, type PermissionSet, wholeOf } from '../../catalogue/permissions.ts';
import { covers, heldLevel } from '../../rules/grant.ts';
import type { Question } from '../../rules/model.ts';
import type { Store } from '../../store/db.ts';
import { addTokenDays, type TokenDay } from '../../store/token-days.ts';
import { recordUses, type TokenUse } from '../../store/usage.ts';

const FLUSH_EVERY_MS = 2_000;
/** Longer user agents and purposes are cut. */
const MAX_AGENT_LENGTH = 200;

/** Different uses (token, repository, need) counted in one batch. More within the same two seconds are not. */
const MAX_COUNTED = 10_000;

/** The spelling of a need in the counts. Every request counts; working it out takes 4 µs. */
const spelled = oncePer(({ sets: [set = NOTHING] }: Question['need']) => spelledSet(set));
const spelledSet = oncePer((set: PermissionSet) => {
  const named = Object.entries(set).map(([name, level]) => `${wholeOf(name as PermissionName)}=${level}`);
  return [...new Set(named)].join(',');
});
const NOTHING: PermissionSet = {};

/**
 * The first alternative that the grants for the target give, so that the others aren't taken for used; nothing when
 * what is public was read without any.
 */
function heldSet({ bearer, need, target }: Question): PermissionSet {
  if (bearer.via !== 'token') return NOTHING;
  const grants = bearer.token.grants.filter((grant) => covers(grant, target));
  const holds = ([name, level]: [string, Level]): boolean => atLeast(heldLevel(grants, name as PermissionName), level);
  return need.sets.find((set) => (Object.entries(set) as [string, Level][]).every(holds)) ?? NOTHING;
}

/**
 * How often a token used a need (as spelled) on a repository (0 = none). Nested, to avoid making one text of all three
 * for every request.
 */
class Counts {
  readonly #byNeed = new Map<string, Map<number, Map<number, number>>>();
  #different = 0;

  add(need: string, repositoryId: number, tokenId: number): void {
    const byToken = inside(inside(this.#byNeed, need), repositoryId);
    const before = byToken.get(tokenId);
    if (before !== undefined) byToken.set(tokenId, before + 1);
    else if (this.#different++ < MAX_COUNTED) byToken.set(tokenId, 1);
  }

  get isEmpty(): boolean {
    return this.#different === 0;
  }

  /** The rows of a day: one for each permission of a need. */
  *rows(dayAt: UnixSeconds): Iterable<TokenDay> {
    for (const [need, byRepository] of this.#byNeed) {
      const used = need.split(',').map((each) => each.split('=') as [string, (Level | '')?]);
      for (const [repositoryId, byToken] of byRepository) {
        for (const [tokenId, times] of byToken)
          for (const [permission, level = ''] of used) yield { tokenId, dayAt, repositoryId, permission, level, times };
      }
    }
  }
}

/** The map under a key, made when it is missing. */
function inside<K, L, V>(map: Map<K, Map<L, V>>, key: K): Map<L, V> {
  let inner = map.get(key);
  if (inner === undefined) map.set(key, (inner = new Map()));
  return inner;
}

export class Usage {
  readonly #store: Store;
  readonly #log: Log;
  #noted = new Map<number, TokenUse>();
  #counted = new Counts();
  /** 00:00 UTC of the day that is counted. */
  #dayAt = 0;
  #timer: NodeJS.Timeout | null = null;
  #writing: Promise<void> = Promise.resolve();

  constructor(store: Store, log: Log) {
    this.#store = store;
    this.#log = log;
  }

  /** Records one use. Only the newest of a batch is kept per token, with every address of the batch. */
  note(tokenId: number, at: UnixSeconds, address: string, agent: string, purpose: string): void {
    const before = this.#noted.get(tokenId);
    if (before !== undefined && before.usedAt === at && before.address === address && before.purpose === purpose)
      return;
    const addresses =
      before === undefined
        ? [address]
        : [address, ...before.addresses.filter((known) => known !== address)].slice(0, 5);
    this.#noted.set(tokenId, {
      tokenId,
      usedAt: at,
      address,
      agent: agent.slice(0, MAX_AGENT_LENGTH),
      purpose: purpose.slice(0, MAX_AGENT_LENGTH),
      addresses,
    });
    this.#timer ??= setTimeout(() => void this.flush(), FLUSH_EVERY_MS).unref();
  }

  /** Counts one use of what a request needed; of alternatives, the first that the token holds. */
  count(tokenId: number, question: Question): void {
    const { need, target, at } = question;
    const dayAt = at - (at % DAY_SEC);
    if (dayAt !== this.#dayAt) {
      if (!this.#counted.isEmpty) void this.flush();
      this.#dayAt = dayAt;
    }
    const used = need.sets.length < 2 ? spelled(need) : spelledSet(heldSet(question));
    this.#counted.add(used, target.kind === 'repository' ? (target.repository?.id ?? 0) : 0, tokenId);
    this.#timer ??= setTimeout(() => void this.flush(), FLUSH_EVERY_MS).unref();
  }

  /** Writes what was recorded so far, after the write in progress. */
  flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const batch = [...this.#noted.values()];
    const days = [...this.#counted.rows(this.#dayAt)];
    this.#noted = new Map();
    this.#counted = new Counts();
    if (batch.length + days.length > 0) this.#writing = this.#writing.then(() => this.#write(batch, days));
    return this.#writing;
  }

  async #write(batch: readonly TokenUse[], days: readonly TokenDay[]): Promise<void> {
    try {
      await this.#store.transaction(async (tx) => {
        await recordUses(tx, batch);
        await addTokenDays(tx, merged(days));
      });
    } catch (error) {
      this.#log.warn({ err: error, tokens: batch.length }, 'last use could not be written');
    }
  }
}

/** Adds up equal keys of different needs. */
function merged(days: readonly TokenDay[]): TokenDay[] {
  const sums = new Map<string, TokenDay>();
  for (const day of days) {
    const key = `${day.tokenId} ${day.dayAt} ${day.repositoryId} ${day.permission} ${day.level}`;
    sums.set(key, { ...day, times: day.times + (sums.get(key)?.times ?? 0) });
  }
  return [...sums.values()];
}
