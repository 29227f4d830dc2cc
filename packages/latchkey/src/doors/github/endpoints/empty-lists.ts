/**
 * Lists that GitHub's clients ask for on their way to something else, of things that this server has none of. They are
 * always empty, with the need that GitHub states.
 */
import { type Endpoint, endpoint, ok } from '../endpoint.ts';

const EMPTY: readonly (readonly [path: string, operationId: string, what: string])[] = [
  ['/user/gpg_keys', 'users/list-gpg-keys-for-authenticated-user', 'Your GPG keys'],
  ['/users/{username}/gpg_keys', 'users/list-gpg-keys-for-user', "Somebody's GPG keys"],
  ['/user/ssh_signing_keys', 'users/list-ssh-signing-keys-for-authenticated-user', 'Your keys that sign commits'],
  ['/users/{username}/ssh_signing_keys', 'users/list-ssh-signing-keys-for-user', "Somebody's keys that sign commits"],
  ['/repos/{owner}/{repo}/forks', 'repos/list-forks', 'Forks of a repository'],
  ['/repos/{owner}/{repo}/invitations', 'repos/list-invitations', 'Invitations to a repository: a role counts at once'],
  ['/repos/{owner}/{repo}/issues', 'issues/list-for-repo', 'Issues of a repository'],
  ['/repos/{owner}/{repo}/pulls', 'pulls/list', 'Pull requests of a repository'],
  [
    '/repos/{owner}/{repo}/commits/{commit_sha}/pulls',
    'repos/list-pull-requests-associated-with-commit',
    'Pull requests with a commit',
  ],
];

export const EMPTY_LIST_ENDPOINTS: readonly Endpoint[] = EMPTY.map(([path, operationId, what]) =>
  endpoint({
    method: 'GET',
    path,
    operationId,
    paged: true,
    summary: `${what}. This server has none: the list is empty.`,
    handle: async () => ok([]),
  }),
);
