/** Every page there is. To add one, see `plugin.ts`. */
import { appearancePages } from './account/appearance.tsx';
import { emailPages } from './account/emails.tsx';
import { homePages } from './account/home.tsx';
import { newPasswordPages } from './account/new-password.tsx';
import { profilePages } from './account/profile.tsx';
import { securityPages } from './account/security.tsx';
import { securityLogPages } from './account/security-log.tsx';
import { sessionPages } from './account/sessions.tsx';
import { signInPages } from './account/sign-in.tsx';
import { signUpPages } from './account/sign-up.tsx';
import { sudoPages } from './frame/sudo.tsx';
import type { WebPage } from './frame/web-page.ts';
import { instanceHealthPages } from './instance/health.tsx';
import { helpPages } from './instance/help.tsx';
import { invitationPages } from './instance/invitations.tsx';
import { outboxPages } from './instance/outbox.tsx';
import { instancePeoplePages } from './instance/people.tsx';
import { auditLogPages } from './organization/audit-log.tsx';
import { organizationPeoplePages } from './organization/people.tsx';
import { policyPages } from './organization/policy.tsx';
import { organizationRequestPages } from './organization/requests.tsx';
import { organizationTokenPages } from './organization/tokens.tsx';
import { repositoryPages } from './repository/page.tsx';
import { repositorySettingPages } from './repository/settings.tsx';
import { webhookPages } from './repository/webhook.tsx';
import { consentPages } from './tokens/consent.tsx';
import { deleteTokenPages } from './tokens/delete.tsx';
import { editTokenPages } from './tokens/edit.tsx';
import { tokenEndpointPages } from './tokens/endpoints.tsx';
import { tokenHealthPages } from './tokens/health.tsx';
import { tokenListPages } from './tokens/lists.tsx';
import { newClassicPages } from './tokens/new-classic.tsx';
import { newFineGrainedPages } from './tokens/new-fine-grained.tsx';
import { tokenPages } from './tokens/page.tsx';
import { renewTokenPages } from './tokens/renew.tsx';
import { scopedTokenPages } from './tokens/scoped.tsx';

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
