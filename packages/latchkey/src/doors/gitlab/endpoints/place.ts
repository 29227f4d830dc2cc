/** What the endpoints for a project's repository share. */
import type { Permit } from '../../../actions/decision/authorize.ts';
import type { Context } from '../../../actions/ground/context.ts';
import type { ChangeOutcome } from '../../../actions/repositories/contents.ts';
import { findCommitId } from '../../../actions/repositories/history.ts';
import type { RefProblem } from '../../../actions/repositories/refs.ts';
import { targetRepository } from '../../../actions/repositories/target.ts';
import { gitlabRoute } from '../../../catalogue/routes/gitlab.ts';
import type { Explanation } from '../../../rules/explain.ts';
import { Answer, badRequest, notFound, refusal } from '../refuse.ts';

interface Asking {
  readonly ctx: Context;
  readonly permit: Permit;
}

/** The address of the project's page, without a slash at the end. */
export function webUrlOf({ ctx, permit }: Asking): string {
  const { owner, repository } = targetRepository(permit);
  return `${ctx.settings.publicUrl}/${owner.login}/${repository.name}`;
}

/**
 * The commit of a revision (undefined = the default branch).
 * @throws Answer `404 THING Not Found` when there is none
 */
export async function commitIdIn(
  { ctx, permit }: Asking,
  revision: string | undefined,
  thing: string,
): Promise<string> {
  const id = await findCommitId(ctx, permit, revision ?? null);
  if (id === null) throw notFound(thing);
  return id;
}

const FILE_WORDS = {
  path_exists: 'A file with this name already exists',
  path_missing: "A file with this name doesn't exist",
  path_is_folder: 'A folder with this name exists',
  path_below_file: 'A part of this path is a file',
  path_invalid: 'The file path is not valid',
  content_unsafe: 'Git reads this file itself, and refuses what is in it',
  content_changed: 'You are attempting to update a file that has changed since you started editing it.',
  branch_moved: 'The branch has changed meanwhile: try again',
  branch_missing: 'You can only create or edit files when you are on a branch',
  branch_conflict: 'The name of the branch collides with that of another one',
} as const satisfies Record<Exclude<(ChangeOutcome & { ok: false })['why'], 'refused'>, string>;

/** The answer that explains why content is not allowed. */
export function refuseContent(explanation: Explanation): Answer {
  return new Answer(refusal(explanation, gitlabRoute('POST', '/projects/{id}/repository/commits')));
}

/** The answer that explains why files could not be changed. */
export function refuseChange(outcome: ChangeOutcome & { ok: false }): Answer {
  if (outcome.why === 'refused') return refuseContent(outcome.explanation);
  return new Answer({
    status: 400,
    body: { message: FILE_WORDS[outcome.why], ...(outcome.path === null ? {} : { file_path: outcome.path }) },
  });
}

/** The answer that explains why a branch or tag could not be made or deleted. `kind` with a capital: `Branch`. */
export function refuseRef(kind: 'Branch' | 'Tag', name: string, why: RefProblem): Answer {
  switch (why) {
    case 'exists':
      return plain(`${kind} already exists`);
    case 'missing':
      return notFound(kind);
    case 'ref_invalid':
      return plain(`${kind} name is invalid`);
    case 'object_missing':
    case 'not_a_commit':
      return plain(`Invalid reference name: ${name}`);
    case 'name_conflict':
      return plain(`${kind} name collides with that of another one`);
    case 'moved':
    case 'not_fast_forward':
      return badRequest(`${kind} has changed meanwhile: try again`);
    case 'is_default_branch':
      return new Answer({
        status: 403,
        body: { message: '403 Forbidden - The default branch of a project cannot be deleted.' },
      });
  }
}

function plain(message: string): Answer {
  return new Answer({ status: 400, body: { message } });
}
