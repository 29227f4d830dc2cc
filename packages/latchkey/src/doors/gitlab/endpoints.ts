/** Every endpoint of this door, by noun. */
import type { Endpoint } from './endpoint.ts';
import { ARCHIVE_ENDPOINTS } from './endpoints/archives.ts';
import { COMMIT_ENDPOINTS } from './endpoints/commits.ts';
import { COMPARISON_ENDPOINTS } from './endpoints/comparisons.ts';
import { DEPLOY_KEY_ENDPOINTS } from './endpoints/deploy-keys.ts';
import { EMPTY_LIST_ENDPOINTS } from './endpoints/empty-lists.ts';
import { FILE_ENDPOINTS } from './endpoints/files.ts';
import { GROUP_ENDPOINTS } from './endpoints/groups.ts';
import { MACHINE_TOKEN_ENDPOINTS } from './endpoints/machine-tokens.ts';
import { MEMBER_ENDPOINTS } from './endpoints/members.ts';
import { MIRROR_ENDPOINTS } from './endpoints/mirrors.ts';
import { PROJECT_ENDPOINTS } from './endpoints/projects.ts';
import { PROTECTION_ENDPOINTS } from './endpoints/protections.ts';
import { REF_ENDPOINTS } from './endpoints/refs.ts';
import { documentationEndpoints, SERVER_ENDPOINTS } from './endpoints/server.ts';
import { SERVICE_ACCOUNT_ENDPOINTS } from './endpoints/service-accounts.ts';
import { SSH_KEY_ENDPOINTS } from './endpoints/ssh-keys.ts';
import { STATUS_ENDPOINTS } from './endpoints/statuses.ts';
import { TOKEN_ENDPOINTS } from './endpoints/tokens.ts';
import { USER_ENDPOINTS } from './endpoints/users.ts';

export const ENDPOINTS: readonly Endpoint[] = [
  ...SERVER_ENDPOINTS,
  ...USER_ENDPOINTS,
  ...SSH_KEY_ENDPOINTS,
  ...TOKEN_ENDPOINTS,
  ...PROJECT_ENDPOINTS,
  ...FILE_ENDPOINTS,
  ...COMMIT_ENDPOINTS,
  ...ARCHIVE_ENDPOINTS,
  ...COMPARISON_ENDPOINTS,
  ...REF_ENDPOINTS,
  ...MACHINE_TOKEN_ENDPOINTS,
  ...SERVICE_ACCOUNT_ENDPOINTS,
  ...PROTECTION_ENDPOINTS,
  ...DEPLOY_KEY_ENDPOINTS,
  ...GROUP_ENDPOINTS,
  ...MEMBER_ENDPOINTS,
  ...STATUS_ENDPOINTS,
  ...EMPTY_LIST_ENDPOINTS,
  ...documentationEndpoints(() => ENDPOINTS),
  ...MIRROR_ENDPOINTS,
];
