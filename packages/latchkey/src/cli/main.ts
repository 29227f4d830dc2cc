#!/usr/bin/env node
/**
 * The command `latchkey`.
 *
 * Invariant: the version of Node is looked at before anything is loaded that an old one could not read.
 * Invariant: git's calls of the credential helper, and those of sshd, load neither the tree of commands nor the server;
 * the server loads no other command.
 */
import { findCompiledCode } from '../base/machine/compiled-code.ts';
import { helperActionOf } from './credential/helper-action.ts';
import { nodeComplaint } from './node-version.ts';
import { sshCallOf } from './ssh/words.ts';

async function start(args: readonly string[]): Promise<number> {
  const complaint = nodeComplaint(process.versions.node);
  if (complaint !== null) {
    process.stderr.write(`${complaint}\n`);
    return 1;
  }
  const call = sshCallOf(args);
  if (call !== null) {
    const [{ runSshCall }, { helperTerminal }] = await Promise.all([
      import('./ssh/call.ts'),
      import('./credential/helper-terminal.ts'),
    ]);
    return runSshCall(call, helperTerminal());
  }
  const action = helperActionOf(args);
  if (action === null) {
    if (args[0] === 'serve') findCompiledCode(args, process.env);
    const { processTerminal } = await import('./terminal.ts');
    if (args[0] === 'serve') return (await import('./serve/start.ts')).runServe(args, processTerminal());
    return (await import('./program.ts')).run(args, processTerminal());
  }
  const [{ runHelper }, { helperTerminal }] = await Promise.all([
    import('./credential/call.ts'),
    import('./credential/helper-terminal.ts'),
  ]);
  return runHelper(action, helperTerminal());
}

// Not awaited here: the bundle is CommonJS, which can't.
void start(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
