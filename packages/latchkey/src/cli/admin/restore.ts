/**
 * `latchkey admin restore`: puts a backup back, and does what the operator says about the time since.
 *
 * Without the place of a backup, the data was put back by the tools that copied it; until this has run, no server
 * starts on it.
 */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { Command } from 'commander';
import type { Context } from '../../actions/ground/context.ts';
import type { Known, Restoration } from '../../actions/instance/restoration.ts';
import type { LostEntry } from '../../catalogue/lost-time.ts';
import { examples } from '../command-help.ts';
import { closeToOthers } from '../file-modes.ts';
import { settingFlags } from '../setting-options.ts';
import { type Terminal, UsageError } from '../terminal.ts';
import { withData, withDataOptions } from './context.ts';

interface RestoreOptions {
  readonly at?: string;
  readonly identity?: string;
  readonly lostKey?: true;
  readonly tail?: string;
  readonly endAllTokens?: true;
  readonly nothingEnded?: true;
}

/** Exactly one of the three options that say what is known is needed. */
export function restoreCommand(terminal: Terminal): Command {
  const command = new Command('restore')
    .description(
      'restore a backup into an empty data folder or database; then, or after other tools restored the database, ' +
        'revoke what was revoked since the backup, and continue with ids above all those given out',
    )
    .argument('[FROM]', 'the folder or file that `latchkey admin backup` wrote')
    .option('--tail <FILE>', 'an export of the audit log kept elsewhere: revokes what it says was revoked')
    .option('--end-all-tokens', 'nobody knows what was revoked since: revoke every token')
    .option('--nothing-ended', 'nothing was revoked, replaced or changed since the backup')
    .option('--at <NAME>', 'of several backups, this one: 20261129T125310Z (default: the newest)')
    .option('--identity <FILE>', 'age identity that opens an encrypted backup')
    .option('--lost-key', 'the key file is lost: go on without what it sealed')
    .action(async (from: string | undefined, options: RestoreOptions) => {
      if (from === undefined && (options.at ?? options.identity ?? options.lostKey) !== undefined)
        throw new UsageError('--at, --identity and --lost-key are about a backup: say where it is');
      const known = await knownBy(options);
      if (from !== undefined) await putBack(command, terminal, from, options);
      await withData(
        command,
        terminal,
        async (ctx, permit) => {
          const { beginAnew } = await import('../../actions/instance/restoration.ts');
          tell(terminal, await beginAnew(ctx, permit, known));
          if (from !== undefined) await finish(ctx, terminal);
        },
        { isRestoring: true, isPuttingBack: from !== undefined, keyIsLost: options.lostKey === true },
      );
    });
  return examples(withDataOptions(command), [
    'latchkey admin restore /mnt/backups/latchkey --tail /mnt/elsewhere/audit.jsonl',
    'latchkey admin restore latchkey.tar --identity identity.txt --end-all-tokens',
    'latchkey admin restore --tail /mnt/elsewhere/audit.jsonl',
    'latchkey admin restore --end-all-tokens',
  ]);
}

async function putBack(command: Command, terminal: Terminal, path: string, options: RestoreOptions): Promise<void> {
  const [
    { openOrigin },
    { backupNames, isEncrypted },
    { decryptionBy, NO_ENCRYPTION },
    { restoreBackup },
    sources,
    log,
  ] = await Promise.all([
    import('../../actions/backups/places.ts'),
    import('../../actions/backups/verifying.ts'),
    import('../../actions/backups/encryption.ts'),
    import('../../actions/backups/restoring.ts'),
    import('../../base/settings/sources.ts'),
    import('../../base/log.ts'),
  ]);
  const settings = sources.readSettings({ flags: settingFlags(command), env: terminal.env, purpose: 'admin' });
  closeToOthers(settings);
  const identity = options.identity === undefined ? null : await decryptionBy(options.identity);
  const origin = await openOrigin(path);
  try {
    const names = await backupNames({ origin });
    const name = options.at ?? names[0] ?? '';
    if (!names.includes(name))
      throw new UsageError(`there is no backup ${name} in ${path}`, `there are: ${names.slice(0, 10).join(', ')}`);
    await restoreBackup({
      settings,
      from: { origin, encryption: (await isEncrypted({ origin }, name)) ? (identity ?? NO_ENCRYPTION) : NO_ENCRYPTION },
      name,
      keyIsLost: options.lostKey === true,
      log: log.makeLog('warn'),
      say: terminal.say,
    });
  } finally {
    await origin.close();
  }
}

/** Says what goes on by itself now, and what doesn't fit together; then servers may start. */
async function finish(ctx: Context, terminal: Terminal): Promise<void> {
  const { endRestoration, whatWakesUp } = await import('../../actions/backups/restoring.ts');
  const { tokens, mails, deliveries, withoutFiles, unknown } = await whatWakesUp(ctx);
  for (const name of withoutFiles) terminal.say(`without files: ${name}`);
  for (const name of unknown) terminal.say(`on the disk alone: ${name}`);
  terminal.say(
    `what works again when a server starts: ${tokens} tokens; what waited then is sent: ${mails} mails, ` +
      `${deliveries} webhook deliveries`,
  );
  await endRestoration(ctx.settings);
  terminal.say('next: start the server');
}

function tell(terminal: Terminal, done: Restoration): void {
  terminal.say(
    `epoch ${done.epoch} has begun: revoked ${done.endedTokens} tokens, suspended ${done.suspended} people, ` +
      `locked ${done.locked} until they choose a new password`,
  );
  terminal.say('every session, every link in a mail and every sign-in of a command has ended');
  if (done.inDoubt > 0) {
    terminal.say(`in doubt: ${done.inDoubt} of these tokens, which nobody is known to have ended`);
    terminal.say(
      'hint: bring them back, or confirm their end, on the page /instance/restoration; or bring them back ' +
        'with latchkey admin token restore',
    );
  }
  if (done.lostEntries !== null) terminal.say(`entries of the log that are lost: ${done.lostEntries}`);
  for (const [action, times] of done.byHand) terminal.say(`to be done again by hand: ${action} (${times})`);
}

async function knownBy({ tail, endAllTokens, nothingEnded }: RestoreOptions): Promise<Known> {
  if ([tail, endAllTokens, nothingEnded].filter((given) => given !== undefined).length !== 1)
    throw new UsageError(
      'say what is known of the time since the backup: --tail FILE, --end-all-tokens or --nothing-ended',
      'a tail is made with: latchkey admin audit export --output FILE --resume',
    );
  if (tail !== undefined) return { how: 'tail', entries: await entriesIn(tail) };
  return { how: endAllTokens === true ? 'end-all-tokens' : 'nothing-ended' };
}

/** The entries of an export, oldest first. */
async function entriesIn(path: string): Promise<LostEntry[]> {
  const entries: LostEntry[] = [];
  let number = 0;
  try {
    for await (const line of createInterface({ input: createReadStream(path, 'utf8') })) {
      number++;
      if (line.trim() !== '') entries.push(...entryIn(line));
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(
      code === undefined
        ? `line ${number} of ${path} is no line of an export of the audit log`
        : `${path} can't be read (${code})`,
    );
  }
  if (entries.length === 0) throw new UsageError(`${path} has no entry of the audit log`);
  return entries.sort((a, b) => a.id - b.id);
}

interface ExportedLine {
  readonly _document_id?: string;
  readonly action: string;
  readonly user_id?: number;
  readonly about_token_id?: number;
  readonly data?: { readonly previous_id?: number };
}

/** Empty for a checkpoint. @throws Error when it isn't a line of an export */
function entryIn(line: string): LostEntry[] {
  const { _document_id: id, action, user_id: userId, about_token_id: tokenId, data } = JSON.parse(line) as ExportedLine;
  if (action === 'audit_log.checkpoint') return [];
  if (!/^[1-9]\d{0,15}$/.test(id ?? '') || typeof action !== 'string') throw new Error('no entry');
  return [
    {
      id: Number(id),
      action,
      userId: userId ?? null,
      tokenId: tokenId ?? null,
      previousTokenId: data?.previous_id ?? null,
    },
  ];
}
