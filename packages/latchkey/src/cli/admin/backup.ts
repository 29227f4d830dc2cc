/**
 * `latchkey admin backup`: everything that the instance holds, as it is at one moment, while the server runs.
 *
 * Data goes to the folder, or to stdout in the form of tar; words go to stderr.
 */
import { Command, InvalidArgumentError } from 'commander';
import type { Encryption } from '../../actions/backups/encryption.ts';
import type { MadeBackup } from '../../actions/backups/making.ts';
import type { Target } from '../../actions/backups/places.ts';
import { usedInWords } from '../../base/sizes-in-words.ts';
import { lowerPriority } from '../../git/processes/priority.ts';
import { examples } from '../command-help.ts';
import { EXIT } from '../exit-codes.ts';
import { collect } from '../option-values.ts';
import { settingFlags } from '../setting-options.ts';
import { Stopped, type Terminal, UsageError } from '../terminal.ts';
import { exportTo } from './audit.ts';
import { withData, withDataOptions } from './context.ts';

interface BackupOptions {
  readonly recipient?: readonly string[];
  readonly withKey?: true;
  readonly full?: true;
  readonly keep?: number;
  readonly tail?: string;
  readonly verify?: true;
  readonly identity?: string;
  readonly makeIdentity?: true;
}

const OUTPUT = '-';

export function backupCommand(terminal: Terminal): Command {
  const command = new Command('backup')
    .description(
      'back up the database and the repositories, as they are at one moment, while the server runs; what is ' +
        'sealed stays sealed, and the key file is left out',
    )
    .argument('<TO>', 'folder, where each backup adds what is new; - for standard output, as a tar archive')
    .option('--recipient <KEY>', 'encrypt for this age recipient (age1…); may be repeated', collect)
    .option('--with-key', 'also back up the key file; encrypted backups only')
    .option('--full', 'back up all repositories in full, whatever earlier backups hold')
    .option('--keep <N>', 'afterwards, delete all backups in the folder but the newest N', backupCount)
    .option('--tail <FILE>', 'continue an export of the audit log, for `latchkey admin restore --tail`')
    .option('--verify', 'make no backup: check that those in the folder, or the file, are intact')
    .option('--identity <FILE>', 'with --verify: age identity that opens encrypted backups, to check each row')
    .option('--make-identity', 'make no backup: write a new age identity to the file, and print its recipient')
    .action((to: string, options: BackupOptions) => {
      if (options.makeIdentity === true) return makeOne(to, terminal);
      return options.verify === true ? verify(command, terminal, to, options) : backUp(command, terminal, to, options);
    });
  return examples(withDataOptions(command), [
    'latchkey admin backup /mnt/backups/latchkey --keep 14 --tail /mnt/elsewhere/audit.jsonl',
    'latchkey admin backup /mnt/backups/latchkey --verify',
    'latchkey admin backup --make-identity identity.txt',
    'latchkey admin backup - --recipient age1… | ssh backup@example.org "cat > latchkey.tar"',
  ]);
}

function backupCount(text: string): number {
  const count = Number(text);
  if (!/^\d{1,5}$/.test(text) || count < 1) throw new InvalidArgumentError('A number of backups is 1 to 99999.');
  return count;
}

async function makeOne(path: string, terminal: Terminal): Promise<void> {
  const { makeIdentity } = await import('../../actions/backups/encryption.ts');
  terminal.print(await makeIdentity(path));
  terminal.say(`${path} opens what is encrypted for it: keep it away from this server, where you will find it`);
}

async function backUp(command: Command, terminal: Terminal, to: string, options: BackupOptions): Promise<void> {
  if (to === OUTPUT && options.keep !== undefined)
    throw new UsageError('--keep deletes from a folder; standard output holds one backup alone');
  if (to === OUTPUT && terminal.isWatched === true)
    throw new UsageError('standard output is a terminal', 'send it somewhere: latchkey admin backup - > latchkey.tar');
  // The server may need the processor meanwhile, and nobody waits for a backup.
  if (terminal.isOwnProcess === true) lowerPriority(process.pid);
  const [{ makeBackup }, { encryptionFor, NO_ENCRYPTION }, places] = await Promise.all([
    import('../../actions/backups/making.ts'),
    import('../../actions/backups/encryption.ts'),
    import('../../actions/backups/places.ts'),
  ]);
  const recipients = options.recipient ?? [];
  const encryption: Encryption = recipients.length === 0 ? NO_ENCRYPTION : await encryptionFor(recipients);
  const folder = to === OUTPUT ? null : new places.BackupFolder(to);
  const target: Target = folder ?? new places.BackupStream((bytes) => terminal.write(bytes));
  const made = await withData(command, terminal, async (ctx, permit) => {
    await folder?.demandOurs();
    const done = await makeBackup(ctx, permit, {
      target,
      encryption,
      withKey: options.withKey === true,
      isFull: options.full === true,
    });
    tell(terminal, done, options.withKey === true);
    if (options.tail !== undefined) await exportTo(ctx, terminal, { output: options.tail, resume: true });
    return done;
  });
  if (folder !== null && options.keep !== undefined) {
    const { keepNewest } = await import('../../actions/backups/aging.ts');
    for (const name of await keepNewest(folder, options.keep)) terminal.say(`deleted the backup ${name}`);
  }
  if (made.missing.length > 0) throw new Stopped(EXIT.refused);
}

function tell(terminal: Terminal, made: MadeBackup, hasKey: boolean): void {
  terminal.say(
    `made the backup ${made.name}: ${made.rows} rows, ${made.repositories} repositories, ` +
      `${usedInWords(Math.ceil(made.bytes / 1024))} written`,
  );
  for (const { name, why } of made.missing) terminal.say(`not in it: ${name}: ${why}`);
  for (const name of made.withHooks) terminal.say(`not in it: the hooks of ${name}, which run programs`);
  if (!hasKey) terminal.say('not in it: the key file; keep that apart, since nothing sealed opens without it');
}

async function verify(command: Command, terminal: Terminal, path: string, { identity }: BackupOptions): Promise<void> {
  const [{ openOrigin }, checks, { decryptionBy, NO_ENCRYPTION }, { readSettings }, { keysNow }] = await Promise.all([
    import('../../actions/backups/places.ts'),
    import('../../actions/backups/verifying.ts'),
    import('../../actions/backups/encryption.ts'),
    import('../../base/settings/sources.ts'),
    import('../../actions/backups/restoring.ts'),
  ]);
  const encryption = identity === undefined ? NO_ENCRYPTION : await decryptionBy(identity);
  const keys = keysNow(readSettings({ flags: settingFlags(command), env: terminal.env, purpose: 'admin' }));
  const origin = await openOrigin(path);
  try {
    for (const name of await checks.backupNames({ origin })) {
      const parts = await checks.verifyParts({ origin }, name);
      const isSealed = await checks.isEncrypted({ origin }, name);
      if (isSealed && identity === undefined) {
        terminal.say(`${name}: its ${parts} parts are as they were written; --identity FILE looks at each row, too`);
        continue;
      }
      const from = { origin, encryption: isSealed ? encryption : NO_ENCRYPTION };
      const opened = await checks.openBackup(from, name, keys);
      const { rows, repositories, missing } = await checks.verifyContents(from, opened);
      terminal.say(
        `${name}: whole: ${rows} rows, ${repositories} repositories, ${parts} parts; ${SIGNED[opened.origin]}`,
      );
      for (const one of missing) terminal.say(`${name}: not in it: ${one}`);
    }
  } finally {
    await origin.close();
  }
}

const SIGNED = {
  ours: 'signed with the key that is here',
  'not ours': 'NOT signed with the key that is here: made by another instance, or changed',
  unknown: 'signed with a key that is not here',
} as const;
