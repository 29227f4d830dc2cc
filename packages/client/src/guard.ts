/**
 * What the plugins have in common: the token out of a request, the question, and the refusal as an answer.
 *
 * Source: RFC 6750 section 3 for the challenge; RFC 7617 for Basic, in which git and others send a token as the
 * password.
 */
import type { Circumstances, Client } from './client.ts';
import type { Need, Refusal, TokenFacts } from './need.ts';

export interface GuardOptions<Request> {
  readonly client: Client;
  /** What a request needs; by default, what the server's route map says about its method and path. */
  readonly need?: Need | ((request: Request) => Need);
  /** The caller's address; by default, what the framework says. */
  readonly address?: (request: Request) => string | undefined;
}

/** A request, whatever the framework. */
export interface Asked {
  readonly method: string;
  /** Path and query. */
  readonly uri: string;
  readonly host: string | undefined;
  readonly address: string | undefined;
  /** Its `Destination` header. */
  readonly destination: string | undefined;
  /** Every `Authorization` header of the request. */
  readonly authorization: readonly string[];
}

/** A refusal that is ready to send. */
interface GuardAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type Guarded = { readonly token: TokenFacts } | { readonly answer: GuardAnswer };

export async function guard<Request>(options: GuardOptions<Request>, request: Request, asked: Asked): Promise<Guarded> {
  const { client, need, address } = options;
  const token = tokenIn(asked.authorization);
  if (token === null)
    return {
      answer: answerOf({
        status: 401,
        reason: 'credentials_missing',
        message: 'This needs a personal access token, as Bearer.',
        remedy: null,
        missing: [],
      }),
    };
  const from = address === undefined ? asked.address : address(request);
  const wanted = typeof need === 'function' ? need(request) : (need ?? routeOf(asked));
  const circumstances: Circumstances = {
    purpose: `${asked.method} ${asked.uri.split('?', 1)[0]}`.slice(0, 200),
    ...(from === undefined ? {} : { address: from }),
  };
  const verdict = await client.verify(token, wanted, circumstances);
  return verdict.allowed ? { token: verdict.token } : { answer: answerOf(verdict) };
}

/** What the route map is asked by default. */
function routeOf({ method, uri, host, destination }: Asked): Need {
  return {
    method,
    path: uri,
    ...(host === undefined ? {} : { host }),
    ...(destination === undefined ? {} : { destination }),
  };
}

/** `Bearer`, GitHub's `token`, or the password of Basic. Null when there is none, or more than one header. */
export function tokenIn(authorization: readonly string[]): string | null {
  const [header] = authorization;
  if (authorization.length !== 1 || header === undefined) return null;
  const [, scheme = '', value = ''] = /^(\w+) +(\S+)$/.exec(header.trim()) ?? [];
  switch (scheme.toLowerCase()) {
    case 'bearer':
    case 'token':
      return value;
    case 'basic': {
      const text = Buffer.from(value, 'base64').toString('utf8');
      const colon = text.indexOf(':');
      return colon < 0 || colon === text.length - 1 ? null : text.slice(colon + 1);
    }
    default:
      return null;
  }
}

/** Every header of a name in Node's raw list; Node itself keeps only the first. */
export function rawHeader(rawHeaders: readonly string[], name: string): string[] {
  return rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === name);
}

/** Every value of a header in one, as a server reads it that takes them all; undefined when there is none. */
export function joinedHeader(rawHeaders: readonly string[], name: string): string | undefined {
  const values = rawHeader(rawHeaders, name);
  return values.length === 0 ? undefined : values.join(', ');
}

function answerOf(refusal: Pick<Refusal, 'status' | 'reason' | 'message' | 'remedy' | 'missing'>): GuardAnswer {
  const scope = refusal.missing.map(({ permission, level }) => `${permission}:${level}`).join(' ');
  const challenge =
    refusal.status === 503 ? {} : { 'WWW-Authenticate': `Bearer realm="Latchkey"${errorOf(refusal, scope)}` };
  return {
    status: refusal.status,
    headers: {
      'Content-Type': 'text/plain; charset=utf-8',
      'Cache-Control': 'no-store',
      Vary: 'Authorization',
      'X-Latchkey-Reason': refusal.reason,
      ...challenge,
    },
    body: `${refusal.remedy === null ? refusal.message : `${refusal.message}\n${refusal.remedy}`}\n`,
  };
}

function errorOf({ status, reason }: Pick<Refusal, 'status' | 'reason'>, scope: string): string {
  if (reason === 'credentials_missing') return '';
  if (status === 401) return ', error="invalid_token"';
  return scope === '' ? '' : `, error="insufficient_scope", scope="${scope}"`;
}
