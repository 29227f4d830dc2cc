/** Every endpoint of this door, by noun. */
import type { Endpoint } from './endpoint.ts';
import { SERVER_ENDPOINTS } from './endpoints/server.ts';
import { USER_ENDPOINTS } from './endpoints/user.ts';

export const ENDPOINTS: readonly Endpoint[] = [...SERVER_ENDPOINTS, ...USER_ENDPOINTS];
