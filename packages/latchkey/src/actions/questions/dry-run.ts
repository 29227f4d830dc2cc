/**
 * A dry run: could this token do that, here, now? Answered like the real request, but nothing is done, spent or
 * recorded.
 *
 * Invariant: the answer comes from the same decision as the real one.
 */
import { problem } from '../../base/errors.ts';
import { andThen } from '../../base/maybe-promise.ts';
import { once } from '../../base/once.ts';
import { permissionNamed } from '../../catalogue/permissions.ts';
import { githubRoutes } from '../../catalogue/routes/github.ts';
import { pathMatcher } from '../../catalogue/routes/path-match.ts';
import { refNameProblem } from '../../git/objects/names.ts';
import type { Explanation } from '../../rules/explain.ts';
import type { Need, Question } from '../../rules/model.ts';
import { splitFullName } from '../../rules/names.ts';
import { REF_ACTS } from '../../rules/refs/ref-rules.ts';
import { readUserFacts } from '../../store/decision-facts.ts';
import { tokenAsPresented } from '../../store/presented-tokens.ts';
import { type Identity, identityOf } from '../decision/authenticate.ts';
import { consider, holderOf, type Permit } from '../decision/authorize.ts';
import { targetNamed } from '../decision/route-target.ts';
import type { TargetName } from '../decision/targets.ts';
import { actingToken, tokenWithin } from '../decision/token-access.ts';
import { RememberedToken } from '../decision/token-record.ts';
import type { Context } from '../ground/context.ts';

/** The action in question: an operation of the API, of git, or anything that needs one permission. */
export type DryRunOperation =
  | { readonly method: string; readonly path: string }
  | {
      readonly permission: string;
      readonly level: string;
      readonly repository?: string | undefined;
      readonly organization?: string | undefined;
    };

export interface DryRunQuestion {
  readonly need: Need;
  readonly target: TargetName;
  /** A ref that would move. */
  readonly move?: Question['move'];
}

export interface DryRunAnswer {
  readonly allowed: boolean;
  /** Every reason against it; null when it is allowed. */
  readonly explanation: Explanation | null;
  readonly need: Need;
}

/** Made at the first question, in 10 ms plus 18 for the routes; a start needs neither. */
const findRoute = once(() => pathMatcher(githubRoutes()));

/**
 * What a named operation needs.
 * @throws Problem when there is no such endpoint, permission or level, or the target is unclear
 */
export function dryRunQuestion(operation: DryRunOperation): DryRunQuestion {
  return 'path' in operation ? byRoute(operation.method, operation.path) : byPermission(operation);
}

/** The move of a ref in names: a branch by its short name. @throws Problem when there is no such ref or act */
export function dryRunMove(ref: string, act: string): NonNullable<Question['move']> {
  const name = ref.startsWith('refs/') ? ref : `refs/heads/${ref}`;
  const known = REF_ACTS.find((each) => each === act);
  if (refNameProblem(name) !== null) throw problem('invalid', 'That is no name of a branch, tag or other ref.', 'ref');
  if (known === undefined) throw problem('invalid', `What happens to a ref is one of ${REF_ACTS.join(', ')}.`, 'act');
  return { ref: name, act: known };
}

function byRoute(method: string, path: string): DryRunQuestion {
  const match = findRoute()(method.toUpperCase(), path.replace(/^\/api\/v3(?=\/)/, '').replace(/\?.*$/s, ''));
  const target = match === null ? null : targetNamed(match.row.target, match.params);
  if (match === null || target === null)
    throw problem(
      'invalid',
      `There is no endpoint ${method.slice(0, 10)} ${path.slice(0, 200)} whose target can be told from its path.`,
      'path',
    );
  return { need: match.row.need, target };
}

function byPermission({
  permission,
  level,
  repository,
  organization,
}: Extract<DryRunOperation, { permission: string }>): DryRunQuestion {
  const known = permissionNamed(permission);
  if (known === undefined)
    throw problem('invalid', `There is no permission named ${permission.slice(0, 60)}.`, 'permission');
  const chosen = known.levels.find((each) => each === level);
  if (chosen === undefined)
    throw problem(
      'invalid',
      `${known.title} (${known.name}) takes ${known.levels.join(' or ')}, not ${level.slice(0, 20)}.`,
      'level',
    );
  const fullName = repository === undefined ? null : splitFullName(repository);
  if (repository !== undefined && fullName === null)
    throw problem('invalid', 'A repository is named as OWNER/NAME.', 'repository');
  const target: TargetName =
    fullName !== null
      ? { kind: 'repository', ...fullName }
      : organization !== undefined
        ? { kind: 'organization', login: organization }
        : known.group === 'instance'
          ? { kind: 'instance' }
          : { kind: 'account', login: null };
  if (known.group === 'repository' && target.kind !== 'repository')
    throw problem('missing_field', `${known.title} (${known.name}) is about a repository: name one.`, 'repository');
  return {
    need: {
      sets: [{ [known.name]: chosen }],
      publicRead: chosen === 'read' && known.group === 'repository',
      writes: chosen !== 'read',
    },
    target,
  };
}

/**
 * Whether one of the caller's tokens might do something, from an address.
 * @param tokenId null = the one that asks
 * @param address of the operation's caller
 * @throws Problem when there is no such token
 */
export async function dryRun(
  ctx: Context,
  permit: Permit,
  tokenId: number | null,
  { need, target, move }: DryRunQuestion,
  address: string,
): Promise<DryRunAnswer> {
  const identity = await identityBehind(ctx, permit, tokenId);
  const explanation = await andThen(ctx.memory.refresh(), () =>
    consider(ctx, { need, target, address, ...(move === undefined ? {} : { move }) }, identity),
  );
  return { allowed: explanation === null, explanation, need };
}

async function identityBehind(ctx: Context, permit: Permit, tokenId: number | null): Promise<Identity> {
  const acting = actingToken(permit);
  const itself = tokenId === null && acting?.derived != null ? await holderOf(ctx, permit) : null;
  if (itself !== null) return itself;
  const id = tokenId ?? acting?.id;
  if (id === undefined) throw problem('unprocessable', 'No token was used for this request.');
  const token = await tokenWithin(ctx.store.db, permit, id, { alive: false });
  const [stored, facts] = await Promise.all([
    tokenAsPresented(ctx.store.db, token.id),
    readUserFacts(ctx.store.db, token.userId),
  ]);
  if (stored === null || facts === null) throw problem('not_found', `There is no token ${id}.`, 'id');
  return identityOf(new RememberedToken(stored, facts, ctx.memory.parts));
}
