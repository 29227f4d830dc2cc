/**
 * A repository that follows another one, or is followed: refs compared, objects brought, refs moved, everything sent.
 *
 * Invariant: git speaks with a relay on the loopback alone, whatever a repository's own config says.
 * Invariant: objects come first. Refs move when all of them are here.
 */
import { refNameProblem } from '../objects/names.ts';
import { gitEnvironment } from '../processes/environment.ts';
import { collectOutput, startGit } from '../processes/git-process.ts';
import type { Folders } from './folders.ts';
import { COPIED_REFS, type RelayPlace, relayEnvironment, runRelayed } from './remote-import.ts';

/** A ref here, and where it goes; null = it isn't there (any more). */
interface FollowedRef {
  readonly ref: string;
  readonly beforeId: string | null;
  readonly afterId: string | null;
}

/** What a repository must do to be as the other one is. */
interface Brought {
  readonly moved: readonly FollowedRef[];
  /** The branch that the other one's HEAD names; null when that can't be told. */
  readonly head: string | null;
}

export interface Remotes {
  /**
   * Brings all objects of the other repository's branches, tags and notes. Moves nothing. An empty one changes nothing.
   * Rejects with a `GitFailure` when git can't.
   */
  bring(owner: string, name: string, relay: RelayPlace, signal: AbortSignal): Promise<Brought>;
  /** Moves refs: those that go first, then the others, all or none. Rejects with a `GitFailure`. */
  move(owner: string, name: string, moved: readonly FollowedRef[]): Promise<void>;
  /** Makes the other repository's branches, tags and notes as they are here. Rejects with a `GitFailure`. */
  send(owner: string, name: string, relay: RelayPlace, signal: AbortSignal): Promise<void>;
}

const FOLLOWED = ['refs/heads/', 'refs/tags/', 'refs/notes/'];

/** @param demand throws for a repository that may not be changed */
export function makeRemotes(folders: Folders, demand: (path: string) => Promise<void>): Remotes {
  const at = async (owner: string, name: string): Promise<string> => {
    const path = folders.path(owner, name);
    await demand(path);
    return path;
  };
  const local = async (path: string, args: readonly string[], input = ''): Promise<string> => {
    const all = [`--git-dir=${path}`, ...args];
    const environment = gitEnvironment({ homeFolder: folders.home, hooksFolder: folders.noHooks });
    const git = startGit({ args: all, environment, cwd: folders.root });
    return (await collectOutput(git, all, { input, maxBytes: MAX_REFS_BYTES })).toString('utf8');
  };
  return {
    bring: async (owner, name, relay, signal) => {
      const path = await at(owner, name);
      const environment = relayEnvironment(folders, relay);
      const run = (args: readonly string[], input = '') =>
        runRelayed({ environment, cwd: folders.root, signal, input }, [`--git-dir=${path}`, ...args]);
      const told = await run(['ls-remote', '--symref', relay.address]);
      const there = followedIn(told);
      if (there.size === 0) return { moved: [], head: null };
      const here = followedIn(await local(path, ['for-each-ref', '--format=%(objectname)%09%(refname)', ...FOLLOWED]));
      const moved = [...new Set([...here.keys(), ...there.keys()])].flatMap((ref) => {
        const [beforeId, afterId] = [here.get(ref) ?? null, there.get(ref) ?? null];
        return beforeId === afterId ? [] : [{ ref, beforeId, afterId }];
      });
      const wanted = new Set(moved.flatMap(({ afterId }) => (afterId === null ? [] : [afterId])));
      if (wanted.size > 0)
        await run(['fetch', ...QUIETLY, '--stdin', relay.address], [...wanted].map((id) => `${id}\n`).join(''));
      const [, head] = /^ref: refs\/heads\/(\S+)\tHEAD$/m.exec(told) ?? [];
      return { moved, head: head === undefined || refNameProblem(head) !== null ? null : head };
    },
    move: async (owner, name, moved) => {
      const path = await at(owner, name);
      // In one transaction git takes no branch `a/b` in place of a branch `a`.
      for (const part of [
        moved.filter(({ afterId }) => afterId === null),
        moved.filter(({ afterId }) => afterId !== null),
      ])
        if (part.length > 0) await local(path, ['update-ref', '--stdin'], part.map(lineOf).join(''));
    },
    send: async (owner, name, relay, signal) => {
      const path = await at(owner, name);
      const environment = relayEnvironment(folders, relay);
      // Servers make the first branch that comes to an empty repository its default one.
      const head = (await local(path, ['symbolic-ref', 'HEAD'])).trim();
      const isThere = (await local(path, ['for-each-ref', '--format=%(refname)', head])).split('\n').includes(head);
      const args = [
        `--git-dir=${path}`,
        'push',
        '--quiet',
        '--prune',
        '--no-verify',
        relay.address,
        ...(isThere ? [`+${head}:${head}`] : []),
        ...COPIED_REFS,
      ];
      await runRelayed({ environment, cwd: folders.root, signal, input: '' }, args);
    },
  };
}

const QUIETLY = ['--quiet', '--no-write-fetch-head', '--no-auto-maintenance', '--no-tags'];
const MAX_REFS_BYTES = 64 * 1024 * 1024;

function lineOf({ ref, beforeId, afterId }: FollowedRef): string {
  if (afterId === null) return `delete ${ref} ${beforeId}\n`;
  return beforeId === null ? `create ${ref} ${afterId}\n` : `update ${ref} ${afterId} ${beforeId}\n`;
}

/** Refs and what they point at, out of lines of an id, a tab and a name. */
function followedIn(text: string): Map<string, string> {
  const rows = text.split('\n').flatMap((line): [string, string][] => {
    const [id = '', ref = ''] = line.split('\t');
    const isFollowed = FOLLOWED.some((start) => ref.startsWith(start)) && !ref.endsWith('^{}');
    return isFollowed && /^[0-9a-f]{40,64}$/.test(id) && refNameProblem(ref) === null ? [[ref, id]] : [];
  });
  return new Map(rows);
}
