/**
 * `latchkey admin migrate`: moves everything that the database holds to another engine, or another PostgreSQL.
 *
 * Never: a password in what it prints.
 */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import type { SettingSources } from '../../base/settings/settings.ts';
import { examples } from '../command-help.ts';
import { closeToOthers } from '../file-modes.ts';
import { settingFlags } from '../setting-options.ts';
import { type Terminal, UsageError } from '../terminal.ts';
import { withDataOptions } from './context.ts';

interface MigrateOptions {
  readonly to?: string;
  readonly toFile?: string;
}

const SQLITE = 'sqlite';

/** Exactly one of `--to` and `--to-file` is needed. */
export function migrateCommand(terminal: Terminal): Command {
  const command = new Command('migrate')
    .description(
      'move the whole database to an empty one, while no server runs: from SQLite to PostgreSQL, or back; ' +
        'repositories and keys stay where they are',
    )
    .option('--to <ADDRESS>', 'postgres://…, or sqlite for the file latchkey.db in the data folder')
    .option('--to-file <FILE>', 'file with that address, if it has a password, which the process list would show')
    .action((options: MigrateOptions) => migrate(command, terminal, addressIn(options)));
  return examples(withDataOptions(command), [
    'latchkey admin migrate --to postgres://latchkey@db.example.org/latchkey',
    'latchkey admin migrate --to-file /etc/latchkey/database',
    'latchkey admin migrate --to sqlite --database postgres://latchkey@db.example.org/latchkey',
  ]);
}

function addressIn({ to, toFile }: MigrateOptions): string {
  if ((to === undefined) === (toFile === undefined))
    throw new UsageError('say where to: either --to ADDRESS or --to-file FILE');
  if (to !== undefined) return to;
  try {
    return readFileSync(toFile ?? '', 'utf8').trim();
  } catch (error) {
    throw new UsageError(`${toFile} can't be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

async function migrate(command: Command, terminal: Terminal, address: string): Promise<void> {
  const [{ readSettings }, { makeLog }, { moveDatabase }, { operatorPermit }] = await Promise.all([
    import('../../base/settings/sources.ts'),
    import('../../base/log.ts'),
    import('../../actions/backups/move.ts'),
    import('../../actions/decision/authorize.ts'),
  ]);
  const flags = settingFlags(command);
  const given = (more: SettingSources['flags']) =>
    readSettings({ flags: { ...flags, ...more }, env: terminal.env, purpose: 'admin' });
  const from = given({});
  // Read with the rest of the settings, so that a wrong address is told as `--database` tells it.
  const to = address === SQLITE ? { ...from, database: null } : given({ database: address });
  closeToOthers(from);
  const moved = await moveDatabase(operatorPermit(), {
    from,
    to,
    log: makeLog(from.logLevel === 'info' ? 'warn' : from.logLevel),
    onTable: (table, rows) => terminal.say(`${table}: ${rows}`),
  });
  terminal.say(`moved ${moved.rows} rows of ${moved.tables} tables, each compared after it had arrived`);
  if (moved.keptAs !== null)
    terminal.say(`the old file is ${moved.keptAs} now: keep it until you have seen the instance at work`);
  else terminal.say('the old database is as it was: let no server start on it again');
  terminal.say(
    address === SQLITE
      ? 'next: start the server without --database'
      : 'next: start the server with that address as its --database (or LATCHKEY_DATABASE_FILE)',
  );
}
