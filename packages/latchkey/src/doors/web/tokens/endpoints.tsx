/** Which endpoints of the REST API a fine-grained token's permissions open. */
import type { VNode } from 'preact';
import { ownToken } from '../../../actions/tokens/own-tokens.ts';
import { atLeast } from '../../../catalogue/permissions.ts';
import { type GithubRoute, githubRoutes } from '../../../catalogue/routes/github.ts';
import { heldLevel, missingFrom } from '../../../rules/grant.ts';
import type { Grant } from '../../../rules/model.ts';
import { DEVELOPER_MENU } from '../frame/menus.ts';
import { WithMenu } from '../frame/rail.tsx';
import { page, type WebPage } from '../frame/web-page.ts';
import { Subhead } from '../parts/components.tsx';
import { FINE_GRAINED_PATH, idParam, pathOfToken } from './kinds.ts';

/** The routes that need something these grants give. Those that any token may call are not counted. */
function opened(grants: readonly Pick<Grant, 'permissions'>[]): readonly GithubRoute[] {
  return githubRoutes().filter(({ need }) => {
    if (need.sets.length === 0) return false;
    return (
      missingFrom(need.sets, (permission, level) => atLeast(heldLevel(grants as readonly Grant[], permission), level))
        .length === 0
    );
  });
}

function RouteRow({ method, path }: GithubRoute): VNode {
  return (
    <li class="lk-mono lk-break" data-words={`${method} ${path}`.toLowerCase()}>
      <strong>{method}</strong> {path}
    </li>
  );
}

export const tokenEndpointPages: readonly WebPage[] = [
  {
    path: `${FINE_GRAINED_PATH}/:id/endpoints`,
    access: 'sudo',
    get: async (visit) => {
      const token = await ownToken(visit.ctx, await visit.ownPermit(), idParam(visit), 'fine-grained');
      const routes = opened(token.grants.filter(({ state }) => state === 'active'));
      return page(
        `Endpoints that ${token.name} opens`,
        <WithMenu visit={visit} menu={DEVELOPER_MENU}>
          <Subhead title={`Endpoints that ${token.name} opens`} level={1}>
            <a class="btn btn-sm" href={pathOfToken(token)}>
              Back to the token
            </a>
          </Subhead>
          <p class="color-fg-muted">
            This token opens {routes.length} of {githubRoutes().length} endpoints. Whether a request works also depends
            on the repository, on what you may do yourself, and on the owner’s policy.
          </p>
          <div class="lk-needs-script mb-2">
            <label for="endpoint-search" class="sr-only">
              Search endpoints
            </label>
            <input
              id="endpoint-search"
              type="search"
              class="form-control"
              placeholder="Search endpoints"
              data-filter="endpoints"
              autocomplete="off"
            />
          </div>
          <ul id="endpoints" class="list-style-none">
            {routes.map((route) => (
              <RouteRow {...route} />
            ))}
          </ul>
        </WithMenu>,
      );
    },
  },
];
