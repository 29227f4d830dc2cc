/** `latchkey admin audit streams`: how far each stream of the audit log is, and how to send something again. */
import { Command, InvalidArgumentError } from 'commander';
import { isoInstant } from '../../base/time.ts';
import { examples } from '../command-help.ts';
import { alignedTable } from '../table.ts';
import { type Terminal, UsageError } from '../terminal.ts';
import { withData, withDataOptions } from './context.ts';

type Name = 'webhook' | 'syslog' | 'file';
interface Options {
  readonly rewind?: Name;
  readonly after?: number;
  readonly json?: true;
}

/** Shows them; with `--rewind`, sets one of them. */
export function auditStreamsCommand(terminal: Terminal): Command {
  const command = new Command('streams')
    .description('show how far each stream of the log has come, or set one to another entry')
    .option('--rewind <STREAM>', 'set this one: webhook, syslog or file', streamName)
    .option('--after <ID>', 'send what comes after this entry next; 0 sends everything', entryId)
    .option('--json', 'print an array')
    .action(({ rewind, after, json }: Options) => {
      if ((rewind === undefined) !== (after === undefined))
        throw new UsageError('--rewind and --after belong together', 'for example: --rewind webhook --after 4711');
      return withData(command, terminal, async (ctx, permit) => {
        const { listStreamHealth, rewindStream } = await import('../../actions/audit/streams.ts');
        if (rewind !== undefined && after !== undefined) {
          await rewindStream(ctx, permit, rewind, after);
          terminal.say(`the stream ${rewind} goes on after ${after}`);
          return;
        }
        const rows = (await listStreamHealth(ctx)).map((stream) => ({
          name: stream.name,
          sent_through: stream.afterId,
          behind: stream.behind,
          sent_at: stream.sentAt === null ? null : isoInstant(stream.sentAt),
          failures: stream.failures,
          last_error: stream.lastError,
        }));
        const columns = ['name', 'sent_through', 'behind', 'sent_at', 'failures', 'last_error'] as const;
        if (json === true) terminal.print(JSON.stringify(rows, null, 2));
        else if (rows.length === 0) terminal.say('the log is not streamed; see docs/audit.md');
        else for (const line of alignedTable(columns, rows)) terminal.print(line);
      });
    });
  return examples(withDataOptions(command), [
    'latchkey admin audit streams',
    'latchkey admin audit streams --rewind webhook --after 4711',
  ]);
}

function streamName(text: string): Name {
  if (text === 'webhook' || text === 'syslog' || text === 'file') return text;
  throw new InvalidArgumentError('A stream is webhook, syslog or file.');
}

/** An entry's id, as typed. */
export function entryId(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('An id of an entry is a whole number.');
  return Number(text);
}
