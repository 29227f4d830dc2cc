/**
 * `latchkey admin audit`: the audit log as evidence.
 *
 * Invariant: `verify` ends with 0 only if all is as it was written; what it can't tell is a fault, too.
 */
import { readFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import type { ExportRange } from '../../actions/audit/export.ts';
import type { ChainFault, ChainReport, KeptElsewhere } from '../../actions/audit/verify.ts';
import type { Context } from '../../actions/ground/context.ts';
import { problem } from '../../base/errors.ts';
import { isoDate, type UnixSeconds } from '../../base/time.ts';
import { examples } from '../command-help.ts';
import { EXIT } from '../exit-codes.ts';
import { Stopped, type Terminal, UsageError } from '../terminal.ts';
import { entryId, auditStreamsCommand as streamsCommand } from './audit-streams.ts';
import { withData, withDataOptions } from './context.ts';

/** `verify`, `checkpoint`, `export`, `prune` and `streams`. */
export function auditCommand(terminal: Terminal): Command {
  const command = new Command('audit').description(
    'the audit log as evidence: verify, checkpoint, export, prune, streams',
  );
  for (const verb of [verifyCommand, checkpointCommand, exportCommand, pruneCommand, streamsCommand])
    command.addCommand(verb(terminal));
  return examples(command, ['latchkey admin audit verify', 'latchkey admin audit export --output audit.jsonl']);
}

function verifyCommand(terminal: Terminal): Command {
  const command = new Command('verify')
    .description('check that no entry was changed, removed, added or moved; exits with 1 if one was')
    .option('--against <FILE>', 'compare with checkpoints kept elsewhere: JSON lines, as printed or exported')
    .option('--without-lost-keys', 'a key is lost: do not ask for signatures that were made with it')
    .option('--json', 'print the report as one object')
    .action((options: { against?: string; withoutLostKeys?: true; json?: true }) =>
      withData(command, terminal, async (ctx) => {
        const { verifyAudit } = await import('../../actions/audit/verify.ts');
        const report = await verifyAudit(ctx, {
          keptElsewhere: options.against === undefined ? [] : checkpointsIn(options.against),
          withoutUnknownKeys: options.withoutLostKeys === true,
        });
        if (options.json === true) terminal.print(JSON.stringify(reportLine(report), null, 2));
        else tell(terminal, report);
        if (report.faultCount > 0) throw new Stopped(EXIT.refused);
      }),
    );
  return examples(withDataOptions(command), [
    'latchkey admin audit verify',
    'latchkey admin audit verify --against checkpoints.jsonl --json',
  ]);
}

function tell(terminal: Terminal, report: ChainReport): void {
  const { faults, faultCount, entries, checkpoints, unchained, prunedThroughId } = report;
  for (const fault of faults) terminal.say(`error: ${sentenceOf(fault)}`);
  if (faultCount > faults.length) terminal.say(`error: ${faultCount - faults.length} more`);
  const kept = `${entries} entries under ${checkpoints} checkpoints`;
  terminal.say(faultCount === 0 ? `as it was written: ${kept}` : `looked at ${kept}`);
  if (prunedThroughId > 0) terminal.say(`pruned: all entries up to ${prunedThroughId}`);
  if (unchained > 0) terminal.say(`written since the last checkpoint, so not told yet: ${unchained}`);
}

/** `an entry was changed: entry 7 (checkpoint 1, entries 1 to 40)` */
function sentenceOf({ words, checkpoint, firstId, lastId, entry, detail }: ChainFault): string {
  const range =
    firstId === null ? (lastId === null ? '' : `, entries up to ${lastId}`) : `, entries ${firstId} to ${lastId}`;
  const where = checkpoint === null ? '' : `checkpoint ${checkpoint}${range}`;
  const what = entry === null ? where : `entry ${entry} (${where})`;
  return [words, [what, detail ?? ''].filter((part) => part !== '').join(', ')]
    .filter((part) => part !== '')
    .join(': ');
}

function reportLine(report: ChainReport): object {
  return {
    ok: report.faultCount === 0,
    entries: report.entries,
    checkpoints: report.checkpoints,
    pruned_through_id: report.prunedThroughId,
    unchained: report.unchained,
    fault_count: report.faultCount,
    faults: report.faults.map(({ kind, words, checkpoint, firstId, lastId, entry, detail }) => ({
      kind,
      message: words,
      checkpoint,
      first_id: firstId,
      last_id: lastId,
      entry,
      detail,
    })),
  };
}

/** The checkpoints in a file; other lines of an export are skipped. */
function checkpointsIn(path: string): KeptElsewhere[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`${path} can't be read (${(error as NodeJS.ErrnoException).code})`);
  }
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const found = lines.flatMap((line, i) => {
    try {
      const { action, number, digest } = JSON.parse(line) as Record<string, unknown>;
      if (action !== 'audit_log.checkpoint') return [];
      if (Number.isSafeInteger(number) && typeof digest === 'string') return [{ number: Number(number), digest }];
    } catch {}
    throw new UsageError(`line ${i + 1} of ${path} is no line of an export`);
  });
  if (found.length === 0)
    throw new UsageError(`${path} holds no checkpoint`, 'make one: latchkey admin audit checkpoint');
  return found;
}

function checkpointCommand(terminal: Terminal): Command {
  const command = new Command('checkpoint')
    .description('print the newest checkpoint as a line of JSON; keep it out of reach of anyone who can change the log')
    .action(() =>
      withData(command, terminal, async (ctx) => {
        const { chainAll, checkpointLine, newestCheckpointOf } = await import('../../actions/audit/chain.ts');
        await chainAll(ctx);
        const newest = await newestCheckpointOf(ctx);
        if (newest === null) throw problem('unprocessable', 'The log is empty.');
        terminal.print(JSON.stringify(checkpointLine(newest)));
      }),
    );
  return examples(withDataOptions(command), ['latchkey admin audit checkpoint >> /mnt/elsewhere/checkpoints.jsonl']);
}

interface ExportOptions {
  readonly output?: string;
  readonly resume?: true;
  readonly after?: number;
  readonly through?: number;
  readonly since?: UnixSeconds;
  readonly until?: UnixSeconds;
}

function exportCommand(terminal: Terminal): Command {
  const command = new Command('export')
    .description('write the log of the instance as JSON lines, oldest first, with its checkpoints')
    .option('--output <FILE>', 'a new file; left out: standard output')
    .option('--resume', 'continue the file where it ends')
    .option('--after <ID>', 'entries after this one', entryId)
    .option('--through <ID>', 'up to this one', entryId)
    .option('--since <DATE>', 'entries of this day and later, in UTC; with dates, checkpoints are left out', day)
    .option('--until <DATE>', 'entries before this day', day)
    .action((options: ExportOptions) => {
      if (options.resume === true && (options.output === undefined || options.after !== undefined))
        throw new UsageError('--resume goes on with the file of --output, so it needs that, and takes no --after');
      return withData(command, terminal, (ctx) => exportTo(ctx, terminal, options));
    });
  return examples(withDataOptions(command), [
    'latchkey admin audit export --output audit.jsonl',
    'latchkey admin audit export --output audit.jsonl --resume',
    'latchkey admin audit export --since 2026-11-01 --until 2026-12-01 | gzip > november.jsonl.gz',
  ]);
}

/** Exports, and says how much. */
export async function exportTo(ctx: Context, terminal: Terminal, options: ExportOptions): Promise<void> {
  const { exportAudit } = await import('../../actions/audit/export.ts');
  const file = options.output === undefined ? null : await openOutput(options.output, options.resume === true);
  const asked: ExportRange = {
    ...(options.after === undefined ? {} : { afterId: options.after }),
    ...(options.through === undefined ? {} : { throughId: options.through }),
    ...(options.since === undefined ? {} : { sinceAt: options.since }),
    ...(options.until === undefined ? {} : { untilAt: options.until }),
    ...file?.from,
  };
  let [entries, lastId] = [0, asked.afterId ?? 0];
  try {
    for await (const lines of exportAudit(ctx, asked)) {
      if (file !== null) await file.append(lines.text);
      else if (!(await terminal.write(lines.text))) break;
      entries += lines.entries;
      lastId = lines.lastId;
    }
    await file?.sync();
  } finally {
    await file?.close();
  }
  terminal.say(`exported ${entries} entries; what comes later: --after ${lastId}`);
}

async function openOutput(path: string, resumes: boolean) {
  const [{ openLineFile }, { resumeAfter }] = await Promise.all([
    import('../../base/line-file.ts'),
    import('../../actions/audit/export.ts'),
  ]);
  const file = await openLineFile(path, !resumes).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST') throw problem('unprocessable', `${path} is there already; go on with it: --resume.`);
    throw problem('unprocessable', `${path} can't be written (${error.code}).`);
  });
  const from = file.lastLine === null ? {} : resumeAfter(file.lastLine);
  if (from !== null) return { ...file, from };
  await file.close();
  throw problem('unprocessable', `The last line of ${path} is no line of an export.`);
}

function pruneCommand(terminal: Terminal): Command {
  const command = new Command('prune')
    .description('delete the oldest entries, in ranges that ended before a day; their checkpoints stay')
    .requiredOption('--before <DATE>', 'the day, in UTC', day)
    .option('--unsent', 'also entries that a stream has not sent yet, or no longer sends')
    .action(({ before, unsent }: { before: UnixSeconds; unsent?: true }) =>
      withData(command, terminal, async (ctx, permit) => {
        const { pruneAudit } = await import('../../actions/audit/prune.ts');
        const { deleted, throughId, checkpoint } = await pruneAudit(ctx, permit, {
          before,
          unsent: unsent === true,
        });
        terminal.say(`deleted ${deleted} entries, all up to ${throughId} (checkpoint ${checkpoint})`);
      }),
    );
  return examples(withDataOptions(command), [`latchkey admin audit prune --before ${isoDate(1_767_225_600)}`]);
}

function day(text: string): UnixSeconds {
  const at = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at) || isoDate(at / 1000) !== text) throw new InvalidArgumentError('A day is given as 2026-11-21.');
  return at / 1000;
}
