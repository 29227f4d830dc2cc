/** `latchkey admin machine rule`: which workloads get tokens of a machine account (docs/machines.md). */
import { Command, Option } from 'commander';
import type { Permit } from '../../actions/decision/authorize.ts';
import type { MachinePlace } from '../../actions/federation/rules.ts';
import type { Context } from '../../actions/ground/context.ts';
import { type ClaimCheck, readConditions } from '../../rules/workload-claims.ts';
import { examples } from '../command-help.ts';
import { collect, once } from '../option-values.ts';
import { alignedTable } from '../table.ts';
import { type Terminal, UsageError } from '../terminal.ts';
import { draftOf, type TokenFlags } from '../token/flags.ts';
import { withData, withDataOptions } from './context.ts';
import { changesToken, editOf, withChanges } from './token-edits.ts';
import { secondsOf } from './workload-issuers.ts';

interface AddFlags extends Pick<TokenFlags, 'name' | 'repo' | 'allRepos' | 'permission' | 'ref' | 'address'> {
  readonly owner: string;
  readonly issuer: string;
  readonly claim: readonly string[];
  readonly life?: string;
  readonly severalTimes?: true;
  readonly once?: true;
  readonly pullRequests?: true;
}

/** More than any token that is taken. */
const MAX_INPUT_BYTES = 100_000;

/** `add`, `list`, `set`, `remove` and `test`. */
export function ruleCommand(terminal: Terminal): Command {
  const command = new Command('rule').description(
    'rules by which workloads get tokens of a machine account: add, list, set, remove, test',
  );
  for (const verb of [addCommand, listCommand, setCommand, removeCommand, testCommand])
    command.addCommand(verb(terminal));
  return examples(command, [
    'latchkey admin machine rule list deploy-bot --owner acme',
    'latchkey admin machine rule test deploy-bot --owner acme < job-token',
  ]);
}

function ownerOption(command: Command): Command {
  return command
    .argument('<LOGIN>', 'the machine account')
    .requiredOption('--owner <OWNER>', 'the organization or person that it belongs to', once('--owner'));
}

async function placeOf(ctx: Context, permit: Permit, login: string, owner: string): Promise<MachinePlace> {
  const { machineOf, machineOwner } = await import('../../actions/organizations/machines.ts');
  const account = await machineOwner(ctx, permit, owner);
  return { owner: account, machine: await machineOf(ctx.store.db, account, login) };
}

function addCommand(terminal: Terminal): Command {
  const command = ownerOption(new Command('add').description('add a rule: what a token must say, and what it is worth'))
    .requiredOption('--name <NAME>', 'what it is for', once('--name'))
    .requiredOption('--issuer <NAME>', 'a trusted issuer: latchkey admin issuer list', once('--issuer'))
    .addOption(
      new Option(
        '--claim <CLAIM=VALUE>',
        'a claim and a value; several values of one claim are alternatives; may be repeated',
      )
        .argParser(collect)
        .makeOptionMandatory(),
    )
    .addOption(new Option('--repo <REPO>', 'a repository that it reaches; may be repeated').argParser(collect))
    .addOption(new Option('--all-repos', "all the owner's repositories, future ones included").conflicts('repo'))
    .addOption(new Option('--permission <P=LEVEL>', 'such as contents=write; may be repeated').argParser(collect))
    .addOption(
      new Option('--ref <RULE>', "what it may push to, such as 'agent/**'; may be repeated").argParser(collect),
    )
    .addOption(new Option('--address <CIDR>', 'an address that may use it; may be repeated').argParser(collect))
    .option('--life <SECONDS>', 'how long its tokens live, 60 to 3600 (default: 3600)', once('--life'))
    .addOption(new Option('--once', 'each identity token can be exchanged only once').conflicts('severalTimes'))
    .option('--several-times', 'an identity token can be exchanged until it expires')
    .option('--pull-requests', 'also accept runs that strangers can start')
    .action((login: string, flags: AddFlags) =>
      withData(command, terminal, async (ctx, permit) => {
        const { addRule } = await import('../../actions/federation/rules.ts');
        const { owner, issuer, claim, life, once: isOnce, severalTimes, pullRequests, ...token } = flags;
        const id = await addRule(ctx, permit, await placeOf(ctx, permit, login, owner), {
          issuer,
          conditions: readConditions(claim),
          token: draftOf(login, token),
          maxLifeSec: life === undefined ? undefined : secondsOf(life, '--life'),
          isSingleUse: isOnce === true ? true : severalTimes === true ? false : undefined,
          takesPullRequests: pullRequests === true,
        });
        terminal.say(`added the rule ${id} (${token.name}) to ${login}`);
      }),
    );
  return examples(withDataOptions(command), [
    'latchkey admin machine rule add deploy-bot --owner acme --name deploy --issuer github --claim repository_id=74 ' +
      '--claim ref=refs/heads/main --repo site --permission contents=write',
  ]);
}

function listCommand(terminal: Terminal): Command {
  const command = ownerOption(new Command('list').description('the rules of a machine account')).action(
    (login: string, { owner }: { owner: string }) =>
      withData(command, terminal, async (ctx, permit) => {
        const { listRules } = await import('../../actions/federation/rules.ts');
        const rules = await listRules(ctx, await placeOf(ctx, permit, login, owner));
        if (rules.length === 0) {
          terminal.say(`${login} has no rules`);
          return;
        }
        const rows = rules.map(({ id, name, issuer, conditions, maxLifeSec, token }) => ({
          id,
          name,
          issuer: issuer.name,
          life: maxLifeSec,
          state: token.revokedAt === null ? 'gives' : 'ended',
          conditions: conditions.map(({ claim, values }) => `${claim}=${values.join('|')}`).join(' '),
        }));
        const columns = ['id', 'name', 'issuer', 'life', 'state', 'conditions'] as const;
        for (const line of alignedTable(columns, rows)) terminal.print(line);
      }),
  );
  return examples(withDataOptions(command), ['latchkey admin machine rule list deploy-bot --owner acme']);
}

interface SetFlags extends Partial<Omit<AddFlags, 'owner' | 'issuer' | 'pullRequests'>> {
  readonly owner: string;
  /** False after `--no-pull-requests`. */
  readonly pullRequests?: boolean;
}

const DEMANDING = ['claim', 'life', 'once', 'severalTimes', 'pullRequests'] as const;

function setCommand(terminal: Terminal): Command {
  const command = withChanges(
    ownerOption(
      new Command('set').description(
        'change a rule; what you leave out stays, and new rights hold for the tokens it already gave, too',
      ),
    )
      .argument('<ID>', 'its number: latchkey admin machine rule list')
      .option('--name <NAME>', 'what it is for', once('--name'))
      .addOption(
        new Option(
          '--claim <CLAIM=VALUE>',
          'a condition it has from now on, in place of all others; may be repeated',
        ).argParser(collect),
      ),
  )
    .option('--life <SECONDS>', 'how long its tokens live, 60 to 3600', once('--life'))
    .addOption(new Option('--once', 'each identity token can be exchanged only once').conflicts('severalTimes'))
    .option('--several-times', 'an identity token can be exchanged until it expires')
    .option('--pull-requests', 'also accept runs that strangers can start')
    .option('--no-pull-requests', 'refuse such runs')
    .action((login: string, id: string, flags: SetFlags) => {
      const number = ruleNumber(id);
      if (!changesToken(flags) && !DEMANDING.some((name) => flags[name] !== undefined))
        throw new UsageError('say what changes', 'for example: --life 600');
      return withData(command, terminal, async (ctx, permit) => {
        const { editRule, readRule } = await import('../../actions/federation/rules.ts');
        const { claim, life, once: isOnce, severalTimes, pullRequests } = flags;
        const place = await placeOf(ctx, permit, login, flags.owner);
        const { token } = await readRule(ctx, place, number);
        await editRule(ctx, permit, place, number, {
          ...(claim === undefined ? {} : { conditions: readConditions(claim) }),
          maxLifeSec: life === undefined ? undefined : secondsOf(life, '--life'),
          isSingleUse: isOnce === true ? true : severalTimes === true ? false : undefined,
          takesPullRequests: pullRequests,
          token: changesToken(flags) ? editOf(flags, token) : undefined,
        });
        terminal.say(`changed the rule ${number} of ${login}`);
      });
    });
  return examples(withDataOptions(command), [
    'latchkey admin machine rule set deploy-bot 7 --owner acme --claim repository_id=74 --claim ref=refs/heads/main',
    'latchkey admin machine rule set deploy-bot 7 --owner acme --life 600 --ref any',
  ]);
}

/** @throws UsageError for anything but a rule's number */
function ruleNumber(id: string): number {
  if (!/^\d{1,15}$/.test(id)) throw new UsageError(`a rule is called by its number, not ${id.slice(0, 40)}`);
  return Number(id);
}

function removeCommand(terminal: Terminal): Command {
  const command = ownerOption(new Command('remove').description('remove a rule; what it gave ends at once'))
    .argument('<ID>', 'its number: latchkey admin machine rule list')
    .action((login: string, id: string, { owner }: { owner: string }) =>
      withData(command, terminal, async (ctx, permit) => {
        const number = ruleNumber(id);
        const { removeRule } = await import('../../actions/federation/rules.ts');
        await removeRule(ctx, permit, await placeOf(ctx, permit, login, owner), number);
        terminal.say(`removed the rule ${id} of ${login}; what it gave has ended`);
      }),
    );
  return examples(withDataOptions(command), ['latchkey admin machine rule remove deploy-bot 7 --owner acme']);
}

function testCommand(terminal: Terminal): Command {
  const command = ownerOption(
    new Command('test').description("try a workload's token, from standard input, on the rules; nothing is given"),
  ).action((login: string, { owner }: { owner: string }) =>
    withData(command, terminal, async (ctx, permit) => {
      const { tryWorkloadToken } = await import('../../actions/federation/trial.ts');
      const jwt = await terminal.readInput(MAX_INPUT_BYTES);
      const trial = await tryWorkloadToken(ctx, await placeOf(ctx, permit, login, owner), jwt);
      if (trial.flaw !== null) {
        terminal.print(`no   ${trial.flaw}`);
        return;
      }
      terminal.print(`yes  signed by ${trial.issuer}`);
      for (const check of trial.checks) terminal.print(lineOf(check));
      for (const rule of trial.rules) {
        terminal.print(`rule ${rule.id} (${rule.name})`);
        for (const check of rule.checks) terminal.print(lineOf(check));
      }
      if (trial.rules.length === 0) terminal.print(`no   ${login} has no rule for ${trial.issuer}`);
    }),
  );
  return examples(withDataOptions(command), ['latchkey admin machine rule test deploy-bot --owner acme < job-token']);
}

function lineOf({ isMet, claim, expected, seen }: ClaimCheck): string {
  return isMet ? `yes  ${claim} is ${seen ?? 'absent'}` : `no   ${claim} is ${seen ?? 'absent'}, not ${expected}`;
}
