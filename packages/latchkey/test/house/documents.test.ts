/** The documents as a whole: each is found from one index, every link leads somewhere, every npm script exists. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../../../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const INDEX = 'docs/README.md';

const pagesIn = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md') && !path.startsWith('decisions'))
    .map((path) => join(folder, path));
const PAGES = [
  ...pagesIn('docs'),
  'README.md',
  'SECURITY.md',
  'CONTRIBUTING.md',
  'ARCHITECTURE.md',
  'packages/client/README.md',
];

/** Without blocks of code, whose brackets are no links. */
function linksIn(path: string): { readonly to: string; readonly section: string | null }[] {
  const text = read(path).replace(/^```[^]*?^```$/gm, '');
  return [...text.matchAll(/\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)/g)].map(([, to = '', section]) => ({
    to: to === '' ? path : normalize(join(dirname(path), to)),
    section: section ?? null,
  }));
}

/** Headings as GitHub makes addresses of them, the second of two alike with `-1`. */
function sectionsOf(path: string): string[] {
  const text = read(path).replace(/^```[^]*?^```$/gm, '');
  const names = [...text.matchAll(/^#+ (.+)$/gm)].map(([, words = '']) =>
    words
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  );
  return names.map((name, i) => {
    const before = names.slice(0, i).filter((other) => other === name).length;
    return before === 0 ? name : `${name}-${before}`;
  });
}

it('every document is found from the index', () => {
  const linked = new Set(linksIn(INDEX).map(({ to }) => to));
  expect(PAGES.filter((path) => path.startsWith('docs/') && path !== INDEX && !linked.has(path))).toEqual([]);
});

it('every link between documents leads to a file and a section that there are', () => {
  const wrong = PAGES.flatMap((path) =>
    linksIn(path)
      .filter(({ to, section }) => {
        if (!existsSync(join(ROOT, to))) return true;
        return section !== null && to.endsWith('.md') && !sectionsOf(to).includes(section);
      })
      .map(({ to, section }) => `${path}: ${to}${section === null ? '' : `#${section}`}`),
  );
  expect(wrong).toEqual([]);
});

it('every npm script that a document names exists', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Readonly<Record<string, string>> };
  const wrong = PAGES.filter((path) => path !== 'packages/client/README.md').flatMap((path) =>
    [...read(path).matchAll(/\bnpm run (?:-s )?([a-z][\w:-]*)/g)]
      .filter(([, name = '']) => scripts[name] === undefined)
      .map(([words]) => `${path}: ${words}`),
  );
  expect(wrong).toEqual([]);
});
