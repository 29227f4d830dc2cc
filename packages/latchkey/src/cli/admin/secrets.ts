/** `latchkey admin secrets`: the key that seals what a stolen database must not give away. */
import { Command } from 'commander';
import { examples } from '../command-help.ts';
import type { Terminal } from '../terminal.ts';
import { withData, withDataOptions } from './context.ts';

interface RotateOptions {
  readonly onlyNode?: true;
  readonly lostKey?: true;
}

/** `rotate`. */
export function secretsCommand(terminal: Terminal): Command {
  const command = new Command('secrets').description('the key that seals secrets in the database: rotate');
  command.addCommand(rotateCommand(terminal));
  return examples(command, ['latchkey admin secrets rotate']);
}

function rotateCommand(terminal: Terminal): Command {
  const command = new Command('rotate')
    .description('seal the secrets in the database with another key: a new one, or the first in the key file')
    .option('--only-node', 'with PostgreSQL: no other node has a key file of its own')
    .option('--lost-key', 'the key in force is lost: what it sealed stays closed')
    .action((options: RotateOptions) => {
      const lost = options.lostKey === true;
      return withData(
        command,
        terminal,
        async (ctx, permit) => {
          const { rotateKey } = await import('../../actions/instance/sealing.ts');
          const done = await rotateKey(ctx, permit, { onlyNode: options.onlyNode === true, lost });
          terminal.say(`the key ${done.keyId} is in force; sealed anew: ${done.sealed}`);
          if (done.lost > 0)
            terminal.say(
              `${done.lost} can't be opened any more: people use a recovery code and set up their second factor ` +
                `anew, ` +
                'webhooks need their secret again, and mails are to be asked for again',
            );
          terminal.say(`older keys stay in ${ctx.keys.path}, since backups need them`);
        },
        { keyIsLost: lost },
      );
    });
  return examples(withDataOptions(command), [
    'latchkey admin secrets rotate',
    'latchkey admin secrets rotate --secret-key-file /etc/latchkey/secret.key',
  ]);
}
