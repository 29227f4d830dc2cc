/** Frames that several pages share, each a menu with the page beside it; also around the question of a heavy act. */
import type { ComponentChildren, VNode } from 'preact';
import { DEVELOPER_MENU, INSTANCE_MENU, type Menu, SETTINGS_MENU } from './menus.ts';
import { WithMenu } from './rail.tsx';
import type { Visit } from './visit.ts';

export type Area = (props: { visit: Visit; children: ComponentChildren }) => VNode;

const withMenu = (menu: Menu): Area =>
  function WithItsMenu({ visit, children }) {
    return (
      <WithMenu visit={visit} menu={menu}>
        {children}
      </WithMenu>
    );
  };

export const InstanceArea = withMenu(INSTANCE_MENU);
export const SettingsArea = withMenu(SETTINGS_MENU);
export const DeveloperArea = withMenu(DEVELOPER_MENU);

/** Without a menu: the settings of a repository. */
export function NarrowArea({ children }: Parameters<Area>[0]): VNode {
  return <div class="lk-narrow-page">{children}</div>;
}
