/** Every endpoint of this door, by noun. */

import type { Endpoint } from './endpoint.ts';
import { ACCOUNT_ENDPOINTS } from './endpoints/accounts.ts';
import { ARCHIVE_ENDPOINTS } from './endpoints/archives.ts';
import { BRANCH_PROTECTION_ENDPOINTS } from './endpoints/branch-protection.ts';
import { COLLABORATOR_ENDPOINTS } from './endpoints/collaborators.ts';
import { COMPARISON_ENDPOINTS } from './endpoints/comparisons.ts';
import { CONTENTS_ENDPOINTS } from './endpoints/contents.ts';
import { CREDENTIAL_ENDPOINTS } from './endpoints/credentials.ts';
import { DEPLOY_KEY_ENDPOINTS } from './endpoints/deploy-keys.ts';
import { DERIVED_TOKEN_ENDPOINTS } from './endpoints/derived-tokens.ts';
import { EMPTY_LIST_ENDPOINTS } from './endpoints/empty-lists.ts';
import { FIRST_FILE_ENDPOINTS } from './endpoints/first-files.ts';
import { GIT_OBJECT_WRITE_ENDPOINTS } from './endpoints/git-object-writes.ts';
import { GIT_OBJECT_ENDPOINTS } from './endpoints/git-objects.ts';
import { GROUP_RULE_ENDPOINTS } from './endpoints/group-rules.ts';
import { HISTORY_ENDPOINTS } from './endpoints/history.ts';
import { INSTANCE_ENDPOINTS } from './endpoints/instance.ts';
import { LOG_ENDPOINTS } from './endpoints/logs.ts';
import { MACHINE_TOKEN_ENDPOINTS } from './endpoints/machine-tokens.ts';
import { MACHINE_ENDPOINTS } from './endpoints/machines.ts';
import { ORGANIZATION_TOKEN_ENDPOINTS } from './endpoints/organization-tokens.ts';
import { ORGANIZATION_ENDPOINTS } from './endpoints/organizations.ts';
import { OWN_REQUEST_ENDPOINTS } from './endpoints/own-requests.ts';
import { OWN_TOKEN_ENDPOINTS } from './endpoints/own-tokens.ts';
import { POLICY_ENDPOINTS } from './endpoints/policies.ts';
import { PUSH_APPROVAL_ENDPOINTS } from './endpoints/push-approvals.ts';
import { README_ENDPOINTS } from './endpoints/readme.ts';
import { RECOVERY_ENDPOINTS } from './endpoints/recovery.ts';
import { REPOSITORY_ENDPOINTS } from './endpoints/repositories.ts';
import { REPOSITORY_LIST_ENDPOINTS } from './endpoints/repository-lists.ts';
import { RULESET_ENDPOINTS } from './endpoints/rulesets.ts';
import { SEARCH_ENDPOINTS } from './endpoints/searches.ts';
import { documentationEndpoints, SERVER_ENDPOINTS } from './endpoints/server.ts';
import { SSH_KEY_ENDPOINTS } from './endpoints/ssh-keys.ts';
import { STATUS_ENDPOINTS } from './endpoints/statuses.ts';
import { TEAM_MEMBER_ENDPOINTS } from './endpoints/team-members.ts';
import { TEAM_REPOSITORY_ENDPOINTS } from './endpoints/team-repositories.ts';
import { TEAM_ENDPOINTS } from './endpoints/teams.ts';
import { EMAIL_ENDPOINTS, USER_ENDPOINTS } from './endpoints/user.ts';
import { WEBHOOK_ENDPOINTS } from './endpoints/webhooks.ts';
import { WORKLOAD_ISSUER_ENDPOINTS } from './endpoints/workload-issuers.ts';
import { WORKLOAD_RULE_ENDPOINTS } from './endpoints/workload-rules.ts';

export const ENDPOINTS: readonly Endpoint[] = [
  ...ACCOUNT_ENDPOINTS,
  ...ARCHIVE_ENDPOINTS,
  ...COLLABORATOR_ENDPOINTS,
  ...COMPARISON_ENDPOINTS,
  ...CONTENTS_ENDPOINTS,
  ...CREDENTIAL_ENDPOINTS,
  ...documentationEndpoints(() => ENDPOINTS),
  ...BRANCH_PROTECTION_ENDPOINTS,
  ...RULESET_ENDPOINTS,
  ...DEPLOY_KEY_ENDPOINTS,
  ...EMAIL_ENDPOINTS,
  ...EMPTY_LIST_ENDPOINTS,
  ...FIRST_FILE_ENDPOINTS,
  ...GIT_OBJECT_ENDPOINTS,
  ...GIT_OBJECT_WRITE_ENDPOINTS,
  ...HISTORY_ENDPOINTS,
  ...ORGANIZATION_ENDPOINTS,
  ...INSTANCE_ENDPOINTS,
  ...RECOVERY_ENDPOINTS,
  ...LOG_ENDPOINTS,
  ...ORGANIZATION_TOKEN_ENDPOINTS,
  ...MACHINE_ENDPOINTS,
  ...MACHINE_TOKEN_ENDPOINTS,
  ...WORKLOAD_ISSUER_ENDPOINTS,
  ...WORKLOAD_RULE_ENDPOINTS,
  ...OWN_TOKEN_ENDPOINTS,
  ...DERIVED_TOKEN_ENDPOINTS,
  ...PUSH_APPROVAL_ENDPOINTS,
  ...OWN_REQUEST_ENDPOINTS,
  ...REPOSITORY_ENDPOINTS,
  ...REPOSITORY_LIST_ENDPOINTS,
  ...README_ENDPOINTS,
  ...SEARCH_ENDPOINTS,
  ...POLICY_ENDPOINTS,
  ...GROUP_RULE_ENDPOINTS,
  ...SERVER_ENDPOINTS,
  ...SSH_KEY_ENDPOINTS,
  ...STATUS_ENDPOINTS,
  ...TEAM_ENDPOINTS,
  ...TEAM_MEMBER_ENDPOINTS,
  ...TEAM_REPOSITORY_ENDPOINTS,
  ...USER_ENDPOINTS,
  ...WEBHOOK_ENDPOINTS,
];
