/**
 * One identity provider, spoken to by OpenID Connect: where to send a person, and who came back.
 *
 * Invariant: an identity is returned only after the ID token's signature was checked with the provider's keys, and its
 * issuer, audience, nonce and times; the code only with our proof (PKCE), and `iss` where the provider sends it.
 * Invariant: the discovery document names the configured issuer to the letter; an old one is kept when it can't be
 * read anew.
 * Never: a redirect followed, or more of an answer read than `MAX_ANSWER_BYTES`.
 */
import type { createRemoteJWKSet } from 'jose';
import type { Configuration, CustomFetch, IDToken } from 'openid-client';
import { Secret } from '../../base/secret.ts';
import { HOUR_SEC, MINUTE_SEC, type UnixSeconds } from '../../base/time.ts';
import type { EndedThere } from '../../store/provider-sessions.ts';
import { type Described, describedBy, lacksClaims } from './admission.ts';
import { isSubject, MAX_SKEW_SEC, proveLogout, sidIn } from './logout-token.ts';
import { failureOf, ProviderFailure } from './provider-failures.ts';
import type { IdentityProvider } from './provider-file.ts';

const library = () => import('openid-client');

/** How long a provider may take for one answer. */
const ANSWER_SEC = 10;
const MAX_ANSWER_BYTES = 1024 * 1024;
/** How long a discovery document is used, and when it is asked for again after that failed. */
const DISCOVERY_SEC = HOUR_SEC;
const RETRY_SEC = MINUTE_SEC;
/** How long ago somebody proved themselves there who was asked to do it anew. */
const ANEW_SEC = 5 * MINUTE_SEC;
/** Longer names are cut where they are shown. */
const MAX_LABEL_LENGTH = 200;

/** What one sign-in must come back with. */
export interface Expected {
  readonly redirectUri: string;
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  /** True when they must prove it anew there, whoever is signed in there already. */
  readonly anew: boolean;
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
  /** Its own name for the session there; null when it says none. */
  readonly sid: string | null;
  /** To sign out there; null where that can't be done. */
  readonly idToken: Secret | null;
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
  #keys: { readonly at: string; readonly find: ReturnType<typeof createRemoteJWKSet> } | null = null;

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
      ...(expected.anew ? { prompt: 'login', max_age: '0' } : {}),
    });
  }

  /**
   * Who came back.
   * @param answer the parameters at our address
   * @param asksGroups true when the groups are needed, whatever the operator's file asks for
   * @throws ProviderFailure unless all of it is proved
   */
  async identityIn(
    answer: URLSearchParams,
    expected: Expected,
    at: UnixSeconds,
    asksGroups = false,
  ): Promise<ProvedIdentity> {
    const configuration = await this.#configuration(at);
    const { authorizationCodeGrant } = await library();
    try {
      const tokens = await authorizationCodeGrant(configuration, new URL(`${expected.redirectUri}?${answer}`), {
        expectedState: expected.state,
        expectedNonce: expected.nonce,
        pkceCodeVerifier: expected.verifier,
        idTokenExpected: true,
        // Some ignore `prompt`: only the time that they say proves it.
        ...(expected.anew ? { maxAge: ANEW_SEC } : {}),
      });
      const claims = tokens.claims();
      if (claims === undefined || !isSubject(claims.sub)) throw new ProviderFailure('not_proved', 'no subject');
      const externalId = claims[this.provider.externalIdClaim];
      const told = await this.#withUserInfo(configuration, claims, tokens.access_token, asksGroups);
      return {
        issuer: claims.iss,
        subject: claims.sub,
        label: labelIn(told),
        externalId: typeof externalId === 'string' && externalId !== '' ? externalId : null,
        described: describedBy(told, this.provider),
        sid: sidIn(claims),
        idToken: idTokenFor(configuration, tokens.id_token),
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
  async #withUserInfo(
    configuration: Configuration,
    claims: IDToken,
    accessToken: string,
    asksGroups: boolean,
  ): Promise<Claims> {
    const { provider } = this;
    const asks = provider.admits !== null || provider.createsAccounts || asksGroups;
    if (!asks || !lacksClaims(claims, provider, asksGroups || (provider.admits?.groups.length ?? 0) > 0)) return claims;
    if (configuration.serverMetadata().userinfo_endpoint === undefined) return claims;
    const { fetchUserInfo } = await library();
    return { ...(await fetchUserInfo(configuration, accessToken, claims.sub)), ...claims };
  }

  /**
   * Where to sign out there (OpenID Connect RP-Initiated Logout 1.0); null when it offers nothing of that kind.
   * @throws ProviderFailure
   */
  async signOutAddress(idToken: Secret, backTo: string, at: UnixSeconds): Promise<URL | null> {
    const configuration = await this.#configuration(at);
    if (configuration.serverMetadata().end_session_endpoint === undefined) return null;
    const { buildEndSessionUrl } = await library();
    return buildEndSessionUrl(configuration, { id_token_hint: idToken.reveal(), post_logout_redirect_uri: backTo });
  }

  /**
   * Which sessions a logout token of this provider ends (OpenID Connect Back-Channel Logout 1.0 section 2.6).
   * @throws ProviderFailure unless the provider signed it, for this server, less than two minutes ago
   */
  async endedBy(logoutToken: string, at: UnixSeconds): Promise<EndedThere & { readonly jti: string }> {
    const configuration = await this.#configuration(at);
    const { issuer, jwks_uri: keysAt = '' } = configuration.serverMetadata();
    if (!URL.canParse(keysAt)) throw new ProviderFailure('provider_misconfigured', 'no jwks_uri');
    if (this.#keys?.at !== keysAt) {
      const { createRemoteJWKSet, customFetch } = await import('jose');
      const options = { timeoutDuration: ANSWER_SEC * 1000, [customFetch]: boundedFetch as typeof fetch };
      this.#keys = { at: keysAt, find: createRemoteJWKSet(new URL(keysAt), options) };
    }
    return proveLogout(logoutToken, this.#keys.find, { issuer, audience: this.provider.clientId });
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

/** Longer ones would make an address that servers refuse. */
const MAX_ID_TOKEN_LENGTH = 6000;

function idTokenFor(configuration: Configuration, idToken: string | undefined): Secret | null {
  if (configuration.serverMetadata().end_session_endpoint === undefined || idToken === undefined) return null;
  return idToken.length > MAX_ID_TOKEN_LENGTH ? null : new Secret(idToken);
}

function labelIn(claims: Claims): string {
  const told = [claims['email'], claims['preferred_username'], claims['name'], claims['sub']];
  const first = told.find((one): one is string => typeof one === 'string' && one.trim() !== '') ?? '';
  return first.replace(/[\p{Cc}\p{Cf}]/gu, '').slice(0, MAX_LABEL_LENGTH);
}
