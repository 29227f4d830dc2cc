/**
 * Names of accounts and repositories: GitHub's rules, and the words that the server's own paths need.
 *
 * Invariant: a valid name is a single path segment on every file system we serve from, and unique regardless of case.
 */

/** Longest login of a person or an organization. */
export const MAX_LOGIN_LENGTH = 39;
/** Longest name of a repository. */
export const MAX_REPOSITORY_NAME_LENGTH = 100;
/** Longest e-mail address (RFC 5321). */
export const MAX_EMAIL_LENGTH = 254;

/** The name shown for a deleted account, as on GitHub. Nobody can have this login. */
export const DELETED_ACCOUNT = 'ghost';

/**
 * First path segments that belong to the server, and words that it shows in place of a login. No account can have one.
 */
const RESERVED_LOGINS: ReadonlySet<string> = new Set([
  '-',
  'about',
  'admin',
  'api',
  'assets',
  'auth',
  'authorize',
  'credentials',
  'dashboard',
  'device',
  'docs',
  'download',
  'enterprises',
  'explore',
  'favicon',
  'forward-auth',
  'healthz',
  'help',
  'instance',
  'join',
  'login',
  'logout',
  'metrics',
  'new',
  'notifications',
  'oauth',
  'organizations',
  'orgs',
  'outbox',
  'readyz',
  'robots',
  'scim',
  'search',
  'security',
  'sessions',
  'settings',
  'setup',
  'signin',
  'signout',
  'signup',
  'static',
  'sudo',
  'users',
  'verify',
  'well-known',
  'deploy-key',
  'latchkey',
  'operator',
  // The `revokedBy` of a token that was replaced: see `BY_ROTATION`.
  'rotation',
  DELETED_ACCOUNT,
]);
/** What Windows reserves whatever the extension, and what git and we use for other things. */
const RESERVED_REPOSITORY_NAMES = /^(?:\.|\.\.|\.git|con|prn|aux|nul|com\d|lpt\d)(?:\..*)?$/i;

/** What comes before the @, in the letters of a login. It may be none (`loginProblem`). */
export function loginLike(userName: string): string {
  const local = userName.split('@', 1)[0] ?? '';
  return local
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, MAX_LOGIN_LENGTH)
    .replace(/-+$/, '');
}

/** The form in which a name is unique and looked up. */
export function nameKey(name: string): string {
  return name.toLowerCase();
}

/** True for two spellings of one name. */
export function isSameName(one: string, other: string): boolean {
  return one === other || nameKey(one) === nameKey(other);
}

/**
 * Characters that nobody sees or that turn text around: control characters, line ends, format characters (Unicode Cf,
 * including those of the bidirectional algorithm), halves of surrogate pairs. They make one name look like another
 * (CVE-2021-42574).
 */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/**
 * What is wrong with the characters of a name that people type and others read, as a sentence; null when nothing is.
 * @param subject what is named, as the sentence begins: "A token's name"
 */
export function nameTextProblem(subject: string, name: string): string | null {
  const code = UNSEEN.exec(name)?.[0].codePointAt(0);
  if (code === undefined) return null;
  const spelled = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  return `${subject} can’t have control characters or invisible ones: take out ${spelled}.`;
}

/** What is wrong with a login, as a sentence; null when nothing is. */
export function loginProblem(login: string): string | null {
  if (login === '') return 'A name is needed.';
  if (login.length > MAX_LOGIN_LENGTH) return `A name has at most ${MAX_LOGIN_LENGTH} characters.`;
  if (!/^[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*$/.test(login))
    return 'A name has letters, digits and single hyphens, and neither begins nor ends with a hyphen.';
  if (RESERVED_LOGINS.has(nameKey(login))) return `The name ${login} is reserved.`;
  return null;
}

/** Usernames that tools and documents send with a token and that name nobody. */
const FOR_NOBODY: ReadonlySet<string> = new Set([
  '',
  'git',
  'gitlab-ci-token',
  'latchkey',
  'oauth',
  'oauth2',
  'private-token',
  'token',
  'user',
  'username',
  'x',
  'x-access-token',
  'x-oauth-basic',
  'x-token-auth',
]);

/** True for a username beside a token that names nobody: the token alone decides. */
export function namesNobody(username: string): boolean {
  return FOR_NOBODY.has(username.toLowerCase());
}

/** What is wrong with a repository's name, as a sentence; null when nothing is. */
export function repositoryNameProblem(name: string): string | null {
  if (name === '') return 'A repository needs a name.';
  if (name.length > MAX_REPOSITORY_NAME_LENGTH)
    return `A repository's name has at most ${MAX_REPOSITORY_NAME_LENGTH} characters.`;
  if (!/^[A-Za-z0-9._-]+$/.test(name)) return "A repository's name has letters, digits, hyphens, underscores and dots.";
  if (RESERVED_REPOSITORY_NAMES.test(name)) return `The repository name ${name} is reserved.`;
  if (/\.(?:git|wiki|lock|atom)$/i.test(name) || name.endsWith('.'))
    return "A repository's name does not end in .git, .wiki, .lock, .atom or a dot.";
  return null;
}

/**
 * What is wrong with an e-mail address, as a sentence; null when nothing is. Only sending mail shows whether it
 * arrives.
 */
export function emailProblem(address: string): string | null {
  if (address.length > MAX_EMAIL_LENGTH) return `An e-mail address has at most ${MAX_EMAIL_LENGTH} characters.`;
  if (UNSEEN.test(address)) return 'That is not an e-mail address: it has characters that nobody sees.';
  return /^[^\s@<>()[\]\\,;:"]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(address)
    ? null
    : 'That is not an e-mail address.';
}

/** `owner/name` as two parts; `.git` at the end is allowed and dropped. Null when it doesn't have that form. */
export function splitFullName(fullName: string): { owner: string; name: string } | null {
  const [, owner, name] = /^([^/]+)\/([^/]+?)(?:\.git)?$/.exec(fullName) ?? [];
  return owner === undefined || name === undefined ? null : { owner, name };
}

// --- teams (GitHub docs "About teams") ---

export const MAX_TEAM_NAME_LENGTH = 100;
export const MAX_TEAM_DESCRIPTION_LENGTH = 500;
/** Levels of a tree of teams, the top one included. */
export const MAX_TEAM_DEPTH = 8;
export const MAX_TEAMS_PER_ORGANIZATION = 5_000;

/** Slugs that pages or addresses of the API need for themselves. */
const RESERVED_SLUGS: ReadonlySet<string> = new Set(['new', 'none', 'all']);

/** A team's name in addresses: lower-case letters and digits, everything else one hyphen; '' when nothing is left. */
export function teamSlug(name: string): string {
  return name
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9_]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
}

/** What is wrong with a team's name, as a sentence; null when nothing is. */
export function teamNameProblem(name: string): string | null {
  if (name.trim() === '') return 'A team needs a name.';
  if (name.length > MAX_TEAM_NAME_LENGTH) return `A team's name has at most ${MAX_TEAM_NAME_LENGTH} characters.`;
  const unseen = nameTextProblem("A team's name", name);
  if (unseen !== null) return unseen;
  const slug = teamSlug(name);
  if (slug === '') return "A team's name has a letter from A to Z or a digit: its address is made of them.";
  return RESERVED_SLUGS.has(slug) ? `The team name ${slug} is reserved.` : null;
}

/** What is wrong with a team's description, as a sentence; null when nothing is. */
export function teamDescriptionProblem(description: string): string | null {
  if (description.length > MAX_TEAM_DESCRIPTION_LENGTH)
    return `A team's description has at most ${MAX_TEAM_DESCRIPTION_LENGTH} characters.`;
  return nameTextProblem("A team's description", description);
}
