/**
 * The reason of a refusal from what git, curl or a client printed of it: by its code where one stands there, by its
 * words otherwise.
 *
 * Invariant: a reason without words to know it by doesn't compile, and `test/catalogue/refusals` asks all sentences.
 */
import { REASONS, type Reason } from './refusals.ts';

/** What stands in the sentences of a reason, and in those of no other. */
const WORDS = {
  credentials_missing: /Sign in first: any username/,
  credentials_malformed: /the Authorization header can(?: not|’t) be read|two Authorization headers|is no text/i,
  username_missing: /A username is needed, and none was sent/,
  password_empty: /no token: the password is empty/,
  token_wrapped: /A token came, but .*, so it could not be read/,
  placeholder_sent: /in the place of the token is .*a variable was not replaced/,
  password_not_accepted: /The password of an account is not accepted here/,
  password_with_two_factor: /so the password no longer works here/,
  token_mistyped: /That token is damaged/,
  token_unknown: /does not know that token/,
  token_of_other_product: /looks like a token of .* takes only its own/,
  key_pasted: /not like a token. Over HTTPS a token is the password/,
  token_expired: / expired(?: on [^.]*)?\./,
  token_revoked: / was revoked(?: on |\.| \()/,
  token_replaced: /was rotated, and this is its old value/,
  token_not_yet_valid: / works only from .*\./,
  token_used_up: /was for a limited number of uses/,
  owner_suspended: / is suspended, so none of its tokens works/,
  owner_disabled_by_provider: /An identity provider disabled the account /,
  account_locked: / is locked, because somebody else may have been in it/,
  address_not_allowed: / may not be used from /,
  organization_address_not_allowed: / may not be reached from /,
  too_many_attempts: /Too many wrong credentials came from/,
  rate_limited: /Too many requests in a short time/,
  classic_forbidden: /does not allow personal access tokens \(classic\)/,
  fine_grained_forbidden: /does not allow fine-grained personal access tokens/,
  scoped_forbidden: /does not allow scoped personal access tokens/,
  lifetime_over_policy: / allows .*tokens that live /,
  sso_not_authorized: /requires single sign-on; .* is not authorized for it/,
  sso_not_proved: /requires single sign-on of its members/,
  two_factor_required: / (?:demands|requires) two-factor authentication, and /,
  grant_pending: / waits until an owner of .* approves it/,
  grant_denied: /An owner of .* denied the request of /,
  grant_revoked: /An owner of .* revoked the access of /,
  not_found: /does not exist, (?:or you|is not selected for this token)/,
  public_only: / reads public repositories only; /,
  resource_owner_mismatch: / is not for resources of /,
  repository_not_selected: / is not among the repositories of /,
  permission_missing: /(?<!; the token "[^"]*"|; this token|; the token …\S*) lacks (?:a permission|[a-z_-]+: )/,
  scope_missing: / (?:lacks (?:a|the) scopes? ?(?!workflow\.|write_repository\.)|has no scope that gives )/,
  token_for_other_resource: / is only for \S+, which is not what was asked/,
  token_derived: / changes nothing that gives access beyond its own life/,
  workflow_permission_missing: /The push changes .*; .* lacks |refusing to .* workflow/,
  ref_not_allowed: /may not move this ref\.|ref rules? (?:allow|open|never)|ref rule \S+ allows/,
  ref_needs_approval: /needs approval|(?:only after|approve just) |its owner denied it|asks? (?:its owner )?first/,
  ref_protected: /(?:is |\()?protected(?:: |\.)|a symbolic ref does not move beside protected ones/,
  token_in_content: /What was sent holds (?:a live|more texts that look like) personal access token/,
  push_too_large: /A push may send .* at most; this one is larger/,
  file_too_large: /larger than .*, the most that a file may have/,
  repository_full: / has no room for this: /,
  too_many_refs: / has no room for more branches and tags/,
  key_forbidden: / takes no SSH keys of people| does not allow people’s SSH keys/,
  key_reads_only: /This deploy key only reads/,
  role_insufficient:
    / may not do this.*, so (?:no (?:token|key) of theirs may|their (?:tokens|keys) may not)|deploy key may only read /,
  repository_archived: / is archived/,
} as const satisfies Record<Reason, RegExp>;

/**
 * The reason that a text names or says, the first one that stands in it; null when there is none of ours.
 * @param text as it was printed, with git's `remote:` in front of lines
 */
export function reasonIn(text: string): Reason | null {
  const codes = new Set(text.split(/[^a-z_]+/));
  const named = REASONS.find((reason) => codes.has(reason));
  if (named !== undefined) return named;
  const plain = text.replaceAll(/^remote: ?/gm, '').replaceAll(/\s+/g, ' ');
  let first: { readonly reason: Reason; readonly at: number } | null = null;
  for (const reason of REASONS) {
    const at = plain.search(WORDS[reason]);
    if (at >= 0 && (first === null || at < first.at)) first = { reason, at };
  }
  return first?.reason ?? null;
}
