/** From what a route says it is about, and the path's parameters, to the name of a target. */
import type { RouteTarget } from '../../catalogue/routes/github.ts';
import type { TargetName } from './authorize.ts';

/** The target of a request to this route; null where the path names it by a number that only its own server knows. */
export function targetNamed(target: RouteTarget, params: Readonly<Record<string, string>>): TargetName | null {
  switch (target.kind) {
    case 'repository':
      return { kind: 'repository', owner: params[target.owner]!, name: params[target.name]! };
    case 'organization':
      return { kind: 'organization', login: params[target.login]! };
    case 'account':
      return { kind: 'account', login: params[target.login]! };
    case 'self':
      return { kind: 'account', login: null };
    case 'instance':
    case 'none':
      return { kind: 'instance' };
    case 'team':
    case 'account-by-id':
      return null;
  }
}
