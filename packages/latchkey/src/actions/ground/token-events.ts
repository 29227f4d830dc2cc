/** What happens to tokens of each kind, by the names of GitHub's logs. */
import type { AuditAction } from '../../catalogue/audit-events.ts';
import type { TokenKind } from '../../rules/model.ts';

/** The name under which each kind is logged, by GitHub's events. */
const EVENT_PREFIX: Readonly<Record<TokenKind, string>> = {
  'fine-grained': 'personal_access_token',
  classic: 'oauth_access',
  scoped: 'personal_access_token',
};

/** The event of GitHub's logs for what happened to a token of this kind. */
export function tokenEvent(kind: TokenKind, verb: string): AuditAction {
  return `${EVENT_PREFIX[kind]}.${verb}` as AuditAction;
}
