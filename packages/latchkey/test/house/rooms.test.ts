import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const SRC = join(dirname(fileURLToPath(import.meta.url)), '../../src');

/** Room → the rooms it may import, and the reason. ARCHITECTURE.md shows the same table. */
const ROOMS: Readonly<Record<string, { mayImport: readonly string[]; because: string }>> = {
  base: { mayImport: [], because: 'a leaf can be read first' },
  catalogue: { mayImport: ['base'], because: 'data must load in tests, docs and CLI alike' },
  rules: { mayImport: ['base', 'catalogue'], because: 'the decision must be a truth table' },
  store: { mayImport: ['base', 'catalogue', 'rules'], because: 'SQL in one room runs on both engines' },
  git: { mayImport: ['base'], because: 'running git knows nothing of tokens' },
  actions: {
    mayImport: ['base', 'catalogue', 'rules', 'store', 'git'],
    because: 'one verb = one transaction = one audit entry',
  },
  doors: {
    mayImport: ['base', 'catalogue', 'rules', 'actions', 'git'],
    because: 'a door that reached the store could skip the decision',
  },
  cli: {
    mayImport: ['base', 'catalogue', 'rules'],
    because: 'the credential helper must start fast and needs no database',
  },
};
/** The files of `cli` that run the server or change its data, and so need more. */
const CLI_WITH_SERVER = /^cli\/(?:serve|demo|admin)[a-z-]*\.tsx?$/;

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

function sourceFiles(dir: string): string[] {
  return readdirSync(dir).flatMap((name) => {
    const path = join(dir, name);
    return statSync(path).isDirectory() ? sourceFiles(path) : /\.tsx?$/.test(name) ? [path] : [];
  });
}

function importsOf(path: string): Import[] {
  const from = relative(SRC, path).split(sep).join('/');
  const text = readFileSync(path, 'utf8');
  const found = [
    ...text.matchAll(
      /(?:^|\n)\s*(?:import|export)\s+(type\s+)?[^;'"]*?from\s+['"](\.[^'"]+)['"]|import\(\s*['"](\.[^'"]+)['"]\s*\)/g,
    ),
  ];
  return found.map((match) => ({
    from,
    to: relative(SRC, join(dirname(path), match[2] ?? match[3]!))
      .split(sep)
      .join('/'),
    typeOnly: match[1] !== undefined,
  }));
}

function complaintAbout({ from, to }: Import): string | null {
  const room = from.split('/')[0]!;
  const target = to.split('/')[0]!;
  if (!from.includes('/')) return target === 'cli' ? `${from} imports ${to}: app may import everything but cli` : null;
  if (room === target) {
    const crossesDoors = room === 'doors' && from.split('/')[1] !== to.split('/')[1];
    return crossesDoors ? `${from} imports ${to}: a door that imported another would couple dialects` : null;
  }
  if (CLI_WITH_SERVER.test(from) && (['actions', 'git'].includes(target) || !to.includes('/'))) return null;
  const rule = ROOMS[room];
  if (rule === undefined) return `${from} stands in a room that ARCHITECTURE.md does not name`;
  return rule.mayImport.includes(target)
    ? null
    : `${from} imports ${to}: ${room} may import ${rule.mayImport.join(', ') || 'nothing of ours'}, because ${rule.because}`;
}

const files = sourceFiles(SRC);

describe('the house', () => {
  it('has files to look at', () => {
    expect(files.length).toBeGreaterThan(20);
  });

  it('keeps its rooms apart', () => {
    expect(
      files
        .flatMap(importsOf)
        .map(complaintAbout)
        .filter((complaint) => complaint !== null),
    ).toEqual([]);
  });

  it('opens every file with what it is for', () => {
    const bare = files.filter((path) => !/^(?:#!.*\n)?\/\*\*/.test(readFileSync(path, 'utf8')));
    expect(bare.map((path) => relative(SRC, path))).toEqual([]);
  });

  it('names files by kebab-case nouns, none of which says nothing', () => {
    const bad = files
      .map((path) => relative(SRC, path))
      .filter(
        (path) =>
          !/^[a-z0-9-]+\.tsx?$/.test(path.split(sep).at(-1)!) ||
          /(?:^|[/-])(?:utils?|helpers?|common|manager|service|index|misc)\.tsx?$/.test(path),
      );
    expect(bad).toEqual([]);
  });

  it('lets no clock, randomness or waiting into the rules', () => {
    const impure = files
      .filter((path) => relative(SRC, path).startsWith('rules'))
      .filter((path) =>
        /Date\.now|new Date\(\)|Math\.random|randomBytes\(|\bawait\b|\basync\b/.test(
          readFileSync(path, 'utf8')
            .replace(/\/\*[\s\S]*?\*\//g, '')
            .replace(/randomBytes\(length/, ''),
        ),
      );
    expect(impure.map((path) => relative(SRC, path))).toEqual([]);
  });
});
