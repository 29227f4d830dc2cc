/**
 * `npm run build:cli [-- NAME …]`: the client for people, into `packages/latchkey/dist/download`, which every server of
 * this checkout offers at `/download`: the npm package, and executables (all, or those that are named; `package` names
 * none).
 *
 * Invariant: a file is replaced in one step, and `SHA256SUMS` comes last, so that a server that runs offers no half.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CLIENT_PACKAGE, DIGEST_FILE } from '../src/catalogue/client-files.ts';
import { writeClientPackage } from './client-package.ts';
import { buildExecutable, type ExecutableName, TARGETS } from './executables.ts';

const DIST = join(import.meta.dirname, '../dist');
const OUT = join(DIST, 'download');

const all = Object.keys(TARGETS) as ExecutableName[];
const named = process.argv.slice(2);
const unknown = named.filter((name) => name !== 'package' && !all.some((each) => each === name));
if (unknown.length > 0) {
  process.stderr.write(
    `error: there is no executable ${unknown.join(', ')}\nhint: there are ${all.join(', ')}, and package\n`,
  );
  process.exit(2);
}

try {
  await build();
} catch (error) {
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

async function build(): Promise<void> {
  mkdirSync(OUT, { recursive: true });
  await writeClientPackage(join(DIST, 'client'));
  const packed = execFileSync('npm', ['pack', '--silent', '--pack-destination', OUT], { cwd: join(DIST, 'client') });
  renameSync(join(OUT, String(packed).trim()), join(OUT, CLIENT_PACKAGE));
  told(CLIENT_PACKAGE);

  for (const name of named.length === 0 ? all : all.filter((each) => named.includes(each))) {
    await buildExecutable(name, join(OUT, `${name}.new`));
    renameSync(join(OUT, `${name}.new`), join(OUT, name));
    told(name);
  }

  const files = readdirSync(OUT).filter((name) => name === CLIENT_PACKAGE || all.some((each) => each === name));
  const sums = files.map(
    (name) =>
      `${createHash('sha256')
        .update(readFileSync(join(OUT, name)))
        .digest('hex')}  ${name}\n`,
  );
  writeFileSync(join(OUT, `${DIGEST_FILE}.new`), sums.join(''));
  renameSync(join(OUT, `${DIGEST_FILE}.new`), join(OUT, DIGEST_FILE));
}

function told(name: string): void {
  process.stdout.write(`${join(OUT, name)}, ${(statSync(join(OUT, name)).size / 1e6).toFixed(1)} MB\n`);
}
