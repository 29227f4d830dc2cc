/** `latchkey admin lfs`: the objects of Git LFS. */
import { Command, InvalidArgumentError } from 'commander';
import { usedInWords } from '../../base/sizes-in-words.ts';
import { examples } from '../command-help.ts';
import type { Terminal } from '../terminal.ts';
import { fullNameOf, withData, withDataOptions } from './context.ts';

/** `gc`. */
export function lfsCommand(terminal: Terminal): Command {
  const command = new Command('lfs').description('objects of Git LFS: gc');
  command.addCommand(gcCommand(terminal));
  return examples(command, ['latchkey admin lfs gc --dry-run']);
}

function gcCommand(terminal: Terminal): Command {
  const command = new Command('gc')
    .description('remove LFS objects that no file names in any commit of their repository, reachable or not')
    .argument('[OWNER/NAME]', 'one repository; left out: all of them')
    .option('--older-than-days <DAYS>', 'only objects that were sent at least this long ago', daysIn, 14)
    .option('--dry-run', 'remove nothing, and say what would be removed');
  command.action(
    (fullName: string | undefined, { olderThanDays, dryRun }: { olderThanDays: number; dryRun?: true }) => {
      const isDry = dryRun === true;
      const name = fullName === undefined ? null : fullNameOf(fullName);
      return withData(command, terminal, async (ctx, permit) => {
        const { collectLfs } = await import('../../actions/lfs/collection.ts');
        let bytes = 0;
        for await (const found of collectLfs(ctx, permit, { name, olderThanDays, isDry })) {
          bytes += found.bytes;
          terminal.print(
            [found.fullName, found.objects, usedInWords(Math.ceil(found.bytes / 1024)), found.kept].join('\t'),
          );
        }
        terminal.say(`${isDry ? 'would free' : 'freed'} ${usedInWords(Math.ceil(bytes / 1024))}`);
      });
    },
  );
  return examples(withDataOptions(command), [
    'latchkey admin lfs gc --dry-run',
    'latchkey admin lfs gc acme/art --older-than-days 30',
  ]);
}

/** A day at least: younger objects may belong to a push that is under way. */
function daysIn(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError('The days are a whole number from 1 to 9999.');
  return Number(text);
}
