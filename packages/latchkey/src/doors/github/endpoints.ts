/** Every endpoint of this door, by noun. */
import type { Endpoint } from './endpoint.ts';
import { CONTENTS_ENDPOINTS } from './endpoints/contents.ts';
import { CREDENTIAL_ENDPOINTS } from './endpoints/credentials.ts';
import { HISTORY_ENDPOINTS } from './endpoints/history.ts';
import { ORGANIZATION_TOKEN_ENDPOINTS } from './endpoints/organization-tokens.ts';
import { OWN_TOKEN_ENDPOINTS } from './endpoints/own-tokens.ts';
import { SERVER_ENDPOINTS } from './endpoints/server.ts';
import { USER_ENDPOINTS } from './endpoints/user.ts';

export const ENDPOINTS: readonly Endpoint[] = [
  ...CONTENTS_ENDPOINTS,
  ...CREDENTIAL_ENDPOINTS,
  ...HISTORY_ENDPOINTS,
  ...ORGANIZATION_TOKEN_ENDPOINTS,
  ...OWN_TOKEN_ENDPOINTS,
  ...SERVER_ENDPOINTS,
  ...USER_ENDPOINTS,
];
