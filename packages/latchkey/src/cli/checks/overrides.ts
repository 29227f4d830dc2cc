/** What takes precedence over the credential helpers: headers, variables, files. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { present } from '../../base/present.ts';
import { type Check, fail, mendable, ok, warn } from './check.ts';
import { runGit, type Subject } from './subject.ts';

const needsServer = ({ address }: Subject): string | null => (address === null ? 'no server is known' : null);

const noExtraHeader: Check = {
  name: 'no header of its own',
  cannotRun: needsServer,
  run: async (subject) => {
    const address = present(subject.address, 'the server');
    const { stdout } = await runGit(subject, ['config', '--get-urlmatch', 'http.extraHeader', address]);
    if (!/^authorization:/im.test(stdout)) return ok('no http.extraHeader sets Authorization');
    const found =
      'http.extraHeader sends an Authorization header, whatever the helpers say (CI systems leave it behind)';
    const set = await whereSet(subject);
    if (set === null) return fail(found, "git config --show-origin --name-only --get-regexp 'http\\..*extraheader'");
    if (set.scope === 'command') return fail(found, 'unset GIT_CONFIG_COUNT GIT_CONFIG_PARAMETERS');
    return mendable('fail', found, ['config', `--${set.scope}`, '--unset-all', set.key, '^[Aa]uthorization:']);
  },
};

/** Where the header is set. The last one counts, and is the one to remove. */
async function whereSet(subject: Subject): Promise<{ scope: string; key: string } | null> {
  const { stdout } = await runGit(subject, [
    'config',
    '--show-scope',
    '--null',
    '--get-regexp',
    '^http\\..*extraheader$',
  ]);
  const words = stdout.split('\0');
  for (let i = words.length - 2; i >= 1; i -= 2) {
    const [key = '', ...value] = (words[i] ?? '').split('\n');
    if (!/^authorization:/i.test(value.join('\n'))) continue;
    const url = /^http\.(.+)\.extraheader$/i.exec(key)?.[1];
    if (url === undefined || `${subject.address}/`.startsWith(url) || url.startsWith(subject.address ?? '\n'))
      return { scope: words[i - 1] ?? 'local', key };
  }
  return null;
}

/** Variables that change which program answers, and what that means. */
const VARIABLES: readonly (readonly [name: string, state: 'warn' | 'ok', words: string])[] = [
  ['GIT_ASKPASS', 'ok', 'GIT_ASKPASS answers when no helper does'],
  ['GIT_CONFIG_PARAMETERS', 'warn', 'GIT_CONFIG_PARAMETERS adds settings to each call'],
  ['GIT_CONFIG_COUNT', 'warn', 'GIT_CONFIG_COUNT adds settings to each call'],
  ['GIT_SSL_NO_VERIFY', 'warn', 'GIT_SSL_NO_VERIFY trusts any server'],
  ['GIT_SSH_COMMAND', 'ok', 'GIT_SSH_COMMAND is for SSH remotes'],
  ['LATCHKEY_TOKEN', 'ok', 'LATCHKEY_TOKEN is used by latchkey commands, not by git'],
];

const variables: Check = {
  name: 'variables',
  run: async ({ env }) => {
    const set = VARIABLES.filter(([name]) => (env[name] ?? '') !== '');
    if (set.length === 0) return ok('none that change who answers git');
    const words = set.map(([, , each]) => each).join('; ');
    const worst = set.find(([, state]) => state === 'warn');
    return worst === undefined ? ok(words) : warn(words, `unset ${worst[0]}`);
  },
};

const netrc: Check = {
  name: 'no .netrc for the server',
  cannotRun: needsServer,
  run: async ({ env, address }) => {
    const text = await readFile(
      join(env['HOME'] ?? '', process.platform === 'win32' ? '_netrc' : '.netrc'),
      'utf8',
    ).catch(() => '');
    const host = new URL(present(address, 'the server')).hostname;
    return new RegExp(`machine\\s+${host.replaceAll('.', '\\.')}(?:\\s|$)`).test(text)
      ? warn(`~/.netrc has a password for ${host}, which is used before the helpers are asked`, 'edit ~/.netrc')
      : ok('none, or not for this server');
  },
};

export const OVERRIDE_CHECKS: readonly Check[] = [noExtraHeader, variables, netrc];
