/**
 * `latchkey admin restore`: what the operator says after the database was put back from a backup.
 *
 * The data itself is put back by the tools that made the backup; until this has run, no server starts on it.
 */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { Command } from 'commander';
import type { Known } from '../../actions/instance/restoration.ts';
import type { LostEntry } from '../../catalogue/lost-time.ts';
import { examples } from '../command-help.ts';
import { type Terminal, UsageError } from '../terminal.ts';
import { withData, withDataOptions } from './context.ts';

interface RestoreOptions {
  readonly tail?: string;
  readonly endAllTokens?: true;
  readonly nothingEnded?: true;
}

/** Exactly one of its three options is needed. */
export function restoreCommand(terminal: Terminal): Command {
  const command = new Command('restore')
    .description(
      'after the database was put back from a backup: end what had been ended since, and go on with ids above all ' +
        'that were given out',
    )
    .option('--tail <FILE>', 'an export of the audit log that was kept elsewhere: ends what it says was ended')
    .option('--end-all-tokens', 'nobody knows what was ended since: revoke every token')
    .option('--nothing-ended', 'nothing was revoked, replaced or changed since the backup')
    .action(async (options: RestoreOptions) => {
      const known = await knownBy(options);
      await withData(
        command,
        terminal,
        async (ctx, permit) => {
          const { beginAnew } = await import('../../actions/instance/restoration.ts');
          const done = await beginAnew(ctx, permit, known);
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
        },
        { isRestoring: true },
      );
    });
  return examples(withDataOptions(command), [
    'latchkey admin restore --tail /mnt/elsewhere/audit.jsonl',
    'latchkey admin restore --end-all-tokens',
  ]);
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
