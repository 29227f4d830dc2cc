/** Where each kind of token has its pages: GitHub's paths, and GitLab's for scoped tokens. */
import { problem } from '../../../base/errors.ts';
import type { TokenKind } from '../../../rules/model.ts';
import type { Visit } from '../frame/visit.ts';

/** Tokens of every kind. */
export const ALL_PATH = '/settings/all-tokens';
export const FINE_GRAINED_PATH = '/settings/personal-access-tokens';
export const CLASSIC_PATH = '/settings/tokens';
export const SCOPED_PATH = '/-/user_settings/personal_access_tokens';

/** The list of the person's tokens of a kind. */
export const LIST_PATHS: Readonly<Record<TokenKind, string>> = {
  'fine-grained': FINE_GRAINED_PATH,
  classic: CLASSIC_PATH,
  scoped: SCOPED_PATH,
};

/** The usual name of each kind. */
export const KIND_WORDS: Readonly<Record<TokenKind, string>> = {
  'fine-grained': 'Fine-grained',
  classic: 'Classic',
  scoped: 'Scoped',
};

/** The page of one token. */
export function pathOfToken({ kind, id }: { kind: TokenKind; id: number }): string {
  return `${LIST_PATHS[kind]}/${id}`;
}

/** The page that shows a new secret once, and what became of it. */
export function createdPath(token: { kind: TokenKind; id: number }): string {
  return `${pathOfToken(token)}/created`;
}

/** The id in the path of a token's page. @throws Problem when it can't be one */
export function idParam(visit: Visit): number {
  const id = Number(visit.param('id'));
  if (!Number.isSafeInteger(id) || id <= 0) throw problem('not_found', 'There is no such token.');
  return id;
}
