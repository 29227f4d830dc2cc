/** Every page there is. To add one, see `plugin.ts`. */
import { appearancePages } from './appearance.tsx';
import { emailPages } from './emails.tsx';
import { invitationPages } from './invitations.tsx';
import { newPasswordPages } from './new-password.tsx';
import { outboxPages } from './outbox.tsx';
import { profilePages } from './profile.tsx';
import { securityLogPages } from './security-log.tsx';
import { securityPages } from './security.tsx';
import { sessionPages } from './sessions.tsx';
import { deleteTokenPages } from './delete-token.tsx';
import { newClassicPages } from './new-classic.tsx';
import { newFineGrainedPages } from './new-fine-grained.tsx';
import { scopedTokenPages } from './scoped-tokens.tsx';
import { signInPages } from './sign-in.tsx';
import { signUpPages } from './sign-up.tsx';
import { sudoPages } from './sudo.tsx';
import { tokenListPages } from './tokens.tsx';
import type { WebPage } from './web-page.ts';

export const PAGES: readonly WebPage[] = [
  ...signInPages,
  ...signUpPages,
  ...newPasswordPages,
  ...sudoPages,
  ...profilePages,
  ...appearancePages,
  ...emailPages,
  ...securityPages,
  ...sessionPages,
  ...securityLogPages,
  ...invitationPages,
  ...outboxPages,
  ...deleteTokenPages,
  ...newClassicPages,
  ...newFineGrainedPages,
  ...scopedTokenPages,
  ...tokenListPages,
];
