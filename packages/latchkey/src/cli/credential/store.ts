/**
 * What the credential helper holds, wherever the secrets are: found, saved, forgotten.
 *
 * Invariant: erasing removes exactly the secret that was named; another one under the same name stays.
 */
import { digestOf, Secret, sameDigest } from '../../base/secret.ts';
import type { UnixSeconds } from '../../base/time.ts';
import {
  type CredentialBook,
  changeBook,
  credentialFilePath,
  demandWritableBook,
  type KeptCredential,
  type KeptServer,
  readBook,
} from './file.ts';
import { approveWith, fillFrom, rejectWith } from './helper-chain.ts';
import type { CredentialMessage } from './protocol.ts';

/** How long a command that renews a secret has to save it: longer than it waits for the server. */
const RENEWING_SEC = 30;

/** A credential to answer with. */
export interface HeldCredential {
  readonly username: string;
  readonly secret: Secret;
  readonly expiresAt: UnixSeconds | null;
  readonly issuedAt: UnixSeconds | null;
  readonly oauthRefreshToken: Secret | null;
  /** The scheme of `Authorization` for the secret; null for a password. */
  readonly authtype: string | null;
}

export interface NewCredential extends Omit<HeldCredential, 'oauthRefreshToken' | 'issuedAt' | 'authtype'> {
  readonly authtype?: string | null;
  readonly oauthRefreshToken?: Secret | null;
  readonly issuedAt?: UnixSeconds | null;
}

type Environment = Readonly<Record<string, string | undefined>>;
/** A message that says where it applies. */
export type Place = CredentialMessage & { readonly protocol: string; readonly host: string };

export class CredentialStore {
  readonly #env: Environment;
  readonly #path: string;

  constructor(env: Environment) {
    this.#env = env;
    this.#path = credentialFilePath(env);
  }

  /** The servers that the helper answers for. */
  servers(): readonly KeptServer[] {
    return readBook(this.#path).servers;
  }

  /** The server of a place; null when it isn't one of ours. */
  serverOf(place: Place): KeptServer | null {
    return this.servers().find(({ origin }) => origin === originOf(place)) ?? null;
  }

  /**
   * Answers for a server from now on. `helper` stores its secrets; null = our file does. `configure` makes git ask us,
   * while no other command of ours does the same.
   */
  async addServer(server: KeptServer, configure: () => void): Promise<void> {
    await changeBook(this.#path, (book) => {
      configure();
      return { ...book, servers: [...book.servers.filter(({ origin }) => origin !== server.origin), server] };
    });
  }

  /** Stops answering for a server, and forgets its credentials. */
  async removeServer(origin: string): Promise<void> {
    const { protocol, host } = placeOf(origin);
    await this.forget({ protocol, host });
    await changeBook(this.#path, (book) => ({
      ...book,
      servers: book.servers.filter((server) => server.origin !== origin),
    }));
  }

  /**
   * What matches a place, including the username if there is one, the latest first; null when nothing is alive at `at`.
   */
  find(place: Place, at: UnixSeconds): HeldCredential | null {
    const helper = this.serverOf(place)?.helper ?? null;
    const fitting = readBook(this.#path)
      .credentials.filter((one) => fits(one, place) && (one.authtype === undefined || place.knowsAuthtype === true))
      .toReversed();
    const hasEnded = ({ expiresAt }: KeptCredential): boolean => expiresAt !== null && expiresAt <= at;
    for (const kept of fitting) {
      if (hasEnded(kept)) continue;
      const secret = kept.secret ?? (helper === null ? null : this.#secretIn(helper, place, kept));
      if (secret !== null) return heldOf(kept, secret);
    }
    const other = helper === null ? null : fillFrom(helper, withoutSecrets(place), this.#env);
    if (other?.password === undefined) return null;
    // The other helper may not know that its credential has ended.
    const digest = digestOf(other.password.reveal());
    if (fitting.some((kept) => hasEnded(kept) && sameDigest(kept.digest, digest))) return null;
    return {
      username: other.username ?? '',
      secret: other.password,
      expiresAt: other.passwordExpiresAt ?? null,
      issuedAt: null,
      oauthRefreshToken: other.oauthRefreshToken ?? null,
      authtype: null,
    };
  }

  /** When the latest credential of a place ended or ends; null when none is held, or it has no end. */
  endOf(place: Place): UnixSeconds | null {
    return readBook(this.#path).credentials.findLast((one) => fits(one, place))?.expiresAt ?? null;
  }

  /** Makes sure that a credential can be kept. @throws Fault when it can't */
  async demandWritable(): Promise<void> {
    await demandWritableBook(this.#path);
  }

  /** Stores a credential, replacing one with the same username. */
  async save(place: Place, held: NewCredential): Promise<void> {
    const helper = this.serverOf(place)?.helper ?? null;
    if (helper !== null)
      approveWith(
        helper,
        {
          ...messageOf(place, held.username, held.secret),
          ...(held.expiresAt === null ? {} : { passwordExpiresAt: held.expiresAt }),
        },
        this.#env,
      );
    await changeBook(this.#path, (book) => withCredential(book, place, held, helper === null));
  }

  /**
   * True for one command at a time: it may renew what the place holds, and has `RENEWING_SEC` to save the new secret. A
   * second renewal would end the first one's secret, which may be the one that is kept.
   */
  async claimRenewal(place: Place, { username, secret }: HeldCredential, at: UnixSeconds): Promise<boolean> {
    const digest = digestOf(secret.reveal());
    let isOurs = false;
    await changeBook(this.#path, (book) => ({
      ...book,
      credentials: book.credentials.map((one) => {
        if (!fits(one, { ...place, username }) || !sameDigest(one.digest, digest)) return one;
        const { renewingSince } = one;
        if (renewingSince !== undefined && renewingSince <= at && at < renewingSince + RENEWING_SEC) return one;
        isOurs = true;
        return { ...one, renewingSince: at };
      }),
    }));
    return isOurs;
  }

  /** Forgets what matches the place; if a secret is given, only exactly that one. Returns how many were forgotten. */
  async forget(place: Place): Promise<number> {
    const named = place.password === undefined ? null : digestOf(place.password.reveal());
    const helper = this.serverOf(place)?.helper ?? null;
    const { credentials } = readBook(this.#path);
    const gone = credentials.filter((one) => fits(one, place) && (named === null || sameDigest(one.digest, named)));
    if (helper !== null) this.#forgetIn(helper, place, gone);
    if (gone.length > 0)
      await changeBook(this.#path, (book) => ({
        ...book,
        credentials: book.credentials.filter((one) => !gone.some((each) => isSame(each, one))),
      }));
    return gone.length;
  }

  #secretIn(helper: string, place: Place, kept: KeptCredential): string | null {
    const found = fillFrom(helper, messageOf(place, kept.username), this.#env)?.password?.reveal();
    return found !== undefined && sameDigest(digestOf(found), kept.digest) ? found : null;
  }

  /** Other helpers may erase everything with the name, so their contents are checked first. */
  #forgetIn(helper: string, place: Place, gone: readonly KeptCredential[]): void {
    for (const { username } of gone) rejectWith(helper, messageOf(place, username, place.password), this.#env);
    if (gone.length > 0 || place.password === undefined) return;
    const found = fillFrom(helper, withoutSecrets(place), this.#env);
    if (found?.password?.equals(place.password) === true)
      rejectWith(helper, messageOf(place, found.username ?? '', place.password), this.#env);
  }
}

/** The `https://git.example.org` of a place. */
function originOf({ protocol, host }: Pick<Place, 'protocol' | 'host'>): string {
  return `${protocol}://${host}`;
}

/** The address of a server that the helper answers for: the origin, and the path below which the server is. */
export function addressOf({ origin, path = '' }: KeptServer): string {
  return origin + path;
}

/** Protocol and host of an address. */
export function placeOf(origin: string): { protocol: string; host: string } {
  const url = new URL(origin);
  return { protocol: url.protocol.slice(0, -1), host: url.host };
}

function fits(kept: KeptCredential, { protocol, host, path, username }: Place): boolean {
  return (
    kept.protocol === protocol &&
    kept.host === host &&
    (path === undefined || kept.path === null || kept.path === path) &&
    (username === undefined || kept.username === username)
  );
}

function isSame(a: KeptCredential, b: KeptCredential): boolean {
  return (
    a.protocol === b.protocol &&
    a.host === b.host &&
    a.path === b.path &&
    a.username === b.username &&
    a.digest === b.digest
  );
}

function heldOf(kept: KeptCredential, secret: string): HeldCredential {
  const refresh = kept.oauthRefreshToken === null ? null : new Secret(kept.oauthRefreshToken);
  return {
    username: kept.username,
    secret: new Secret(secret),
    expiresAt: kept.expiresAt,
    issuedAt: kept.issuedAt,
    oauthRefreshToken: refresh,
    authtype: kept.authtype ?? null,
  };
}

function withCredential(book: CredentialBook, place: Place, held: NewCredential, keepsSecret: boolean): CredentialBook {
  const path = place.path ?? null;
  const digest = digestOf(held.secret.reveal());
  const isPlaced = (one: KeptCredential): boolean =>
    one.protocol === place.protocol && one.host === place.host && one.path === path && one.username === held.username;
  const before = book.credentials.find(isPlaced);
  const known = before !== undefined && sameDigest(before.digest, digest) ? before : null;
  const kept: KeptCredential = {
    protocol: place.protocol,
    host: place.host,
    path,
    username: held.username,
    ...(held.authtype === null || held.authtype === undefined ? {} : { authtype: held.authtype }),
    secret: keepsSecret ? held.secret.reveal() : null,
    digest,
    // git repeats what it received, without the fields it doesn't know.
    expiresAt: held.expiresAt ?? known?.expiresAt ?? null,
    issuedAt: held.issuedAt ?? known?.issuedAt ?? null,
    oauthRefreshToken: held.oauthRefreshToken?.reveal() ?? known?.oauthRefreshToken ?? null,
  };
  return { ...book, credentials: [...book.credentials.filter((one) => !isPlaced(one)), kept] };
}

function messageOf({ protocol, host, path }: Place, username: string, password?: Secret): CredentialMessage {
  return {
    protocol,
    host,
    username,
    ...(path === undefined ? {} : { path }),
    ...(password === undefined ? {} : { password }),
  };
}

function withoutSecrets({ protocol, host, path, username }: Place): CredentialMessage {
  return { protocol, host, ...(path === undefined ? {} : { path }), ...(username === undefined ? {} : { username }) };
}
