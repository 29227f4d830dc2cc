/** What the programs that sshd starts are called with, and what they say. Loads nothing. */

export type ServiceName = 'upload-pack' | 'receive-pack';

/** `ssh-keys --data DIR FINGERPRINT`, as sshd is configured, and `ssh-session --data DIR KEY`, as that prints. */
export interface SshCall {
  readonly command: 'ssh-keys' | 'ssh-session';
  readonly data: string;
  /** The fingerprint, or the key's name. */
  readonly of: string;
}

/** The call in a command line of exactly that form; null for every other one. */
export function sshCallOf(args: readonly string[]): SshCall | null {
  const [command, option, data = '', of = ''] = args;
  if ((command !== 'ssh-keys' && command !== 'ssh-session') || args.length !== 4 || option !== '--data') return null;
  return data === '' || of === '' || of.startsWith('-') ? null : { command, data, of };
}

export const NO_SHELL = 'There is no shell here, only git: clone, fetch and push.';
/** Then git-lfs asks for `git-lfs-authenticate`. */
export const NO_LFS_TRANSFER = 'git-lfs-transfer: not found';
export const NO_SERVER = 'The server is not running, or not with SSH. Its administrator finds the cause in its log.';
export const CUT_OFF = 'The server ended the connection. Try again in a moment.';
