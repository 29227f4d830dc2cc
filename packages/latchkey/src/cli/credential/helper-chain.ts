/**
 * Git's other credential helpers, as a place to keep secrets: the system's keychain through `osxkeychain`,
 * `libsecret`, `manager`, or whatever the person configured.
 *
 * They are called through git itself, which knows how a helper's name becomes a command on each system.
 * Invariant: git asks that one helper and nobody else: no prompt, no other helper, not us.
 */
import { execFileSync } from 'node:child_process';
import { callsUs } from './own-program.ts';
import { type CredentialMessage, parseCredentialMessage, writeCredentialMessage } from './protocol.ts';

/** How long another helper may take; some wait for a person to unlock a keychain. */
const HELPER_TIMEOUT_MS = 60_000;

type Environment = Readonly<Record<string, string | undefined>>;

/** Asks the helper. Null when it has nothing, or can't be asked. */
export function fillFrom(helper: string, message: CredentialMessage, env: Environment): CredentialMessage | null {
  const answer = callGit('fill', helper, message, env);
  if (answer === null) return null;
  const parsed = parseCredentialMessage(answer);
  return 'message' in parsed && parsed.message.password !== undefined ? parsed.message : null;
}

/** Makes the helper store a credential. */
export function approveWith(helper: string, message: CredentialMessage, env: Environment): void {
  callGit('approve', helper, message, env);
}

/** Makes the helper forget a credential. */
export function rejectWith(helper: string, message: CredentialMessage, env: Environment): void {
  callGit('reject', helper, message, env);
}

function callGit(
  action: 'fill' | 'approve' | 'reject',
  helper: string,
  message: CredentialMessage,
  env: Environment,
): string | null {
  const key = `credential.${message.protocol}://${message.host}.helper`;
  const options = [
    '-c',
    `${key}=`,
    '-c',
    `${key}=${helper}`,
    ...(message.path === undefined ? [] : ['-c', 'credential.useHttpPath=true']),
  ];
  try {
    return execFileSync('git', [...options, 'credential', action], {
      input: writeCredentialMessage(message),
      encoding: 'utf8',
      timeout: HELPER_TIMEOUT_MS,
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { ...env, GIT_TERMINAL_PROMPT: '0', GIT_ASKPASS: '', SSH_ASKPASS: '' },
    });
  } catch {
    return null;
  }
}

/**
 * git's helpers for all addresses (`credential.helper` without an address), in order, without ours; an empty value
 * removes those before it.
 */
export function generalHelpers(env: Environment): readonly string[] {
  try {
    const lines = execFileSync('git', ['config', '--null', '--get-all', 'credential.helper'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...env },
    })
      .split('\0')
      .slice(0, -1);
    return lines.slice(lines.lastIndexOf('') + 1).filter((helper) => !callsUs(helper));
  } catch {
    return [];
  }
}
