/** What every npm package of this checkout says of itself: licence, where its sources are, how it is published. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../../..');

/**
 * Fields of a `package.json`. `directory`: where the package's sources are in the repository.
 *
 * The repository is the one that the checkout was cloned from: npm's provenance holds only if the package names the
 * repository whose CI built it, which for a fork is the fork. Without a remote there is none to name.
 */
export function published(directory: string): object {
  const url = repositoryUrl();
  const about = url === null ? {} : { repository: { type: 'git', url: `git+${url}.git`, directory }, homepage: url };
  return { license: 'Apache-2.0', ...about, publishConfig: { access: 'public', provenance: true } };
}

/** `https://HOST/OWNER/NAME`, or null when the checkout has no remote that others can reach. */
function repositoryUrl(): string | null {
  try {
    const remote = execFileSync('git', ['remote', 'get-url', 'origin'], {
      cwd: ROOT,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    // `git@host:owner/name.git`, `ssh://git@host/owner/name`, `https://user:secret@host/owner/name.git`
    const [, host, path] =
      /^(?:\w+:\/\/)?(?:[^@/]*@)?([\w.-]+\.[a-z]+)(?::\d+)?[:/]([^:]+?)(?:\.git)?\/?\s*$/.exec(remote) ?? [];
    return host === undefined ? null : `https://${host}/${path}`;
  } catch {
    return null;
  }
}
