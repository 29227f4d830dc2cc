/** Every page there is. To add one, see `plugin.ts`. */
import { appearancePages } from './accounts/appearance.tsx';
import { demoPages } from './accounts/demo.tsx';
import { emailPages } from './accounts/emails.tsx';
import { identityPages } from './accounts/identities.tsx';
import { lockPages } from './accounts/lock.tsx';
import { newPasswordPages } from './accounts/new-password.tsx';
import { organizationSsoPages } from './accounts/organization-sso.tsx';
import { passkeyPages } from './accounts/passkeys.tsx';
import { profilePages } from './accounts/profile.tsx';
import { recoveryCodePages } from './accounts/recovery-codes.tsx';
import { securityPages } from './accounts/security.tsx';
import { securityLogPages } from './accounts/security-log.tsx';
import { serviceSignInPages } from './accounts/service-sign-in.tsx';
import { sessionPages } from './accounts/sessions.tsx';
import { signInPages } from './accounts/sign-in.tsx';
import { signUpPages } from './accounts/sign-up.tsx';
import { sshKeyPages } from './accounts/ssh-keys.tsx';
import { authorizePages } from './applications/authorize.tsx';
import { devicePages } from './applications/device.tsx';
import { applicationListPages } from './applications/lists.tsx';
import { applicationPages } from './applications/page.tsx';
import { sudoPages } from './frame/sudo.tsx';
import type { WebPage } from './frame/web-page.ts';
import { homePages } from './home/home.tsx';
import { ownOrganizationPages } from './home/organizations.tsx';
import { deletePersonPages } from './instance/delete-person.tsx';
import { downloadPages } from './instance/downloads.tsx';
import { instanceHealthPages } from './instance/health.tsx';
import { helpPages } from './instance/help.tsx';
import { invitationPages } from './instance/invitations.tsx';
import { outboxPages } from './instance/outbox.tsx';
import { instancePeoplePages } from './instance/people.tsx';
import { provisioningPages } from './instance/provisioning.tsx';
import { restorationPages } from './instance/restoration.tsx';
import { instanceTokenPages } from './instance/tokens.tsx';
import { workloadIssuerPages } from './instance/workload-issuers.tsx';
import { namePages } from './names/names.tsx';
import { auditLogPages } from './organizations/audit-log.tsx';
import { machinePages } from './organizations/machines.tsx';
import { organizationPeoplePages } from './organizations/people.tsx';
import { policyPages } from './organizations/policy.tsx';
import { organizationRequestPages } from './organizations/requests.tsx';
import { singleSignOnPages } from './organizations/single-sign-on.tsx';
import { groupPages } from './organizations/teams/groups.tsx';
import { teamPages } from './organizations/teams/teams.tsx';
import { organizationTokenPages } from './organizations/tokens.tsx';
import { repositoryDefaultPages } from './repositories/defaults.tsx';
import { newRepositoryPages } from './repositories/new-repository.tsx';
import { repositoryPages } from './repositories/page.tsx';
import { pushApprovalPages } from './repositories/push-approvals.tsx';
import { repositorySettingPages } from './repositories/settings.tsx';
import { webhookPages } from './repositories/webhook.tsx';
import { organizationRulesetPages } from './rulesets/organization.tsx';
import { tokenCheckPages } from './tokens/check/page.tsx';
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
import { newSecretPages } from './tokens/secret/new-secret.tsx';

export const PAGES: readonly WebPage[] = [
  ...signInPages,
  ...signUpPages,
  ...demoPages,
  ...newPasswordPages,
  ...lockPages,
  ...authorizePages,
  ...applicationListPages,
  ...applicationPages,
  ...tokenCheckPages,
  ...devicePages,
  ...sudoPages,
  ...organizationSsoPages,
  ...singleSignOnPages,
  ...repositoryDefaultPages,
  ...profilePages,
  ...namePages,
  ...appearancePages,
  ...helpPages,
  ...downloadPages,
  ...emailPages,
  ...securityPages,
  ...recoveryCodePages,
  ...ownOrganizationPages,
  ...passkeyPages,
  ...sshKeyPages,
  ...identityPages,
  ...sessionPages,
  ...serviceSignInPages,
  ...securityLogPages,
  ...invitationPages,
  ...outboxPages,
  ...auditLogPages,
  ...deleteTokenPages,
  ...editTokenPages,
  ...newClassicPages,
  ...newFineGrainedPages,
  ...newSecretPages,
  ...machinePages,
  ...organizationPeoplePages,
  ...teamPages,
  ...groupPages,
  ...organizationRequestPages,
  ...organizationTokenPages,
  ...policyPages,
  ...organizationRulesetPages,
  ...pushApprovalPages,
  ...renewTokenPages,
  ...scopedTokenPages,
  ...tokenEndpointPages,
  ...instanceHealthPages,
  ...instancePeoplePages,
  ...deletePersonPages,
  ...instanceTokenPages,
  ...provisioningPages,
  ...workloadIssuerPages,
  ...restorationPages,
  ...tokenHealthPages,
  ...tokenPages,
  ...tokenListPages,
  ...homePages,
  ...newRepositoryPages,
  ...repositoryPages,
  ...repositorySettingPages,
  ...webhookPages,
];
