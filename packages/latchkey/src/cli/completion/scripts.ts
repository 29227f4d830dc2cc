/**
 * The completion scripts, made from the tree of commands.
 *
 * Invariant: what somebody else named (a token, a repository) is compared and offered as text; no shell evaluates it.
 */
import type { Command } from 'commander';
import { fishScript } from './fish.ts';
import { placesOf } from './places.ts';
import { bashScript, zshScript } from './posix.ts';
import type { Shell } from './values.ts';

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

/** The script for a shell. */
export function completionScript(program: Command, shell: Shell): string {
  const { places, lists } = placesOf(program);
  return SCRIPTS[shell](places, lists);
}
