/** `latchkey serve` by itself: the modules of all other commands, and their options, are a tenth of a start. */
import { buildTree, runTree } from '../command-tree.ts';
import type { ExitCode } from '../exit-codes.ts';
import type { Terminal } from '../terminal.ts';
import { serveCommand } from './serve.ts';

/** Runs one command line that begins with `serve`, as `program.ts` would. Never throws, never exits. */
export async function runServe(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  return runTree(buildTree({ description: '', examples: [], commands: [serveCommand] }, terminal), args, terminal);
}
