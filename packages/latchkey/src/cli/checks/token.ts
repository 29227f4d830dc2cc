/**
 * The token that git would send: what the server says about it, and what it may do here. Asked the way git asks, and
 * through the API if it is a Latchkey.
 */

import { present } from '../../base/present.ts';
import { spokenIso } from '../../base/time.ts';
import { namesNobody } from '../../rules/names.ts';
import { misspellingOf } from '../../rules/token-spelling.ts';
import { type Check, type Finding, fail, ok, warn } from './check.ts';
import { forget } from './credential-chain.ts';
import { type Answered, get } from './probe.ts';
import type { Subject } from './subject.ts';

const ENDS_SOON_DAYS = 7;
const DAY_MS = 86_400_000;

/** Why the server can't be asked about the token; null when it can. */
export function cannotAsk({ credential, probe, env }: Subject): string | null {
  if (probe.answered === null) return 'the server did not answer';
  return credential === null && (env['LATCHKEY_TOKEN'] ?? '') === '' ? 'there is no credential to ask with' : null;
}

/** What git would send. */
export function passwordOf({ credential, env }: Subject): string {
  return credential?.password ?? env['LATCHKEY_TOKEN'] ?? '';
}

interface CurrentToken {
  readonly id?: number;
  readonly name?: string;
  readonly kind?: string;
  readonly state?: string;
  readonly expires_at?: string | null;
  readonly owner?: { readonly login?: string };
  readonly reason?: string;
  readonly message?: string;
  readonly detail?: string;
  readonly fix?: { readonly url?: string | null; readonly command?: string | null };
}

const token: Check = {
  name: 'token',
  cannotRun: (subject) =>
    cannotAsk(subject) ?? (subject.probe.isLatchkey ? null : 'only a Latchkey tells about a token'),
  run: async (subject) => {
    const given = subject.credential === null ? misspellingOf(passwordOf(subject).trim()) : null;
    if (given !== null) return fail(`LATCHKEY_TOKEN holds ${given.kind === 'wrapped' ? 'a token ' : ''}${given.how}`);
    const { status, body } = await get(`${subject.address}/api/v3/user/personal-access-tokens/current`, {
      authorization: `Bearer ${passwordOf(subject)}`,
    });
    const said = jsonOf(body) as CurrentToken;
    if (status === 400 || status === 401 || status === 403) return refusedToken(subject, status, said);
    if (status !== 200 || said.id === undefined) return warn('the server does not tell about this token');
    subject.tokenOwner = said.owner?.login ?? null;
    const [name, owner] = [printable(said.name ?? ''), printable(said.owner?.login ?? '')];
    const named = `${said.kind} token ${said.id} "${name}" of ${owner}`;
    if (said.expires_at === null || said.expires_at === undefined) return warn(`${named}; it has no end`);
    const days = Math.floor((Date.parse(said.expires_at) - Date.now()) / DAY_MS);
    const found = `${named}; it ends on ${spokenIso(said.expires_at)}`;
    return days < ENDS_SOON_DAYS ? warn(found, `latchkey token rotate ${said.id}`) : ok(found);
  },
};

function refusedToken({ credential, address }: Subject, status: number, said: CurrentToken): Finding {
  const words = printable(said.detail ?? said.message ?? 'the server refuses the credential');
  const remedy = said.fix?.command ?? said.fix?.url ?? undefined;
  const found = said.reason === undefined ? words : `${words} (${said.reason})`;
  if (status !== 401 || credential === null) return fail(found, remedy);
  return {
    ...forget(
      `${credential.from} holds a credential that is dead: ${found}`,
      credential,
      present(address, 'the server'),
    ),
    ...(remedy === undefined ? {} : { command: remedy }),
  };
}

function access(name: string, service: 'git-upload-pack' | 'git-receive-pack'): Check {
  return {
    name,
    cannotRun: (subject) => (subject.repository === null ? 'the address names no repository' : cannotAsk(subject)),
    run: async (subject) => {
      const username = subject.credential?.username || 'git';
      const basic = Buffer.from(`${username}:${passwordOf(subject)}`).toString('base64');
      const answer = await get(`${subject.address}/${subject.repository}.git/info/refs?service=${service}`, {
        authorization: `Basic ${basic}`,
      });
      if (answer.status === 200) return ok(`allowed on ${subject.repository}`);
      if (answer.status === 301 || answer.status === 302 || answer.status === 308) return moved(subject, answer);
      const lines =
        answer.headers['content-type']?.startsWith('text/plain') === true
          ? answer.body.trim().split('\n').map(printable)
          : [];
      return fail(
        lines[0] === undefined || lines[0] === ''
          ? `refused with ${answer.status}`
          : lines.slice(0, -1).join(' ') || lines[0],
        lines.length > 1 ? lines.at(-1) : undefined,
      );
    },
  };
}

/** The repository was renamed. */
function moved({ remote, address }: Subject, { headers }: Answered): Finding {
  const to = (headers.location ?? '').replace(/\/info\/refs.*$/, '');
  const target = URL.parse(to, `${address}/`)?.href ?? to;
  return {
    ...warn(
      `the repository is at ${printable(target)} now`,
      remote === null ? undefined : `git remote set-url ${remote} ${printable(target)}`,
    ),
    ...(remote === null ? {} : { repair: { program: 'git', args: ['remote', 'set-url', remote, target] } }),
  };
}

/** The JSON in a body; empty when it isn't JSON. */
export function jsonOf(text: string): object {
  try {
    return (JSON.parse(text) ?? {}) as object;
  } catch {
    return {};
  }
}

/** A text from the server that is safe to show: limited in length, without terminal control characters. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, '?').slice(0, 300);
}

const whoseToken: Check = {
  name: 'whose token',
  cannotRun: ({ credential, tokenOwner }) =>
    credential === null || tokenOwner === null ? 'nobody tells whose token it is' : null,
  run: async ({ credential, tokenOwner, address }) => {
    const { username, from } = present(credential, 'a credential');
    const name = username.replace(/\+\d+$/, '');
    if (namesNobody(name) || name.toLowerCase() === tokenOwner?.toLowerCase()) return ok(`of ${tokenOwner}`);
    const found = `${from} holds a token of ${printable(tokenOwner ?? '')} under the name ${printable(name)}`;
    return { ...forget(found, present(credential, 'a credential'), present(address, 'the server')), state: 'warn' };
  },
};

export const TOKEN_CHECKS: readonly Check[] = [
  token,
  whoseToken,
  access('clone and fetch', 'git-upload-pack'),
  access('push', 'git-receive-pack'),
];
