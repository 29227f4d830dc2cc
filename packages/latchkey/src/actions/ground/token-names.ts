/** The address of a token's page. */
import type { TokenKind } from '../../rules/model.ts';

/** The page of a token. */
export function tokenPath(kind: TokenKind, id: number): string {
  return kind === 'fine-grained'
    ? `/settings/personal-access-tokens/${id}`
    : kind === 'classic'
      ? `/settings/tokens/${id}`
      : `/-/user_settings/personal_access_tokens/${id}`;
}
