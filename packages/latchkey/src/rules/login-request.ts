/**
 * What a command asks for when it signs in, and what a person grants: never more.
 *
 * `scope` is OAuth's field: permissions as `name:level`, separated by spaces.
 */
import type { KnownCommand } from '../catalogue/known-commands.ts';
import { atLeast, LEVELS, type Level, permissionNamed } from '../catalogue/permissions.ts';
import type { TokenDraft } from './draft.ts';
import type { GrantDraft } from './grant-draft.ts';
import { MAX_LIFETIME_DAYS, MIN_LIFETIME_DAYS } from './policy.ts';
import { checkRefRules, type RefRuleDraft, refRuleDrafts } from './refs/ref-rule-text.ts';
import { MAX_NAME_LENGTH } from './token-limits.ts';

export interface RequestedPermission {
  readonly permission: string;
  readonly level: Level;
}

export interface LoginRequest {
  readonly permissions: readonly RequestedPermission[];
  /** Logins; null = the person and all their organizations. */
  readonly owners: readonly string[] | null;
  readonly expiresInDays: number;
  readonly name: string;
  /** What it may push to; left out = wherever the person may. */
  readonly refRules?: readonly RefRuleDraft[];
  /** Who asks; left out = a command, which gets the token itself. */
  readonly application?: AskingApplication;
  /** Which command of others; left out = this program's own. */
  readonly command?: KnownCommand;
}

/** An OAuth application that asks for a sign-in. */
export interface AskingApplication {
  readonly id: number;
  readonly name: string;
  /** The words of `scope` as it sent them. */
  readonly scopes: readonly string[];
  /** What the tokens are for (RFC 8707); null = this server and every service. */
  readonly resource: string | null;
}

/** Limits on the permissions and the owners of one request. */
const MAX_REQUESTED_PERMISSIONS = 20;
const MAX_REQUESTED_OWNERS = 10;
export const DEFAULT_LOGIN_DAYS = 90;
/** The line that begins the sign-in of this program's own command. */
const OWN_LINE = 'latchkey login';

/** Reads a login request from form fields, or says what is wrong with it. */
export function readLoginRequest(
  fields: URLSearchParams,
): { readonly request: LoginRequest } | { readonly error: string } {
  const words = (name: string): string[] => (fields.get(name) ?? '').split(' ').filter((word) => word !== '');
  const permissions = [...new Set(words('scope'))].map(requestedPermission);
  if (permissions.length === 0) return { error: 'scope names no permission, such as contents:write' };
  const wrong = permissions.find((each) => typeof each === 'string');
  if (wrong !== undefined)
    return { error: `scope names ${JSON.stringify(wrong)}, which is no permission with one of its levels` };
  const owners = words('resource_owner');
  if (permissions.length > MAX_REQUESTED_PERMISSIONS || owners.length > MAX_REQUESTED_OWNERS)
    return {
      error:
        `at most ${MAX_REQUESTED_PERMISSIONS} permissions and ${MAX_REQUESTED_OWNERS} resource owners can be asked ` +
        `for`,
    };
  const days = fields.get('expires_in_days') ?? String(DEFAULT_LOGIN_DAYS);
  if (!/^\d{1,3}$/.test(days) || Number(days) < MIN_LIFETIME_DAYS || Number(days) > MAX_LIFETIME_DAYS)
    return { error: `expires_in_days must be ${MIN_LIFETIME_DAYS} to ${MAX_LIFETIME_DAYS}` };
  const name = (fields.get('token_name') ?? '')
    .replace(/[\p{Cc}\p{Cf}]/gu, '')
    .trim()
    .slice(0, MAX_NAME_LENGTH);
  const refRules = refRuleDrafts((fields.get('ref_rules') ?? '').split(/[\r\n;]+/));
  // Names that are longer or shorter than these are judged again when the token is made.
  const checked = checkRefRules(refRules, { token: 'token', login: 'login' });
  if (!checked.ok) return { error: `ref_rules: ${checked.problems.join(' ').replace(/\.$/, '')}` };
  return {
    request: {
      permissions: permissions as RequestedPermission[],
      owners: owners.length === 0 ? null : owners,
      expiresInDays: Number(days),
      name: name === '' ? OWN_LINE : name,
      ...(refRules.length === 0 ? {} : { refRules }),
    },
  };
}

/** The permission a word names; the word itself when it names none. */
export function requestedPermission(word: string): RequestedPermission | string {
  const split = word.lastIndexOf(':');
  const permission = word.slice(0, Math.max(split, 0));
  const level = LEVELS.find((each) => each === word.slice(split + 1));
  const known = permissionNamed(permission);
  return level === undefined || known === undefined || !known.levels.includes(level)
    ? word.slice(0, 60)
    : { permission, level };
}

/** What a person chose on the page. */
export interface ConsentChoice {
  readonly name: string;
  /** By permission. One that isn't here was removed. */
  readonly levels: ReadonlyMap<string, string>;
  readonly owners: readonly string[];
  readonly expiresInDays: number;
}

/** An owner that the token may be for. */
export interface OfferedOwner {
  readonly login: string;
  readonly kind: 'self' | 'user' | 'organization' | 'instance';
  /** True when a token has to wait for an owner's approval there. */
  readonly needsApproval: boolean;
  /** The longest life in days that a token may have there; null = no limit. */
  readonly capDays: number | null;
}

/**
 * The token that is left of the request after the choice: each level at most the one requested, only owners that were
 * offered, no longer a life than requested or than the owners allow. Exceeding a cap is not an error of the person who
 * signs in.
 */
export function narrowed(
  login: string,
  request: LoginRequest,
  choice: ConsentChoice,
  offered: readonly OfferedOwner[],
): TokenDraft {
  const permissions = request.permissions.flatMap(({ permission, level }) => {
    const chosen = LEVELS.find((each) => each === choice.levels.get(permission));
    return chosen === undefined ? [] : [{ permission, level: atLeast(level, chosen) ? chosen : level }];
  });
  const owners = offered.filter((owner) => choice.owners.includes(owner.login));
  return {
    userLogin: login,
    kind: 'fine-grained',
    name: choice.name,
    description:
      request.application === undefined
        ? `Made by ${request.command?.line ?? OWN_LINE}`
        : `Given to ${request.application.name}`,
    scopes: [],
    expiresInDays: longestFor(owners, Math.min(choice.expiresInDays, request.expiresInDays)),
    ...(request.refRules === undefined ? {} : { refRules: request.refRules }),
    grants: owners
      .map((owner) => grantFor(owner, permissions, request.application?.name ?? request.command?.line ?? OWN_LINE))
      .filter(({ permissions: given }) => Object.keys(given).length > 0),
  };
}

/** This many days, or as many as the strictest of these owners allows. */
export function longestFor(owners: readonly OfferedOwner[], days: number): number {
  return Math.min(days, ...owners.flatMap(({ capDays }) => (capDays === null ? [] : [capDays])));
}

/**
 * The owners that are selected before the person chooses: the named ones, or else those that cost nothing, neither a
 * wait for approval nor a shorter life.
 */
export function preselected<Owner extends OfferedOwner>(
  request: LoginRequest,
  offered: readonly Owner[],
): readonly Owner[] {
  if (request.owners !== null) return offered;
  const own = offered.filter(({ kind }) => kind === 'self');
  const days = longestFor(own, request.expiresInDays);
  return offered.filter((owner) => own.includes(owner) || (!owner.needsApproval && longestFor([owner], days) === days));
}

/** The owners of a login request that the person may have a token for. */
export function requestedOwners<Owner extends OfferedOwner>(
  { owners }: LoginRequest,
  possible: readonly Owner[],
): readonly Owner[] {
  if (owners === null)
    return possible.filter(({ kind }) => kind === 'self' || kind === 'organization').slice(0, MAX_REQUESTED_OWNERS);
  const named = new Set(owners.map((owner) => owner.toLowerCase()));
  return possible.filter(({ login }) => named.has(login.toLowerCase()));
}

/** Account permissions are for oneself, organization permissions for organizations, repository permissions for both. */
function grantFor(
  { login, kind }: OfferedOwner,
  permissions: readonly RequestedPermission[],
  asker: string,
): GrantDraft {
  const fitting = permissions.filter(({ permission }) => {
    const group = permissionNamed(permission)?.group;
    return (
      group === 'repository' ||
      (group === 'account' && kind === 'self') ||
      (group === 'organization' && kind === 'organization') ||
      (group === 'instance' && kind === 'instance')
    );
  });
  return {
    owner: kind === 'self' ? '' : login,
    selection: 'all',
    repositories: [],
    permissions: Object.fromEntries(fitting.map(({ permission, level }) => [permission, level])),
    justification: kind === 'organization' ? `Signing in with ${asker}` : null,
  };
}
