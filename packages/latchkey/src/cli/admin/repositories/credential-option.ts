/** A credential for another server: from a file or standard input, so that it stands in no argument. */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { Secret } from '../../../base/secret.ts';
import { once } from '../../option-values.ts';
import { type Terminal, UsageError } from '../../terminal.ts';

/** The longest credential that is read, in bytes. */
const MAX_CREDENTIAL_BYTES = 4096;

/** What the options say. */
export interface CredentialFlags {
  readonly username?: string;
  readonly credentialFile?: string;
}

/** Adds the options to a command. */
export function withCredentialOptions(command: Command): Command {
  return command
    .option('--username <NAME>', 'for an address: whose credential it is', once('--username'))
    .option(
      '--credential-file <FILE>',
      'for an address: file with only the token or password on its first line; - for standard input',
      once('--credential-file'),
    );
}

/** The first line of the file, or of standard input; null without one. @throws UsageError */
export async function readCredential(
  terminal: Terminal,
  { username, credentialFile: file }: CredentialFlags,
): Promise<Secret | null> {
  if (file === undefined) {
    if (username === undefined) return null;
    throw new UsageError('--username is given without a credential', 'add --credential-file FILE');
  }
  const text =
    file === '-'
      ? await terminal.readInput(MAX_CREDENTIAL_BYTES)
      : await readFile(file, 'utf8').catch(unreadable(file));
  const [line = ''] = text.split('\n');
  const credential = line.trim();
  if (credential === '' || Buffer.byteLength(text) > MAX_CREDENTIAL_BYTES)
    throw new UsageError(`${file} holds no credential`, 'it holds a token or password, alone on its first line');
  return new Secret(credential);
}

const unreadable = (file: string) => (error: NodeJS.ErrnoException) => {
  throw new UsageError(`${file} can't be read: ${error.code}`);
};
