/**
 * Repositories as a backup keeps them: read without stopping anybody, and built again from what was kept.
 *
 * Invariant: a repository is built out of sight and moved into place complete, so half of one is never served.
 * Never: hooks, or a setting that names another place; what comes from a backup is as hostile as a push.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { Fault } from '../../base/errors.ts';
import { unlessGone } from '../../base/machine/gone.ts';
import { gitEnvironment } from '../processes/environment.ts';
import { GitFailure, readGit, startGit } from '../processes/git-process.ts';
import { lowerPriority } from '../processes/priority.ts';
import { type ObjectFormat, type OwnEntry, ownSettingsIn, readOwnEntries } from '../processes/profile.ts';
import type { Folders, RepositoryName } from './folders.ts';
import { init, made } from './new-repository.ts';

/** A list of 100,000 refs with long names takes 30 MiB. */
const MAX_LIST_BYTES = 256 * 1024 * 1024;
/** What `git init` writes by itself, and what would lead elsewhere or change how files are kept. */
const NOT_KEPT =
  /^(?:(?:extensions|hook|include|includeif)\.|core\.(?:repositoryformatversion|bare|worktree|hookspath)$)/i;
const OF_THE_DISK = /^core\.(?:filemode|ignorecase|precomposeunicode|symlinks)$/i;
const KEY = /^[a-z][a-z0-9-]*\.(?:[^\0\n]+\.)?[a-z][a-z0-9-]*$/i;
const OBJECT_ID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
const REF = /^refs\/[^\0\n]+$/;

/** Everything about a repository but its objects. */
export interface RepositoryOutline {
  readonly format: ObjectFormat;
  /** The branch that HEAD names: `refs/heads/main`; or an id, where it is detached. */
  readonly head: string;
  /** Name and id, by name. */
  readonly refs: ReadonlyMap<string, string>;
  /** Its own settings. */
  readonly settings: readonly OwnEntry[];
  /** What a backup leaves out. */
  readonly leftOut: readonly 'hooks'[];
}

export class RepositoryCopies {
  readonly #folders: Folders;
  readonly #environment: Record<string, string>;

  constructor(folders: Folders) {
    this.#folders = folders;
    this.#environment = gitEnvironment({ homeFolder: folders.home, hooksFolder: folders.noHooks });
  }

  /** @throws GitFailure, or what the disk says, when it can't be read */
  async outline(owner: string, name: string): Promise<RepositoryOutline> {
    const path = this.#folders.path(owner, name);
    const entries = await readOwnEntries(path, this.#environment);
    const listed = await this.#read(path, ['for-each-ref', '--format=%(objectname) %(refname)'], MAX_LIST_BYTES);
    const refs = listed
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => [line.slice(line.indexOf(' ') + 1), line.slice(0, line.indexOf(' '))] as const);
    const hooks = (await readdir(join(path, 'hooks')).catch(unlessGone)) ?? [];
    return {
      format: ownSettingsIn(entries).objectFormat,
      head: (await readFile(join(path, 'HEAD'), 'utf8')).replace(/^ref: /, '').trim(),
      refs: new Map(refs),
      settings: entries.filter(([key]) => isKept(key)),
      leftOut: hooks.some((file) => !file.endsWith('.sample')) ? ['hooks'] : [],
    };
  }

  /** Those of the ids that are in the repository. */
  async present(owner: string, name: string, ids: Iterable<string>): Promise<string[]> {
    const input = [...ids].map((id) => `${id}\n`).join('');
    if (input === '') return [];
    const path = this.#folders.path(owner, name);
    const out = await this.#read(path, ['cat-file', '--batch-check=%(objectname)'], MAX_LIST_BYTES, input);
    return out.split('\n').filter((line) => OBJECT_ID.test(line));
  }

  /**
   * A pack of everything that `wants` reach and `haves` don't, complete in itself. Ends with an error when git can't
   * make it.
   */
  async *pack(owner: string, name: string, wants: readonly string[], haves: readonly string[]): AsyncGenerator<Buffer> {
    const path = this.#folders.path(owner, name);
    const args = [
      `--git-dir=${path}`,
      'pack-objects',
      '--revs',
      '--stdout',
      '--delta-base-offset',
      '-q',
      '--threads=1',
    ];
    const git = startGit({ args, environment: this.#environment, cwd: path });
    lowerPriority(git.pid);
    git.stdin.end([...wants, ...haves.map((id) => `^${id}`)].map((line) => `${line}\n`).join(''));
    try {
      yield* git.stdout as AsyncIterable<Buffer>;
      const end = await git.ended;
      if (end.code !== 0) throw new GitFailure(args, end);
    } finally {
      git.stop();
    }
  }

  /** @throws Fault when something lies in its place, or what was kept makes no whole repository */
  async build(
    { owner, name }: RepositoryName,
    outline: RepositoryOutline,
    packs: readonly (() => Readable)[],
    fillIn: (draft: string) => Promise<void>,
  ): Promise<void> {
    demandPlain(outline);
    const path = this.#folders.path(owner, name);
    const isBranch = outline.head.startsWith('refs/heads/');
    await made(this.#folders, path, async (draft) => {
      await init(this.#folders, draft, outline.format, isBranch ? outline.head.slice('refs/heads/'.length) : 'main');
      for (const [key, value] of outline.settings)
        await this.#read(draft, ['config', '--add', '--', key, value ?? 'true'], MAX_LIST_BYTES);
      for (const pack of packs) await this.#index(draft, pack());
      const lines = [...outline.refs].map(([ref, id]) => `create ${ref}\0${id}\0`).join('');
      await this.#read(draft, ['update-ref', '-z', '--stdin'], MAX_LIST_BYTES, lines);
      if (OBJECT_ID.test(outline.head))
        await this.#read(draft, ['update-ref', '--no-deref', 'HEAD', outline.head], MAX_LIST_BYTES);
      // Everything that a ref reaches is there.
      await this.#read(draft, ['rev-list', '--objects', '--all', '--quiet'], MAX_LIST_BYTES);
      await fillIn(draft);
    });
  }

  async #index(draft: string, pack: Readable): Promise<void> {
    const args = [`--git-dir=${draft}`, 'index-pack', '--stdin'];
    const git = startGit({ args, environment: this.#environment, cwd: draft });
    git.stdout.resume();
    try {
      for await (const piece of pack as AsyncIterable<Buffer>)
        if (!git.stdin.write(piece)) await Promise.race([drained(git.stdin), git.exited]);
      git.stdin.end();
      const end = await git.ended;
      if (end.code !== 0) throw new GitFailure(args, end);
    } finally {
      git.stop();
    }
  }

  async #read(path: string, args: readonly string[], maxBytes: number, input = ''): Promise<string> {
    const command = { args: [`--git-dir=${path}`, ...args], environment: this.#environment, cwd: path };
    return (await readGit(command, { maxBytes, input })).toString('utf8');
  }

  /** True when something lies where the repository belongs. */
  isTaken({ owner, name }: RepositoryName): boolean {
    return existsSync(this.#folders.path(owner, name));
  }
}

function isKept(key: string): boolean {
  return KEY.test(key) && !NOT_KEPT.test(key) && !OF_THE_DISK.test(key);
}

function drained(stream: NodeJS.WritableStream): Promise<void> {
  return new Promise((resolve) => stream.once('drain', resolve));
}

function demandPlain({ refs, head, settings }: RepositoryOutline): void {
  const odd =
    [...refs].find(([ref, id]) => !REF.test(ref) || !OBJECT_ID.test(id))?.[0] ??
    settings.find(([key]) => !isKept(key))?.[0] ??
    (REF.test(head) || OBJECT_ID.test(head) ? null : head);
  if (odd !== null) throw new Fault('the backup has a ref or a setting that no repository has', { detail: odd });
}
