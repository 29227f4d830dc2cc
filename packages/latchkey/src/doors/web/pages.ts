/** Every page there is. To add one, see `plugin.ts`. */
import { appearancePages } from './appearance.tsx';
import { signInPages } from './sign-in.tsx';
import { sudoPages } from './sudo.tsx';
import type { WebPage } from './web-page.ts';

export const PAGES: readonly WebPage[] = [
  ...signInPages,
  ...sudoPages,
  ...appearancePages,
];
