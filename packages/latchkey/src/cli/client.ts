#!/usr/bin/env node
/**
 * The command `latchkey` as people have it, without a server: the start of the package `@latchkey/cli` and of the
 * executables.
 *
 * Invariant: git's calls of the credential helper don't load the tree of commands. In the package the helper is one
 * file, this one, and the commands are another; they hand each other nothing but the arguments.
 */
import { runHelper } from './credential/call.ts';
import { helperActionOf } from './credential/helper-action.ts';
import { helperTerminal } from './credential/helper-terminal.ts';
import { nodeComplaint } from './node-version.ts';

async function start(args: readonly string[]): Promise<number> {
  const complaint = nodeComplaint(process.versions.node);
  if (complaint !== null) {
    process.stderr.write(`${complaint}\n`);
    return 1;
  }
  const action = helperActionOf(args);
  if (action !== null) return runHelper(action, helperTerminal());
  return (await import('./client-program.ts')).runClient(args);
}

void start(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
