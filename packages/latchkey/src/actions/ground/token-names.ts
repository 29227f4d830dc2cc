/**
 * How a token is called where people read of it: the address of its page, and its row in a mail.
 */
import type { MailedToken } from '../../catalogue/mails.ts';
import type { TokenKind } from '../../rules/model.ts';
import type { Token } from '../../store/tokens.ts';

/** The page of a token. */
export function tokenPath(kind: TokenKind, id: number): string {
  return kind === 'fine-grained'
    ? `/settings/personal-access-tokens/${id}`
    : kind === 'classic'
      ? `/settings/tokens/${id}`
      : `/-/user_settings/personal_access_tokens/${id}`;
}

/** A token as mails show it. */
export function mailed(token: Pick<Token, 'id' | 'kind' | 'name' | 'lastEight'>): MailedToken {
  return { name: token.name, lastEight: token.lastEight, path: tokenPath(token.kind, token.id) };
}
