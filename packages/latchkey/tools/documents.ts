/**
 * The documents of the checkout as one whole: which there are, what they link, how their sections are named, and the
 * order that the index gives them. `npm run site` makes pages of them; `test/house/documents.test.ts` checks them.
 *
 * Paths are relative to the checkout, with `/` on every system.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';

export const ROOT = join(import.meta.dirname, '../../..');
/** The page that leads to all others. */
export const INDEX = 'docs/README.md';

export const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
export const isFolder = (path: string): boolean => statSync(join(ROOT, path)).isDirectory();

/** Every file below a folder, sorted. */
export function filesIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('node_modules'))
    .map((entry) => posix.join(entry.parentPath.slice(ROOT.length + 1), entry.name))
    .toSorted();
}

/** Every document that people read. */
export const DOCUMENTS: readonly string[] = [
  ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
  ...['docs', 'examples'].flatMap(filesIn).filter((path) => path.endsWith('.md')),
  'packages/client/README.md',
];

const FENCE = /^( *)(```+)[^\n]*\n[^]*?^\1\2 *$/gm;
/** A link or picture of this checkout: what stands before its address, the address, the section. */
const LINK = /(\]\()(?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?(?=\))/g;

export interface Link {
  /** The file or folder. */
  readonly to: string;
  /** The section of it, if any. */
  readonly section: string | null;
}

/** The text with every link changed; what stands in blocks of code, whose brackets are no links, stays. */
export function withLinks(path: string, change: (link: Link) => string): string {
  const text = read(path);
  const pieces: string[] = [];
  let at = 0;
  for (const fence of [...text.matchAll(FENCE), null]) {
    const words = text.slice(at, fence?.index ?? text.length);
    pieces.push(
      words.replace(LINK, (_, before: string, address: string, section?: string) => {
        const to = address === '' ? path : posix.join(posix.dirname(path), address).replace(/\/$/, '');
        return before + change({ to, section: section ?? null });
      }),
    );
    if (fence !== null) pieces.push(fence[0]);
    at = (fence?.index ?? 0) + (fence?.[0].length ?? 0);
  }
  return pieces.join('');
}

export function linksIn(path: string): Link[] {
  const found: Link[] = [];
  withLinks(path, (link) => {
    found.push(link);
    return '';
  });
  return found;
}

/** A heading's words as the address that GitHub gives it; the site does the same. */
export function sectionName(words: string): string {
  return words
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(' ', '-');
}

/** The addresses of a document's sections; the second of two alike ends with `-1`. */
export function sectionsIn(path: string): string[] {
  const names = [
    ...read(path)
      .replace(FENCE, '')
      .matchAll(/^#+ (.+)$/gm),
  ].map(([, words = '']) => sectionName(words));
  return names.map((name, i) => {
    const before = names.slice(0, i).filter((other) => other === name).length;
    return before === 0 ? name : `${name}-${before}`;
  });
}

export interface IndexGroup {
  /** What a reader wants to do. */
  readonly title: string;
  readonly links: readonly { readonly text: string; readonly to: string }[];
}

/** The rows of the index, in its order. */
export function indexGroups(): IndexGroup[] {
  const rows = [...read(INDEX).matchAll(/^\| (?!--|you want)([^|]+) \| (.+) \|$/gm)];
  return rows.map(([, title = '', cell = '']) => ({
    title,
    links: [...cell.matchAll(/\[([^\]]+)\]\(([^)\s]+)\)/g)].map(([, text = '', address = '']) => ({
      text,
      to: posix.join(posix.dirname(INDEX), address),
    })),
  }));
}

export interface Block {
  readonly language: string;
  /** Its lines, without the indentation of its fence. */
  readonly text: string;
  readonly firstLine: string;
}

/** The blocks of code of a document, in its order. */
export function blocksIn(path: string): Block[] {
  return [...read(path).matchAll(/^( *)(```+)([^\n]*)\n([^]*?)^\1\2 *$/gm)].map(
    ([, indent = '', , language = '', lines = '']) => ({
      language,
      text: lines.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
      firstLine: lines.split('\n')[0] ?? '',
    }),
  );
}
