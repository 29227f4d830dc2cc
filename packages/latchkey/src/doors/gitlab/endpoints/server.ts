/**
 * Which server this is. Source: GitLab docs "Version API", "Metadata API".
 *
 * Clients read the version to know what they may ask for, so it is that of the GitLab whose answers this door gives;
 * our own version is reported next to it.
 */
import { type Endpoint, endpoint, ok } from '../endpoint.ts';
import { openApi } from '../openapi.ts';

/** The GitLab version that this door imitates. */
const GITLAB_VERSION = '17.9.0';
const REVISION = 'latchkey';

export const SERVER_ENDPOINTS: readonly Endpoint[] = [
  endpoint('GET', '/version', { handle: async () => ok({ version: GITLAB_VERSION, revision: REVISION }) }),
  endpoint('GET', '/metadata', {
    handle: async ({ ctx }) =>
      ok({
        version: GITLAB_VERSION,
        revision: REVISION,
        kas: { enabled: false, externalUrl: null, externalK8sProxyUrl: null, version: null },
        enterprise: false,
        instance_url: ctx.settings.publicUrl,
      }),
  }),
];

/** Endpoints that describe all of them, including themselves; `all` is called only when somebody reads. */
export function documentationEndpoints(all: () => readonly Endpoint[]): readonly Endpoint[] {
  return [
    endpoint('GET', '/openapi.json', {
      handle: async ({ ctx }) => ok(openApi(all(), `${ctx.settings.publicUrl}/api/v4`)),
    }),
  ];
}
