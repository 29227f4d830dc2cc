/**
 * The files of a release: three npm packages, a Debian package where one can be built, what is in the server (SBOM),
 * and the digests of all.
 *
 * Invariant: the same commit gives the same list of components: nothing of the day or the machine is in it.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { published } from './published.ts';

export const DIGESTS = 'SHA256SUMS';

/** Runs a program in a folder; its output as text, without the last line break. */
export function run(cwd: string, program: string, ...args: readonly string[]): string {
  return execFileSync(program, args, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    stdio: ['ignore', 'pipe', 'inherit'],
  }).trimEnd();
}

/** Packs a folder with a `package.json` into `out`; returns the name of the file. */
export function pack(folder: string, out: string): string {
  return run(folder, 'npm', 'pack', '--silent', '--pack-destination', out);
}

/** Writes the package of the library for resource servers: its compiled code, without what only a checkout needs. */
export function writeLibraryPackage(root: string, folder: string): void {
  const source = join(root, 'packages/client');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  cpSync(join(source, 'dist'), join(folder, 'dist'), {
    recursive: true,
    filter: (path) => !path.endsWith('.tsbuildinfo') && !path.endsWith('.map'),
  });
  cpSync(join(source, 'README.md'), join(folder, 'README.md'));
  cpSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
  const { devDependencies: _, ...manifest } = JSON.parse(
    readFileSync(join(source, 'package.json'), 'utf8'),
  ) as object & {
    devDependencies?: unknown;
  };
  writeFileSync(
    join(folder, 'package.json'),
    `${JSON.stringify({ ...manifest, ...published('packages/client') }, null, 2)}\n`,
  );
}

/** Of the lock file, so that it says what every installation gets, not what happens to be here. */
const SBOM = [
  'sbom',
  '--package-lock-only',
  '--sbom-format=cyclonedx',
  '--sbom-type=application',
  '--workspace=packages/latchkey',
];

interface Bom {
  serialNumber: string;
  metadata: { timestamp: string; component: Record<string, unknown> };
  components: readonly { readonly name: string }[];
  dependencies: readonly { readonly ref: string }[];
}

/**
 * What the server is made of, as CycloneDX 1.5: what npm knows of its dependencies, about the program that is released.
 * `at`: the time of its commit (ISO 8601).
 */
export function billOfMaterials(root: string, version: string, at: string): string {
  const bom = JSON.parse(run(root, 'npm', ...SBOM)) as Bom;
  bom.components = bom.components.filter(({ name }) => name !== 'latchkey');
  bom.dependencies = bom.dependencies.filter(({ ref }) => !ref.startsWith('latchkey-workspace@'));
  bom.metadata.timestamp = at;
  bom.metadata.component = {
    'bom-ref': `latchkey@${version}`,
    type: 'application',
    name: 'latchkey',
    version,
    purl: `pkg:npm/latchkey@${version}`,
    licenses: [{ license: { id: 'Apache-2.0' } }],
  };
  bom.serialNumber = '';
  const digest = createHash('sha256').update(JSON.stringify(bom)).digest('hex');
  bom.serialNumber = `urn:uuid:${uuidFrom(digest)}`;
  return `${JSON.stringify(bom, null, 2)}\n`;
}

/** A UUID of version 8 (RFC 9562 section 5.8): bits of our own choice. */
function uuidFrom(digest: string): string {
  const hex = `${digest.slice(0, 12)}8${digest.slice(13, 16)}8${digest.slice(17, 32)}`;
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Writes the digests of all files in a folder, as `sha256sum --check` reads them. */
export function writeDigests(folder: string): void {
  const lines = readdirSync(folder)
    .filter((name) => name !== DIGESTS && statSync(join(folder, name)).isFile())
    .sort()
    .map(
      (name) =>
        `${createHash('sha256')
          .update(readFileSync(join(folder, name)))
          .digest('hex')}  ${name}\n`,
    );
  writeFileSync(join(folder, DIGESTS), lines.join(''));
}

/** True where a Debian package can be built. */
export function canPackDebian(): boolean {
  return process.platform === 'linux' && existsSync('/usr/bin/dpkg-deb');
}
