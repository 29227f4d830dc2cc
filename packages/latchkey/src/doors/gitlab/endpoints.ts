/** Every endpoint of this door, by noun. */
import type { Endpoint } from './endpoint.ts';
import { PROJECT_ENDPOINTS } from './endpoints/projects.ts';
import { SERVER_ENDPOINTS } from './endpoints/server.ts';
import { TOKEN_ENDPOINTS } from './endpoints/tokens.ts';
import { USER_ENDPOINTS } from './endpoints/users.ts';

export const ENDPOINTS: readonly Endpoint[] = [...SERVER_ENDPOINTS, ...USER_ENDPOINTS, ...TOKEN_ENDPOINTS, ...PROJECT_ENDPOINTS];
