/** Requests to the server's REST API, and what their answers say about what is so now. */

/** `unknown`: no answer, or one that doesn't say whether it was done. */
export type Outcome<T> =
  | { readonly is: 'done'; readonly body: T }
  | { readonly is: 'refused'; readonly words: string }
  | { readonly is: 'unknown' };

/** Longer than the server itself waits for anything. */
const ANSWER_LIMIT_MS = 30_000;

export interface Asking {
  readonly method: string;
  readonly path: string;
  readonly token: string;
  readonly body?: Readonly<Record<string, unknown>>;
}

/** The status of an answer; 0 when there is none. */
export async function statusOf(url: string, { method, path, token }: Asking): Promise<number> {
  try {
    const answer = await request(url, { method, path, token });
    await answer.arrayBuffer();
    return answer.status;
  } catch {
    return 0;
  }
}

/** Requests a change: done, certainly refused, or unknown. */
export async function change<T>(url: string, asking: Asking): Promise<Outcome<T>> {
  try {
    const answer = await request(url, asking);
    const text = await answer.text();
    if (answer.ok) return { is: 'done', body: (text === '' ? null : JSON.parse(text)) as T };
    if (answer.status >= 500) return { is: 'unknown' };
    return { is: 'refused', words: `${answer.status} ${text.slice(0, 300)}` };
  } catch {
    return { is: 'unknown' };
  }
}

/** A list, page after page. @throws Error when a page can't be read */
export async function* pagesOf<T>(url: string, path: string, token: string): AsyncGenerator<T[]> {
  for (let next: string | null = path; next !== null; ) {
    const answer: Response = await request(url, { method: 'GET', path: next, token });
    if (!answer.ok) throw new Error(`GET ${next} was answered ${answer.status}`);
    yield (await answer.json()) as T[];
    const link = /<([^>]+)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1];
    next = link === undefined ? null : new URL(link).pathname.replace('/api/v3', '') + new URL(link).search;
  }
}

function request(url: string, { method, path, token, body }: Asking): Promise<Response> {
  return fetch(`${url}/api/v3${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      // A kept connection would always lead to the same worker.
      connection: 'close',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
  });
}
