/**
 * The server's own code as V8 compiled it, kept for the next start: half of a start is reading and compiling.
 *
 * Whoever writes to that folder decides what the server runs. So it lies in the data folder, beside the hooks that git
 * runs and the keys, and is used only when it belongs to the account that serves and nobody else may write to it.
 * Invariant: without it everything works, slower. Node compares what is kept with the source, and leaves it if it
 * doesn't fit.
 * Never: for commands of the operator, who may be root, while the folder is another account's.
 */
import { lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { enableCompileCache, flushCompileCache } from 'node:module';
import { dirname, join } from 'node:path';
import { programVersion } from '../version.ts';

const FOLDER = 'compiled-code';
/** Write permission of a group, and of others. */
const WRITABLE_BY_OTHERS = 0o022;

/**
 * Loads compiled code from the data folder, if there is any; makes nothing. For the first moment of a start, when
 * settings aren't read yet: a file of settings may name another folder, and then `keepCompiledCode` comes too late for
 * the few modules before it.
 */
export function findCompiledCode(args: readonly string[], { LATCHKEY_DATA: named }: NodeJS.ProcessEnv): void {
  const at = args.findIndex((word) => word === '--data' || word.startsWith('--data='));
  const word = at === -1 ? undefined : args[at];
  const dataDir = word === '--data' ? args[at + 1] : word?.slice('--data='.length);
  load(join(dataDir ?? (named || 'data'), FOLDER));
}

/**
 * From now on, keeps what is compiled in the data folder, and loads it from there. What other versions kept is removed:
 * each takes 8 MB.
 */
export function keepCompiledCode(dataDir: string): void {
  const [folder, version] = [join(dataDir, FOLDER), programVersion()];
  try {
    mkdirSync(join(folder, version), { recursive: true, mode: 0o700 });
    if (!isOurs(folder)) return;
    for (const name of readdirSync(folder)) if (name !== version) rmSync(join(folder, name), { recursive: true });
  } catch {
    // A folder that can't be written is named by what needs it.
  }
  load(folder);
}

/** Writes what was compiled since, for a server that is killed: others write it when they end. */
export function writeCompiledCode(): void {
  flushCompileCache();
}

/** A second call changes nothing. */
function load(folder: string): void {
  const own = join(folder, programVersion());
  if ([dirname(folder), folder, own].every(isOurs)) enableCompileCache(own);
}

/** False also where there is nothing. */
function isOurs(path: string): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined || !stat.isDirectory()) return false;
  // Windows has neither.
  if (process.getuid === undefined) return true;
  return stat.uid === process.getuid() && (stat.mode & WRITABLE_BY_OTHERS) === 0;
}
