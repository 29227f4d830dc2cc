/**
 * What each event of the audit log says to people: who did what to what. The code of the event and all its facts stand
 * behind the sentence.
 *
 * `{fact}` is a fact of the entry, `{fact|words}` has words for when it is missing, `{fact#noun}` is a number with its
 * noun. What stands in `[ ]` is left out when a fact in it is missing. Beside the facts in `data`: `actor`, `org`,
 * `repo`, `user` (whose account it is about), and `owner`: that person where it isn't who acted.
 *
 * Invariant: every event has a sentence, and none names a fact that its event can't have (held by a test).
 */
import type { AuditAction } from './audit-events.ts';

const TOKEN = 'the token {name|without a name}[ of {owner}]';

export const AUDIT_SENTENCES: Readonly<Record<AuditAction, string>> = {
  'audit_log.prune': '{actor} deleted the entries of this log up to number {through_id|unknown}',
  'audit_log.rewind_stream': '{actor} set the stream[ {stream}] of this log back to entry {after_id|unknown}',
  'business.disable_two_factor_requirement': '{actor} stopped requiring two-factor authentication on this server',
  'business.enable_two_factor_requirement': '{actor} required two-factor authentication on this server[ from {from}]',
  'external_identity.fail': 'A sign-in[ of {user}] with {provider|an identity provider} failed[ ({reason})]',
  'external_identity.link': '{actor} linked the identity[ {name}] at {provider|an identity provider}[ to {owner}]',
  'external_identity.unlink': '{actor} removed the linked identity[ {name}][ of {owner}]',
  'external_identity.use': '{actor} proved who they are with {provider|an identity provider}',
  'git.push': '{actor} pushed to {repo|a repository}',
  'git.push_rejected': '{actor} was kept from pushing to {repo|a repository} by the ref rules of {name|a token}',
  'hook.config_changed': '{actor} changed a webhook of {repo|a repository}',
  'hook.create': '{actor} added a webhook to {repo|a repository}',
  'hook.destroy': '{actor} removed a webhook from {repo|a repository}',
  'instance.confirm_end': `{actor} confirmed that ${TOKEN} stays ended after the restoration`,
  'instance.restore': '{actor} restored the database from a backup',
  'ip_allow_list.disable': '{actor} let tokens come from any address[ to {org}]',
  'ip_allow_list.enable': '{actor} let tokens come only from listed addresses[ to {org}]',
  'oauth_access.create': '{actor} created the classic token {name|without a name}[ for {owner}]',
  'oauth_access.destroy': `{actor} deleted ${TOKEN}`,
  'oauth_access.regenerate': `{actor} gave ${TOKEN} a new secret`,
  'oauth_access.restore': `{actor} restored ${TOKEN}`,
  'oauth_access.revoke': `{actor} revoked ${TOKEN}`,
  'oauth_access.update': `{actor} changed ${TOKEN}`,
  'org.add_member': '{actor} added {user|somebody} to {org|an organization}[ as {permission}]',
  'org.create': '{actor} created the organization[ {org}][ for {owner}]',
  'org.delete': '{actor} deleted an organization[ with {repositories#repository}]',
  'org.disable_saml': '{actor} stopped requiring that tokens be authorized for {org|an organization}',
  'org.disable_two_factor_requirement': '{actor} stopped requiring two-factor authentication in {org|an organization}',
  'org.enable_saml': '{actor} required that tokens be authorized for {org|an organization}',
  'org.enable_two_factor_requirement':
    '{actor} required two-factor authentication in {org|an organization}[ from {from}]',
  'org.remove_member': '{actor} removed {user|somebody} from {org|an organization}',
  'org.update_default_repository_permission':
    '{actor} gave every member of {org|an organization} {permission|another right} in its repositories' +
    '[, before: {old_permission}]',
  'org.update_member': '{actor} made {user|somebody} {permission|a member} of {org|an organization}',
  'org.update_profile': '{actor} changed the profile of {org|an organization}',
  'org_credential_authorization.deauthorize': `{actor} withdrew ${TOKEN} from {org|an organization}`,
  'org_credential_authorization.grant': `{actor} authorized ${TOKEN} for {org|an organization}`,
  'org_credential_authorization.restore': `{actor} restored ${TOKEN} for {org|an organization}`,
  'org_credential_authorization.revoke': `{actor} revoked ${TOKEN} for {org|an organization}`,
  'passkey.register': '{actor} added the passkey[ {name}][ for {owner}]',
  'passkey.remove': '{actor} removed the passkey[ {name}][ of {owner}]',
  'personal_access_token.access_granted': `{actor} approved ${TOKEN} for {org|an organization}`,
  'personal_access_token.access_restriction_disabled': '{actor} allowed[ {kind}] tokens again[ in {org}]',
  'personal_access_token.access_restriction_enabled': '{actor} forbade[ {kind}] tokens[ in {org}]',
  'personal_access_token.access_revoked': `{actor} revoked ${TOKEN} for {org|an organization}`,
  'personal_access_token.auto_approve_grant_requests_disabled':
    '{actor} made fine-grained tokens wait for approval[ in {org}]',
  'personal_access_token.auto_approve_grant_requests_enabled':
    '{actor} let fine-grained tokens work without approval[ in {org}]',
  'personal_access_token.create': '{actor} created the token {name|without a name}[ for {owner}]',
  'personal_access_token.credential_regenerated': `{actor} gave ${TOKEN} a new secret`,
  'personal_access_token.credential_revoked': `{actor} revoked ${TOKEN}`,
  'personal_access_token.derive': '{actor} derived the token {name|without a name}[ of {owner}]',
  'personal_access_token.destroy': `{actor} deleted ${TOKEN}`,
  'personal_access_token.end_derived': '{actor} ended the derived token {name|without a name}[ of {owner}]',
  'personal_access_token.expiration_limit_set':
    '{actor} limited the life of[ {kind}] tokens[ to {token_expiration#day}][ in {org}]',
  'personal_access_token.expiration_limit_unset': '{actor} lifted the limit on the life of[ {kind}] tokens[ in {org}]',
  'personal_access_token.replaced_credential_used': 'The old secret of {name|a token}[ of {user}] was used',
  'personal_access_token.request_cancelled': `{actor} canceled the request of ${TOKEN} to {org|an organization}`,
  'personal_access_token.request_created': `{actor} asked {org|an organization} to approve ${TOKEN}`,
  'personal_access_token.request_denied': `{actor} denied ${TOKEN} what it asked of {org|an organization}`,
  'personal_access_token.request_reminded': '{actor} reminded the owners of {org|an organization} of waiting requests',
  'personal_access_token.restore': `{actor} restored ${TOKEN}`,
  'personal_access_token.update': `{actor} changed ${TOKEN}`,
  'public_key.create': '{actor} added the deploy key[ {title}] to {repo|a repository}',
  'public_key.delete': '{actor} removed the deploy key[ {title}] from {repo|a repository}',
  'repo.access': '{actor} made {repo|a repository} {visibility|public or private}',
  'repo.add_member': '{actor} gave {user|somebody} {permission|a role} in {repo|a repository}',
  'repo.archived': '{actor} archived {repo|a repository}',
  'repo.create': '{actor} created the[ {visibility}] repository[ {repo}]',
  'repo.create_status': '{actor} set the status[ {context}] of a commit in {repo|a repository}[ to {state}]',
  'repo.destroy': '{actor} deleted the repository[ {repo}]',
  'repo.import': '{actor} imported the[ {visibility}] repository[ {repo}]',
  'repo.remove_member': '{actor} removed {user|somebody} from {repo|a repository}',
  'repo.rename': '{actor} renamed[ {old_name} to] {repo|a repository}',
  'repo.transfer': '{actor} moved {repo|a repository} to another owner[, before: {old_owner}]',
  'repo.unarchived': '{actor} unarchived {repo|a repository}',
  'repo.update': '{actor} changed the {field|description} of {repo|a repository}',
  'repo.update_default_branch': '{actor} made {branch|another branch} the default branch of {repo|a repository}',
  'resource_server.create': '{actor} registered the service[ {name}]',
  'resource_server.destroy': '{actor} removed the service[ {name}]',
  'secret_key.rotate': '{actor} changed the key that seals secrets',
  'two_factor_authentication.disabled': '{actor} turned off two-factor authentication[ of {owner}]',
  'two_factor_authentication.enabled': '{actor} turned on two-factor authentication[ of {owner}]',
  'two_factor_authentication.recovery_code_used': '{actor} signed in with a recovery code',
  'two_factor_authentication.recovery_codes_regenerated': '{actor} made new recovery codes[ for {owner}]',
  'user.add_email': '{actor} added the address[ {email}][ to {owner}]',
  'user.change_password': '{actor} changed the password[ of {owner}]',
  'user.change_primary_email': '{actor} made {email|another address} the primary address[ of {owner}]',
  'user.create': '{actor} created the account[ {login}]',
  'user.delete': '{actor} deleted the account[ {login}][ with {tokens#token}]',
  'user.failed_login': 'A sign-in failed[ for {user}]',
  'user.invite': '{actor} invited {email|somebody}',
  'user.lock': '{actor} locked the account[ {login}]',
  'user.login': '{actor} signed in',
  'user.logout': '{actor} signed out',
  'user.password_link': '{actor} made a link for a new password[ of {login}]',
  'user.remove_email': '{actor} removed the address[ {email}][ of {owner}]',
  'user.suspend': '{actor} suspended {login|an account}',
  'user.unlock': '{actor} unlocked the account[ of {owner}]',
  'user.unsuspend': '{actor} restored the suspended account[ {login}]',
  'user.update_profile': '{actor} changed the profile[ of {owner}]',
  'user.verify_email': '{actor} verified the address[ {email}][ of {owner}]',
  'user_session.revoke': '{actor} ended sessions[ of {owner}][: {count}]',
};

/** The sentence for an event; null for one that this release doesn't know. */
export function auditSentenceOf(action: string): string | null {
  return Object.hasOwn(AUDIT_SENTENCES, action) ? AUDIT_SENTENCES[action as AuditAction] : null;
}
