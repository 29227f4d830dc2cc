/**
 * Every event of the audit log: when it is written, what is told beside who, when and from where, and what kind of
 * operation it is. `docs/audit.md` lists it; GitHub's name where it has one.
 *
 * Invariant: an event that isn't here can't be recorded, and none is recorded with a fact that isn't here.
 * Never: an event renamed or used for something else. Logs are kept for years.
 */

/** GitHub's kinds of operation, as `operation:` of a search names them. */
export const OPERATIONS = ['access', 'authentication', 'create', 'modify', 'remove', 'restore', 'transfer'] as const;
type Operation = (typeof OPERATIONS)[number];

export interface AuditEventRow {
  /** What happened, to follow "written when". */
  readonly when: string;
  readonly operation: Operation;
  /** Names in `data`; each may be missing. */
  readonly data: readonly string[];
}

const row = (operation: Operation, when: string, ...data: readonly string[]): AuditEventRow => ({
  when,
  operation,
  data,
});
const TOKEN_MADE = ['name', 'kind', 'expires_at', 'scopes', 'grants', 'ref_rules'];
const TOKEN_CHANGED = ['name', 'pat_field_changed', 'old_name', 'scopes', 'old_scopes', 'ref_rules', 'old_ref_rules'];
const TOKEN_RENEWED = ['name', 'expires_at', 'old_expires_at', 'overlap_seconds', 'previous_id'];
const TOKEN_ENDED = ['name', 'explanation', 'cancelled_requests', 'reason'];
const HOOK = ['repo', 'hook_id', 'url', 'events', 'active'];
const LIFETIME = ['kind', 'token_expiration', 'old_token_expiration', 'exempt_administrators'];
/** `before`, `after`: ids; '' = no value. `name`: the token. */
const ASKED_MOVE = ['approval', 'repo', 'ref', 'before', 'after', 'name'];
/** Of each act, the lowest role that may do it. */
const PROTECTION = ['repo', 'pattern', 'create', 'update', 'force', 'delete'];
const TEAM = ['org', 'team'];
const MEMBER = ['org', 'user', 'permission', 'old_permission'];

const DERIVED = [
  'derived_id',
  'name',
  'derived_from',
  'expires_at',
  'agent',
  'session',
  'permissions',
  'repository_ids',
  'scopes',
  'ref_rules',
  'allowed_addresses',
];
const ISSUER = ['name', 'issuer', 'preset', 'keys', 'max_life'];
const RULE = ['name', 'issuer', 'machine', 'conditions', 'max_life', 'single_use', 'pull_requests'];

/**
 * Names in `data` that any event may have. `act`: the derived token, agent and session that acted for the actor.
 * `ssh_key`: the fingerprint of the key that the actor came with.
 */
export const FACTS_OF_ALL: readonly string[] = ['act', 'ssh_key'];

export const AUDIT_EVENTS = {
  'audit_log.prune': row('remove', 'old entries of this log were deleted', 'checkpoint', 'through_id', 'digest'),
  'audit_log.rewind_stream': row(
    'modify',
    'a stream of this log was set to another entry',
    'stream',
    'after_id',
    'old_after_id',
  ),
  'business.disable_two_factor_requirement': row(
    'modify',
    'two factors are no longer demanded on the instance',
    'from',
    'blocked_tokens',
  ),
  'business.enable_two_factor_requirement': row(
    'modify',
    'two factors are demanded on the instance',
    'from',
    'blocked_tokens',
  ),
  'external_identity.deprovision': row('modify', 'a directory disabled an account', 'login', 'client'),
  'external_identity.fail': row(
    'authentication',
    'a sign-in, or a link, by an identity provider failed',
    'provider',
    'reason',
  ),
  'external_identity.link': row(
    'create',
    'an identity of an identity provider was linked',
    'provider',
    'issuer',
    'name',
  ),
  'external_identity.provision': row('create', 'a directory made an account', 'login', 'user_name', 'client'),
  'external_identity.provision_link': row('modify', 'a directory was given an account', 'login', 'user_name', 'client'),
  'external_identity.provision_unlink': row('modify', 'an account was taken away from its directory', 'login'),
  'external_identity.release': row(
    'remove',
    'a directory let a person go: their tokens were revoked',
    'login',
    'client',
    'tokens',
  ),
  'external_identity.reprovision': row(
    'restore',
    'an account that an identity provider had disabled was enabled again',
    'login',
    'client',
  ),
  'external_identity.unlink': row('remove', 'a linked identity was removed', 'issuer', 'name'),
  'external_identity.update': row(
    'modify',
    'a directory changed what it says of a person',
    'login',
    'user_name',
    'client',
  ),
  'external_identity.use': row(
    'authentication',
    'somebody proved to an identity provider who they are',
    'provider',
    'issuer',
  ),
  'git.approval_denied': row('modify', 'the move of a ref that a token asked for was denied', ...ASKED_MOVE),
  'git.approval_granted': row('modify', 'the move of a ref that a token asked for was approved, once', ...ASKED_MOVE),
  'git.approval_requested': row('create', 'a token asked its owner whether it may move a ref', ...ASKED_MOVE),
  'git.approval_used': row('modify', 'the approval of a move of a ref was spent', ...ASKED_MOVE),
  'git.push': row('modify', 'refs of a repository moved', 'repo', 'refs', 'refs_unknown', 'begun_at', 'recorded_late'),
  'git.push_rejected': row(
    'modify',
    "a token's ref rules kept refs of a repository from moving",
    'repo',
    'name',
    'refs',
  ),
  'git_lfs.lock': row('create', 'somebody locked a file that Git LFS keeps', 'repo', 'path'),
  'git_lfs.prune': row(
    'remove',
    'LFS objects that no file of a repository names were removed',
    'repo',
    'objects',
    'bytes',
  ),
  'git_lfs.unlock': row('remove', 'a lock on a file was taken away', 'repo', 'path', 'user'),
  'git_lfs.upload': row('modify', 'a token was let send objects of Git LFS', 'repo', 'objects', 'bytes'),
  'hook.config_changed': row('modify', 'a webhook was changed', ...HOOK),
  'hook.create': row('create', 'a webhook was added', ...HOOK),
  'hook.destroy': row('remove', 'a webhook was removed', ...HOOK),
  'instance.backup': row(
    'access',
    'a backup of everything was made, at the server’s machine',
    'backup',
    'encrypted',
    'with_key',
    'repositories',
  ),
  'instance.confirm_end': row(
    'modify',
    'a token that the restoration of a backup ended in doubt was confirmed to stay dead',
    'name',
  ),
  'instance.move': row('modify', 'everything in the database was moved to another one', 'from', 'to', 'rows'),
  'instance.restore': row(
    'restore',
    'the database was put back from a backup, and began a new epoch',
    'epoch',
    'known',
    'lost_entries',
    'tokens',
    'in_doubt',
    'suspended',
    'locked',
    'by_hand',
  ),
  'ip_allow_list.disable': row(
    'modify',
    'tokens may come from any address',
    'entries',
    'old_entries',
    'blocked_tokens',
  ),
  'ip_allow_list.enable': row(
    'modify',
    'tokens must come from listed addresses',
    'entries',
    'old_entries',
    'blocked_tokens',
  ),
  'machine_account.create': row('create', 'a machine account was made', 'login', 'owner'),
  'machine_account.delete': row('remove', 'a machine account was deleted with its tokens', 'login', 'owner'),
  'oauth_access.create': row('create', 'a classic token was made', ...TOKEN_MADE),
  'oauth_access.destroy': row('remove', 'its user revoked a classic token', ...TOKEN_ENDED),
  'oauth_access.regenerate': row('modify', 'a classic token got a new secret', ...TOKEN_RENEWED),
  'oauth_access.restore': row(
    'restore',
    'a classic token that was ended for disuse, or in doubt after a restoration, works again',
    'name',
  ),
  'oauth_access.revoke': row('remove', 'somebody else, or the server, revoked a classic token', ...TOKEN_ENDED),
  'oauth_access.update': row('modify', 'a classic token was changed', ...TOKEN_CHANGED),
  'org.add_member': row('create', 'somebody became a member or an owner', ...MEMBER),
  'org.create': row('create', 'an organization was made', 'org', 'owner'),
  'org.delete': row('remove', 'an organization was deleted with its repositories', 'org', 'repositories'),
  'org.disable_saml': row('modify', 'single sign-on is no longer required of members', 'blocked_tokens'),
  'org.disable_two_factor_requirement': row(
    'modify',
    'two factors are no longer demanded of members',
    'from',
    'blocked_tokens',
  ),
  'org.enable_saml': row('modify', 'single sign-on is required of members and their tokens', 'blocked_tokens'),
  'org.enable_two_factor_requirement': row('modify', 'two factors are demanded of members', 'from', 'blocked_tokens'),
  'org.recovery_code_failed': row('authentication', 'a wrong recovery code of an organization was entered', 'org'),
  'org.recovery_code_used': row('authentication', 'an owner came in by a recovery code of an organization', 'org'),
  'org.recovery_codes_generated': row('modify', 'new recovery codes of an organization were made', 'org'),
  'org.remove_member': row(
    'remove',
    'somebody left an organization, or was taken out',
    ...MEMBER,
    'roles_removed',
    'roles_kept',
    'reason',
  ),
  'org.sso_response': row('authentication', 'somebody proved who they are for an organization', 'org', 'issuer'),
  'org.update_default_repository_permission': row(
    'modify',
    'what members may do in every repository was changed',
    'org',
    'permission',
    'old_permission',
    'blocked_tokens',
  ),
  'org.update_member': row('modify', 'a member became an owner, or an owner a member', ...MEMBER),
  'org.update_profile': row('modify', 'the profile of an organization was changed', 'org', 'fields'),
  'org.update_saml_provider_settings': row(
    'modify',
    'an organization named an identity provider, or none',
    'issuer',
    'old_issuer',
    'blocked_tokens',
  ),
  'org_credential_authorization.deauthorize': row(
    'modify',
    'its user withdrew a token from an organization',
    'name',
    'org',
  ),
  'org_credential_authorization.grant': row('modify', 'its user authorized a token for an organization', 'name', 'org'),
  'org_credential_authorization.restore': row('restore', 'owners let a token in again', 'name', 'org'),
  'org_credential_authorization.revoke': row('remove', 'owners shut a token out', 'name', 'org', 'reason'),
  'passkey.register': row('create', 'a passkey was added', 'name'),
  'passkey.remove': row('remove', 'a passkey was removed', 'name'),
  'personal_access_token.access_granted': row(
    'modify',
    'a fine-grained token may reach an organization',
    'request_id',
    'name',
    'permissions',
    'selection',
    'reason',
  ),
  'personal_access_token.access_restriction_disabled': row(
    'modify',
    'tokens of a kind may be used again',
    'kind',
    'allowed',
    'blocked_tokens',
  ),
  'personal_access_token.access_restriction_enabled': row(
    'modify',
    'tokens of a kind were forbidden',
    'kind',
    'allowed',
    'blocked_tokens',
  ),
  'personal_access_token.access_revoked': row(
    'remove',
    'owners ended what a token reached',
    'name',
    'permissions',
    'reason',
  ),
  'personal_access_token.auto_approve_grant_requests_disabled': row(
    'modify',
    'tokens wait for owners from now on',
    'requires_approval',
    'blocked_tokens',
  ),
  'personal_access_token.auto_approve_grant_requests_enabled': row(
    'modify',
    'tokens need no approval from now on',
    'requires_approval',
    'blocked_tokens',
  ),
  'personal_access_token.create': row('create', 'a fine-grained or scoped token was made', ...TOKEN_MADE),
  'personal_access_token.credential_regenerated': row(
    'modify',
    'a token got a new secret, or a successor',
    ...TOKEN_RENEWED,
  ),
  'personal_access_token.credential_revoked': row(
    'remove',
    'somebody else, or the server, revoked a token',
    ...TOKEN_ENDED,
  ),
  'personal_access_token.derive': row('create', 'a token derived another from itself', ...DERIVED),
  'personal_access_token.destroy': row('remove', 'its user revoked a token', ...TOKEN_ENDED),
  'personal_access_token.end_derived': row(
    'remove',
    'a derived token was ended, with what was derived from it',
    'derived_id',
    'name',
    'explanation',
    'ended',
  ),
  'personal_access_token.expiration_limit_set': row(
    'modify',
    'the longest life of tokens was set',
    ...LIFETIME,
    'blocked_tokens',
  ),
  'personal_access_token.expiration_limit_unset': row(
    'modify',
    'the longest life of tokens was lifted',
    ...LIFETIME,
    'blocked_tokens',
  ),
  'personal_access_token.replaced_credential_used': row(
    'access',
    'a secret was used that was replaced, and works for a while yet',
    'name',
    'purpose',
  ),
  'personal_access_token.request_cancelled': row(
    'remove',
    'a request for approval was cancelled',
    'request_id',
    'name',
  ),
  'personal_access_token.request_created': row(
    'create',
    'a token asks owners for approval',
    'request_id',
    'name',
    'selection',
    'permissions',
    'reason',
  ),
  'personal_access_token.request_denied': row(
    'modify',
    'owners denied what a token asked for',
    'request_id',
    'name',
    'permissions',
    'selection',
    'reason',
  ),
  'personal_access_token.request_reminded': row('modify', 'owners were reminded of waiting requests', 'request_ids'),
  'personal_access_token.restore': row(
    'restore',
    'a token that was ended for disuse, or in doubt after a restoration, works again',
    'name',
  ),
  'personal_access_token.update': row('modify', 'a fine-grained or scoped token was changed', ...TOKEN_CHANGED),
  'protected_branch.create': row('create', 'a branch or tag pattern was protected', ...PROTECTION),
  'protected_branch.destroy': row('remove', 'a pattern is no longer protected', 'repo', 'pattern'),
  'protected_branch.update': row('modify', 'the protection of a pattern was changed', ...PROTECTION),
  'public_key.create': row('create', 'a deploy key was added', 'repo', 'title', 'fingerprint', 'read_only'),
  'public_key.delete': row('remove', 'a deploy key was removed', 'repo', 'title', 'fingerprint'),
  'repo.access': row('modify', 'a repository became public or private', 'repo', 'visibility', 'previous_visibility'),
  'repo.add_member': row(
    'create',
    'somebody became a collaborator, or may do other things',
    'repo',
    'user',
    'permission',
  ),
  'repo.archived': row('modify', 'a repository was archived', 'repo'),
  'repo.create': row('create', 'a repository was made', 'repo', 'visibility'),
  'repo.create_status': row('create', 'a commit got a status', 'repo', 'sha', 'context', 'state'),
  'repo.destroy': row('remove', 'a repository was deleted', 'repo'),
  'repo.import': row('create', 'a repository was imported or adopted', 'repo', 'visibility'),
  'repo.remove_member': row('remove', 'a collaborator was taken out', 'repo', 'user'),
  'repo.rename': row('modify', 'a repository got another name', 'repo', 'old_name'),
  'repo.transfer': row('modify', 'a repository got another owner', 'repo', 'old_owner'),
  'repo.unarchived': row('restore', 'a repository may be changed again', 'repo'),
  'repo.update': row('modify', 'the description or homepage of a repository was changed', 'repo', 'field'),
  'repo.update_default_branch': row('modify', 'a repository got another default branch', 'repo', 'branch'),
  'resource_server.create': row('create', 'a service was registered that may ask about tokens', 'name'),
  'resource_server.destroy': row('remove', 'such a service was removed', 'name'),
  'scim_client.create': row(
    'create',
    'a directory was let in, to provision people',
    'name',
    'issuer',
    'trusts_addresses',
  ),
  'scim_client.remove': row('remove', 'the access of a directory ended', 'name', 'people'),
  'scim_client.rotate': row('modify', 'a directory got another token', 'name'),
  'secret_key.rotate': row('modify', 'another key seals secrets', 'key', 'old_key', 'lost'),
  'ssh_key.create': row('create', 'a person added an SSH key', 'title', 'fingerprint'),
  'ssh_key.delete': row('remove', 'an SSH key of a person was removed', 'title', 'fingerprint'),
  'team.add_member': row('create', 'somebody became a member of a team', ...TEAM, 'user', 'permission'),
  'team.add_repository': row('create', 'a team got a role in a repository', ...TEAM, 'repo', 'permission'),
  'team.change_parent_team': row('modify', 'a team was moved in the tree of teams', ...TEAM, 'parent', 'old_parent'),
  'team.change_privacy': row('modify', 'a team became secret or visible', ...TEAM, 'privacy'),
  'team.create': row('create', 'a team was made', ...TEAM, 'parent', 'privacy'),
  'team.demote_maintainer': row('modify', 'a maintainer of a team became a plain member', ...TEAM, 'user'),
  'team.destroy': row('remove', 'a team was deleted, with the teams below it', ...TEAM, 'teams_below'),
  'team.promote_maintainer': row('modify', 'a member of a team became a maintainer', ...TEAM, 'user'),
  'team.remove_member': row('remove', 'somebody was taken out of a team', ...TEAM, 'user'),
  'team.remove_repository': row('remove', 'a team lost its role in a repository', ...TEAM, 'repo', 'old_permission'),
  'team.rename': row('modify', 'a team got another name', ...TEAM, 'old_name'),
  'team.update': row('modify', 'the description of a team was changed', ...TEAM),
  'team.update_repository_permission': row(
    'modify',
    'a team got another role in a repository',
    ...TEAM,
    'repo',
    'permission',
    'old_permission',
  ),
  'two_factor_authentication.disabled': row('modify', 'two-factor authentication was switched off'),
  'two_factor_authentication.enabled': row('modify', 'two-factor authentication was switched on'),
  'two_factor_authentication.recovery_code_used': row('authentication', 'somebody signed in with a recovery code'),
  'two_factor_authentication.recovery_codes_regenerated': row('modify', 'recovery codes were made anew'),
  'user.add_email': row('create', 'an address was added', 'email'),
  'user.change_password': row('modify', 'a password was changed'),
  'user.change_primary_email': row('modify', 'another address became the primary one', 'email'),
  'user.create': row('create', 'an account was made', 'login', 'admin', 'by'),
  'user.delete': row(
    'remove',
    'an account was deleted with its tokens, keys and sessions',
    'login',
    'tokens',
    'repositories',
    'moved_to',
  ),
  'user.failed_login': row('authentication', 'a sign-in failed; `user` is empty where no account has the name'),
  'user.invite': row('create', 'somebody was invited', 'email'),
  'user.lock': row('modify', 'an account was held, since it may not be its owner who uses it', 'login', 'reason'),
  'user.login': row('authentication', 'somebody signed in', 'new_device'),
  'user.logout': row('authentication', 'somebody signed out'),
  'user.password_link': row('create', 'the operator made a link for a new password', 'login'),
  'user.remove_email': row('remove', 'an address was removed', 'email'),
  'user.suspend': row('modify', 'an account was suspended', 'login', 'reason'),
  'user.unlock': row('restore', 'a held account was released'),
  'user.unsuspend': row('restore', 'a suspended account was restored', 'login'),
  'user.update_profile': row('modify', 'a profile was changed', 'fields'),
  'user.verify_email': row('modify', 'an address was verified', 'email'),
  'user_session.close_service': row(
    'remove',
    'somebody ended their session at a service behind a proxy, there or from here',
    'host',
    'session_id',
  ),
  'user_session.open_service': row(
    'authentication',
    'somebody signed in to a service behind a proxy with their session here',
    'host',
    'session_id',
  ),
  'user_session.revoke': row('remove', 'sessions were ended from elsewhere', 'login', 'count', 'session_id'),
  'workload_identity.add_issuer': row('create', 'an issuer of workload identities was trusted', ...ISSUER),
  'workload_identity.add_rule': row('create', 'a rule was made by which workloads get tokens of a machine', ...RULE),
  'workload_identity.edit_issuer': row('modify', 'the keys or limits of a trusted issuer were changed', ...ISSUER),
  'workload_identity.edit_rule': row('modify', 'what a rule demands of workloads was changed', ...RULE),
  'workload_identity.exchange': row(
    'create',
    'a workload got a token of a machine account',
    'issuer',
    'subject',
    'rule',
    'claims',
    ...DERIVED,
  ),
  'workload_identity.refuse': row(
    'authentication',
    "a workload's token was refused",
    'reason',
    'issuer',
    'subject',
    'rule',
    'explanation',
  ),
  'workload_identity.remove_issuer': row('remove', 'an issuer is trusted no longer, and its rules ended', ...ISSUER),
  'workload_identity.remove_rule': row('remove', 'a rule was removed, and what it gave ended', 'name', 'machine'),
} as const satisfies Readonly<Record<string, AuditEventRow>>;

export type AuditAction = keyof typeof AUDIT_EVENTS;

/** What the events before each dot are about, as lists name it. */
export const AUDIT_CATEGORIES: Readonly<Record<AuditAction extends `${infer C}.${string}` ? C : never, string>> = {
  personal_access_token: 'Tokens',
  oauth_access: 'Classic tokens',
  org_credential_authorization: 'Tokens and organizations',
  git: 'Pushes',
  git_lfs: 'Git LFS',
  repo: 'Repositories',
  protected_branch: 'Protected branches and tags',
  public_key: 'Deploy keys',
  hook: 'Webhooks',
  org: 'Organizations',
  team: 'Teams',
  ip_allow_list: 'Address lists',
  user: 'Accounts',
  machine_account: 'Machine accounts',
  user_session: 'Sessions',
  two_factor_authentication: 'Two-factor authentication',
  passkey: 'Passkeys',
  ssh_key: 'SSH keys',
  external_identity: 'Identity providers',
  scim_client: 'Provisioning',
  business: 'Requirements of the server',
  resource_server: 'Services',
  audit_log: 'This log',
  secret_key: 'The secret key',
  instance: 'Restoration',
  workload_identity: 'Workload identities',
};

/** The row of an event; undefined for one that this release doesn't know. */
export function auditEvent(action: string): AuditEventRow | undefined {
  return Object.hasOwn(AUDIT_EVENTS, action) ? AUDIT_EVENTS[action as AuditAction] : undefined;
}
