/** What is asked and answered: the words of Latchkey's check endpoint. */

export type Level = 'read' | 'write' | 'admin';

/** Every one of these permissions, at this level or higher. */
export type Permissions = Readonly<Record<string, Level>>;

/** What a request needs: permissions on something, or what the server's route map says about its method and path. */
export type Need =
  | {
      /** A set, or several of which one is enough; an empty set: any live token. */
      readonly permissions: Permissions | readonly Permissions[];
      /** What it is about: at most one of these; none means the token's own account. */
      readonly repository?: string;
      readonly organization?: string;
      readonly account?: string;
      readonly instance?: true;
      /** True: anybody may read what is public. */
      readonly public?: boolean;
      /**
       * True: it changes a repository, so an archived one refuses it. By default: true when a level above `read` is
       * needed.
       */
      readonly writes?: boolean;
    }
  | {
      readonly method: string;
      /** Path and query, as in the request line. */
      readonly path: string;
      readonly host?: string;
      /** The `Destination` header of a request that has a second address (WebDAV). */
      readonly destination?: string;
      /** Headers that the route map looks at. */
      readonly headers?: Readonly<Record<string, string>>;
      /** The JSON body, if the route map looks at it. */
      readonly body?: unknown;
    };

/** The owner of the token. */
export interface TokenFacts {
  readonly id: number;
  readonly kind: 'fine-grained' | 'classic' | 'scoped';
  readonly login: string;
  readonly userId: number;
  /** Unix seconds; null = no end. */
  readonly expiresAt: number | null;
}

export interface Refusal {
  readonly allowed: false;
  /** 401: the credential is dead. 403: it may not do this. 503: the server could not be asked. */
  readonly status: 401 | 403 | 503;
  /** A stable code: `permission_missing`. */
  readonly reason: string;
  /** The cause in a sentence, for a person. */
  readonly message: string;
  /** Everything that is missing, at once. */
  readonly missing: readonly { readonly permission: string; readonly level: Level }[];
  /** Classic or GitLab scopes, any one of which would do. */
  readonly missingScopes: readonly string[];
  /** The person's next step, with an address; null when there is nothing to do. */
  readonly remedy: string | null;
  readonly token: TokenFacts | null;
}

export type Verdict = { readonly allowed: true; readonly token: TokenFacts } | Refusal;
