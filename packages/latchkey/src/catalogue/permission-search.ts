/**
 * Finding a permission by what one wants to do: by its name, a word of its sentences, or an endpoint.
 *
 * Invariant: every word must be found; a permission named so comes before one that says so, and that before one whose
 * endpoint is called so. An earlier word of a sentence counts more than a later one.
 */
import { permissionSentence } from './permission-sentences.ts';
import { type Permission, type PermissionName, wholeOf } from './permissions.ts';
import { githubRoutes } from './routes/github.ts';

/** What people add most, in the order of the form. */
export const COMMON_PERMISSIONS: readonly PermissionName[] = [
  'contents',
  'workflows',
  'pull_requests',
  'issues',
  'statuses',
  'packages',
];

/** Below this no endpoint is looked at: `a` is in all of them. */
const MIN_ENDPOINT_LENGTH = 3;
/** Where a match stands, as a rank: within the name first, then within the sentences, then in an endpoint. */
const [IN_NAME, IN_SENTENCE, IN_ENDPOINT] = [0, 1_000, 100_000];

/** Those of the permissions that the words are about, the best first. No words = none. */
export function searchPermissions(permissions: readonly Permission[], typed: string): readonly Permission[] {
  const words = typed.trim().toLowerCase();
  if (words === '') return [];
  const byEndpoint = words.length < MIN_ENDPOINT_LENGTH ? new Set() : permissionsOfEndpoints(words);
  return permissions
    .map((permission) => ({ permission, rank: rankOf(permission, words, byEndpoint.has(permission.name)) }))
    .filter(({ rank }) => rank < Number.POSITIVE_INFINITY)
    .toSorted((one, other) => one.rank - other.rank)
    .map(({ permission }) => permission);
}

function rankOf(permission: Permission, words: string, hasEndpoint: boolean): number {
  const name = `${permission.title} ${permission.name.replaceAll('_', ' ')} ${permission.name}`.toLowerCase();
  const inName = placeOf(name, words);
  if (inName >= 0) return IN_NAME + inName;
  const says = permission.levels.map((level) => placeOf(permissionSentence(permission, level).toLowerCase(), words));
  const said = says.filter((place) => place >= 0);
  if (said.length > 0) return IN_SENTENCE + Math.min(...said);
  return hasEndpoint ? IN_ENDPOINT : Number.POSITIVE_INFINITY;
}

/** Where all the words are, at the beginning of words of the text: the place of the first; -1 = somewhere not. */
function placeOf(text: string, words: string): number {
  const places = words.split(/\s+/).map((word) => beginningOf(text, word));
  return places.some((place) => place < 0) ? -1 : Math.min(...places);
}

function beginningOf(text: string, word: string): number {
  let place = text.indexOf(word);
  while (place > 0 && /[a-z0-9]/.test(text.charAt(place - 1))) place = text.indexOf(word, place + 1);
  return place;
}

/** The permissions that endpoints with these words take: `POST /repos`, `/pulls`. */
function permissionsOfEndpoints(words: string): ReadonlySet<PermissionName> {
  const found = githubRoutes().filter(({ method, path }) => `${method} ${path}`.toLowerCase().includes(words));
  return new Set(
    found.flatMap(({ need }) => need.sets.flatMap((set) => Object.keys(set) as PermissionName[])).map(wholeOf),
  );
}
