/**
 * Links and phrases that refusals share. Paths are GitHub's (and GitLab's for scoped tokens), on our own instance.
 *
 * Never: unchecked text from the caller: names are shortened, and characters that could control a terminal are
 * replaced.
 */
import { type Level, wholeOf } from '../permissions.ts';
import { leastScope, leastScopeGiving } from '../scopes/scopes.ts';
import type { RefusalFacts, Remedy } from './refusal.ts';

/** How much of a long name a sentence shows. */
export const MAX_SHOWN_LENGTH = 60;
/** What certainly fits in two lines of a terminal, broken at spaces. */
const MAX_TWO_LINES_LENGTH = 180;

const FINE_GRAINED_PAGE = '/settings/personal-access-tokens';
const CLASSIC_PAGE = '/settings/tokens';
const SCOPED_PAGE = '/-/user_settings/personal_access_tokens';
const DEFAULT_TOKEN_NAME = 'git';
/** Of a fine-grained token (`rules/token-limits.ts`). */
const MAX_NAME_LENGTH = 40;

/**
 * A name that is safe to print: control and direction characters replaced, and the middle left out when it is longer
 * than `maxLength` (even) characters.
 */
export function shown(text: string, maxLength = MAX_SHOWN_LENGTH): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');
  return plain.length <= maxLength ? plain : `${plain.slice(0, maxLength / 2)}…${plain.slice(1 - maxLength / 2)}`;
}

/** `the token "ci"`, or the last characters of one without a name. */
export function theToken({ tokenName, lastEight, derivedFrom }: RefusalFacts): string {
  const from = derivedFrom === null ? '' : ` (derived from "${shown(derivedFrom)}")`;
  if (tokenName !== null) return `the token "${shown(tokenName)}"${from}`;
  return lastEight === null ? 'this token' : `the token …${lastEight}`;
}

/** What was requested: its name, or `otherwise` when it has none. */
export function theTarget({ fullName }: RefusalFacts, otherwise = 'this'): string {
  return fullName === '' ? otherwise : shown(fullName);
}

/** Who decides: the organization, or the instance when it decided or nothing else is known. */
export function whoDecides({ decidedBy, ownerLogin, instanceName, publicUrl }: RefusalFacts): string {
  return decidedBy === 'instance' || ownerLogin === null ? `${instanceName} (${hostOf(publicUrl)})` : shown(ownerLogin);
}

/** The resource owner's login, or `otherwise` when unknown. */
export function theOwner({ ownerLogin }: RefusalFacts, otherwise = 'its owner'): string {
  return ownerLogin === null ? otherwise : shown(ownerLogin);
}

/** The login of the account behind the credential, or `otherwise` when unknown. */
export function thePerson({ login }: RefusalFacts, otherwise = 'its owner'): string {
  return login === null ? otherwise : shown(login);
}

/** Host and port of a URL, for sentences. */
export function hostOf(publicUrl: string): string {
  return publicUrl.replace(/^[a-z]+:\/\//, '');
}

/** The text with a capital at its start. Not for names, which stay as they are written. */
export function sentenceCase(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(parts: readonly string[], word = 'and'): string {
  return parts.length < 2 ? (parts[0] ?? '') : `${parts.slice(0, -1).join(', ')} ${word} ${parts.at(-1)}`;
}

/** `contents: write and workflows: write`. */
export function missingInWords(facts: RefusalFacts): string {
  return listed([...wholes(facts.missing)].map(([name, level]) => `${name}: ${level}`));
}

/**
 * Adds whose token it is when the username names somebody else: the usual sign of a stored credential of another
 * account. Left out when the sentence would no longer fit two lines.
 */
export function withOtherAccount(sentence: string, { urlUsername, login }: RefusalFacts): string {
  if (urlUsername === null || login === null) return sentence;
  const whole = `${sentence} (The token is of ${shown(login)}, not ${shown(urlUsername)}.)`;
  return whole.length <= MAX_TWO_LINES_LENGTH ? whole : sentence;
}

/** Characters that a shell takes literally and that a name may contain. */
const PLAIN_NAME = /^[\w.+-]{1,60}$/;

/**
 * For a credential of another account than its username names: the command that makes git forget it, so that it asks
 * again. Null for a username that names nobody else, or that could mean more to a shell than a name.
 */
export function forgetOther({ urlUsername, login, publicUrl }: RefusalFacts): Remedy | null {
  if (urlUsername === null || login === null || !PLAIN_NAME.test(urlUsername)) return null;
  const { protocol, host } = new URL(publicUrl);
  return {
    text: 'That is another account’s token. Have git forget it, then try again with your own:',
    command:
      `printf 'protocol=${protocol.slice(0, -1)}\\nhost=${host}\\nusername=${urlUsername}\\n\\n' | ` +
      `git credential reject`,
  };
}

/**
 * The scopes to add: of those that would do, the one that gives least; otherwise, for each missing permission, the one
 * that gives least.
 */
export function suggestedScopes(dialect: 'classic' | 'scoped', facts: RefusalFacts): readonly string[] {
  const named = leastScope(dialect, facts.missingScopes);
  if (named !== null) return [named];
  const found = wanted(facts).map(({ permission, level }) => leastScopeGiving(dialect, permission, level));
  return [...new Set(found.filter((scope) => scope !== null))];
}

/** The page where the token is changed, filled in with what is missing; without a token, the list of tokens. */
export function editPath(facts: RefusalFacts): string {
  const { tokenKind, tokenId } = facts;
  if (tokenKind === 'scoped') return newScopedPath(facts);
  const page = tokenKind === 'classic' ? CLASSIC_PAGE : FINE_GRAINED_PAGE;
  if (tokenId === null) return page;
  const fields = tokenKind === 'classic' ? { scopes: suggestedScopes('classic', facts).join(',') } : reachFields(facts);
  return `${page}/${tokenId}${query(fields)}`;
}

/** The page of the token itself, nothing filled in. */
export function tokenPath({ tokenKind, tokenId }: RefusalFacts): string {
  const page = tokenKind === 'scoped' ? SCOPED_PAGE : tokenKind === 'classic' ? CLASSIC_PAGE : FINE_GRAINED_PAGE;
  return tokenId === null ? page : `${page}/${tokenId}`;
}

/** Where a member proves who they are for an organization, and authorizes the token. */
export function ssoPath({ ownerLogin, tokenId }: RefusalFacts): string {
  const page = ownerLogin === null ? '/' : `/orgs/${encodeURIComponent(ownerLogin)}/sso`;
  return `${page}${query(tokenId === null ? {} : { authorization_request: String(tokenId) })}`;
}

/** The form for a new secret of the token, with the longest life that a policy's cap allows. */
export function renewPath(facts: RefusalFacts, days: number | null = null): string {
  return facts.tokenId === null
    ? tokenPath(facts)
    : `${tokenPath(facts)}/renew${query(days === null ? {} : { expires_in: String(days) })}`;
}

/**
 * The page of the token with the resource owner, repository and permissions of the request filled in. Classic and
 * scoped tokens have no such page.
 */
export function reachPath(facts: RefusalFacts): string {
  if (facts.tokenKind !== 'fine-grained' || facts.tokenId === null) return tokenPath(facts);
  return `${FINE_GRAINED_PAGE}/${facts.tokenId}${query(reachFields(facts))}`;
}

/** The form for a new fine-grained token that can do what was requested. */
export function newFineGrainedPath(facts: RefusalFacts): string {
  return `${FINE_GRAINED_PAGE}/new${query({ name: nameOf(facts), ...reachFields(facts), ...refField(facts) })}`;
}

/** The form for a new classic token, with the missing scopes, or else `repo`. */
export function newClassicPath(facts: RefusalFacts): string {
  const scopes = suggestedScopes('classic', facts);
  const asked = scopes.length === 0 ? 'repo' : scopes.join(',');
  return `${CLASSIC_PAGE}/new${query({ scopes: asked, description: nameOf(facts), ...refField(facts) })}`;
}

/** The form for a new scoped token, with the missing scopes, or else `read_repository`. */
export function newScopedPath(facts: RefusalFacts): string {
  const scopes = suggestedScopes('scoped', facts);
  const asked = scopes.length === 0 ? 'read_repository' : scopes.join(',');
  return `${SCOPED_PAGE}${query({ name: nameOf(facts), scopes: asked, ...refField(facts) })}`;
}

/** The form for a new token of the same kind. */
export function newPath(facts: RefusalFacts): string {
  if (facts.tokenKind === 'classic') return newClassicPath(facts);
  return facts.tokenKind === 'scoped' ? newScopedPath(facts) : newFineGrainedPath(facts);
}

/** The page of a machine account. `owner`: its organization; null = it is a person's own. */
export function machinePath(owner: string | null, machine: string): string {
  const machines =
    owner === null ? '/settings/machines' : `/organizations/${encodeURIComponent(owner)}/settings/machines`;
  return `${machines}/${encodeURIComponent(machine)}`;
}

/** The page where an organization's owners decide on pending requests. */
export function requestsPath(organization: string): string {
  return `/organizations/${encodeURIComponent(organization)}/settings/personal-access-token-requests`;
}

const DEEDS = { create: 'create', update: 'push to', force: 'force-push to', delete: 'delete' } as const;

/** `push to main` */
export function moveInWords({ ref, act }: NonNullable<RefusalFacts['move']>): string {
  return `${DEEDS[act]} ${shown(ref)}`;
}

/** The page of the tokens that reach an organization. */
export function tokensPath(organization: string): string {
  return `/organizations/${encodeURIComponent(organization)}/settings/personal-access-tokens`;
}

/** A remedy that sends people to somebody else, with the help page of the reason for more. */
export function help(reason: string, text: string): Remedy {
  return { text, url: `/help/${reason}` };
}

/** Resource owner, repository and permissions of the request, as the form for fine-grained tokens spells them. */
function reachFields(facts: RefusalFacts): Record<string, string> {
  const { ownerLogin, fullName } = facts;
  const repository = /^[\w.-]+\/([\w.-]+)$/.exec(fullName)?.[1];
  return {
    target_name: ownerLogin ?? '',
    repositories: repository ?? '',
    ...permissionFields(facts),
  };
}

/** The token's own name; for another token beside it, with the ref that it is for. */
function nameOf({ tokenName, move }: RefusalFacts): string {
  const name = tokenName ?? DEFAULT_TOKEN_NAME;
  return move === null ? name : `${name} ${move.ref}`.slice(0, MAX_NAME_LENGTH);
}

/** The ref that was to move, as the form's ref rules spell it. */
function refField({ move }: RefusalFacts): Record<string, string> {
  if (move === null || /[\s*:{}]/.test(move.ref)) return {};
  return { ref_rules: `${move.ref}${move.act === 'force' || move.act === 'delete' ? `: ${move.act}` : ''}` };
}

function permissionFields(facts: RefusalFacts): Record<string, string> {
  return Object.fromEntries(wholes(wanted(facts)));
}

/** What is missing; if nothing is known to be missing, what was requested; otherwise, what a clone needs. */
function wanted({ missing, needed }: RefusalFacts): RefusalFacts['missing'] {
  if (missing.length > 0) return missing;
  return needed.length > 0 ? needed : [{ permission: 'contents', level: 'read' }];
}

/** Permissions under the names that people know. */
function wholes(permissions: RefusalFacts['missing']): ReadonlyMap<string, Level> {
  return new Map(permissions.map(({ permission, level }) => [wholeOf(permission), level]));
}

function query(fields: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(fields).filter(([, value]) => value !== '');
  const encode = (text: string): string => encodeURIComponent(text).replaceAll('%3A', ':').replaceAll('%2C', ',');
  return pairs.length === 0 ? '' : `?${pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&')}`;
}
