/**
 * GitHub's REST API as a route map, so that a server which speaks it can stand behind Latchkey.
 *
 * It has every endpoint of `catalogue/routes/github`. If the target isn't in the path, the stricter reading applies:
 * - a list or search over everybody's resources needs its permission on the caller's own account, whatever is public;
 * - a team by number needs its permission in every organization, because only the service knows whose team it is;
 * - something of a person's by number that needs a permission is closed to everybody.
 */

import { demandsNoPermission, type Need } from '../needs.ts';
import { type GithubRoute, githubRoutes } from '../routes/github.ts';
import { spanningTemplate } from '../routes/path-match.ts';
import type { MapRow, MapTarget } from './route-map.ts';

/** Paths below the root of the API. */
export function githubRows(): MapRow[] {
  // GitHub's older spelling of a comparison is covered by the newer one.
  const routes = githubRoutes().filter(({ path }) => !path.endsWith('/compare/{base}...{head}'));
  const rows = routes.map(
    (route): MapRow => ({
      method: route.method,
      path: spanningTemplate(route.path),
      need: needOf(route),
      target: targetOf(route),
    }),
  );
  // The top folder of a repository has no path. The template does not say so.
  const folders = rows.filter(({ method, path }) => method === 'GET' && path.endsWith('/contents/{path...}'));
  return [...rows, ...folders.map((row) => ({ ...row, path: row.path.replace('/{path...}', '') }))];
}

const isNobodys = ({ target, need }: GithubRoute): boolean =>
  (target.kind === 'none' || target.kind === 'account-by-id') && demandsNoPermission(need);

function needOf(route: GithubRoute): Need {
  const { need, target } = route;
  return target.kind === 'none' && !isNobodys(route) ? { ...need, publicRead: false } : need;
}

function targetOf(route: GithubRoute): MapTarget {
  const { target } = route;
  switch (target.kind) {
    case 'repository':
      return { kind: 'repository', owner: `{${target.owner}}`, name: `{${target.name}}` };
    case 'organization':
      return { kind: 'organization', login: `{${target.login}}` };
    case 'account':
      return { kind: 'account', login: `{${target.login}}` };
    case 'self':
    case 'instance':
      return { kind: target.kind };
    case 'team':
      return { kind: 'every-organization' };
    case 'none':
      return { kind: isNobodys(route) ? 'nobody' : 'self' };
    case 'account-by-id':
    case 'repository-by-id':
      return { kind: isNobodys(route) ? 'nobody' : 'unknown' };
  }
}
