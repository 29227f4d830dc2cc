/**
 * What a repository's own config and hooks still do here, and what no longer does anything: told when it is taken over,
 * so that nobody relies on a rule that is gone.
 *
 * Source: git's documentation, git-config; `processes/environment.ts` for what overrides a repository.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isOverridden } from '../processes/environment.ts';
import type { OwnEntry } from '../processes/profile.ts';

export interface OwnEffects {
  /** Settings that hold here, as git lists them, in lower case. */
  readonly kept: readonly string[];
  /** Settings without an effect here. */
  readonly idle: readonly string[];
  /** Hooks that don't run here. */
  readonly idleHooks: readonly string[];
}

/** Of services that are not here, of upkeep that is ours, and programs that a repository may not name. */
const IDLE = [
  /^(?:gc|maintenance|daemon|gitweb|instaweb|hook|gitlab|gitolite)\./,
  /^(?:http\.getanyfile|core\.hookspath|uploadpack\.packobjectshook|receive\.certnonces(?:eed|lop))$/,
];
/** Of the services that are here. */
const SERVED = /^(?:http\.(?:uploadpack|receivepack)$|(?:receive|transfer|uploadpack|uploadpackfilter)\.)/;
/** The switches of the services come along with a copy. */
const COPIED = /^http\./;
const HOOK = /^(?:pre-receive|update|post-receive|post-update|proc-receive|reference-transaction)$/;

function isIdle(key: string): boolean {
  return IDLE.some((some) => some.test(key));
}

/** @param isCopy true when files were copied, without hooks and without most settings */
export async function ownEffects(
  path: string,
  entries: readonly OwnEntry[],
  { runsHooks, isCopy }: { readonly runsHooks: boolean; readonly isCopy: boolean },
): Promise<OwnEffects> {
  const told = entries.filter(([key]) => isIdle(key) || SERVED.test(key));
  const isKept = ([key, value]: OwnEntry): boolean =>
    !isIdle(key) && !isOverridden(key, value) && (!isCopy || COPIED.test(key));
  const keysOf = (some: readonly OwnEntry[]): string[] => some.map(([key]) => key).toSorted();
  const found = await readdir(join(path, 'hooks'), { withFileTypes: true }).catch(() => []);
  const hooks = found.filter((entry) => !entry.isDirectory() && HOOK.test(entry.name)).map(({ name }) => name);
  // The last one counts.
  const settings = [...new Map(told.map((entry) => [entry[0], entry])).values()];
  return {
    kept: keysOf(settings.filter(isKept)),
    idle: keysOf(settings.filter((entry) => !isKept(entry))),
    idleHooks: runsHooks && !isCopy ? [] : hooks.toSorted(),
  };
}
