/** `latchkey admin issuer`: who may sign for workloads (docs/machines.md). */
import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { isoInstant } from '../../base/time.ts';
import { PRESET_NAMES } from '../../catalogue/workloads/issuers.ts';
import { examples } from '../command-help.ts';
import { once } from '../option-values.ts';
import { alignedTable } from '../table.ts';
import { type Terminal, UsageError } from '../terminal.ts';
import { withData, withDataOptions } from './context.ts';

interface KeyFlags {
  readonly jwks?: string;
  readonly ca?: string;
  readonly maxLife?: string;
}

interface AddFlags extends KeyFlags {
  readonly preset: string;
  readonly issuer?: string;
}

/** `add`, `list`, `show`, `set`, `remove` and `test`. */
export function issuerCommand(terminal: Terminal): Command {
  const command = new Command('issuer').description(
    'issuers trusted to say which workload runs: add, list, show, set, remove, test',
  );
  for (const verb of [addCommand, listCommand, showCommand, setCommand, removeCommand, testCommand])
    command.addCommand(verb(terminal));
  return examples(command, ['latchkey admin issuer add github --preset github', 'latchkey admin issuer test github']);
}

function addCommand(terminal: Terminal): Command {
  const command = new Command('add')
    .description('trust an issuer; its tokens open nothing until owners write rules for them')
    .argument('<NAME>', 'what rules call it')
    .addOption(new Option('--preset <PRESET>', 'what it is').choices(PRESET_NAMES).makeOptionMandatory())
    .option('--issuer <URL>', 'the exact iss of its tokens; known for github and buildkite', once('--issuer'));
  keyOptions(command).action((name: string, { preset, issuer, ...keys }: AddFlags) =>
    withData(command, terminal, async (ctx, permit) => {
      const { addIssuer } = await import('../../actions/federation/issuers.ts');
      const made = await addIssuer(ctx, permit, { name, preset, issuer, ...keysOf(keys) });
      terminal.say(`trusts ${made.issuer} as ${made.name}; try: latchkey admin issuer test ${made.name}`);
    }),
  );
  return examples(withDataOptions(command), [
    'latchkey admin issuer add github --preset github',
    'latchkey admin issuer add gitlab --preset gitlab --issuer https://gitlab.example.org --ca gitlab-ca.pem',
    'latchkey admin issuer add cluster-1 --preset kubernetes --issuer https://10.0.0.1 --jwks cluster-1.jwks.json',
  ]);
}

function keyOptions(command: Command): Command {
  return command
    .option('--jwks <FILE>', 'its public keys (a JWK set), if they cannot be fetched', once('--jwks'))
    .option('--ca <FILE>', 'the certificate authority that signed its certificate, in PEM', once('--ca'))
    .option(
      '--max-life <SECONDS>',
      'the longest lifetime of its tokens, 300 to 86400 (default: 3600)',
      once('--max-life'),
    );
}

function keysOf({ jwks, ca, maxLife }: KeyFlags) {
  return {
    jwks: jwks === undefined ? undefined : textIn(jwks),
    ca: ca === undefined ? undefined : textIn(ca),
    maxLifeSec: maxLife === undefined ? undefined : secondsOf(maxLife, '--max-life'),
  };
}

function textIn(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`${path} can't be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** @throws UsageError unless it is a whole number */
export function secondsOf(text: string, flag: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new UsageError(`${flag} is a number of seconds, not ${text.slice(0, 40)}`);
  return Number(text);
}

function listCommand(terminal: Terminal): Command {
  const command = new Command('list').description('the trusted issuers').action(() =>
    withData(command, terminal, async (ctx, permit) => {
      const { listIssuers } = await import('../../actions/federation/issuers.ts');
      const rows = (await listIssuers(ctx, permit)).map(({ name, preset, issuer, jwks, rules }) => ({
        name,
        preset,
        issuer,
        keys: jwks === null ? 'fetched' : 'pasted',
        rules,
      }));
      if (rows.length === 0) terminal.say('no issuer is trusted');
      else for (const line of alignedTable(['name', 'preset', 'issuer', 'keys', 'rules'], rows)) terminal.print(line);
    }),
  );
  return examples(withDataOptions(command), ['latchkey admin issuer list']);
}

function showCommand(terminal: Terminal): Command {
  const command = new Command('show')
    .description('print one issuer, as JSON')
    .argument('<NAME>', 'which')
    .action((name: string) =>
      withData(command, terminal, async (ctx, permit) => {
        const { readIssuer } = await import('../../actions/federation/issuers.ts');
        const { id: _, jwks, maxLifeSec, createdAt, ...issuer } = await readIssuer(ctx, permit, name);
        const shown = {
          ...issuer,
          jwks: jwks === null ? null : (JSON.parse(jwks) as unknown),
          max_life: maxLifeSec,
          since: isoInstant(createdAt),
        };
        terminal.print(JSON.stringify(shown, null, 2));
      }),
    );
  return examples(withDataOptions(command), ['latchkey admin issuer show github']);
}

function setCommand(terminal: Terminal): Command {
  const command = new Command('set')
    .description('change the keys, certificate authority or token lifetime of an issuer; its rules stay')
    .argument('<NAME>', 'which');
  keyOptions(command).action((name: string, flags: KeyFlags) => {
    // Once: a pipe can't be read again.
    const keys = keysOf(flags);
    if (Object.values(keys).every((value) => value === undefined))
      throw new UsageError('nothing to change was named', 'give --jwks, --ca or --max-life');
    return withData(command, terminal, async (ctx, permit) => {
      const { editIssuer } = await import('../../actions/federation/issuers.ts');
      await editIssuer(ctx, permit, name, keys);
      terminal.say(`changed ${name}`);
    });
  });
  return examples(withDataOptions(command), ['latchkey admin issuer set cluster-1 --jwks cluster-1.jwks.json']);
}

function removeCommand(terminal: Terminal): Command {
  const command = new Command('remove')
    .description('stop trusting an issuer: its rules, and every token that they gave, end')
    .argument('<NAME>', 'which')
    .action((name: string) =>
      withData(command, terminal, async (ctx, permit) => {
        const { removeIssuer } = await import('../../actions/federation/issuers.ts');
        await removeIssuer(ctx, permit, name);
        terminal.say(`${name} is trusted no longer; its rules and what they gave have ended`);
      }),
    );
  return examples(withDataOptions(command), ['latchkey admin issuer remove github']);
}

function testCommand(terminal: Terminal): Command {
  const command = new Command('test')
    .description('fetch the keys of an issuer now, and print their ids')
    .argument('<NAME>', 'which')
    .action((name: string) =>
      withData(command, terminal, async (ctx, permit) => {
        const { tryIssuer } = await import('../../actions/federation/issuers.ts');
        const ids = await tryIssuer(ctx, permit, name);
        terminal.say(`${name} has ${ids.length === 1 ? 'one key' : `${ids.length} keys`}`);
        for (const id of ids) terminal.print(id === '' ? '(without a name)' : id);
      }),
    );
  return examples(withDataOptions(command), ['latchkey admin issuer test github']);
}
