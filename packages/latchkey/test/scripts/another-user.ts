/**
 * A program of another user of this machine. Where the tests may become somebody else (as root), one is started that
 * does, after Node is loaded, so that it needs no file of the checkout. Elsewhere this process asks, while it is told
 * that it is run by somebody else than its sockets belong to.
 */
import http from 'node:http';
import { onTestFinished, vi } from 'vitest';
import { runProgram } from './latchkey-process.ts';

/** True where a program of another user can be run for real. */
export const CAN_BE_ANOTHER = process.getuid?.() === 0;
/** `nobody` of most systems; it needs no entry anywhere. */
const NOBODY = 65_534;
/** At the start of a script: from here on it is run by somebody else. */
export const BECOME_ANOTHER = `process.setgroups([]); process.setgid(${NOBODY}); process.setuid(${NOBODY});`;

/** One GET as it stands, without a client's own ideas of `Host`; its text runs in another process, too. */
function get(client: typeof http, url: string, headers: Readonly<Record<string, string>>): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = client.request(url, { headers }, (answer) => {
      let text = `${answer.statusCode} `;
      answer.setEncoding('utf8').on('data', (chunk) => (text += chunk));
      answer.once('end', () => resolve(text));
    });
    asked.once('error', reject).end();
  });
}

/** One GET by another user. @returns the status, a space, and the body */
export async function askAsAnother(url: string, headers: Readonly<Record<string, string>>): Promise<string> {
  if (CAN_BE_ANOTHER) {
    const [to, given] = [JSON.stringify(url), JSON.stringify(headers)];
    const script = `${BECOME_ANOTHER} (${get.toString()})(require('http'), ${to}, ${given}).then(console.log)`;
    return (await runProgram(process.execPath, ['-e', script])).stdout;
  }
  const self = process.getuid?.() ?? 0;
  const told = vi.spyOn(process, 'getuid').mockReturnValue(self + 1);
  onTestFinished(() => told.mockRestore());
  return get(http, url, headers);
}
