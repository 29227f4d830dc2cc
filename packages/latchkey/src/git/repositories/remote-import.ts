/**
 * A repository copied from another server, by way of a relay (`actions/repositories/creation/relay.ts`), or from a
 * bundle.
 *
 * Invariant: git checks what comes as it checks a push.
 * Never: refs that only the other server has a use for: `refs/pull`, `refs/merge-requests`, `refs/keep-around`.
 */
import { open } from 'node:fs/promises';
import { problem } from '../../base/errors.ts';
import { refNameProblem } from '../objects/names.ts';
import { gitEnvironment } from '../processes/environment.ts';
import { collectOutput, GitFailure, type GitProcess, startGit } from '../processes/git-process.ts';
import type { ObjectFormat } from '../processes/profile.ts';
import type { Folders } from './folders.ts';
import { type Imported, init, made, reading } from './new-repository.ts';

/** What is copied. */
export const COPIED_REFS: readonly string[] = [
  '+refs/heads/*:refs/heads/*',
  '+refs/tags/*:refs/tags/*',
  '+refs/notes/*:refs/notes/*',
];

/** Mistakes that a push may bring as well: see `environment.ts`. */
const FORGIVEN = ['badFilemode', 'missingTaggerEntry'].map((name) => [`fetch.fsck.${name}`, 'ignore'] as const);

/** Where git fetches from, on the loopback. */
export interface RelayPlace {
  readonly address: string;
  /** A header that opens it. */
  readonly header: string;
}

/** The refs of another repository. */
export interface RemoteRefs {
  readonly objectFormat: ObjectFormat;
  /** The branch that its HEAD names; null when that can't be told. */
  readonly head: string | null;
  readonly count: number;
}

/**
 * Copies branches, tags and notes to `path`. Throws a `GitFailure` when git can't, and a `Problem` when something is
 * there already.
 */
export async function importRemote(
  folders: Folders,
  path: string,
  relay: RelayPlace,
  signal: AbortSignal,
): Promise<RemoteRefs> {
  const environment = relayEnvironment(folders, relay);
  const run = (args: readonly string[]): Promise<string> =>
    runRelayed({ environment, cwd: folders.root, signal, input: '' }, args);
  const refs = refsIn(await run(['ls-remote', '--symref', relay.address]));
  await made(folders, path, async (draft) => {
    await init(folders, draft, refs.objectFormat, refs.head ?? 'main');
    await run([`--git-dir=${draft}`, 'fetch', ...FETCH, relay.address, ...COPIED_REFS]);
  });
  return refs;
}

const FETCH = ['--quiet', '--no-write-fetch-head', '--no-auto-maintenance', '--no-tags'];

/** Copies a bundle to `path`. Throws a `Problem` when it isn't a whole one. */
export async function importBundle(folders: Folders, path: string, bundle: string): Promise<Imported> {
  const objectFormat = await formatOfBundle(bundle);
  await reading(bundle, () => copyBundle(folders, path, bundle, objectFormat));
  return { objectFormat, copied: true, effects: { kept: [], idle: [], idleHooks: [] } };
}

async function copyBundle(folders: Folders, path: string, bundle: string, objectFormat: ObjectFormat): Promise<void> {
  const run = async (args: readonly string[]): Promise<string> => {
    const environment = gitEnvironment({
      homeFolder: folders.home,
      hooksFolder: folders.noHooks,
      // What an operator imports is accepted as it is, including old mistakes; pushes are checked.
      config: [['fetch.fsckObjects', 'false']],
      allowProtocol: 'file',
    });
    return (await collectOutput(startGit({ args, environment, cwd: folders.root }), args, {})).toString('utf8');
  };
  await made(folders, path, async (draft) => {
    await init(folders, draft, objectFormat, 'main');
    const git = `--git-dir=${draft}`;
    const { head } = refsIn(await run([git, 'ls-remote', bundle]));
    if (head !== null) await run([git, 'symbolic-ref', 'HEAD', `refs/heads/${head}`]);
    await run([git, 'fetch', ...FETCH, bundle, '+refs/*:refs/*']);
  });
}

/** The object format of a whole bundle. Source: git's documentation, gitformat-bundle. @throws Problem */
async function formatOfBundle(path: string): Promise<ObjectFormat> {
  const file = await open(path);
  let head: string;
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(64 * 1024), 0, 64 * 1024, 0);
    head = buffer.subarray(0, bytesRead).toString('latin1');
  } finally {
    await file.close();
  }
  const [signature = '', ...lines] = head.split('\n');
  if (!/^# v[23] git bundle$/.test(signature))
    throw problem('invalid', `${path} is neither a repository nor a bundle of git's.`, 'path');
  if (lines.some((line) => line.startsWith('@filter=')))
    throw problem('invalid', `The bundle ${path} leaves objects out (a filter), so it is no whole repository.`, 'path');
  const first = lines.find((line) => !line.startsWith('@')) ?? '';
  if (first.startsWith('-'))
    throw problem(
      'invalid',
      `The bundle ${path} builds on commits that it doesn't hold. Make one of everything: git bundle create FILE --all`,
      'path',
    );
  return lines.includes('@object-format=sha256') ? 'sha256' : 'sha1';
}

/** Reads what `git ls-remote --symref` printed. */
function refsIn(text: string): RemoteRefs {
  const rows = text.split('\n').flatMap((line) => {
    const [left, name] = line.split('\t');
    return left === undefined || name === undefined ? [] : [{ left, name }];
  });
  const ids = rows.filter(({ left }) => !left.startsWith('ref: '));
  const said = rows.find(({ left, name }) => name === 'HEAD' && left.startsWith('ref: refs/heads/'));
  const headId = ids.find(({ name }) => name === 'HEAD')?.left;
  const same = ids.filter(({ left, name }) => left === headId && name.startsWith('refs/heads/'));
  const guessed = ['refs/heads/main', 'refs/heads/master'].find((ref) => same.some(({ name }) => name === ref));
  const head = said?.left.slice('ref: refs/heads/'.length) ?? (guessed ?? same[0]?.name)?.slice('refs/heads/'.length);
  return {
    objectFormat: ids[0]?.left.length === 64 ? 'sha256' : 'sha1',
    head: head === undefined || refNameProblem(head) !== null ? null : head,
    count: ids.filter(({ name }) => /^refs\/(?:heads|tags|notes)\//.test(name) && !name.endsWith('^{}')).length,
  };
}

/** The environment of git against a relay. Its arguments name the relay alone; what opens that is in here. */
export function relayEnvironment(folders: Folders, { address, header }: RelayPlace): Record<string, string> {
  return gitEnvironment({
    homeFolder: folders.home,
    hooksFolder: folders.noHooks,
    config: [
      ['http.extraHeader', header],
      ['http.followRedirects', 'false'],
      ['http.proxy', ''],
      // The longest one counts, so no setting of the repository's own leads elsewhere.
      [`url.${address}.insteadOf`, address],
      [`url.${address}.pushInsteadOf`, address],
      ...FORGIVEN,
    ],
    allowProtocol: 'http',
  });
}

/** How git runs against a relay. */
export interface RelayedRun {
  readonly environment: Record<string, string>;
  readonly cwd: string;
  readonly signal: AbortSignal;
  readonly input: string;
}

/** Runs git against a relay. Throws a `GitFailure`. */
export async function runRelayed(
  { environment, cwd, signal, input }: RelayedRun,
  args: readonly string[],
): Promise<string> {
  signal.throwIfAborted();
  const git: GitProcess = startGit({ args, environment, cwd });
  const stop = (): void => git.stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    return (await collectOutput(git, args, { input, maxBytes: 64 * 1024 * 1024 })).toString('utf8');
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** What git said when it failed, as a part of a sentence: what the other side refused, or its last line. */
export function lastWords(error: GitFailure): string {
  const lines = error.end.stderr.trim().split('\n');
  const refused = lines.find((line) => /^ ?! \[/.test(line));
  const words = refused?.trim() ?? lines.at(-1) ?? '';
  return words
    .replace(/^(?:fatal|error): /, '')
    .replaceAll(/'?http:\/\/127\.0\.0\.1:\d+\/?'?/g, 'the other side')
    .slice(0, 300);
}
