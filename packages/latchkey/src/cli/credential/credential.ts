/** `latchkey credential`: the helper that git calls, and its installation. */
import { Command } from 'commander';
import { examples } from '../command-help.ts';
import { addressIn, serverAddress } from '../connection.ts';
import type { Terminal } from '../terminal.ts';
import { HELPER_ACTIONS, type HelperAction } from './helper-action.ts';

const ACTION_WORDS: Readonly<Record<HelperAction, string>> = {
  get: 'answer git with a credential (git calls this)',
  store: 'keep a credential that worked (git calls this)',
  erase: 'forget a credential that was refused (git calls this)',
  capability: 'say which version of the protocol is spoken (git calls this)',
};

export function credentialCommand(terminal: Terminal): Command {
  const command = new Command('credential').description('keep tokens for git, as a credential helper');
  for (const action of HELPER_ACTIONS) {
    command.addCommand(
      examples(
        new Command(action).description(ACTION_WORDS[action]).action(async () => {
          await (await import('./call.ts')).runHelper(action, terminal);
        }),
        [`latchkey credential ${action} < what-git-says.txt`],
      ),
    );
  }
  command.addCommand(installCommand(terminal)).addCommand(uninstallCommand(terminal));
  return examples(command, [
    'latchkey credential install https://git.example.org',
    'latchkey credential uninstall https://git.example.org',
  ]);
}

function installCommand(terminal: Terminal): Command {
  const command = new Command('install')
    .description('make git use this helper for a server')
    .argument('[URL]', 'the server; left out: the one of this clone')
    .action(async (url?: string) => {
      const { installFor } = await import('./install.ts');
      const address = url === undefined ? serverAddress(terminal, {}) : addressIn(url);
      const helper = await installFor(address, terminal);
      terminal.say(
        `git asks latchkey for ${address}; tokens are kept ` +
          `${helper === null ? 'in a file that only you can read' : `by git's helper ${helper}`}`,
      );
      terminal.say(`hint: to get one: latchkey login ${address}`);
    });
  return examples(command, ['latchkey credential install https://git.example.org']);
}

function uninstallCommand(terminal: Terminal): Command {
  const command = new Command('uninstall')
    .description('forget a server and its tokens')
    .argument('<URL>', 'the server')
    .action(async (url: string) => {
      const { uninstallFor } = await import('./install.ts');
      await uninstallFor(addressIn(url), terminal);
      terminal.say(
        `git no longer asks latchkey for ${addressIn(url)}; revoke the token there if it isn't used elsewhere`,
      );
    });
  return examples(command, ['latchkey credential uninstall https://git.example.org']);
}
