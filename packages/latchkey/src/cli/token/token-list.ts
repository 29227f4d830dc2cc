/** All tokens of the person, page by page. */
import type { ServerClient } from '../server-client.ts';
import type { TokenAnswer } from './own-token.ts';

export const TOKENS = '/user/personal-access-tokens';
/** Tokens on one page of the list; GitHub's largest. */
const PAGE_SIZE = 100;
const MAX_PAGES = 100;

export async function everyToken(client: ServerClient): Promise<TokenAnswer[]> {
  const tokens: TokenAnswer[] = [];
  for (let page = 1; page <= MAX_PAGES; page++) {
    const some = await client.api<TokenAnswer[]>(`${TOKENS}?per_page=${PAGE_SIZE}&page=${page}`);
    tokens.push(...some);
    if (some.length < PAGE_SIZE) break;
  }
  return tokens;
}
