/** From a route's declaration and the path's parameters to the name of a target. */
import { parameter } from '../../base/present.ts';
import type { RouteTarget } from '../../catalogue/routes/github.ts';
import type { TargetName } from './targets.ts';

/** The target of a request to this route; null when the path has an id that only its own server knows. */
export function targetNamed(target: RouteTarget, params: Readonly<Record<string, string>>): TargetName | null {
  switch (target.kind) {
    case 'repository':
      return { kind: 'repository', owner: parameter(params, target.owner), name: parameter(params, target.name) };
    case 'organization':
      return {
        kind: 'organization',
        login: parameter(params, target.login),
        ...(target.team === undefined ? {} : { team: parameter(params, target.team) }),
      };
    case 'account':
      return { kind: 'account', login: parameter(params, target.login) };
    case 'self':
      return { kind: 'account', login: null };
    case 'instance':
    case 'none':
      return { kind: 'instance' };
    case 'team':
    case 'account-by-id':
    case 'repository-by-id':
      return null;
  }
}
