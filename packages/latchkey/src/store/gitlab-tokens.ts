/** Tokens of machine accounts that were made in GitLab's dialect: what they were made for, their level and scopes. */
import type { Query } from './db.ts';
import type { GitlabTokensTable } from './schema.ts';
import { type Token, tokensByIds } from './tokens.ts';

export type MadeFor = GitlabTokensTable['made_for'];

export interface GitlabTokenRow {
  readonly tokenId: number;
  readonly madeFor: MadeFor;
  readonly repositoryId: number | null;
  readonly accessLevel: number | null;
  readonly scopes: readonly string[];
}

/** One with its token and machine. */
export interface GitlabToken extends GitlabTokenRow {
  readonly token: Token;
  readonly machine: { readonly id: number; readonly login: string };
}

export async function insertGitlabToken(tx: Query, row: GitlabTokenRow): Promise<void> {
  await tx
    .insertInto('gitlab_tokens')
    .values({
      token_id: row.tokenId,
      made_for: row.madeFor,
      repository_id: row.repositoryId,
      access_level: row.accessLevel,
      scopes_json: JSON.stringify(row.scopes),
    })
    .execute();
}

/** Which ones: those of an account's machines, made for this. */
export interface GitlabTokensOf {
  readonly ownerId: number;
  readonly madeFor: MadeFor;
  /** Null = not a project's. */
  readonly repositoryId: number | null;
}

/** The newest first, those that have ended included. */
export async function gitlabTokensOf(
  q: Query,
  { ownerId, madeFor, repositoryId }: GitlabTokensOf,
): Promise<GitlabToken[]> {
  const rows = await q
    .selectFrom('gitlab_tokens')
    .innerJoin('tokens', 'tokens.id', 'gitlab_tokens.token_id')
    .innerJoin('accounts', 'accounts.id', 'tokens.user_id')
    .selectAll('gitlab_tokens')
    .select(['accounts.id as machine_id', 'accounts.login as machine_login'])
    .where('accounts.owned_by', '=', ownerId)
    .where('made_for', '=', madeFor)
    .where('gitlab_tokens.repository_id', repositoryId === null ? 'is' : '=', repositoryId)
    .orderBy('token_id', 'desc')
    .execute();
  const tokens = await tokensByIds(
    q,
    rows.map(({ token_id }) => token_id),
  );
  return rows.flatMap((row) => {
    const token = tokens.get(row.token_id);
    return token === undefined
      ? []
      : [
          {
            tokenId: row.token_id,
            madeFor: row.made_for,
            repositoryId: row.repository_id,
            accessLevel: row.access_level,
            scopes: JSON.parse(row.scopes_json) as string[],
            token,
            machine: { id: row.machine_id, login: row.machine_login },
          },
        ];
  });
}

/** GitLab's scopes of tokens that were asked for with such, by their ids. */
export async function gitlabScopesOf(
  q: Query,
  ids: readonly number[],
): Promise<ReadonlyMap<number, readonly string[]>> {
  if (ids.length === 0) return new Map();
  const rows = await q
    .selectFrom('gitlab_tokens')
    .select(['token_id', 'scopes_json'])
    .where('token_id', 'in', ids)
    .execute();
  return new Map(rows.map(({ token_id, scopes_json }) => [token_id, JSON.parse(scopes_json) as string[]]));
}
