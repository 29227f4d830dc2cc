#!/usr/bin/env node
/**
 * The command `latchkey`.
 *
 * Invariant: the version of Node is looked at before anything is loaded that an old one could not read.
 * Invariant: git's calls of the credential helper load neither the tree of commands nor the server.
 */
import { helperActionOf } from './credential/helper-action.ts';
import { nodeComplaint } from './node-version.ts';

const complaint = nodeComplaint(process.versions.node);
if (complaint === null) {
  const args = process.argv.slice(2);
  const { processTerminal } = await import('./terminal.ts');
  const action = helperActionOf(args);
  process.exitCode =
    action === null
      ? await (await import('./program.ts')).run(args, processTerminal())
      : await (await import('./credential/call.ts')).runHelper(action, processTerminal());
} else {
  process.stderr.write(`${complaint}\n`);
  process.exitCode = 1;
}
