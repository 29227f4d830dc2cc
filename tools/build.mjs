/** Builds the two packages, and says so as soon as it takes a moment: it does after `npm ci` and after a pull. */
import { spawn } from 'node:child_process';

const A_MOMENT_MS = 700;

const note = setTimeout(() => process.stderr.write('Building Latchkey …\n'), A_MOMENT_MS);
const compile = ['node_modules/typescript/bin/tsc', '-b', 'packages/latchkey', 'packages/client'];
spawn(process.execPath, compile, { stdio: 'inherit' }).once('close', (code) => {
  clearTimeout(note);
  process.exitCode = code ?? 1;
});
