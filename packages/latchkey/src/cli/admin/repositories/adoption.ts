/** `latchkey admin repo adopt` and `list`: a folder that another server kept, taken over and compared. */
import { Command, Option } from 'commander';
import { adoptionReport, sayAdoption } from '../../adoption-report.ts';
import { examples } from '../../command-help.ts';
import { collect } from '../../option-values.ts';
import { type Terminal, UsageError } from '../../terminal.ts';
import { withData, withDataOptions } from '../context.ts';

interface AdoptFlags {
  readonly dryRun?: true;
  readonly map?: readonly string[];
  readonly json?: true;
}

export function adoptCommand(terminal: Terminal): Command {
  const command = new Command('adopt')
    .description(
      'register, as private, the bare repositories at OWNER/NAME.git in the folder that are not known yet; print ' +
        'their names, and say what was left out and why',
    )
    .option('--dry-run', 'change nothing, and say what would be done')
    .addOption(
      new Option(
        '--map <OLD=NEW>',
        'move the repository at OLD in the folder to OWNER/NAME, or all of the folder OLD to another login; ' +
          'may be repeated',
      ).argParser(collect),
    )
    .option('--json', 'print the report as one object')
    .action(({ dryRun, map, json }: AdoptFlags) => {
      const wish = { dryRun: dryRun === true, map: new Map((map ?? []).map(mapping)) };
      return withData(command, terminal, async (ctx, permit) => {
        const { adoptRepositories } = await import('../../../actions/repositories/inventory/adoption.ts');
        const adoption = await adoptRepositories(ctx, permit, wish);
        if (json === true) terminal.print(JSON.stringify(adoptionReport(adoption), null, 2));
        else for (const { fullName } of adoption.adopted) terminal.print(fullName);
        sayAdoption(terminal, adoption, wish.dryRun);
      });
    });
  return examples(withDataOptions(command), [
    'latchkey admin repo adopt --repositories /srv/git --dry-run',
    "latchkey admin repo adopt --repositories /srv/git --map 'tools/c++.git=acme/cpp' --map old-team=acme",
  ]);
}

/** A new name has no "=", an old one may. */
function mapping(text: string): readonly [place: string, name: string] {
  const mark = text.lastIndexOf('=');
  const [place, name] = [text.slice(0, mark).replace(/\/+$/, ''), text.slice(mark + 1).replace(/\.git$/, '')];
  if (mark < 1 || place === '' || !/^[^/]+(?:\/[^/]+)?$/.test(name))
    throw new UsageError(
      `--map takes OLD=NEW, not ${JSON.stringify(text)}`,
      "for example: --map 'tools/c++.git=acme/cpp', or --map old-team=acme",
    );
  return [place, name];
}

export function listCommand(terminal: Terminal): Command {
  const command = new Command('list')
    .description('print the names of all repositories, sorted')
    .option('--json', 'print an array with everything known about each')
    .action(({ json }: { json?: true }) =>
      withData(command, terminal, async (ctx) => {
        const { listForOperator } = await import('../../../actions/repositories/inventory/every-repository.ts');
        const all = await listForOperator(ctx);
        if (json === true) terminal.print(JSON.stringify(all, null, 2));
        else for (const { full_name } of all) terminal.print(full_name);
      }),
    );
  return examples(withDataOptions(command), ['latchkey admin repo list', 'latchkey admin repo list --json']);
}
