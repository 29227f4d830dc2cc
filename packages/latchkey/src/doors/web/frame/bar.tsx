/** The bar above every page: on narrow screens the button that opens the rail; the account's menu. */
import type { VNode } from 'preact';
import { Avatar, Icon } from '../parts/components.tsx';
import { Crumbs } from './crumbs.tsx';
import { AVATAR_MENU, type MenuItem } from './menus.ts';
import { Count, currentLabel, useMenu } from './rail.tsx';
import type { Visit } from './visit.ts';

export function Bar({ visit, icon, title }: { visit: Visit; icon: string; title: string }): VNode {
  const login = visit.person?.account.login ?? null;
  return (
    <header class="lk-bar">
      <a class="lk-brand" href="/">
        <img src={icon} alt="" width="24" height="24" /> Latchkey
      </a>
      {login === null ? null : (
        <>
          <RailButton visit={visit} />
          <Crumbs visit={visit} login={login} title={title} />
        </>
      )}
      <nav class="lk-bar-nav" aria-label="Account">
        {login === null ? (
          <a class="lk-bar-link" href="/login">
            Sign in
          </a>
        ) : (
          <AvatarMenu visit={visit} login={login} />
        )}
      </nav>
    </header>
  );
}

/** Opens the rail where there is no room for it. Works without scripts, because it is a `<details>`. */
function RailButton({ visit }: { visit: Visit }): VNode {
  const menu = useMenu();
  const where =
    visit.path === '/' ? 'Home' : menu === null ? 'Menu' : (currentLabel(menu.items, visit.path) ?? menu.label);
  return (
    <details class="lk-rail-button" data-menu>
      <summary class="btn btn-invisible">
        <Icon name="three-bars" /> <bdi>{where}</bdi>
        <Count of={visit.waiting.reduce((sum, { count }) => sum + count, 0)} />
      </summary>
    </details>
  );
}

/** Opens without scripts, because it is a `<details>`. */
function AvatarMenu({ visit, login }: { visit: Visit; login: string }): VNode {
  const items: readonly MenuItem[] = [
    ...AVATAR_MENU,
    ...(visit.user.account.admin ? [{ label: 'Instance', path: '/instance' }] : []),
  ];
  return (
    <details class="lk-menu" data-menu>
      <summary aria-label={`Account menu of ${login}`}>
        <Avatar login={login} />
        <span class="dropdown-caret" />
      </summary>
      <div class="lk-menu-list">
        <p class="lk-menu-head">
          Signed in as <strong>{login}</strong>
        </p>
        <ul>
          {items.map((item) => (
            <li>
              <a href={item.path}>{item.label}</a>
            </li>
          ))}
          <li class="lk-menu-last">
            <a href="/logout">Sign out</a>
          </li>
        </ul>
      </div>
    </details>
  );
}
