/** Every page there is. To add one, see `plugin.ts`. */
import { appearancePages } from './appearance.tsx';
import { auditLogPages } from './audit-log.tsx';
import { consentPages } from './consent.tsx';
import { deleteTokenPages } from './delete-token.tsx';
import { editTokenPages } from './edit-token.tsx';
import { emailPages } from './emails.tsx';
import { helpPages } from './help.tsx';
import { homePages } from './home.tsx';
import { instanceHealthPages } from './instance-health.tsx';
import { instancePeoplePages } from './instance-people.tsx';
import { invitationPages } from './invitations.tsx';
import { newClassicPages } from './new-classic.tsx';
import { newFineGrainedPages } from './new-fine-grained.tsx';
import { newPasswordPages } from './new-password.tsx';
import { organizationPeoplePages } from './organization-people.tsx';
import { organizationRequestPages } from './organization-requests.tsx';
import { organizationTokenPages } from './organization-tokens.tsx';
import { outboxPages } from './outbox.tsx';
import { policyPages } from './policy.tsx';
import { profilePages } from './profile.tsx';
import { renewTokenPages } from './renew-token.tsx';
import { repositoryPages } from './repository-page.tsx';
import { repositorySettingPages } from './repository-settings.tsx';
import { scopedTokenPages } from './scoped-tokens.tsx';
import { securityPages } from './security.tsx';
import { securityLogPages } from './security-log.tsx';
import { sessionPages } from './sessions.tsx';
import { signInPages } from './sign-in.tsx';
import { signUpPages } from './sign-up.tsx';
import { sudoPages } from './sudo.tsx';
import { tokenEndpointPages } from './token-endpoints.tsx';
import { tokenHealthPages } from './token-health.tsx';
import { tokenPages } from './token-page.tsx';
import { tokenListPages } from './tokens.tsx';
import type { WebPage } from './web-page.ts';
import { webhookPages } from './webhook-page.tsx';

export const PAGES: readonly WebPage[] = [
  ...signInPages,
  ...signUpPages,
  ...newPasswordPages,
  ...consentPages,
  ...sudoPages,
  ...profilePages,
  ...appearancePages,
  ...helpPages,
  ...emailPages,
  ...securityPages,
  ...sessionPages,
  ...securityLogPages,
  ...invitationPages,
  ...outboxPages,
  ...auditLogPages,
  ...deleteTokenPages,
  ...editTokenPages,
  ...newClassicPages,
  ...newFineGrainedPages,
  ...organizationPeoplePages,
  ...organizationRequestPages,
  ...organizationTokenPages,
  ...policyPages,
  ...renewTokenPages,
  ...scopedTokenPages,
  ...tokenEndpointPages,
  ...instanceHealthPages,
  ...instancePeoplePages,
  ...tokenHealthPages,
  ...tokenPages,
  ...tokenListPages,
  ...homePages,
  ...repositoryPages,
  ...repositorySettingPages,
  ...webhookPages,
];
