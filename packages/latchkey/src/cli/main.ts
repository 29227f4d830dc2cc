#!/usr/bin/env node
/**
 * The command `latchkey`.
 *
 * Invariant: the version of Node is looked at before anything is loaded that an old one could not read.
 */
import { nodeComplaint } from './node-version.ts';

const complaint = nodeComplaint(process.versions.node);
if (complaint === null) {
  const [{ run }, { processTerminal }] = await Promise.all([import('./program.ts'), import('./terminal.ts')]);
  process.exitCode = await run(process.argv.slice(2), processTerminal());
} else {
  process.stderr.write(`${complaint}\n`);
  process.exitCode = 1;
}
