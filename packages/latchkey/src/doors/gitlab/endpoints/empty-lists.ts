/** Lists that clients ask for on their way to something else, of things that this server has none of. Always empty. */
import { type Endpoint, endpoint } from '../endpoint.ts';

const PATHS: readonly string[] = [
  '/merge_requests',
  '/projects/{id}/merge_requests',
  '/projects/{id}/issues',
  '/projects/{id}/labels',
  '/projects/{id}/milestones',
  '/projects/{id}/forks',
  '/projects/{id}/repository/commits/{sha}/merge_requests',
];

export const EMPTY_LIST_ENDPOINTS: readonly Endpoint[] = PATHS.map((path) =>
  endpoint('GET', path, { paged: true, handle: async () => ({ status: 200, body: [], total: 0 }) }),
);
