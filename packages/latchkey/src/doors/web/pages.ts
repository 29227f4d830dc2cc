/** Every page there is. To add one, see `plugin.ts`. */
import { appearancePages } from './appearance.tsx';
import { deleteTokenPages } from './delete-token.tsx';
import { newClassicPages } from './new-classic.tsx';
import { newFineGrainedPages } from './new-fine-grained.tsx';
import { scopedTokenPages } from './scoped-tokens.tsx';
import { signInPages } from './sign-in.tsx';
import { sudoPages } from './sudo.tsx';
import { tokenListPages } from './tokens.tsx';
import type { WebPage } from './web-page.ts';

export const PAGES: readonly WebPage[] = [
  ...signInPages,
  ...sudoPages,
  ...appearancePages,
  ...deleteTokenPages,
  ...newClassicPages,
  ...newFineGrainedPages,
  ...scopedTokenPages,
  ...tokenListPages,
];
