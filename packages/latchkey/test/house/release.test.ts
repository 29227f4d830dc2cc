/** A release: its version everywhere, its section of the changelog, what is published and what is in it. */
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { programVersion } from '../../src/base/version.ts';
import { writeClientPackage } from '../../tools/client-package.ts';
import { billOfMaterials, pack, writeDigests, writeLibraryPackage } from '../../tools/release-files.ts';
import { nextVersion, PLACES, releasedChangelog, withVersion } from '../../tools/release-plan.ts';
import { MAIN, runProgram } from '../scripts/latchkey-process.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'latchkey-release-test-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

it.each([
  [null, [], '0.1.0'],
  [null, ['v0.1.0'], '0.2.0'],
  ['patch', ['v0.1.0'], '0.1.1'],
  ['major', [], '1.0.0'],
  ['3.0.0', [], '3.0.0'],
])('asked for %s with the tags %j, the version after 0.1.0 is %s', (asked, tags, version) => {
  expect(nextVersion('0.1.0', asked, new Set(tags))).toBe(version);
});

it('no version is released twice, and nothing else is a version', () => {
  expect(() => nextVersion('0.1.0', '0.1.0', new Set(['v0.1.0']))).toThrow('released already');
  expect(() => nextVersion('0.1.0', 'bigger', new Set())).toThrow('bigger is no version like 1.2.3');
});

it('the version of now stands in every place that a release changes, and in all of them afterwards', () => {
  for (const path of Object.keys(PLACES)) {
    const raised = withVersion(path, read(path), programVersion(), '9.8.7');
    expect(withVersion(path, raised, '9.8.7', programVersion())).toBe(read(path));
    expect(raised).not.toBe(read(path));
  }
  expect(() => withVersion('docs/install.md', 'nothing', '0.1.0', '0.2.0')).toThrow('docs/install.md has no');
});

it('the changelog keeps an empty place for what comes next, and nothing is released without entries', () => {
  const { changelog, section } = releasedChangelog(read('CHANGELOG.md'), '9.8.7', '2030-01-02');
  expect(changelog).toContain('## Unreleased\n\n## 9.8.7 (2030-01-02)\n\n### ');
  expect(changelog.replace('\n## 9.8.7 (2030-01-02)\n', '')).toBe(read('CHANGELOG.md'));
  expect(section).toMatch(/^### Security\n/);
  expect(section).not.toMatch(/^## /m);
  expect(() => releasedChangelog(changelog, '9.8.8', '2030-01-03')).toThrow('nothing is unreleased');
});

it('each npm package brings its licence and readme, says how it is published, and no more than it needs', async () => {
  const out = folder();
  const [library, client] = [join(out, 'library'), join(out, 'client')];
  writeLibraryPackage(ROOT, library);
  await writeClientPackage(client);
  for (const [path, files] of [
    [library, ['dist/client.js', 'dist/client.d.ts', 'dist/hono.js', 'README.md', 'LICENSE']],
    [client, ['man/latchkey.1', 'README.md', 'LICENSE', 'THIRD-PARTY-LICENSES']],
    [join(MAIN, '../../..'), ['man/latchkey.1', 'README.md', 'LICENSE', 'THIRD-PARTY-LICENSES']],
  ] as const) {
    const manifest = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) as Record<string, unknown>;
    expect(manifest).toMatchObject({
      version: programVersion(),
      license: 'Apache-2.0',
      publishConfig: { access: 'public', provenance: true },
    });
    expect(manifest['private']).toBeUndefined();
    expect(manifest['devDependencies']).toBeUndefined();
    const packed = await runProgram('npm', ['pack', '--dry-run', '--json'], { cwd: path });
    const [{ files: taken }] = JSON.parse(packed.stdout) as [{ files: { path: string }[] }];
    const names = taken.map((file) => file.path);
    expect(names).toEqual(expect.arrayContaining([...files]));
    expect(names.filter((name) => /\.(?:map|tsbuildinfo|test\.js)$/.test(name))).toEqual([]);
  }
});

it('a packed library can be unpacked, and its digest checked', async () => {
  const out = folder();
  writeLibraryPackage(ROOT, join(out, 'library'));
  const name = pack(join(out, 'library'), out);
  expect(name).toBe(`latchkey-client-${programVersion()}.tgz`);
  writeFileSync(join(out, 'another'), 'file');
  writeDigests(out);
  const sums = readFileSync(join(out, 'SHA256SUMS'), 'utf8');
  expect(sums).toContain(`${createHash('sha256').update('file').digest('hex')}  another\n`);
  expect(sums).toContain(
    `${createHash('sha256')
      .update(readFileSync(join(out, name)))
      .digest('hex')}  ${name}\n`,
  );
  expect(sums.split('\n')).toHaveLength(3);
});

it('the bill of materials is CycloneDX about this version, the same each time, with what the server is made of', () => {
  const at = '2030-01-02T00:00:00+00:00';
  const text = billOfMaterials(ROOT, '9.8.7', at);
  expect(billOfMaterials(ROOT, '9.8.7', at)).toBe(text);
  const bom = JSON.parse(text) as { metadata: unknown; components: { name: string; hashes: unknown[] }[] };
  expect(bom).toMatchObject({
    bomFormat: 'CycloneDX',
    serialNumber: expect.stringMatching(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/),
    metadata: { timestamp: at, component: { name: 'latchkey', version: '9.8.7', purl: 'pkg:npm/latchkey@9.8.7' } },
  });
  const names = new Set(bom.components.map(({ name }) => name));
  const { dependencies } = JSON.parse(read('packages/latchkey/package.json')) as { dependencies: object };
  expect(Object.keys(dependencies).filter((name) => !names.has(name))).toEqual([]);
  for (const development of ['vitest', 'typescript', 'playwright-core', 'latchkey'])
    expect(names.has(development), development).toBe(false);
  expect(bom.components.every(({ hashes }) => hashes.length > 0)).toBe(true);
  expect(existsSync(join(ROOT, 'LICENSE'))).toBe(true);
});
