/** Git itself, and the remote's address. */
import { present } from '../../base/present.ts';
import { type Check, fail, mendable, ok, skip, warn } from './check.ts';
import { isSsh, runGit, type Subject, withoutSecrets } from './subject.ts';

/** What was new in each version of git, newest first. */
const NEWS: readonly (readonly [major: number, minor: number, what: string])[] = [
  [2, 40, 'it drops a token by itself when its time is over (password_expiry_utc)'],
];
const OLDEST = [2, 18] as const;

const gitVersion: Check = {
  name: 'git version',
  run: async (subject) => {
    const { code, stdout } = await runGit(subject, ['--version']);
    const match = /(\d+)\.(\d+)/.exec(stdout);
    if (code === 127 || match === null)
      return fail('git is not installed, or not on the path', 'https://git-scm.com/downloads');
    const isBefore = ([major, minor]: readonly [number, number, ...unknown[]]): boolean =>
      Number(match[1]) < major || (Number(match[1]) === major && Number(match[2]) < minor);
    if (isBefore(OLDEST))
      return fail(`git ${match[0]} is too old for protocol version 2`, 'https://git-scm.com/downloads');
    const lacking = NEWS.filter(isBefore).map(([major, minor, what]) => `${what} from ${major}.${minor} on`);
    return ok(lacking.length === 0 ? `git ${match[0]}` : `git ${match[0]}; newer ones do more: ${lacking.join('; ')}`);
  },
};

const remoteIsHttps: Check = {
  name: 'remote over https',
  cannotRun: ({ url }) => (url === null ? 'there is no remote here, and no address was given' : null),
  run: async (subject) => {
    const { remote, address, repository } = subject;
    const url = present(subject.url, 'the address');
    if (isSsh(url)) {
      const found = 'the remote uses SSH, and tokens work over https only';
      if (remote === null || address === null || repository === null) return warn(found);
      return mendable('fail', found, ['remote', 'set-url', remote, `${address}/${repository}.git`]);
    }
    if (address === null) return skip(`${withoutSecrets(url)} is no address of a server`);
    if (address.startsWith('https:') || /^http:\/\/(?:localhost|127\.|\[::1\])/.test(address)) return ok(address);
    return warn(
      'the remote uses http, so the token crosses the network in the clear',
      remote === null ? undefined : `git remote set-url ${remote} ${withoutSecrets(url).replace('http:', 'https:')}`,
    );
  },
};

const noSecretInRemote: Check = {
  name: 'no secret in the remote',
  cannotRun: ({ url, address }) =>
    url === null || address === null || isSsh(url) ? 'the remote is no address over http' : null,
  run: async (subject) => {
    const { remote } = subject;
    const url = present(subject.url, 'the address');
    const { username, password } = new URL(url);
    const isTokenAsName = password === '' && /^(?:[A-Za-z0-9]{1,16}_)?lk[fcsdp]_/.test(decodeURIComponent(username));
    if (password === '' && !isTokenAsName)
      return ok(
        username === ''
          ? 'the address holds no credential'
          : `the address names the user ${decodeURIComponent(username)}, and holds no secret`,
      );
    const found =
      'the address itself holds a password or a token; git uses that before any helper, and it lies in .git/config';
    const plain = isTokenAsName || username === '' ? withoutSecrets(url) : url.replace(/:[^:@/]*@/, '@');
    return remote === null ? fail(found) : mendable('fail', found, ['remote', 'set-url', remote, plain]);
  },
};

const notRewritten: Check = {
  name: 'no rewriting of the address',
  cannotRun: ({ remote }) => (remote === null ? 'there is no remote here' : null),
  run: async (subject) => {
    const configured = (await runGit(subject, ['config', '--get', `remote.${subject.remote}.url`])).stdout.trim();
    if (configured === subject.url) return ok('git uses the address as it is written');
    return warn(
      `git rewrites ${withoutSecrets(configured)} to ${withoutSecrets(subject.url ?? '')} (url.….insteadOf)`,
      "git config --show-origin --get-regexp '^url\\.'",
    );
  },
};

export const GIT_CHECKS: readonly Check[] = [gitVersion, remoteIsHttps, noSecretInRemote, notRewritten];

/** True when the remote uses HTTP, which most checks need. */
export function isOverHttp({ url, address }: Subject): boolean {
  return url !== null && address !== null && !isSsh(url);
}
