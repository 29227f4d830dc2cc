/**
 * The environment of a session's command: everything of the caller's, but tokens, with what leads git and clients of
 * the API to the broker.
 *
 * Invariant: no token is in it, neither ours nor one that the caller's shell held for a forge. The pass is good for
 * nothing but this broker, while it runs.
 * Never: a file of the caller's changed. What git reads here, it reads from the environment, for this command alone.
 */
import type { Terminal } from '../terminal.ts';

/** Variables in which programs look for a token of a forge. */
const TOKENS = [
  'LATCHKEY_TOKEN',
  'GH_TOKEN',
  'GITHUB_TOKEN',
  'GH_ENTERPRISE_TOKEN',
  'GITHUB_ENTERPRISE_TOKEN',
  'GITLAB_TOKEN',
  'GITLAB_ACCESS_TOKEN',
  'GITLAB_PRIVATE_TOKEN',
  'CI_JOB_TOKEN',
  'GIT_ASKPASS',
  'SSH_ASKPASS',
];

export interface SessionPlace {
  /** The server, without a slash at the end. */
  readonly server: string;
  /** The broker's address and pass. */
  readonly address: string;
  readonly pass: string;
  /** A folder with gh's settings, which send it to the broker's socket; null where there are no such sockets. */
  readonly ghFolder: string | null;
}

export function childEnvironment(env: Terminal['env'], place: SessionPlace): Record<string, string> {
  const { server, address, pass, ghFolder } = place;
  const kept = Object.entries(env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !TOKENS.includes(entry[0]),
  );
  return {
    ...Object.fromEntries(kept),
    ...gitSettings(env, place),
    NO_PROXY: [env['NO_PROXY'] ?? env['no_proxy'], '127.0.0.1'].filter((part) => part).join(','),
    no_proxy: [env['no_proxy'] ?? env['NO_PROXY'], '127.0.0.1'].filter((part) => part).join(','),
    LATCHKEY_URL: address,
    LATCHKEY_TOKEN: pass,
    GITHUB_API_URL: `${address}/api/v3`,
    GITHUB_SERVER_URL: address,
    GITHUB_TOKEN: pass,
    CI_API_V4_URL: `${address}/api/v4`,
    CI_SERVER_URL: address,
    GITLAB_HOST: address,
    GITLAB_TOKEN: pass,
    // gh speaks to its own host alone, and over TLS: its settings name a socket instead.
    ...(ghFolder === null
      ? {}
      : { GH_HOST: new URL(server).host, GH_ENTERPRISE_TOKEN: pass, GH_CONFIG_DIR: ghFolder, GH_PROMPT_DISABLED: '1' }),
  };
}

/** Settings of git by environment, behind those that are there already. Source: git-config, `GIT_CONFIG_COUNT`. */
function gitSettings(env: Terminal['env'], { server, address, pass }: SessionPlace): Record<string, string> {
  const { host } = new URL(server);
  const settings = [
    ...[`${server}/`, `ssh://git@${host}/`, `git@${host}:`].map((from) => [`url.${address}/.insteadOf`, from]),
    [`http.${address}/.extraHeader`, `Authorization: Basic ${Buffer.from(`agent:${pass}`).toString('base64')}`],
    [`http.${address}/.proxy`, ''],
    // An empty one forgets all that were named before: the keychain answers nobody here.
    ['credential.helper', ''],
  ];
  const given = Number(env['GIT_CONFIG_COUNT'] ?? 0);
  const first = Number.isSafeInteger(given) && given > 0 ? given : 0;
  return {
    ...Object.fromEntries(
      settings.flatMap(([key = '', value = ''], i) => [
        [`GIT_CONFIG_KEY_${first + i}`, key],
        [`GIT_CONFIG_VALUE_${first + i}`, value],
      ]),
    ),
    GIT_CONFIG_COUNT: String(first + settings.length),
    GIT_TERMINAL_PROMPT: '0',
  };
}
