/** Every endpoint of this door, by noun. */
import type { Endpoint } from './endpoint.ts';
import { CONTENTS_ENDPOINTS } from './endpoints/contents.ts';
import { HISTORY_ENDPOINTS } from './endpoints/history.ts';
import { SERVER_ENDPOINTS } from './endpoints/server.ts';
import { USER_ENDPOINTS } from './endpoints/user.ts';

export const ENDPOINTS: readonly Endpoint[] = [...CONTENTS_ENDPOINTS, ...HISTORY_ENDPOINTS, ...SERVER_ENDPOINTS, ...USER_ENDPOINTS];
