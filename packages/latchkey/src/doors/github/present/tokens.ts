/**
 * Tokens in this API's words: GitHub's for what organizations see (schemas `organization-programmatic-access-grant`
 * and `…-request`), and the same style for owners' own tokens, for which GitHub has no API.
 *
 * Never: a secret, except in the one answer that hands out a new one.
 */

import { fullNameOf } from '../../../actions/decision/targets.ts';
import { tokenPath } from '../../../actions/ground/token-names.ts';
import type { SeenGrant, SeenMemberToken, SeenRequest, SeenToken } from '../../../actions/organizations/tokens.ts';
import type { DryRunAnswer } from '../../../actions/questions/dry-run.ts';
import { faultWords } from '../../../actions/questions/request-errors.ts';
import type { CurrentToken } from '../../../actions/tokens/own-tokens.ts';
import type { GrantView, TokenView } from '../../../actions/tokens/views.ts';
import { isoInstant, type UnixSeconds } from '../../../base/time.ts';
import { acceptedPermissions } from '../../../catalogue/needs.ts';
import {
  type Level,
  type PermissionName,
  type PermissionSet,
  permissionNamed,
  wholeOf,
} from '../../../catalogue/permissions.ts';
import { machinePath } from '../../../catalogue/refusals/links.ts';
import type { RepositorySelection } from '../../../rules/model.ts';
import { rightSentence } from '../../../rules/right/right-sentence.ts';
import { isExpired } from '../../../rules/token-state.ts';
import { htmlUrl, simpleUser } from './accounts.ts';
import { derivedToken } from './derived-tokens.ts';

/** GitHub's words for a selection. */
export const SELECTION_WORDS: Readonly<Record<RepositorySelection, 'none' | 'all' | 'subset'>> = {
  public: 'none',
  all: 'all',
  selected: 'subset',
};

const instant = (at: UnixSeconds | null): string | null => (at === null ? null : isoInstant(at));

/** Permissions by their subject: GitHub's three groups. */
function grouped(permissions: PermissionSet) {
  const groups: Record<'organization' | 'repository' | 'other', Record<string, string>> = {
    organization: {},
    repository: {},
    other: {},
  };
  for (const [name, level] of Object.entries(permissions) as [PermissionName, Level][]) {
    const group = permissionNamed(wholeOf(name))?.group;
    groups[group === 'organization' || group === 'repository' ? group : 'other'][name] = level;
  }
  return groups;
}

function seen(apiUrl: string, { token, owner, lastUse }: SeenToken, at: UnixSeconds) {
  return {
    owner: simpleUser(apiUrl, owner),
    token_id: token.id,
    token_name: token.name,
    token_expired: isExpired(token, at),
    token_expires_at: instant(token.expiresAt),
    token_last_used_at: instant(lastUse?.usedAt ?? null),
    token_ref_rules: token.refRules,
  };
}

/** What the token can do in the organization, or would once it was approved, in words. */
interface Told {
  readonly summary: string | null;
}

/** `organization-programmatic-access-grant` */
export function seenGrant(apiUrl: string, organization: string, row: SeenGrant & Told, at: UnixSeconds) {
  const { grant, summary } = row;
  return {
    id: grant.id,
    ...seen(apiUrl, row, at),
    summary,
    repository_selection: SELECTION_WORDS[grant.selection],
    repositories_url: `${orgUrl(apiUrl, organization)}/personal-access-tokens/${grant.id}/repositories`,
    permissions: grouped(grant.permissions),
    access_granted_at: isoInstant(grant.accessGrantedAt ?? grant.createdAt),
  };
}

/** `organization-programmatic-access-grant-request` */
export function seenRequest(apiUrl: string, organization: string, row: SeenRequest & Told, at: UnixSeconds) {
  const { request, summary } = row;
  return {
    id: request.id,
    reason: request.reason,
    ...seen(apiUrl, row, at),
    summary,
    repository_selection: SELECTION_WORDS[request.selection],
    repositories_url: `${orgUrl(apiUrl, organization)}/personal-access-token-requests/${request.id}/repositories`,
    permissions: grouped(request.permissions),
    created_at: isoInstant(request.createdAt),
  };
}

/** A member's classic or scoped token, as the organization sees it. GitHub shows none of these. */
export function seenMemberToken(apiUrl: string, row: SeenMemberToken & Told, at: UnixSeconds) {
  const { token, summary } = row;
  return {
    ...seen(apiUrl, row, at),
    summary,
    token_kind: token.kind,
    token_last_eight: token.lastEight,
    scopes: token.scopes,
    access_revoked: row.excluded,
    created_at: isoInstant(token.createdAt),
  };
}

const TARGET_TYPES: Readonly<Record<GrantView['ownerKind'], string>> = {
  instance: 'Instance',
  organization: 'Organization',
  self: 'User',
  user: 'User',
};

function ownGrant({ owner, ownerKind, selection, repositoryNames, accessGrantedAt, request, ...grant }: GrantView) {
  return {
    id: grant.id,
    target_name: owner,
    target_type: TARGET_TYPES[ownerKind],
    repository_selection: SELECTION_WORDS[selection],
    repositories: repositoryNames.map((name) => `${owner}/${name}`),
    permissions: grant.permissions,
    state: grant.access,
    access_granted_at: instant(accessGrantedAt),
    pending_request:
      request === null
        ? null
        : {
            id: request.id,
            reason: request.reason,
            repository_selection: SELECTION_WORDS[request.selection],
            permissions: request.permissions,
            created_at: isoInstant(request.createdAt),
            reminded_at: instant(request.remindedAt),
            approvers: request.approvers,
          },
  };
}

/** Where a token is managed: its own page; a machine's on the pages of its account's owner. */
function pageOf({ id, kind, owner, grants }: TokenView): string {
  if (owner.ownedBy === null) return tokenPath(kind, id);
  const keeper = grants.find(({ ownerId }) => ownerId === owner.ownedBy)?.ownerAccount;
  return `${machinePath(keeper?.kind === 'organization' ? keeper.login : null, owner.login)}/tokens/${id}`;
}

/** One of the caller's own tokens. */
export function ownToken(apiUrl: string, token: TokenView, at: UnixSeconds) {
  const { lastUse } = token;
  return {
    id: token.id,
    url: `${apiUrl}/user/personal-access-tokens/${token.id}`,
    html_url: htmlUrl(apiUrl) + pageOf(token),
    name: token.name,
    description: token.description,
    kind: token.kind,
    state: token.state,
    summary: rightSentence(token, 'owner'),
    token_last_eight: token.lastEight,
    owner: simpleUser(apiUrl, token.owner),
    scopes: token.scopes,
    grants: token.grants.map(ownGrant),
    created_at: isoInstant(token.createdAt),
    updated_at: isoInstant(token.updatedAt),
    issued_at: isoInstant(token.issuedAt),
    expires_at: instant(token.expiresAt),
    expires_in_seconds: token.expiresAt === null ? null : Math.max(0, token.expiresAt - at),
    not_before: instant(token.notBeforeAt),
    allowed_addresses: token.allowedAddresses,
    uses_left: token.usesLeft,
    ref_rules: token.refRules,
    parent_id: token.parentId,
    revoked_at: instant(token.revokedAt),
    revoked_by: token.revokedBy,
    last_used:
      lastUse === null
        ? null
        : { at: isoInstant(lastUse.usedAt), address: lastUse.address, agent: lastUse.agent, purpose: lastUse.purpose },
  };
}

/** The token that asks; `derived` is null unless it was derived from another. Then the summary is about that one. */
export function currentToken(apiUrl: string, { derived, ...token }: CurrentToken, at: UnixSeconds) {
  const told = ownToken(apiUrl, token, at);
  return derived === null
    ? { ...told, derived }
    : { ...told, summary: derived.sentence, derived: derivedToken(apiUrl, derived, at) };
}

/** The answer of a dry run. */
export function dryRunAnswer({ allowed, objection, posed }: DryRunAnswer) {
  const explanation = objection !== null && 'explanation' in objection ? objection.explanation : null;
  const error = objection !== null && 'error' in objection ? objection : null;
  return {
    allowed,
    accepted_permissions: posed === null ? null : acceptedPermissions(posed.need),
    accepted_scopes: posed?.need.scopes ?? null,
    target: posed === null ? null : posed.target.kind === 'every-organization' ? '*' : fullNameOf(posed.target),
    route: posed?.by === undefined ? null : { ...posed.by },
    reason: explanation?.reason ?? error?.error ?? null,
    reasons: error !== null ? [faultWords(error)] : [explanation?.sentence ?? [], ...(explanation?.also ?? [])].flat(),
    missing: Object.fromEntries((explanation?.missing ?? []).map(({ permission, level }) => [permission, level])),
    missing_scopes: explanation?.missingScopes ?? [],
    fix:
      explanation === null
        ? null
        : { text: explanation.remedy.text, url: explanation.remedy.url, command: explanation.remedy.command },
  };
}

function orgUrl(apiUrl: string, organization: string): string {
  return `${apiUrl}/orgs/${encodeURIComponent(organization)}`;
}
