/**
 * The rail at the side of every page, always in the same order: what is one's own, then the area that the page belongs
 * to, or one's organizations. On narrow screens the same list opens over the page (`bar.tsx`).
 */
import type { ComponentChildren, VNode } from 'preact';
import { MOST_OPEN, type OwnOrganization } from '../../../actions/organizations/needs.ts';
import { MAX_COUNTED } from '../../../actions/tokens/use/lists.ts';
import { Avatar, Icon } from '../parts/components.tsx';
import { usePageContext } from '../parts/page-context.ts';
import { countWords } from '../parts/table-tools.tsx';
import { isCurrent, type Menu, type MenuItem, shortOrganizationMenu } from './menus.ts';
import type { Visit } from './visit.ts';

/** A page of an area. Its menu is in the rail. */
export function WithMenu({ menu, children }: { visit: Visit; menu: Menu; children: ComponentChildren }): VNode {
  usePageContext().said.menu = menu;
  return <>{children}</>;
}

/** The menu of the area that the page is in, once the page is drawn; null outside of all. */
export function useMenu(): Menu | null {
  return usePageContext().said.menu as Menu | null;
}

export function Rail({ visit }: { visit: Visit }): VNode {
  const { path } = visit;
  const menu = useMenu();
  const own: readonly MenuItem[] = [
    { label: 'Home', path: '/', icon: 'home' },
    ...(menu === null || menu.organization !== undefined
      ? [
          {
            label: 'Tokens',
            path: '/settings/all-tokens',
            icon: 'key',
            total: countWords(visit.ownTokens, MAX_COUNTED),
          } as const,
        ]
      : []),
    ...(menu?.up === undefined ? [] : [menu.up]),
  ];
  return (
    <nav class="lk-rail" aria-label={menu?.label ?? 'Main'}>
      <List items={own} path={path} />
      {menu === null ? null : (
        <>
          <h2>
            {menu.organization === undefined ? null : <Avatar login={menu.organization} />}
            <bdi>{menu.label}</bdi>
          </h2>
          <List items={menu.items} path={path} />
        </>
      )}
      {menu === null || menu.organization !== undefined ? <Organizations visit={visit} menu={menu} /> : null}
      {menu === null && visit.user.account.admin ? (
        <List items={[{ label: 'Instance', path: '/instance', icon: 'server' }]} path={path} />
      ) : null}
    </nav>
  );
}

/** In an organization's area the others are names alone. */
function Organizations({ visit, menu }: { visit: Visit; menu: Menu | null }): VNode {
  const others = visit.organizations.filter(({ login }) => login.toLowerCase() !== menu?.organization?.toLowerCase());
  const open = menu === null ? others.filter(({ isOwner }) => isOwner).slice(0, MOST_OPEN) : [];
  const names = others.filter((each) => !open.includes(each));
  return (
    <>
      {open.map((each) => (
        <>
          <h2>
            <OrganizationLink login={each.login} waiting={null} />
          </h2>
          <List items={shortOrganizationMenu(each)} path={visit.path} />
        </>
      ))}
      {names.length === 0 ? null : (
        <>
          <h2>{open.length === 0 && menu === null ? 'Organizations' : 'Other organizations'}</h2>
          <ul>
            {names.map((each) => (
              <li>
                <OrganizationLink login={each.login} waiting={each.waiting} />
              </li>
            ))}
            {visit.hasMoreOrganizations ? (
              <li>
                <a href="/settings/organizations">All organizations</a>
              </li>
            ) : null}
          </ul>
        </>
      )}
    </>
  );
}

function OrganizationLink({ login, waiting }: Pick<OwnOrganization, 'login' | 'waiting'>): VNode {
  return (
    <a href={`/${login}`}>
      <Avatar login={login} /> <bdi>{login}</bdi>
      <Count of={waiting?.count ?? 0} />
    </a>
  );
}

function List({ items, path }: { items: readonly MenuItem[]; path: string }): VNode {
  return (
    <ul>
      {items.map((item) => (
        <Item item={item} path={path} />
      ))}
    </ul>
  );
}

function Item({ item, path }: { item: MenuItem; path: string }): VNode {
  const current = isCurrent(item, path) ? ({ 'aria-current': 'page' } as const) : {};
  return (
    <li>
      <a href={item.path} {...current}>
        {item.icon === undefined ? null : <Icon name={item.icon} />}
        {item.label}
        <Count of={item.count ?? 0} />
        <Total of={item.total ?? '0'} />
      </a>
      {item.items === undefined ? null : <List items={item.items} path={path} />}
    </li>
  );
}

/** How much waits, beside the entry that leads there. */
export function Count({ of }: { of: number }): VNode | null {
  return of === 0 ? null : (
    <>
      {' '}
      <span class="Counter Counter--primary">
        {of}
        <span class="sr-only"> waiting</span>
      </span>
    </>
  );
}

/** How much there is; of nothing, nothing is said. */
function Total({ of }: { of: string }): VNode | null {
  return of === '0' ? null : (
    <>
      {' '}
      <span class="Counter">{of}</span>
    </>
  );
}

/** The entry of the page, or of the one above it. */
export function currentLabel(items: readonly MenuItem[], path: string): string | null {
  for (const item of items) {
    const below = currentLabel(item.items ?? [], path);
    if (below !== null) return below;
    if (isCurrent(item, path)) return item.label;
  }
  return null;
}
