/** What the server is installed with, and the page that says how. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SETTING_NAMES, settingVariable } from '../../src/base/settings/rows.ts';
import { programVersion } from '../../src/base/version.ts';
import { type Architecture, writeDebianTree } from '../../tools/debian-tree.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const PAGE = read('docs/install.md');
const UNIT = read('packaging/systemd/latchkey.service');

describe('the page on installing', () => {
  it('names only files, sections and npm scripts that exist', () => {
    const links = [...PAGE.matchAll(/\]\(([^)#]+)?(?:#([\w-]+))?\)/g)].map(([, path, section]) => ({ path, section }));
    expect(links.length).toBeGreaterThan(8);
    for (const { path, section } of links) {
      const file = join('docs', path ?? 'install.md');
      expect([file, existsSync(join(ROOT, file))]).toEqual([file, true]);
      if (section !== undefined) expect(headings(read(file))).toContain(section);
    }
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = [...PAGE.matchAll(/npm run (?:-s )?([\w:]+)/g)].map(([, name = '']) => name);
    expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
  });

  it('names packages by the version of now, and only settings that there are', () => {
    const versions = [...PAGE.matchAll(/latchkey[-_](\d[\d.]*\d)[_.]/g)].map(([, version]) => version);
    expect(new Set(versions)).toEqual(new Set([programVersion()]));
    const known = new Set(SETTING_NAMES.map(settingVariable));
    const named = [...(PAGE + UNIT).matchAll(/LATCHKEY_[A-Z_]+/g)].map(([name]) => name.replace(/_FILE$/, ''));
    expect(named.filter((name) => name !== 'LATCHKEY_' && !known.has(name) && !known.has(`${name}_FILE`))).toEqual([]);
  });
});

/** Headings as addresses: `What to keep` → `what-to-keep`. */
function headings(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, words = '']) => words.toLowerCase().replaceAll(' ', '-'));
}

describe('the Debian package', () => {
  it('holds the program with its Node, the unit, manual page and completions, which only root may change', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-deb-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const node = join(folder, 'a-node');
    writeFileSync(node, '');
    const tree = join(folder, 'tree');
    await writeDebianTree(tree, process.arch as Architecture, node);
    const files = readdirSync(tree, { recursive: true, encoding: 'utf8' });
    for (const path of [
      'usr/bin/latchkey',
      'usr/lib/latchkey/node',
      'usr/lib/latchkey/lib/server/main.js',
      'usr/lib/latchkey/node_modules/@node-rs/argon2/index.js',
      'usr/lib/systemd/system/latchkey.service',
      'usr/share/man/man1/latchkey.1.gz',
      'usr/share/bash-completion/completions/latchkey',
      'usr/share/doc/latchkey/copyright',
      'etc/latchkey/environment',
    ])
      expect(files).toContain(path);
    const writable = files.filter((path) => (statSync(join(tree, path)).mode & 0o022) !== 0);
    expect(writable).toEqual([]);
    expect(readFileSync(join(tree, 'DEBIAN/control'), 'utf8')).toMatch(/^Version: \d+\.\d+\.\d+$/m);
    for (const name of ['postinst', 'prerm', 'postrm']) {
      expect(statSync(join(tree, 'DEBIAN', name)).mode & 0o777).toBe(0o755);
      execFileSync('sh', ['-n', join(tree, 'DEBIAN', name)]);
    }
  });
});
