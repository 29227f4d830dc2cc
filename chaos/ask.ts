/** Requests to the server's REST API, and what their answers say about what is so now. */
import { setTimeout as pause } from 'node:timers/promises';

/** `unknown`: no answer, or one that doesn't say whether it was done. */
export type Outcome<T> =
  | { readonly is: 'done'; readonly body: T }
  | { readonly is: 'refused'; readonly words: string }
  | { readonly is: 'unknown' };

/** Longer than the server itself waits for anything. */
const ANSWER_LIMIT_MS = 30_000;
/** So long is an answer awaited that something depends on. The machine may be busy, and that loses nothing. */
export const PATIENCE_MS = 600_000;
const ASK_AGAIN_MS = 50;

export interface Asking {
  readonly method: string;
  readonly path: string;
  readonly token: string;
  readonly body?: Readonly<Record<string, unknown>>;
}

interface Answer {
  readonly status: number;
  readonly text: string;
  /** The address of the next page of a list. */
  readonly next: string | null;
}

/** Nobody knows what is so: the server didn't say. Not a loss. */
class Unanswered extends Error {}

/** The status of an answer; 0 when there is none. */
export async function statusOf(url: string, asking: Asking): Promise<number> {
  return (await answerOnce(url, asking))?.status ?? 0;
}

/**
 * The status of the first answer that isn't an outage.
 * @throws Unanswered when there is none for that long
 */
export async function settledStatus(url: string, asking: Asking, patienceMs = PATIENCE_MS): Promise<number> {
  return (await settledAnswer(url, asking, patienceMs)).status;
}

/** Requests a change: done, certainly refused, or unknown. */
export async function change<T>(url: string, asking: Asking): Promise<Outcome<T>> {
  const answer = await answerOnce(url, asking);
  if (answer === null || answer.status >= 500) return { is: 'unknown' };
  const { status, text } = answer;
  if (status < 300) return { is: 'done', body: (text === '' ? null : JSON.parse(text)) as T };
  return { is: 'refused', words: `${status} ${text.slice(0, 300)}` };
}

/**
 * A list, page after page, each requested again for `patienceMs` while there is no answer.
 * @throws Unanswered when there is none; Error when a page is refused
 */
export async function* pagesOf<T>(url: string, path: string, token: string, patienceMs = 0): AsyncGenerator<T[]> {
  for (let next: string | null = path; next !== null; ) {
    const answer: Answer = await settledAnswer(url, { method: 'GET', path: next, token }, patienceMs);
    if (answer.status !== 200) throw new Error(`GET ${next} was answered ${answer.status}`);
    yield JSON.parse(answer.text) as T[];
    next = answer.next;
  }
}

async function settledAnswer(url: string, asking: Asking, patienceMs: number): Promise<Answer> {
  const startedAt = performance.now();
  for (let times = 1; ; times++) {
    const answer = await answerOnce(url, asking);
    if (answer !== null && answer.status < 500) return answer;
    const waitedMs = performance.now() - startedAt;
    if (waitedMs >= patienceMs) {
      const said = answer === null ? 'not answered' : `answered ${answer.status}`;
      const asked = `requested ${times} times in ${(waitedMs / 1000).toFixed(0)} s`;
      throw new Unanswered(`${asking.method} ${asking.path} was ${said}, ${asked}`);
    }
    await pause(ASK_AGAIN_MS);
  }
}

/** Null when there is no answer, or not a whole one. */
async function answerOnce(url: string, asking: Asking): Promise<Answer | null> {
  try {
    const answer = await request(url, asking);
    const link = /<([^>]+)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1];
    const at = link === undefined ? null : new URL(link);
    const next = at === null ? null : at.pathname.replace('/api/v3', '') + at.search;
    return { status: answer.status, text: await answer.text(), next };
  } catch {
    return null;
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
