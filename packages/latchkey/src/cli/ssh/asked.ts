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
  /** Git LFS: a client that is told that there is no such program goes over HTTPS. */
  | { readonly kind: 'lfs' }
  | { readonly kind: 'shell' }
  | { readonly kind: 'unknown' };

/** Longer ones are not looked at. A repository's full name has at most 140 characters. */
const MAX_LENGTH = 512;
/** `git-upload-pack '/acme/site.git'`; some clients write a space after `git`. */
const GIT = /^git[ -](upload-pack|receive-pack) (['"]?)\/?([A-Za-z0-9._-]+\/[A-Za-z0-9._-]+?)(?:\.git)?\/?\2$/;

/** Reads a command line as sshd hands it on; undefined = there was none. */
export function askedFor(command: string | undefined): Asked {
  if (command === undefined || command === '') return { kind: 'shell' };
  if (/^git-lfs-(?:authenticate|transfer) /.test(command)) return { kind: 'lfs' };
  const [, service, , name] = (command.length > MAX_LENGTH ? null : GIT.exec(command)) ?? [];
  if (service === undefined || name === undefined || name.split('/').some((part) => /^\.*$/.test(part)))
    return { kind: 'unknown' };
  return { kind: 'git', service: service as ServiceName, repository: name };
}
