/** Where the page is, above it: whose, in which area, below what. Narrow screens say it in the button of the menu. */
import type { VNode } from 'preact';
import { isCurrent, type Menu, type MenuItem } from './menus.ts';
import { useMenu } from './rail.tsx';
import type { Visit } from './visit.ts';

interface Crumb {
  readonly label: string;
  /** Null where nothing else is meant, or the menu beside it leads there. */
  readonly path: string | null;
}

/** The entry that the page belongs to. */
function entryOf(items: readonly MenuItem[], path: string): MenuItem | null {
  for (const item of items) {
    const below = entryOf(item.items ?? [], path);
    if (below !== null) return below;
    if (isCurrent(item, path)) return item;
  }
  return null;
}

/** Above a page of a menu. */
function inMenu(menu: Menu, path: string, login: string, title: string): Crumb[] {
  const { organization, isOwn = false, label } = menu;
  const entry = entryOf(menu.items, path);
  const here = entry?.path === path;
  const above: Crumb[] = [];
  if (organization !== undefined) above.push({ label: organization, path: `/${organization}` });
  else if (isOwn) above.push({ label: login, path: null });
  if (entry?.crumb !== undefined) above.push(entry.crumb);
  else if (organization === undefined) above.push({ label, path: null });
  if (entry === null || !here) {
    if (entry !== null && entry.crumb === undefined) above.push({ label: entry.label, path: entry.path });
    return [...above, { label: title, path: null }];
  }
  return entry.crumb?.path === path ? above : [...above, { label: entry.label, path: null }];
}

/** Above a page of a repository. Its own page, the home page, and what stands alone say it in their titles. */
function inRepository(visit: Visit, title: string): Crumb[] {
  const [owner, repository] = [visit.param('owner'), visit.param('repo')];
  const path = `/${owner}/${repository}`;
  if (owner === '' || repository === '' || visit.path === path) return [];
  return [
    { label: owner, path: `/${owner}` },
    { label: repository, path },
    { label: title, path: null },
  ];
}

export function Crumbs({ visit, login, title }: { visit: Visit; login: string; title: string }): VNode | null {
  const menu = useMenu();
  const crumbs = menu === null ? inRepository(visit, title) : inMenu(menu, visit.path, login, title);
  const last = crumbs.length - 1;
  if (last < 0) return null;
  return (
    <nav class="lk-crumbs" aria-label="Breadcrumb">
      <ol>
        {crumbs.map(({ label, path }, at) =>
          at === last ? (
            <li aria-current="page">
              <bdi>{label}</bdi>
            </li>
          ) : (
            <li>
              {path === null ? (
                <bdi>{label}</bdi>
              ) : (
                <a href={path}>
                  <bdi>{label}</bdi>
                </a>
              )}
            </li>
          ),
        )}
      </ol>
    </nav>
  );
}
