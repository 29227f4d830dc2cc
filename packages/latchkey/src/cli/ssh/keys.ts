/**
 * `latchkey ssh-keys`, sshd's `AuthorizedKeysCommand`: prints the line of `authorized_keys` for a key that the server
 * knows, and nothing for any other.
 *
 * Source: sshd_config(5) "AuthorizedKeysCommand", sshd(8) "AUTHORIZED_KEYS FILE FORMAT".
 * Invariant: a line gives one command and nothing else (`restrict`): no shell, terminal, agent, or forwarding.
 * Never: a title or comment that somebody wrote, in a line.
 */
import { SSH_PATHS } from '../../base/machine/ssh-place.ts';
import { SshServer, textOf } from './server.ts';
import type { SshCall } from './words.ts';

/** What an answer of the server consists of: the name of a key, and the key. */
const ANSWER = /^([a-z]+-\d{1,15})\n([a-z0-9@.-]+ [A-Za-z0-9+/]+={0,2})$/;

/** @param self the words that start this program @returns the line; null for an unknown key */
export async function authorizedLine({ data, of }: SshCall, self: readonly string[]): Promise<string | null> {
  const server = new SshServer(data);
  const answer = await server.ask({ path: `${SSH_PATHS.key}?fingerprint=${encodeURIComponent(of)}` });
  const [, name, key] = ANSWER.exec(await textOf(answer)) ?? [];
  server.close();
  if (answer.statusCode !== 200 || name === undefined || key === undefined) return null;
  const command = [...self, 'ssh-session', '--data', data, name].map(shellWord).join(' ');
  return `restrict,command="${command.replaceAll('"', '\\"')}" ${key}`;
}

/** A word for `sh`, whatever stands in it. @throws RangeError for what no line can hold */
function shellWord(word: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(word)) throw new RangeError('a path of this program has a control character');
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
