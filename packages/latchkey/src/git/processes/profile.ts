/**
 * What must be known of a repository before git works on it: its object format, and which settings of its own must be
 * switched off by name.
 *
 * Newer versions of git run hooks that a config file defines (`hook.<name>.command`). Their names are free, so they
 * can't stand in a fixed list; they are read once, and again whenever the file changes.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '../../base/errors.ts';
import type { MaybePromise } from '../../base/maybe-promise.ts';
import { RecentMap } from '../../base/recent-map.ts';
import { readGit } from './git-process.ts';
import { FairQueue } from './queue.ts';

export type ObjectFormat = 'sha1' | 'sha256';

export interface Profile {
  /** Differs from that of every other repository, and changes with the repository's own config. */
  readonly fingerprint: string;
  readonly objectFormat: ObjectFormat;
  /** Settings that undo what the repository's own config would start. */
  readonly config: readonly (readonly [key: string, value: string])[];
  /** True when nothing in the repository's own config changes what a push is told first. */
  readonly plain: boolean;
}

/**
 * Settings that may: what git hides, signs or announces, where it keeps refs, and files that are read along and may
 * change unseen. All settings of these kinds, so that those of a newer git are among them.
 */
const MAY_CHANGE_PUSHES = /^(?:receive|transfer|repack|include|includeif|extensions(?!\.objectformat$))\./;

/** How many repositories are remembered. One takes about half a kilobyte. */
const MAX_REMEMBERED = 20_000;

/** How many are read at once; one takes some milliseconds. */
const READERS = { maxRunning: 4, maxRunningPerCaller: 1, maxQueued: 10_000, maxQueuedPerCaller: 1, maxWaitSec: 60 };

export class Profiles {
  readonly #environment: Record<string, string>;
  readonly #missing: (path: string) => Error;
  readonly #remembered = new RecentMap<string, Profile>(MAX_REMEMBERED);
  readonly #places = new FairQueue(READERS);
  readonly #reading = new Map<string, Promise<Profile>>();

  /**
   * @param environment a git environment without hooks
   * @param missing what is thrown when no repository lies there
   */
  constructor(environment: Record<string, string>, missing: (path: string) => Error) {
    this.#environment = environment;
    this.#missing = missing;
  }

  /** At once when the repository's config is as it was. Throws what `missing` makes when no repository lies there. */
  of(path: string): MaybePromise<Profile> {
    const fingerprint = fingerprintOf(path);
    if (fingerprint === null) throw this.#missing(path);
    const known = this.#remembered.get(path);
    if (known?.fingerprint === fingerprint) return known;
    const key = `${path} ${fingerprint}`;
    let reading = this.#reading.get(key);
    if (reading === undefined) {
      reading = this.#inTurn(path, fingerprint).finally(() => this.#reading.delete(key));
      this.#reading.set(key, reading);
    }
    return reading;
  }

  /** Once for all who ask at the same time, and a few at a time: a burst of requests starts no burst of processes. */
  async #inTurn(path: string, fingerprint: string): Promise<Profile> {
    const release = await this.#places.enter(path);
    try {
      const profile = await this.#read(path, fingerprint);
      this.#remembered.set(path, profile);
      return profile;
    } finally {
      release();
    }
  }

  async #read(path: string, fingerprint: string): Promise<Profile> {
    const listed = await readGit({
      args: [`--git-dir=${path}`, 'config', '--list', '--includes', '--show-scope', '-z'],
      environment: this.#environment,
      cwd: path,
    });
    const fields = listed.toString('utf8').split('\0');
    // A scope, a key and its value, in turn. What we set ourselves has the scope "command".
    const entries = fields.flatMap((field, i) =>
      i % 2 === 1 && fields[i - 1] !== 'command' ? [field.split('\n', 2) as [key: string, value?: string]] : [],
    );
    const format = entries.findLast(([key]) => key === 'extensions.objectformat')?.[1] ?? 'sha1';
    const hooks = new Set(
      entries.map(([key]) => /^hook\.(.+)\.[^.]+$/s.exec(key)?.[1]).filter((name) => name !== undefined),
    );
    return {
      fingerprint,
      objectFormat: format === 'sha256' ? 'sha256' : 'sha1',
      config: [...hooks].map((name) => [`hook.${name}.enabled`, 'false'] as const),
      plain: !entries.some(([key]) => MAY_CHANGE_PUSHES.test(key)),
    };
  }
}

/** A repository that should be there and is not. */
export function isLost(path: string): Fault {
  return new Fault('The repository is known, but its files are not on this server.', {
    hint: 'An administrator must bring them back.',
    detail: path,
  });
}

function fingerprintOf(path: string): string | null {
  const stat = statSync(join(path, 'config'), { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? null : `${stat.ino} ${stat.mtimeNs} ${stat.size}`;
}
