/**
 * Holds the server against the ledger: no acknowledged token lost, no dead secret alive, no acknowledged push lost, an
 * audit entry for each, every repository sound.
 *
 * Invariant: nothing is under way meanwhile; the load has been stopped.
 * Invariant: a missing answer is never taken for a loss. It is requested again, and at last `Unanswered` is thrown.
 */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { QUIET_GIT, run } from '../bench/command.ts';
import { PATIENCE_MS, pagesOf, settledStatus } from './ask.ts';
import type { Ledger } from './ledger.ts';
import type { Chance } from './random.ts';
import type { World } from './world.ts';

/** How many things that haven't changed since the last check are checked again. */
const SAMPLE = 12;
/** Entries this far below the newest one may still arrive late. */
const LATE_ENTRIES = 500;
const PAUSE_MS = 50;
/** How late an entry may be. The job that writes it runs at every start and each minute. */
const LATE_ENTRY_MS = 180_000;
const MAY_BE_LATE = 'git.push ';

interface AuditLine {
  readonly _document_id: string;
  readonly action: string;
  readonly about_token_id?: number;
  readonly repo?: string;
  readonly user?: string;
  readonly data?: { readonly refs?: readonly { readonly ref: string; readonly after: string | null }[] };
}

export class Checks {
  readonly #world: World;
  readonly #ledger: Ledger;
  readonly #chance: Chance;
  readonly #entries = new Map<string, number>();
  /** Refs named in the log, as `repository ref commit`. */
  readonly #named = new Set<string>();
  readonly #seen = new Set<number>();
  /** Entries that aren't all there yet: how many are, and since when more are missed. */
  readonly #owed = new Map<string, { readonly there: number; readonly since: number }>();
  #newest = 0;
  readonly counts = { rounds: 0, tokens: 0, dead: 0, refs: 0, entries: 0, late: 0, fsck: 0 };

  constructor(world: World, ledger: Ledger, chance: Chance) {
    this.#world = world;
    this.#ledger = ledger;
    this.#chance = chance;
  }

  /** What changed since the last check, and a sample of the rest. */
  async sinceLast(): Promise<void> {
    const { live, dead } = this.#ledger;
    const { tokens, dead: deadFrom, repositories, entries } = this.#ledger.turn();
    const old = Array.from({ length: SAMPLE }, () => (dead.length === 0 ? [] : [this.#chance.oneOf(dead)])).flat();
    const kept = [...live.values()].filter(({ id }) => tokens.has(id) || this.#chance.next() < 0.3);
    await this.#tokens(kept, [...dead.slice(deadFrom), ...old]);
    await this.#repositories([...repositories]);
    await this.#audit([...entries]);
    this.counts.rounds++;
  }

  /** Everything that was ever acknowledged. */
  async everything(): Promise<void> {
    await this.#tokens([...this.#ledger.live.values()], this.#ledger.dead);
    await this.#repositories([...this.#ledger.pushes.keys()]);
    this.#newest = 0;
    this.#seen.clear();
    this.#entries.clear();
    await this.#audit([...this.#ledger.entries.keys()], true);
    await this.#unacknowledged();
    this.counts.rounds++;
  }

  /**
   * A push that was interrupted between its ref and its entry has an entry soon after a start, whether it was
   * acknowledged or not.
   */
  async #unacknowledged(): Promise<void> {
    const moved = new Set<string>();
    for (const name of this.#ledger.pushes.keys())
      for (const [ref, commit] of await this.#refsOf(name)) moved.add(`${name} ${ref} ${commit}`);
    const until = performance.now() + LATE_ENTRY_MS;
    while (!this.#named.isSupersetOf(moved) && performance.now() < until) {
      await pause(PAUSE_MS);
      await this.#readLog();
    }
    for (const one of moved.difference(this.#named)) this.#ledger.lose(`no entry of the log names ${one}`);
  }

  /** Ref → commit, as on the disk. */
  async #refsOf(name: string): Promise<Map<string, string>> {
    const cwd = this.#folderOf(name);
    const { stdout } = await run('git', ['for-each-ref', '--format=%(refname) %(objectname)'], { cwd, env: QUIET_GIT });
    return new Map(
      stdout
        .trim()
        .split('\n')
        .flatMap((line) => (line === '' ? [] : [line.split(' ') as [string, string]])),
    );
  }

  #folderOf(name: string): string {
    return join(this.#world.data, 'repositories/ada', `${name}.git`);
  }

  async #tokens(live: readonly { id: number; secret: string }[], dead: Ledger['dead']): Promise<void> {
    for (const { id, secret } of live) {
      const status = await this.#settledStatus(secret);
      this.counts.tokens++;
      if (status !== 200) this.#ledger.lose(`the token ${id} was acknowledged, and is answered ${status}`);
    }
    for (const { tokenId, secret } of dead) {
      const status = await this.#settledStatus(secret);
      this.counts.dead++;
      if (status !== 401) this.#ledger.lose(`a dead secret of the token ${tokenId} is answered ${status}`);
    }
  }

  #settledStatus(token: string): Promise<number> {
    return settledStatus(this.#world.url, { method: 'GET', path: '/user', token });
  }

  async #repositories(names: readonly string[]): Promise<void> {
    for (const name of names) {
      const refs = await this.#refsOf(name);
      for (const [ref, commit] of this.#ledger.pushes.get(name) ?? []) {
        this.counts.refs++;
        if (refs.get(ref) !== commit) this.#ledger.lose(`${ref} of ${name} was acknowledged at ${commit}`);
      }
      this.counts.fsck++;
      await run('git', ['fsck', '--full', '--strict', '--no-dangling'], {
        cwd: this.#folderOf(name),
        env: QUIET_GIT,
      }).catch((error: unknown) => this.#ledger.lose(`git fsck of ${name}: ${String(error)}`));
    }
  }

  /**
   * The entry of a push may come late: where it can't be written at once, a job writes it. So what is missing is looked
   * for again at the next check; `isLast`: waits for it.
   */
  async #audit(expected: readonly string[], isLast = false): Promise<void> {
    for (const entry of expected) this.counts.entries += this.#ledger.entries.get(entry) ?? 0;
    const wanted = new Set([...expected, ...this.#owed.keys()]);
    if (wanted.size === 0) return;
    const lateAt = performance.now() + LATE_ENTRY_MS;
    for (;;) {
      await this.#readLog();
      for (const entry of wanted)
        if (this.#lackOf(entry) > 0) this.#owe(entry);
        else this.#owed.delete(entry);
      if (!isLast || this.#owed.size === 0 || performance.now() > lateAt) break;
      await pause(PAUSE_MS);
    }
    for (const [entry, { since }] of this.#owed)
      if (isLast || performance.now() - since > LATE_ENTRY_MS || !entry.startsWith(MAY_BE_LATE)) {
        this.#owed.delete(entry);
        const all = this.#ledger.entries.get(entry);
        this.#ledger.lose(`${this.#lackOf(entry)} of ${all} audit entries are missing: ${entry}`);
      }
  }

  #owe(entry: string): void {
    const there = this.#entries.get(entry) ?? 0;
    const owed = this.#owed.get(entry);
    // More have come since: another one is late now.
    if (owed === undefined || owed.there < there) this.#owed.set(entry, { there, since: performance.now() });
    if (owed === undefined) this.counts.late++;
  }

  #lackOf(entry: string): number {
    return (this.#ledger.entries.get(entry) ?? 0) - (this.#entries.get(entry) ?? 0);
  }

  /** Reads new entries of the log, which may become visible out of order. */
  async #readLog(): Promise<void> {
    const { url, tokens } = this.#world;
    const until = this.#newest - LATE_ENTRIES;
    const path = '/enterprise/audit-log?per_page=100';
    for await (const page of pagesOf<AuditLine>(url, path, tokens.auditor, PATIENCE_MS)) {
      for (const line of page) this.#count(line);
      if (page.some(({ _document_id: id }) => Number(id) <= until)) break;
    }
  }

  #count({ _document_id: document, action, about_token_id: tokenId, repo, user, data }: AuditLine): void {
    const id = Number(document);
    if (this.#seen.has(id)) return;
    this.#seen.add(id);
    this.#newest = Math.max(this.#newest, id);
    const name = repo?.split('/').at(-1);
    for (const { ref, after } of data?.refs ?? []) this.#named.add(`${name} ${ref} ${after}`);
    const about = tokenId ?? name ?? user;
    if (about === undefined) return;
    const entry = `${action} ${about}`;
    this.#entries.set(entry, (this.#entries.get(entry) ?? 0) + 1);
  }
}
