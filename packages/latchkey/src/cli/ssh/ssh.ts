/** `latchkey ssh-keys` and `latchkey ssh-session`, as people see them: sshd calls both (docs/ssh.md). */
import { Command } from 'commander';
import { examples } from '../command-help.ts';
import { EXIT } from '../exit-codes.ts';
import { Stopped, type Terminal } from '../terminal.ts';
import { performSshCall } from './call.ts';
import type { SshCall } from './words.ts';

const PROGRAMS = {
  'ssh-keys': {
    description: 'print the line of authorized_keys for a key that the server knows (sshd calls this)',
    argument: '<FINGERPRINT>',
    about: 'as sshd writes it for %f: SHA256:…',
    example: 'latchkey ssh-keys --data data SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU',
  },
  'ssh-session': {
    description: 'pass what git says over SSH on to the running server (sshd calls this)',
    argument: '<KEY>',
    about: 'as latchkey ssh-keys names it',
    example: 'latchkey ssh-session --data data deploy-12',
  },
} as const satisfies Record<SshCall['command'], object>;

export const sshKeysCommand = (terminal: Terminal): Command => commandOf('ssh-keys', terminal);
export const sshSessionCommand = (terminal: Terminal): Command => commandOf('ssh-session', terminal);

function commandOf(command: SshCall['command'], terminal: Terminal): Command {
  const { description, argument, about, example } = PROGRAMS[command];
  const made = new Command(command)
    .description(description)
    .argument(argument, about)
    .requiredOption('--data <DIR>', 'the data folder of the server')
    .action(async (of: string, { data }: { data: string }) => {
      if ((await performSshCall({ command, data, of }, terminal)) !== 0) throw new Stopped(EXIT.refused);
    });
  return examples(made, [example]);
}
