/** `latchkey admin repo protection`: protected branches and tags. */
import { Command, Option } from 'commander';
import {
  DEFAULT_PROTECTION,
  PROTECTION_ROLES,
  type ProtectionRole,
  protectionSummary,
} from '../../../rules/refs/ref-protections.ts';
import { shownRef } from '../../../rules/refs/ref-rule-text.ts';
import { REF_ACTS, type RefAct } from '../../../rules/refs/ref-rules.ts';
import { examples } from '../../command-help.ts';
import type { Terminal } from '../../terminal.ts';
import { fullNameOf, withData, withDataOptions } from '../context.ts';

const FLAGS: Readonly<Record<RefAct, string>> = {
  create: 'who may create it',
  update: 'who may push to it',
  force: 'who may force-push to it, or move a tag',
  delete: 'who may delete it',
};

/** `add`, `list` and `remove`. */
export function protectionCommand(terminal: Terminal): Command {
  const command = new Command('protection').description('protected branches and tags: add, list, remove');
  for (const verb of [addCommand, listCommand, removeCommand]) command.addCommand(verb(terminal));
  return examples(command, [
    'latchkey admin repo protection add acme/site main --update maintain',
    'latchkey admin repo protection list acme/site',
  ]);
}

function addCommand(terminal: Terminal): Command {
  const command = new Command('add')
    .description('protect what a pattern matches, or change how; each option names the lowest role that may do it')
    .argument('<OWNER/NAME>', 'the repository')
    .argument('<PATTERN>', 'such as main, release/** or refs/tags/v*');
  for (const act of REF_ACTS)
    command.addOption(
      new Option(`--${act} <ROLE>`, FLAGS[act]).choices(PROTECTION_ROLES).default(DEFAULT_PROTECTION[act]),
    );
  command.action((fullName: string, pattern: string, roles: Readonly<Record<RefAct, ProtectionRole>>) => {
    const name = fullNameOf(fullName);
    return withData(command, terminal, async (ctx, permit) => {
      const { protectRefs } = await import('../../../actions/repositories/refs/protections.ts');
      const { create, update, force } = roles;
      const made = await protectRefs(ctx, permit, { pattern, create, update, force, delete: roles.delete }, name);
      terminal.say(`${shownRef(made.pattern)} is protected in ${fullName}. ${protectionSummary(made)}`);
    });
  });
  return examples(withDataOptions(command), [
    'latchkey admin repo protection add acme/site main --update maintain',
    'latchkey admin repo protection add acme/site "refs/tags/v*" --create maintain',
  ]);
}

function listCommand(terminal: Terminal): Command {
  const command = new Command('list')
    .description('the protected branches and tags of a repository')
    .argument('<OWNER/NAME>', 'the repository')
    .option('--json', 'print them as JSON')
    .action((fullName: string, { json }: { json?: true }) => {
      const name = fullNameOf(fullName);
      return withData(command, terminal, async (ctx, permit) => {
        const { readProtections } = await import('../../../actions/repositories/refs/protections.ts');
        const all = await readProtections(ctx, permit, name);
        if (json === true) return terminal.print(JSON.stringify(all, null, 2));
        for (const each of all) terminal.print(`${shownRef(each.pattern)}\n    ${protectionSummary(each)}`);
        if (all.length === 0) terminal.say(`${fullName} protects no branch and no tag`);
      });
    });
  return examples(withDataOptions(command), ['latchkey admin repo protection list acme/site']);
}

function removeCommand(terminal: Terminal): Command {
  const command = new Command('remove')
    .description('remove the protection of a pattern')
    .argument('<OWNER/NAME>', 'the repository')
    .argument('<PATTERN>', 'as the list shows it')
    .action((fullName: string, pattern: string) => {
      const name = fullNameOf(fullName);
      return withData(command, terminal, async (ctx, permit) => {
        const { unprotectRefs } = await import('../../../actions/repositories/refs/protections.ts');
        await unprotectRefs(ctx, permit, pattern, name);
        terminal.say(`${pattern} is no longer protected in ${fullName}`);
      });
    });
  return examples(withDataOptions(command), ['latchkey admin repo protection remove acme/site main']);
}
