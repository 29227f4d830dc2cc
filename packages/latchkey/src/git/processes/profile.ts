/**
 * What the server must know about a repository before git works on it: its object format, which of its settings must
 * be turned off by name, what its owner turned off, and why it can't be served at all.
 *
 * Newer versions of git run hooks that a config file defines (`hook.<name>.command`). Their names are arbitrary, so no
 * fixed list covers them; they are read once, and again whenever the file changes.
 * Invariant: no function of this room runs git in a repository before it has its profile, so a repository that reaches
 * into another one is refused at every door.
 */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Fault, Problem } from '../../base/errors.ts';
import type { OutageKind } from '../../base/machine/outage.ts';
import { andThen, type MaybePromise } from '../../base/maybe-promise.ts';
import { RecentMap } from '../../base/recent-map.ts';
import { readGit } from './git-process.ts';
import { BORROWING, outsidePart } from './outside-parts.ts';
import { FairQueue } from './queue.ts';

export type ObjectFormat = 'sha1' | 'sha256';

/** A service, by the key that turns it off in a repository's own config, for git's http-backend and for us. */
export type SwitchedService = 'uploadpack' | 'receivepack';

/** The content of a repository's own config that matters here. */
export interface OwnSettings {
  readonly objectFormat: ObjectFormat;
  /** Settings that override what the repository's own config would start. */
  readonly config: readonly (readonly [key: string, value: string])[];
  /** True when nothing in the repository's own config changes the first answer to a push. */
  readonly plain: boolean;
  /** What `receive.denyDeletes` and `receive.denyNonFastForwards` refuse for branches. Git itself looks in a push. */
  readonly refuses: { readonly deletions: boolean; readonly force: boolean };
  /** Services that `http.uploadpack` and `http.receivepack` turn off. */
  readonly off: readonly SwitchedService[];
  /**
   * True when it hides refs: that removes names from lists, but not from a request for an object, nor from pages and
   * APIs.
   */
  readonly hidesRefs: boolean;
}

export interface Profile extends OwnSettings {
  /**
   * Differs from that of every other repository, and changes with the repository's own config and with what it borrows.
   */
  readonly fingerprint: string;
  /** Why nothing is served from it; null when it is. */
  readonly refused: OutageKind | null;
}

const SWITCHED_OFF: Readonly<Record<SwitchedService, string>> = {
  uploadpack:
    'This repository can’t be read here: its own configuration switches that off (http.uploadpack). Its ' +
    'administrator can switch it on.',
  receivepack:
    'This repository can’t be written here: its own configuration switches that off (http.receivepack). Its ' +
    'administrator can switch it on.',
};

const KEEPS = {
  deletions:
    'Branches of this repository can’t be deleted: its own configuration refuses that (receive.denyDeletes). Its ' +
    'administrator can change it.',
  force:
    'Branches of this repository only move forward: its own configuration refuses anything else ' +
    '(receive.denyNonFastForwards). Push a commit that follows, or have its administrator change that.',
} as const;

/** The repository's own config refuses such a change to a branch. */
export function keptByItsConfig(what: keyof typeof KEEPS): Problem {
  return new Problem({ field: null, code: 'switched_off', message: KEEPS[what] });
}

/** The repository's own config turns off the requested service. */
function switchedOff(service: SwitchedService): Problem {
  return new Problem({ field: null, code: 'switched_off', message: SWITCHED_OFF[service] });
}

/** Nothing is served from the repository until an administrator has changed it. */
class NotServed extends Error {
  override readonly name = 'NotServed';
  readonly outage: OutageKind;

  constructor(path: string, outage: OutageKind) {
    super(`${outage}: ${path}`);
    this.outage = outage;
  }
}

/**
 * Settings that may change it: what git hides, signs or announces, where it keeps refs, and included files, which may
 * change unnoticed. All settings of these kinds, to cover a newer git.
 */
const MAY_CHANGE_PUSHES = /^(?:receive|transfer|repack|include|includeif|extensions(?!\.objectformat$))\./;

/** How many repositories are remembered. One takes about half a kilobyte. */
const MAX_REMEMBERED = 20_000;

/** How many are read at once; one takes a few milliseconds. */
const READERS = { maxRunning: 4, maxRunningPerCaller: 1, maxQueued: 10_000, maxQueuedPerCaller: 1, maxWaitSec: 60 };

export class Profiles {
  readonly #environment: Record<string, string>;
  readonly #missing: (path: string) => Error;
  readonly #remembered = new RecentMap<string, Profile>(MAX_REMEMBERED);
  readonly #places = new FairQueue(READERS);
  readonly #reading = new Map<string, Promise<Profile>>();

  /** @param environment a git environment without hooks. @param missing makes the error for a missing repository */
  constructor(environment: Record<string, string>, missing: (path: string) => Error) {
    this.#environment = environment;
    this.#missing = missing;
  }

  /**
   * Answers at once when the repository's config hasn't changed. Throws the error of `missing` when there is no
   * repository, and `NotServed`, reported as an outage, when it reaches into others or hides refs.
   */
  of(path: string): MaybePromise<Profile> {
    return andThen(this.#profileOf(path), (profile) => {
      if (profile.refused !== null) throw new NotServed(path, profile.refused);
      return profile;
    });
  }

  /** The same for one service. Also throws a `Problem` (`switched_off`). */
  for(path: string, service: SwitchedService): MaybePromise<Profile> {
    return andThen(this.of(path), (profile) => {
      if (profile.off.includes(service)) throw switchedOff(service);
      return profile;
    });
  }

  #profileOf(path: string): MaybePromise<Profile> {
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

  /** Once for all concurrent callers, and a few at a time: a burst of requests doesn't start a burst of processes. */
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
    const outside = await outsidePart(path);
    // Git must not even read settings through something that leads elsewhere.
    if (outside !== null) return { ...UNREAD, fingerprint, refused: 'repository_not_whole' };
    const own = await readOwnSettings(path, this.#environment);
    return { ...own, fingerprint, refused: own.hidesRefs ? 'refs_hidden' : null };
  }
}

const UNREAD: OwnSettings = {
  objectFormat: 'sha1',
  config: [],
  plain: false,
  refuses: { deletions: false, force: false },
  off: [],
  hidesRefs: false,
};

/** A setting, its key in lower case as git lists it; without a value it is true. */
export type OwnEntry = readonly [key: string, value?: string];

/** The entries of the repository's own config, in their order. @param environment a git environment without hooks */
export async function readOwnEntries(path: string, environment: Record<string, string>): Promise<readonly OwnEntry[]> {
  const listed = await readGit({
    args: [`--git-dir=${path}`, 'config', '--list', '--includes', '--show-scope', '-z'],
    environment,
    cwd: path,
  });
  const fields = listed.toString('utf8').split('\0');
  // A scope, a key and its value, in turn. What we set ourselves has the scope "command".
  return fields.flatMap((field, i) =>
    i % 2 === 1 && fields[i - 1] !== 'command' ? [field.split('\n', 2) as [key: string, value?: string]] : [],
  );
}

/** Reads the repository's own config. @param environment a git environment without hooks */
async function readOwnSettings(path: string, environment: Record<string, string>): Promise<OwnSettings> {
  return ownSettingsIn(await readOwnEntries(path, environment));
}

/** What the entries say. */
export function ownSettingsIn(entries: readonly OwnEntry[]): OwnSettings {
  const last = (key: string): OwnEntry | undefined => entries.findLast((one) => one[0] === key);
  const hooks = new Set(
    entries.map(([key]) => /^hook\.(.+)\.[^.]+$/s.exec(key)?.[1]).filter((name) => name !== undefined),
  );
  return {
    objectFormat: last('extensions.objectformat')?.[1] === 'sha256' ? 'sha256' : 'sha1',
    config: [...hooks].map((name) => [`hook.${name}.enabled`, 'false'] as const),
    plain: !entries.some(([key]) => MAY_CHANGE_PUSHES.test(key)),
    refuses: {
      deletions: isSet(last('receive.denydeletes')),
      force: isSet(last('receive.denynonfastforwards')),
    },
    off: (['uploadpack', 'receivepack'] as const).filter((service) => !isOn(last(`http.${service}`))),
    hidesRefs: entries.some(([key]) => /^(?:transfer|uploadpack|receive)\.hiderefs$/.test(key)),
  };
}

function isSet(entry: OwnEntry | undefined): boolean {
  return entry !== undefined && isOn(entry);
}

/** A key without "=" is true; anything git doesn't take for a boolean counts as false. */
function isOn(entry: OwnEntry | undefined): boolean {
  return entry?.[1] === undefined || /^(?:true|yes|on|[1-9]\d*)$/i.test(entry[1]);
}

/** A repository that should exist but doesn't. */
export function isLost(path: string): Fault {
  return new Fault('The repository is known, but its files are not on this server.', {
    hint: 'An administrator must bring them back.',
    detail: path,
  });
}

function fingerprintOf(path: string): string | null {
  const stat = statSync(join(path, 'config'), { bigint: true, throwIfNoEntry: false });
  if (stat === undefined) return null;
  const info = statSync(join(path, 'objects/info'), { bigint: true, throwIfNoEntry: false });
  const borrowing = BORROWING.filter((place) => existsSync(join(path, place)));
  return [stat.ino, stat.mtimeNs, stat.size, info?.ino, info?.mtimeNs, ...borrowing].join(' ');
}
