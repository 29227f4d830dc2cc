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
  const action = helperActionOf(args);
  if (action === null) {
    const [{ run }, { processTerminal }] = await Promise.all([import('./program.ts'), import('./terminal.ts')]);
    process.exitCode = await run(args, processTerminal());
  } else {
    const [{ runHelper }, { helperTerminal }] = await Promise.all([
      import('./credential/call.ts'),
      import('./credential/helper-terminal.ts'),
    ]);
    process.exitCode = await runHelper(action, helperTerminal());
  }
} else {
  process.stderr.write(`${complaint}\n`);
  process.exitCode = 1;
}
