/** The documents as a whole: each is found from one index, every link leads somewhere, every npm script exists. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DOCUMENTS, INDEX, indexGroups, isFolder, linksIn, ROOT, read, sectionsIn } from '../../tools/documents.ts';

it('every document is found from the index, by itself or in a folder that the index names', () => {
  const indexed = indexGroups().flatMap(({ links }) => links.map(({ to }) => to));
  expect(indexed.filter((to) => !existsSync(join(ROOT, to)))).toEqual([]);
  const folders = indexed.filter(isFolder);
  expect(
    DOCUMENTS.filter(
      (path) => path !== INDEX && !indexed.includes(path) && !folders.some((folder) => path.startsWith(`${folder}/`)),
    ),
  ).toEqual([]);
});

it('every link between documents leads to a file and a section that there are', () => {
  const wrong = DOCUMENTS.flatMap((path) =>
    linksIn(path)
      .filter(({ to, section }) => {
        if (!existsSync(join(ROOT, to))) return true;
        return section !== null && to.endsWith('.md') && !sectionsIn(to).includes(section);
      })
      .map(({ to, section }) => `${path}: ${to}${section === null ? '' : `#${section}`}`),
  );
  expect(wrong).toEqual([]);
});

it('every npm script that a document names exists', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Readonly<Record<string, string>> };
  const wrong = DOCUMENTS.filter((path) => path !== 'packages/client/README.md').flatMap((path) =>
    [...read(path).matchAll(/\bnpm run (?:-s )?([a-z][\w:-]*)/g)]
      .filter(([, name = '']) => scripts[name] === undefined)
      .map(([words]) => `${path}: ${words}`),
  );
  expect(wrong).toEqual([]);
});
