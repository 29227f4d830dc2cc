/**
 * Git clients, by what they call themselves, and where each prints what a server says when it refuses.
 *
 * Each line was measured with the client itself: `npm run clients -- words` does it again.
 * Never: anything but a body for `git` itself, which goes by the status for a stored credential.
 */

/**
 * - `body`: as `text/plain`.
 * - `error-line`: the packet `ERR …` in the list of refs (gitprotocol-pack, "error-line"), which comes with 200.
 * - `error-line-at-400`: that for 400 alone, and the body otherwise: the other statuses are errors that programs know.
 * - `reason-phrase`: the words beside the status (RFC 9112 section 4), with the body.
 */
export type PlaceOfWords = 'body' | 'error-line' | 'error-line-at-400' | 'reason-phrase';

interface GitClient {
  readonly name: string;
  readonly agent: RegExp;
  readonly prints: PlaceOfWords;
}

/** The first match counts: many begin with `git/`. */
const GIT_CLIENTS: readonly GitClient[] = [
  // pygit2, git2go, LibGit2Sharp, Cargo, GitKraken and others.
  { name: 'libgit2', agent: /\blibgit2\b/, prints: 'error-line' },
  // Eclipse, Jenkins, Gerrit.
  { name: 'JGit', agent: /^JGit\//, prints: 'error-line' },
  { name: 'dulwich', agent: /^git\/dulwich\//, prints: 'error-line' },
  { name: 'go-git', agent: /^go-git\//, prints: 'error-line-at-400' },
  { name: 'git', agent: /^git\/\d/, prints: 'body' },
];

/**
 * Clients that print more than the status print its phrase. One is isomorphic-git, which identifies as the browser it
 * runs in.
 */
const OF_OTHERS: PlaceOfWords = 'reason-phrase';

/** Where a client with this user agent prints words. */
export function placeOfWords(userAgent: string | undefined): PlaceOfWords {
  return GIT_CLIENTS.find(({ agent }) => agent.test(userAgent ?? ''))?.prints ?? OF_OTHERS;
}
