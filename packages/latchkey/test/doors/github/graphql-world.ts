/** The GraphQL door in the small world, and a repository with something in it. */
import { execFileSync } from 'node:child_process';
import { expect } from 'vitest';
import { type ApiWorld, apiWorld } from './api.ts';

export interface GraphqlWorld extends ApiWorld {
  /** Ada's, classic, for everything here. */
  readonly ada: string;
  /** What a query of Ada's answers; it has no errors. */
  // An answer is whatever the test says it is.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  data(query: string, variables?: object): Promise<any>;
}

export async function graphqlWorld(): Promise<GraphqlWorld> {
  const made = await apiWorld();
  const ada = (await made.token('Ada', { kind: 'classic', scopes: ['repo', 'read:org'] })).secret;
  const data = async (query: string, variables: object = {}) => {
    const { status, body } = await made.graphql(query, { token: ada, variables });
    expect([status, body.errors]).toEqual([200, undefined]);
    return body.data;
  };
  return { ...made, ada, data };
}

/** Gives a repository a commit with a file, a branch and an annotated tag; returns the commit's id. */
export function fill({ ctx }: ApiWorld, owner: string, name: string): string {
  const at = '1790000000 +0000';
  const env = {
    PATH: process.env['PATH'],
    GIT_AUTHOR_NAME: 'Ada',
    GIT_AUTHOR_EMAIL: 'ada@example.org',
    GIT_AUTHOR_DATE: at,
    GIT_COMMITTER_NAME: 'Ada',
    GIT_COMMITTER_EMAIL: 'ada@example.org',
    GIT_COMMITTER_DATE: at,
  };
  const git = (args: readonly string[], input?: string): string =>
    execFileSync('git', ['-C', ctx.git.path(owner, name), ...args], {
      encoding: 'utf8',
      env,
      ...(input === undefined ? {} : { input }),
    }).trim();
  const blob = git(['hash-object', '-w', '--stdin'], 'hello\n');
  const tree = git(['mktree'], `100644 blob ${blob}\tREADME.md\n`);
  const commit = git(['commit-tree', '-m', 'First\n\nMore.', tree]);
  git(['update-ref', '--stdin'], `create refs/heads/main ${commit}\ncreate refs/heads/next ${commit}\n`);
  git(['tag', '-a', '-m', 'One', 'v1', commit]);
  return commit;
}
