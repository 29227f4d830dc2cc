/**
 * What the server says it can do, before anything else: to a fetch in protocol version 2, and after the first ref of
 * the list that opens a push. It depends on git's version and our settings, not on the repository (except for its
 * object format, and see `Profile.plain`), so real git is asked once and the answer is kept.
 *
 * Source: git's documentation, gitprotocol-v2 "Capability Advertisement" and gitprotocol-capabilities.
 */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { filterConfig, gitEnvironment } from '../processes/environment.ts';
import { readGit } from '../processes/git-process.ts';
import type { ObjectFormat } from '../processes/profile.ts';
import type { Folders } from '../repositories/folders.ts';
import type { GitSettings } from '../repositories/git-settings.ts';

/** ASCII, as git prints it. */
export interface Advertisement {
  /** The whole answer of `upload-pack` in protocol version 2. */
  readonly fetch: string;
  /** What `receive-pack` prints after the NUL of its first line: `report-status … agent=git/2.39.5`. */
  readonly push: string;
}

/** Captures once per object format. */
export class Advertisements {
  readonly #folders: Folders;
  readonly #elsewhere: string;
  readonly #partialClones: GitSettings['partialClones'];
  readonly #captured = new Map<ObjectFormat, Advertisement>();
  readonly #running = new Map<ObjectFormat, Promise<Advertisement>>();

  /** @param elsewhere a folder to work in when the disk of the repositories refuses writes */
  constructor(folders: Folders, elsewhere: string, partialClones: GitSettings['partialClones']) {
    this.#folders = folders;
    this.#elsewhere = elsewhere;
    this.#partialClones = partialClones;
  }

  /** Answers at once after the first time; null when it must be `capture`d first. */
  of(format: ObjectFormat): Advertisement | null {
    return this.#captured.get(format) ?? null;
  }

  /** Asks git, once for all concurrent callers. */
  capture(format: ObjectFormat): Promise<Advertisement> {
    let running = this.#running.get(format);
    if (running === undefined)
      this.#running.set(format, (running = this.#ask(format).finally(() => this.#running.delete(format))));
    return running;
  }

  /** Resolves when git is no longer being asked. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#running.values());
  }

  /** A full disk must not stop anybody from cloning. */
  #ask(format: ObjectFormat): Promise<Advertisement> {
    const place = join(this.#elsewhere, `.asked-${randomUUID()}.git`);
    return this.#askIn(format, this.#folders.draft()).catch(() => this.#askIn(format, place));
  }

  /** With an empty repository of that format. */
  async #askIn(format: ObjectFormat, path: string): Promise<Advertisement> {
    const run = async (protocol: string | undefined, args: readonly string[]): Promise<string> => {
      const environment = gitEnvironment({
        homeFolder: this.#folders.home,
        hooksFolder: this.#folders.noHooks,
        protocol,
        config: filterConfig(this.#partialClones),
      });
      return (await readGit({ args, environment, cwd: this.#folders.root })).toString('latin1');
    };
    try {
      await run(undefined, ['init', '-q', '--bare', `--object-format=${format}`, '--template=', path]);
      const [fetch, list] = await Promise.all([
        run('version=2', ['upload-pack', '--stateless-rpc', '--advertise-refs', path]),
        run(undefined, ['receive-pack', '--stateless-rpc', '--advertise-refs', path]),
      ]);
      const advertisement = { fetch, push: list.slice(list.indexOf('\0') + 1, list.indexOf('\n')) };
      this.#captured.set(format, advertisement);
      return advertisement;
    } finally {
      await rm(path, { recursive: true, force: true });
    }
  }
}
