/**
 * One identity provider, spoken to by OpenID Connect: where to send a person, and who came back.
 *
 * Invariant: an identity is returned only after the ID token's signature was checked with the provider's keys, and its
 * issuer, audience, nonce and times; the code only with our proof (PKCE), and `iss` where the provider sends it.
 * Invariant: the discovery document names the configured issuer to the letter; an old one is kept when it can't be
 * read anew.
 * Never: a redirect followed, or more of an answer read than `MAX_ANSWER_BYTES`.
 */
import type { Configuration, CustomFetch, IDToken } from 'openid-client';
import { HOUR_SEC, MINUTE_SEC, type UnixSeconds } from '../../base/time.ts';
import { type Described, describedBy, lacksClaims } from './admission.ts';
import { failureOf, ProviderFailure } from './provider-failures.ts';
import type { IdentityProvider } from './provider-file.ts';

const library = () => import('openid-client');

/** How long a provider may take for one answer. */
const ANSWER_SEC = 10;
/** How far the clocks may differ. */
const MAX_SKEW_SEC = MINUTE_SEC;
const MAX_ANSWER_BYTES = 1024 * 1024;
/** How long a discovery document is used, and when it is asked for again after that failed. */
const DISCOVERY_SEC = HOUR_SEC;
const RETRY_SEC = MINUTE_SEC;
/** Longer names are cut where they are shown. */
const MAX_LABEL_LENGTH = 200;

/** What one sign-in must come back with. */
export interface Expected {
  readonly redirectUri: string;
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

/** Somebody whom a provider knows. */
export interface ProvedIdentity {
  readonly issuer: string;
  readonly subject: string;
  /** An address or a name, only to be shown. */
  readonly label: string;
  /** The number by which a directory provisions them; null when the provider doesn't say it. */
  readonly externalId: string | null;
  /** What else it says of them. */
  readonly described: Described;
}

type Claims = Readonly<Record<string, unknown>>;

interface Discovered {
  readonly configuration: Configuration;
  /** Until when it is used without asking. */
  readonly until: UnixSeconds;
}

export class ProviderConnection {
  readonly provider: IdentityProvider;
  #discovered: Discovered | null = null;
  #asking: Promise<Configuration> | null = null;

  constructor(provider: IdentityProvider) {
    this.provider = provider;
  }

  /**
   * Where to send somebody to prove who they are.
   * @param hint what they call themselves; '' = nothing is known
   * @throws ProviderFailure
   */
  async addressFor(expected: Expected, at: UnixSeconds, hint = ''): Promise<URL> {
    const configuration = await this.#configuration(at);
    const { buildAuthorizationUrl, calculatePKCECodeChallenge } = await library();
    return buildAuthorizationUrl(configuration, {
      redirect_uri: expected.redirectUri,
      scope: this.provider.scopes.join(' '),
      state: expected.state,
      nonce: expected.nonce,
      code_challenge: await calculatePKCECodeChallenge(expected.verifier),
      code_challenge_method: 'S256',
      ...(hint === '' ? {} : { login_hint: hint }),
    });
  }

  /**
   * Who came back.
   * @param answer the parameters at our address
   * @throws ProviderFailure unless all of it is proved
   */
  async identityIn(answer: URLSearchParams, expected: Expected, at: UnixSeconds): Promise<ProvedIdentity> {
    const configuration = await this.#configuration(at);
    const { authorizationCodeGrant } = await library();
    try {
      const tokens = await authorizationCodeGrant(configuration, new URL(`${expected.redirectUri}?${answer}`), {
        expectedState: expected.state,
        expectedNonce: expected.nonce,
        pkceCodeVerifier: expected.verifier,
        idTokenExpected: true,
      });
      const claims = tokens.claims();
      if (claims === undefined || !isSubject(claims.sub)) throw new ProviderFailure('not_proved', 'no subject');
      const externalId = claims[this.provider.externalIdClaim];
      const told = await this.#withUserInfo(configuration, claims, tokens.access_token);
      return {
        issuer: claims.iss,
        subject: claims.sub,
        label: labelIn(told),
        externalId: typeof externalId === 'string' && externalId !== '' ? externalId : null,
        described: describedBy(told, this.provider),
      };
    } catch (error) {
      const failure = failureOf(error);
      // Its keys may have changed: the next sign-in asks anew.
      if (failure.reason === 'not_proved') this.#expire(at);
      throw failure;
    }
  }

  /**
   * The claims, with those of UserInfo where the rules need what the ID token doesn't say: Okta and Authelia keep it
   * short. What both say counts as the ID token says it. The library compares the subjects.
   */
  async #withUserInfo(configuration: Configuration, claims: IDToken, accessToken: string): Promise<Claims> {
    const { provider } = this;
    const asks = provider.admits !== null || provider.createsAccounts;
    if (!asks || !lacksClaims(claims, provider, (provider.admits?.groups.length ?? 0) > 0)) return claims;
    if (configuration.serverMetadata().userinfo_endpoint === undefined) return claims;
    const { fetchUserInfo } = await library();
    return { ...(await fetchUserInfo(configuration, accessToken, claims.sub)), ...claims };
  }

  #expire(at: UnixSeconds): void {
    if (this.#discovered !== null) this.#discovered = { ...this.#discovered, until: at };
  }

  #configuration(at: UnixSeconds): Promise<Configuration> {
    if (this.#discovered !== null && at < this.#discovered.until)
      return Promise.resolve(this.#discovered.configuration);
    this.#asking ??= this.#discover(at).finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  async #discover(at: UnixSeconds): Promise<Configuration> {
    const known = this.#discovered?.configuration ?? null;
    try {
      const configuration = await this.#ask();
      this.#discovered = { configuration, until: at + DISCOVERY_SEC };
      return configuration;
    } catch (error) {
      const failure = failureOf(error);
      if (known === null) throw failure;
      this.#discovered = { configuration: known, until: at + RETRY_SEC };
      return known;
    }
  }

  async #ask(): Promise<Configuration> {
    const { issuer, clientId, clientSecret } = this.provider;
    const library_ = await library();
    const { ClientSecretBasic, ClientSecretPost } = library_;
    const found = await library_.discovery(
      new URL(issuer),
      clientId,
      { [library_.clockTolerance]: MAX_SKEW_SEC },
      // Without a word of the provider it is HTTP Basic (OpenID Connect Discovery 1.0 section 3).
      (server, ...rest) => {
        const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
        const method = methods.includes('client_secret_basic') ? ClientSecretBasic : ClientSecretPost;
        method(clientSecret.reveal())(server, ...rest);
      },
      {
        timeout: ANSWER_SEC,
        [library_.customFetch]: boundedFetch,
        execute: [
          library_.enableNonRepudiationChecks,
          // The file takes http:// for this machine alone.
          ...(issuer.startsWith('http:') ? [library_.allowInsecureRequests] : []),
        ],
      },
    );
    // A URL is not spelled as the file spells it: with or without a slash at the end is two issuers.
    if (found.serverMetadata().issuer !== issuer)
      throw new ProviderFailure('provider_misconfigured', 'the discovery document names another issuer');
    return found;
  }
}

const boundedFetch: CustomFetch = async (url, { body, ...options }) => {
  const response = await fetch(url, {
    ...options,
    body: body as NonNullable<RequestInit['body']> | null,
    redirect: 'manual',
  });
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += part.length;
    if (bytes > MAX_ANSWER_BYTES) throw Object.assign(new Error('the answer is too large'), { code: 'TOO_LARGE' });
    parts.push(part);
  }
  const { status, statusText, headers } = response;
  const isEmpty = [101, 204, 205, 304].includes(status);
  return new Response(isEmpty ? null : Buffer.concat(parts), { status, statusText, headers });
};

/** OpenID Connect Core section 2: at most 255 ASCII characters, case sensitive, never trimmed. */
function isSubject(subject: unknown): subject is string {
  return typeof subject === 'string' && /^[\x20-\x7e]{1,255}$/.test(subject);
}

function labelIn(claims: Claims): string {
  const told = [claims['email'], claims['preferred_username'], claims['name'], claims['sub']];
  const first = told.find((one): one is string => typeof one === 'string' && one.trim() !== '') ?? '';
  return first.replace(/[\p{Cc}\p{Cf}]/gu, '').slice(0, MAX_LABEL_LENGTH);
}
