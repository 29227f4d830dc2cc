/**
 * What protocol version 2 answers first: the capabilities of the server. They depend on git's version and our settings, not on the
 * repository (except for its object format), so real git is asked once and the answer is kept.
 *
 * Source: git's documentation, gitprotocol-v2 "Capability Advertisement".
 */
import { rm } from 'node:fs/promises';
import { gitEnvironment } from './environment.ts';
import type { Folders } from './folders.ts';
import { readGit } from './processes.ts';
import type { ObjectFormat } from './profile.ts';

/** Captures once for each object format. */
export class Advertisements {
  readonly #folders: Folders;
  readonly #captured = new Map<ObjectFormat, string>();
  readonly #running = new Map<ObjectFormat, Promise<string>>();

  constructor(folders: Folders) {
    this.#folders = folders;
  }

  /** At once when it was asked for before; null when it must be `capture`d first. */
  of(format: ObjectFormat): string | null {
    return this.#captured.get(format) ?? null;
  }

  /** Asks git, once for all who ask meanwhile. */
  capture(format: ObjectFormat): Promise<string> {
    let running = this.#running.get(format);
    if (running === undefined) this.#running.set(format, (running = this.#ask(format).finally(() => this.#running.delete(format))));
    return running;
  }

  /** Resolves when git is not being asked any more. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#running.values());
  }

  /** With an empty repository of that format. */
  async #ask(format: ObjectFormat): Promise<string> {
    const path = this.#folders.draft();
    const environment = gitEnvironment({ homeFolder: this.#folders.home, hooksFolder: this.#folders.noHooks, protocol: 'version=2' });
    const run = (args: readonly string[]): Promise<Buffer> => readGit({ args, environment, cwd: this.#folders.root });
    try {
      await run(['init', '-q', '--bare', `--object-format=${format}`, '--template=', path]);
      const advertisement = (await run(['upload-pack', '--stateless-rpc', '--advertise-refs', path])).toString('latin1');
      this.#captured.set(format, advertisement);
      return advertisement;
    } finally {
      await rm(path, { recursive: true, force: true });
    }
  }
}
