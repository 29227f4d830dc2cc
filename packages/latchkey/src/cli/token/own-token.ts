/**
 * A token's own life over REST: what it is, what it may do, a new secret for it. Only the fields that the commands
 * need are named.
 */
import { Secret } from '../../base/secret.ts';
import type { UnixSeconds } from '../../base/time.ts';
import { ServerClient } from '../server-client.ts';
import type { Terminal } from '../terminal.ts';

/** The path where a token finds itself. */
export const CURRENT = '/user/personal-access-tokens/current';

/** A token as the API describes it. */
export interface TokenAnswer {
  readonly id: number;
  readonly name: string;
  readonly kind: string;
  readonly state: string;
  /** What it can do today, in words. */
  readonly summary?: string | null;
  readonly expires_at: string | null;
  readonly owner: { readonly login: string };
  readonly scopes?: readonly string[];
  readonly last_used?: { readonly at: string } | null;
  readonly grants?: readonly {
    readonly target_name: string;
    readonly pending_request?: { readonly id: number; readonly approvers?: readonly string[] } | null;
  }[];
  /** Present once: when it was made or renewed. */
  readonly token?: string;
}

/** `2026-11-21T08:00:00Z` as unix seconds. */
export function instantOf(text: string | null | undefined): UnixSeconds | null {
  const at = Date.parse(text ?? '');
  return Number.isNaN(at) ? null : Math.floor(at / 1000);
}

/** How long a helper waits for a renewal, or an end, while git waits for the helper. */
const OWN_TIMEOUT_MS = 5_000;

/**
 * Gives the token a new secret and a new life as long as the previous one; the old secret works for another hour.
 * @throws Fault | ServerRefusal
 */
export async function renewToken(
  address: string,
  secret: Secret,
): Promise<{ secret: Secret; expiresAt: UnixSeconds | null }> {
  const answer = await new ServerClient(address, secret).api<TokenAnswer>(`${CURRENT}/rotate`, {
    method: 'POST',
    body: {},
    timeoutMs: OWN_TIMEOUT_MS,
  });
  if (typeof answer.token !== 'string') throw new TypeError(`${address} renewed the token and did not say to what`);
  return { secret: new Secret(answer.token), expiresAt: instantOf(answer.expires_at) };
}

/**
 * Keeps a new token by `keep`, or ends it: one that nobody can keep is lost, and should not live on.
 * @throws whatever `keep` throws
 */
export async function keptOrEnded(
  { address, secret }: { address: string; secret: Secret },
  terminal: Terminal,
  keep: () => Promise<void>,
): Promise<void> {
  try {
    await keep();
  } catch (error) {
    await endToken(address, secret).catch(() =>
      terminal.say(`latchkey: nobody has a token that lives now; end it: ${address}/settings/personal-access-tokens`),
    );
    throw error;
  }
}

/** Ends the token, which asks for it itself. @throws Fault | ServerRefusal */
export async function endToken(address: string, secret: Secret): Promise<void> {
  await new ServerClient(address, secret).api(CURRENT, { method: 'DELETE', timeoutMs: OWN_TIMEOUT_MS });
}
