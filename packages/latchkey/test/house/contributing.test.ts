/** CONTRIBUTING.md only mentions files and commands that exist, and SECURITY.md tests that exist. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../../../..');
const PACKAGE = join(ROOT, 'packages/latchkey');
const GUIDE = readFileSync(join(ROOT, 'CONTRIBUTING.md'), 'utf8');

/** What a newcomer wants to add: each has its own list of steps. */
const WANTED = [
  'A permission',
  'A refusal',
  "A route of GitHub's API",
  "A route of GitLab's API",
  'A setting',
  'A table, a column, a migration',
  'A mail',
  'A page',
  'A job',
  'A webhook event',
  'An audit event',
  'A CLI command',
  'A document, a block of code in one',
  'A dependency',
];

const named = [...GUIDE.matchAll(/`([^`\s]+)`/g)].map(([, text = '']) => text);
const paths = named.filter((text) => /^(?:src|test|docs|tools)\//.test(text) && !text.includes('NNNN'));

describe('CONTRIBUTING.md', () => {
  it('names only files and folders that are there', () => {
    expect(paths.length).toBeGreaterThan(40);
    const missing = paths.filter((path) => ![PACKAGE, ROOT].some((folder) => existsSync(join(folder, path))));
    expect(missing).toEqual([]);
  });

  it('names only npm scripts that package.json has', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: object };
    const run = [...GUIDE.matchAll(/`npm run ([\w:]+)/g)].map(([, name = '']) => name);
    expect(run.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
  });

  it('has steps for everything that a newcomer may want to add', () => {
    const sections = GUIDE.split(/^### /m).slice(1);
    expect(sections.map((section) => section.split('\n', 1)[0])).toEqual(WANTED);
    expect(sections.filter((section) => !section.includes('\n1. '))).toEqual([]);
  });

  it('names every table that a new refusal needs an answer in', () => {
    const doors = readdirSync(join(PACKAGE, 'src/doors'));
    const tables = doors.map((door) => `src/doors/${door}/refuse.ts`).filter((path) => existsSync(join(PACKAGE, path)));
    expect(tables.filter((path) => !paths.includes(path))).toEqual([]);
  });
});

it('SECURITY.md names a test that is there for each of its promises', () => {
  const [, promises = ''] = readFileSync(join(ROOT, 'SECURITY.md'), 'utf8').split('| --- | --- | --- |\n');
  const rows = promises.split('\n\n', 1)[0]?.split('\n') ?? [];
  expect(rows.length).toBeGreaterThan(15);
  const tests = rows.map((row) => [...row.matchAll(/`([^`\s]+\.test\.ts)`/g)].map(([, path = '']) => path));
  expect(rows.filter((_, i) => tests[i]?.length === 0)).toEqual([]);
  expect(tests.flat().filter((path) => !existsSync(join(PACKAGE, 'test', path)))).toEqual([]);
});
