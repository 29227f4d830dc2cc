/** `latchkey admin repo mirror`: repositories that follow one at another server, or are followed by one there. */
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Mirror } from '../../../actions/repositories/creation/mirrors.ts';
import { isoInstant } from '../../../base/time.ts';
import { examples } from '../../command-help.ts';
import { EXIT } from '../../exit-codes.ts';
import { addSettingOptions } from '../../setting-options.ts';
import { Stopped, type Terminal } from '../../terminal.ts';
import { fullNameOf, withData, withDataOptions } from '../context.ts';
import { readCredential, withCredentialOptions } from './credential-option.ts';

/** `add`, `list`, `run` and `remove`. */
export function mirrorCommand(terminal: Terminal): Command {
  const command = new Command('mirror').description('mirrors at other servers: add, list, run, remove');
  for (const verb of [addCommand, listCommand, runCommand, removeCommand]) command.addCommand(verb(terminal));
  return examples(command, [
    'latchkey admin repo mirror add acme/site pull https://git.example.org/site.git --credential-file token.txt',
    'latchkey admin repo mirror list acme/site',
  ]);
}

const withRemoteOptions = (command: Command): Command =>
  addSettingOptions(withDataOptions(command), ['webhookNetworks', 'maxRepositoryMib']);

const MIN_MINUTES = 5;
const MAX_MINUTES = 43_200;

function minutes(text: string): number {
  const count = Number(text);
  if (!/^\d{1,5}$/.test(text) || count < MIN_MINUTES || count > MAX_MINUTES)
    throw new InvalidArgumentError(`Minutes are ${MIN_MINUTES} to ${MAX_MINUTES}.`);
  return count;
}

interface AddFlags {
  readonly every: number;
  readonly username?: string;
  readonly credentialFile?: string;
}

function addCommand(terminal: Terminal): Command {
  const command = withCredentialOptions(
    new Command('add')
      .description('follow another repository (pull: it overwrites this one), or let another one follow (push)')
      .argument('<OWNER/NAME>', 'the repository here')
      .argument('<DIRECTION>', 'pull or push', direction)
      .argument('<URL>', 'the other repository: https://…')
      .addOption(new Option('--every <MINUTES>', 'how often').argParser(minutes).default(60)),
  );
  command.action((fullName: string, way: Mirror['direction'], url: string, flags: AddFlags) => {
    const name = fullNameOf(fullName);
    return withData(command, terminal, async (ctx, permit) => {
      const secret = await readCredential(terminal, flags);
      const [{ addMirror }, { onRepository }] = await Promise.all([
        import('../../../actions/repositories/creation/mirrors.ts'),
        import('../../../actions/repositories/transfers.ts'),
      ]);
      const draft = { direction: way, url, username: flags.username ?? '', secret, everySec: flags.every * 60 };
      const { id } = await addMirror(ctx, await onRepository(ctx, permit, name), draft);
      const does = way === 'pull' ? `${fullName} follows ${url}` : `${url} follows ${fullName}`;
      terminal.say(`mirror ${id}: ${does}, every ${flags.every} minutes; a running server begins at once`);
    });
  });
  return examples(withRemoteOptions(command), [
    'latchkey admin repo mirror add acme/site pull https://git.example.org/site.git',
    'latchkey admin repo mirror add acme/site push https://git.example.org/copy.git --every 15',
  ]);
}

function direction(text: string): Mirror['direction'] {
  if (text !== 'pull' && text !== 'push') throw new InvalidArgumentError('It is pull or push.');
  return text;
}

function listCommand(terminal: Terminal): Command {
  const command = new Command('list')
    .description('the mirrors of a repository: where, how the last run ended, when the next one is')
    .argument('<OWNER/NAME>', 'the repository')
    .option('--json', 'print them as JSON')
    .action((fullName: string, { json }: { json?: true }) => {
      const name = fullNameOf(fullName);
      return withData(command, terminal, async (ctx, permit) => {
        const [{ listMirrors }, { onRepository }] = await Promise.all([
          import('../../../actions/repositories/creation/mirrors.ts'),
          import('../../../actions/repositories/transfers.ts'),
        ]);
        const all = await listMirrors(ctx, await onRepository(ctx, permit, name));
        if (json === true) return terminal.print(JSON.stringify(all.map(shown), null, 2));
        for (const mirror of all) terminal.print(inWords(mirror));
        if (all.length === 0) terminal.say(`${fullName} has no mirror`);
      });
    });
  return examples(withDataOptions(command), ['latchkey admin repo mirror list acme/site']);
}

const when = (at: number | null): string | null => (at === null ? null : isoInstant(at));

function shown({ id, direction: way, url, username, secret, everySec, ...times }: Mirror): object {
  return {
    id,
    direction: way,
    url,
    username: username === '' ? null : username,
    has_credential: secret !== null,
    every_minutes: everySec / 60,
    last_run_began_at: when(times.startedAt),
    last_run_ended_at: when(times.endedAt),
    last_success_at: when(times.succeededAt),
    error: times.error,
    next_run_at: isoInstant(times.nextRunAt),
  };
}

function inWords(mirror: Mirror): string {
  const { id, direction: way, url, error, endedAt, succeededAt, nextRunAt, everySec } = mirror;
  const last =
    endedAt === null
      ? 'has not run yet'
      : error === null
        ? `done ${isoInstant(endedAt)}`
        : `failed ${isoInstant(endedAt)}: ${error} Last success: ${when(succeededAt) ?? 'never'}.`;
  return `${id}  ${way}  ${url}  every ${everySec / 60} minutes\n    ${last}\n    next run ${isoInstant(nextRunAt)}`;
}

function runCommand(terminal: Terminal): Command {
  const command = new Command('run')
    .description('run a mirror now, here, and say how it ended')
    .argument('<OWNER/NAME>', 'the repository')
    .argument('<ID>', 'the mirror, as the list shows it')
    .action((fullName: string, id: string) => {
      const name = fullNameOf(fullName);
      return withData(command, terminal, async (ctx, permit) => {
        const [{ listMirrors, runMirror }, { onRepository }] = await Promise.all([
          import('../../../actions/repositories/creation/mirrors.ts'),
          import('../../../actions/repositories/transfers.ts'),
        ]);
        const mirror = (await listMirrors(ctx, await onRepository(ctx, permit, name))).find(
          (one) => `${one.id}` === id,
        );
        const signal = new AbortController().signal;
        const error = mirror === undefined ? `There is no mirror ${id}.` : await runMirror(ctx, mirror.id, signal);
        terminal.say(error === null ? `mirror ${id} of ${fullName} did everything` : `error: ${error}`);
        if (error !== null) throw new Stopped(EXIT.refused);
      });
    });
  return examples(withRemoteOptions(command), ['latchkey admin repo mirror run acme/site 3']);
}

function removeCommand(terminal: Terminal): Command {
  const command = new Command('remove')
    .description('remove a mirror; what it brought or sent stays')
    .argument('<OWNER/NAME>', 'the repository')
    .argument('<ID>', 'the mirror, as the list shows it')
    .action((fullName: string, id: string) => {
      const name = fullNameOf(fullName);
      return withData(command, terminal, async (ctx, permit) => {
        const [{ removeMirror }, { onRepository }] = await Promise.all([
          import('../../../actions/repositories/creation/mirrors.ts'),
          import('../../../actions/repositories/transfers.ts'),
        ]);
        await removeMirror(ctx, await onRepository(ctx, permit, name), Number(id) || 0);
        terminal.say(`removed the mirror ${id} of ${fullName}`);
      });
    });
  return examples(withDataOptions(command), ['latchkey admin repo mirror remove acme/site 3']);
}
