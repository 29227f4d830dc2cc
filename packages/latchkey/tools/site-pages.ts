/**
 * The pages of the site: each document as it is, each file or folder that a document links as a page of its own, so
 * that every link of a document leads somewhere on the site too.
 *
 * Never: a page with words of its own. What the site says stands in the documents.
 */
import { existsSync } from 'node:fs';
import { extname, join, posix } from 'node:path';
import { DOCUMENTS, filesIn, isFolder, type Link, linksIn, ROOT, read, withLinks } from './documents.ts';

/** Pictures go along as files. */
const PICTURES = new Set(['.png', '.svg']);
/** Ending → language in which its lines are coloured. */
const LANGUAGES: Readonly<Record<string, string>> = {
  '.yaml': 'yaml',
  '.yml': 'yaml',
  '.json': 'json',
  '.sh': 'sh',
  '.py': 'python',
  '.go': 'go',
  '.ts': 'ts',
};

/** The page of a document, file or folder, as the site's source names it. */
export function pageOf(path: string): string {
  if (posix.basename(path) === 'README.md') return posix.join(posix.dirname(path), 'index.md');
  if (path.endsWith('.md')) return path;
  return isFolder(path) ? posix.join(path, 'index.md') : `${path}.md`;
}

const isPicture = (path: string): boolean => PICTURES.has(extname(path));

/** The site's source: page or picture → its text, or `null` for a picture to be copied. */
export function sitePages(): Map<string, string | null> {
  const pages = new Map<string, string | null>();
  const waiting = [...DOCUMENTS];
  const seen = new Set<string>(waiting);
  const add = (path: string): void => {
    if (!seen.has(path)) waiting.push(path);
    seen.add(path);
  };
  for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
    if (path.endsWith('.md')) {
      for (const { to } of linksIn(path)) add(to);
      pages.set(pageOf(path), documentPage(path));
    } else if (isPicture(path)) pages.set(path, null);
    else if (isFolder(path)) {
      for (const file of filesIn(path)) add(file);
      if (existsSync(join(ROOT, path, 'README.md'))) add(`${path}/README.md`);
      else pages.set(pageOf(path), folderPage(path));
    } else pages.set(pageOf(path), filePage(path));
  }
  return pages;
}

/** The document, with links that lead to pages. */
function documentPage(path: string): string {
  const page = pageOf(path);
  return withLinks(path, ({ to, section }: Link) => {
    const address = posix.relative(posix.dirname(page), isPicture(to) ? to : pageOf(to));
    return `${address.startsWith('.') ? address : `./${address}`}${section === null ? '' : `#${section}`}`;
  });
}

function filePage(path: string): string {
  const fence = '`'.repeat(4);
  const language = LANGUAGES[extname(path)] ?? 'txt';
  return [`# ${posix.basename(path)}\n`, `\`${path}\`\n`, fence + language, read(path), fence, ''].join('\n');
}

/** All that is in a folder, each by its first heading or its name. */
function folderPage(path: string): string {
  const lines = filesIn(path).map((file) => {
    const name = file.slice(path.length + 1);
    const title = file.endsWith('.md') ? (/^# (.+)$/m.exec(read(file))?.[1] ?? name) : name;
    return `- [${title}](./${posix.relative(path, pageOf(file))})`;
  });
  return `# ${path}\n\n${lines.join('\n')}\n`;
}
