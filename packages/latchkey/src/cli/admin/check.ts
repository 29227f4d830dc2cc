/**
 * `latchkey admin check`: whether the repositories on the disk are those that the database knows, and whole.
 *
 * Invariant: it ends with 0 only if nothing was found.
 */
import { Command } from 'commander';
import type { RepositoryFindings } from '../../actions/instance/repository-checks.ts';
import { examples } from '../command-help.ts';
import { EXIT } from '../exit-codes.ts';
import { Stopped, type Terminal } from '../terminal.ts';
import { withData, withDataOptions } from './context.ts';

export function checkCommand(terminal: Terminal): Command {
  const command = new Command('check')
    .description('check all repositories for damage, and for what is only on the disk or only in the database')
    .option('--mend', 'rebuild what git derives from packs and refs: indexes, bitmaps, the commit-graph')
    .option('--json', 'print what was found as one object')
    .action((options: { json?: true; mend?: true }) =>
      withData(command, terminal, async (ctx, permit) => {
        const { inspectRepositories } = await import('../../actions/instance/repository-checks.ts');
        const found = await inspectRepositories(ctx, permit, { mends: options.mend === true });
        if (options.json === true) terminal.print(JSON.stringify(reportOf(found), null, 2));
        else tell(terminal, found);
        if (!isWell(found)) throw new Stopped(EXIT.refused);
      }),
    );
  return examples(withDataOptions(command), [
    'latchkey admin check',
    'latchkey admin check --mend',
    'latchkey admin check --json',
  ]);
}

function isWell({ withoutFiles, unknown, damaged, unfinished }: RepositoryFindings): boolean {
  return [withoutFiles, unknown, damaged, unfinished].every((list) => list.length === 0);
}

function tell(terminal: Terminal, found: RepositoryFindings): void {
  for (const { name, said } of found.damaged) terminal.say(`damaged: ${name}\n${said.replaceAll(/^/gm, '  ')}`);
  for (const name of found.mended) terminal.say(`mended: ${name}`);
  for (const name of found.withoutFiles) terminal.say(`without files: ${name}`);
  for (const name of found.unknown) terminal.say(`on the disk alone: ${name}`);
  for (const name of found.unfinished) terminal.say(`not looked through to its end: ${name}`);
  terminal.say(`looked at ${found.looked} ${found.looked === 1 ? 'repository' : 'repositories'}`);
  if (found.damaged.length > 0 || found.withoutFiles.length > 0)
    terminal.say(
      'hint: --mend makes anew what can be made; otherwise put the folders back from a backup, or push from a ' +
        'clone that has everything',
    );
  if (found.unknown.length > 0) terminal.say('hint: take them over with latchkey admin repo adopt, or move them away');
}

function reportOf(found: RepositoryFindings): object {
  return {
    ok: isWell(found),
    looked_at: found.looked,
    damaged: found.damaged,
    mended: found.mended,
    without_files: found.withoutFiles,
    on_disk_alone: found.unknown,
    unfinished: found.unfinished,
  };
}
