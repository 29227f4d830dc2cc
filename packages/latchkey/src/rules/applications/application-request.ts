/**
 * What an OAuth application, or a command of others, asks a person for, read from the parameters of its request.
 *
 * `scope` has words of three kinds: permissions (`contents:read`), GitHub's scopes, which stand for the permissions
 * that the catalogue gives them, and `offline_access`, which every sign-in has.
 */
import type { KnownCommand } from '../../catalogue/known-commands.ts';
import { atLeast, type Level } from '../../catalogue/permissions.ts';
import { scopeNamed } from '../../catalogue/scopes/scopes.ts';
import {
  type AskingApplication,
  DEFAULT_LOGIN_DAYS,
  type LoginRequest,
  type RequestedPermission,
  requestedPermission,
} from '../login-request.ts';
import { MAX_NAME_LENGTH } from '../token-limits.ts';

const MAX_SCOPE_WORDS = 60;
const WITHOUT_MEANING: ReadonlySet<string> = new Set(['offline_access']);

/** The words of a `scope` parameter, each once. GitHub's clients separate them by commas as well. */
export function scopeWords(scope: string | null): string[] {
  return [...new Set((scope ?? '').split(/[ ,]+/).filter((word) => word !== '' && !WITHOUT_MEANING.has(word)))];
}

/** The permissions that such words stand for, each at its highest level, or what is wrong with the words. */
export function permissionsIn(
  words: readonly string[],
): { readonly permissions: readonly RequestedPermission[] } | { readonly error: string } {
  if (words.length > MAX_SCOPE_WORDS) return { error: `scope has at most ${MAX_SCOPE_WORDS} words` };
  const found = new Map<string, Level>();
  for (const word of words) {
    const scope = scopeNamed('classic', word);
    const asked = scope === undefined ? requestedPermission(word) : null;
    if (typeof asked === 'string')
      return { error: `scope names ${JSON.stringify(asked)}, which is no permission with one of its levels` };
    const given =
      asked === null
        ? (Object.entries(scope?.gives ?? {}) as [string, Level][])
        : [[asked.permission, asked.level] as const];
    for (const [permission, level] of given) {
      const before = found.get(permission);
      if (before === undefined || !atLeast(before, level)) found.set(permission, level);
    }
  }
  return { permissions: [...found].map(([permission, level]) => ({ permission, level })) };
}

/** @param words of `scope`, or those that are asked for where it has none */
export function applicationRequest(
  application: Omit<AskingApplication, 'scopes'>,
  words: readonly string[],
): { readonly request: LoginRequest } | { readonly error: string } {
  return requestFor(words, { name: shortened(application.name), application: { ...application, scopes: words } });
}

/** As `applicationRequest`, for a command that gets the token itself. */
export function commandRequest(
  command: KnownCommand,
  words: readonly string[],
): { readonly request: LoginRequest } | { readonly error: string } {
  return requestFor(words, { name: command.name, command });
}

function requestFor(
  words: readonly string[],
  asker: Pick<LoginRequest, 'name' | 'application' | 'command'>,
): { readonly request: LoginRequest } | { readonly error: string } {
  const read = permissionsIn(words);
  if ('error' in read) return read;
  if (read.permissions.length === 0) return { error: 'scope names nothing that a token opens, such as contents:read' };
  return { request: { ...asker, permissions: read.permissions, owners: null, expiresInDays: DEFAULT_LOGIN_DAYS } };
}

/** As much of a name as a token's has room for, in whole characters. */
function shortened(name: string): string {
  let kept = '';
  for (const { segment } of new Intl.Segmenter('en').segment(name)) {
    if (kept.length + segment.length > MAX_NAME_LENGTH) break;
    kept += segment;
  }
  return kept.trim();
}
