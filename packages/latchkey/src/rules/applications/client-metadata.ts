/**
 * What an OAuth application says of itself when nobody here registers it: in a registration of its own (RFC 7591), or
 * in a document at its address (draft-ietf-oauth-client-id-metadata-document).
 *
 * Callback addresses that lead to no application are left out, as long as one is left: clients send those of every
 * platform at once, and read in the answer which were taken.
 */
import { checkApplication } from './application-draft.ts';
import { MAX_REDIRECT_URIS, redirectPlace, redirectUriProblem } from './redirect-uris.ts';

const GRANT_TYPES = ['authorization_code', 'refresh_token'] as const;
export const AUTH_METHODS = ['none', 'client_secret_basic', 'client_secret_post'] as const;
type AuthMethod = (typeof AUTH_METHODS)[number];
const MAX_WORDS = 20;

export interface ClientMetadata {
  readonly name: string;
  /** '' = none. */
  readonly homepage: string;
  readonly redirectUris: readonly string[];
  readonly authMethod: AuthMethod;
  readonly grantTypes: readonly string[];
}

/** RFC 7591 section 3.2.2. */
export interface MetadataProblem {
  readonly error: 'invalid_redirect_uri' | 'invalid_client_metadata';
  readonly words: string;
}

/** @param authMethods those that it may have; the first when it names none */
export function readClientMetadata(
  sent: unknown,
  authMethods: readonly [AuthMethod, ...AuthMethod[]],
): ClientMetadata | MetadataProblem {
  if (typeof sent !== 'object' || sent === null || Array.isArray(sent)) return wrong('Send one JSON object.');
  const fields = sent as Readonly<Record<string, unknown>>;
  const asked = fields['token_endpoint_auth_method'] ?? authMethods[0];
  const authMethod = authMethods.find((each) => each === asked);
  if (authMethod === undefined) return wrong(`token_endpoint_auth_method is ${authMethods.join(' or ')}.`);
  const grantTypes = wordsIn(fields['grant_types'], ['authorization_code']);
  if (grantTypes?.includes('authorization_code') !== true) return wrong('grant_types has authorization_code in it.');
  if (wordsIn(fields['response_types'], ['code'])?.includes('code') !== true)
    return wrong('response_types has code in it.');
  const redirectUris = redirectUrisIn(fields['redirect_uris']);
  if ('error' in redirectUris) return redirectUris;
  const name = fields['client_name'] ?? '';
  const homepage = fields['client_uri'] ?? '';
  if (typeof name !== 'string' || typeof homepage !== 'string') return wrong('client_name and client_uri are texts.');
  const checked = checkApplication({
    name: name.trim() === '' ? nameless(redirectUris) : name,
    homepage,
    redirectUris,
    isConfidential: authMethod !== 'none',
  });
  return checked.ok
    ? { ...checked.draft, authMethod, grantTypes: GRANT_TYPES.filter((each) => grantTypes.includes(each)) }
    : wrong(checked.complaints.map(({ message }) => message).join(' '));
}

const MAX_ADDRESS_LENGTH = 500;

/** The address that a client id is; null for any other client id, and for one in more than one spelling. */
export function documentAddress(clientId: string): URL | null {
  const url = clientId.startsWith('https://') && clientId.length <= MAX_ADDRESS_LENGTH ? URL.parse(clientId) : null;
  const isPlain = url !== null && url.href === clientId && url.pathname !== '/';
  return isPlain && url.username === '' && url.password === '' && !/[?#%]/.test(clientId) ? url : null;
}

/** What people read of one that gives no name. */
function nameless([first]: readonly string[]): string {
  return first === undefined ? '' : `Unnamed: ${redirectPlace(first)}`.slice(0, 60);
}

function wordsIn(sent: unknown, otherwise: readonly string[]): readonly string[] | null {
  if (sent === undefined) return otherwise;
  return Array.isArray(sent) && sent.length <= MAX_WORDS && sent.every((each) => typeof each === 'string')
    ? sent
    : null;
}

function redirectUrisIn(sent: unknown): readonly string[] | MetadataProblem {
  const error = 'invalid_redirect_uri';
  if (!Array.isArray(sent) || sent.length === 0 || sent.length > MAX_REDIRECT_URIS)
    return { error, words: `redirect_uris is a list of 1 to ${MAX_REDIRECT_URIS} callback addresses.` };
  const problems = sent.map((each) =>
    typeof each === 'string' ? redirectUriProblem(each) : 'A callback address is a text.',
  );
  const taken = sent.filter((_each, i) => problems[i] === null) as string[];
  return taken.length > 0 ? [...new Set(taken)] : { error, words: problems[0] ?? '' };
}

function wrong(words: string): MetadataProblem {
  return { error: 'invalid_client_metadata', words };
}
