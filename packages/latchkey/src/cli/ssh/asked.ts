/**
 * What a client asked for over SSH, out of `SSH_ORIGINAL_COMMAND`.
 *
 * Invariant: only the few forms that git and git-lfs write are read, so nothing of it ever reaches a shell, a path on
 * disk or an option of git. Quotes carry no meaning: between them stand characters that need none.
 */
import type { ServiceName } from './words.ts';

/** What is asked of which repository, or no command at all: somebody who expects a shell. */
export type Asked =
  | { readonly kind: 'git'; readonly service: ServiceName; readonly repository: string }
  | { readonly kind: 'lfs'; readonly operation: 'download' | 'upload'; readonly repository: string }
  /** Git LFS without HTTP: a client that is told that there is no such program asks for `git-lfs-authenticate`. */
  | { readonly kind: 'lfs-transfer' }
  | { readonly kind: 'shell' }
  | { readonly kind: 'unknown' };

/** Longer ones are not looked at. A repository's full name has at most 140 characters. */
const MAX_LENGTH = 512;
/** `git-upload-pack '/acme/site.git'`; some clients write a space after `git`. */
const GIT = /^git[ -](upload-pack|receive-pack) (['"]?)\/?([A-Za-z0-9._-]+\/[A-Za-z0-9._-]+?)(?:\.git)?\/?\2$/;

const AUTHENTICATE = 'git-lfs-authenticate ';
/** Behind that, `acme/site.git upload`; earlier versions name an object as well. */
const LFS = /^(['"]?)\/?([A-Za-z0-9._-]+\/[A-Za-z0-9._-]+?)(?:\.git)?\/?\1 (download|upload)(?: \w+)?$/;

const isDotted = (name: string): boolean => name.split('/').some((part) => /^\.*$/.test(part));

/** Reads a command line as sshd hands it on; undefined = there was none. */
export function askedFor(command: string | undefined): Asked {
  if (command === undefined || command === '') return { kind: 'shell' };
  if (command.startsWith('git-lfs-transfer ')) return { kind: 'lfs-transfer' };
  if (command.length > MAX_LENGTH) return { kind: 'unknown' };
  const lfs = command.startsWith(AUTHENTICATE) ? LFS.exec(command.slice(AUTHENTICATE.length)) : null;
  const [, , repository, operation] = lfs ?? [];
  if (repository !== undefined && !isDotted(repository))
    return { kind: 'lfs', operation: operation as 'download' | 'upload', repository };
  const [, service, , name] = GIT.exec(command) ?? [];
  if (service === undefined || name === undefined || isDotted(name)) return { kind: 'unknown' };
  return { kind: 'git', service: service as ServiceName, repository: name };
}
