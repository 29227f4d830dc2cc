/**
 * How this dialect spells a credential: `PRIVATE-TOKEN`, or `Authorization`.
 *
 * Source: GitLab docs "REST API authentication".
 * Never: a token from the URL, though GitLab accepts one there: it would end up in logs, histories and proxies. It is
 * refused unread, in words.
 */
import {
  authorizationOf,
  type Credential,
  credentialOf,
  MAX_AUTHORIZATION_LENGTH,
} from '../../actions/decision/credential.ts';
import { Secret } from '../../base/secret.ts';

/** Parameters in which GitLab accepts a token. */
const IN_URL: readonly string[] = ['private_token', 'access_token', 'job_token'];

/** The credential of a request. Two different tokens contradict each other, so they are malformed. */
export function gitlabCredential(rawHeaders: readonly string[], query: URLSearchParams): Credential {
  const inUrl = IN_URL.find((name) => query.has(name));
  if (inUrl !== undefined)
    return malformed(
      `a token in the URL (${inUrl}) ends up in logs: send it in the header PRIVATE-TOKEN, and rotate this one`,
    );
  const authorization = credentialOf(authorizationOf(rawHeaders));
  const [token, ...others] = privateTokens(rawHeaders);
  if (token === undefined) return authorization;
  if (others.some((other) => other !== token)) return malformed('more than one PRIVATE-TOKEN was sent');
  if (token.length > MAX_AUTHORIZATION_LENGTH)
    return malformed(`the header PRIVATE-TOKEN is longer than ${MAX_AUTHORIZATION_LENGTH} characters`);
  const secret = new Secret(token);
  const agrees = authorization.form === 'none' || ('secret' in authorization && authorization.secret.equals(secret));
  return agrees
    ? { form: 'bearer', secret }
    : malformed('PRIVATE-TOKEN and Authorization hold different credentials: send one of them');
}

function malformed(problem: string): Credential {
  return { form: 'malformed', problem };
}

function privateTokens(rawHeaders: readonly string[]): string[] {
  const found: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2)
    if (rawHeaders[i]?.toLowerCase() === 'private-token') found.push((rawHeaders[i + 1] ?? '').trim());
  return found;
}
