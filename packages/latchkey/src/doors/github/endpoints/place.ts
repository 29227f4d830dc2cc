/**
 * What the endpoints of a repository share: where it is, whom they answer, and how they say no in words of their own.
 */
import type { Permit } from '../../../actions/decision/authorize.ts';
import type { Context } from '../../../actions/ground/context.ts';
import { findCommitId } from '../../../actions/repositories/history.ts';
import { targetRepository } from '../../../actions/repositories/target.ts';
import { parameter } from '../../../base/present.ts';
import { htmlUrl } from '../present/accounts.ts';
import type { Place } from '../present/place.ts';
import { Malformed } from '../refuse.ts';

/** The repository of a call, under its current name. */
export function placeOf({ apiUrl, permit }: { apiUrl: string; permit: Permit }): Place {
  const { owner, repository } = targetRepository(permit);
  return {
    apiUrl,
    url: `${apiUrl}/repos/${owner.login}/${repository.name}`,
    html: `${htmlUrl(apiUrl)}/${owner.login}/${repository.name}`,
  };
}

/** Ends a call with a status and GitHub's words for it. */
export function sayNo(status: number, message: string): Malformed {
  return new Malformed(status, message);
}

/**
 * The last of GitHub's own media types in `Accept`, without prefix and version: `raw`, `object`, `diff`; null for plain
 * JSON.
 */
export function mediaOf(headers: Readonly<Record<string, string | string[] | undefined>>): string | null {
  return /application\/vnd\.github\.(?:v3\.)?([a-z]+)/.exec(String(headers['accept'] ?? ''))?.[1] ?? null;
}

/**
 * The commit of a revision.
 * @throws Malformed 409 while the repository has no commits, and what `otherwise` says when the revision doesn't exist
 */
export async function commitIdOr(
  call: { ctx: Context; permit: Permit },
  revision: string | null,
  otherwise: () => Malformed,
): Promise<string> {
  const id = await findCommitId(call.ctx, call.permit, revision);
  if (id !== null) return id;
  if (await isEmpty(call)) throw sayNo(409, 'Git Repository is empty.');
  throw otherwise();
}

/** True when no branch has a commit yet, judged by the default one. */
export async function isEmpty({ ctx, permit }: { ctx: Context; permit: Permit }): Promise<boolean> {
  return (await findCommitId(ctx, permit, 'HEAD')) === null;
}

/** A number in the path. @throws Malformed 404 when it isn't one: nothing has that id */
export function idIn(params: Readonly<Record<string, string>>, name: string): number {
  const text = parameter(params, name);
  if (!/^\d{1,15}$/.test(text)) throw sayNo(404, 'Not Found');
  return Number(text);
}
