/** `latchkey open token`: the page of a token, in the browser. */
import { Command } from 'commander';
import { examples } from '../command-help.ts';
import { connect, type ServerFlags, serverAddress, URL_OPTION } from '../connection.ts';
import { type Terminal, UsageError } from '../terminal.ts';
import { CURRENT, type TokenAnswer } from './own-token.ts';

const fineGrainedPage = (id: number): string => `/settings/personal-access-tokens/${id}`;
const PAGES: Readonly<Record<string, (id: number) => string>> = {
  'fine-grained': fineGrainedPage,
  classic: (id) => `/settings/tokens/${id}`,
  scoped: () => '/-/user_settings/personal_access_tokens',
};

export function openCommand(terminal: Terminal): Command {
  const token = new Command('token')
    .description('open the page of a token, or the list of them')
    .argument('[ID]', 'its number; left out: the list')
    .option(...URL_OPTION)
    .option('--current', 'the token used here')
    .option('--print', 'print the address and open nothing')
    .action(async (id: string | undefined, flags: ServerFlags & { current?: true; print?: true }) => {
      const address = await pageOf(terminal, id, flags);
      terminal.print(address);
      if (flags.print !== true) (await import('../browser.ts')).openBrowser(address, terminal.env);
    });
  examples(token, ['latchkey open token', 'latchkey open token 12', 'latchkey open token --current --print']);
  return examples(new Command('open').description('open a page of the server in the browser').addCommand(token), [
    'latchkey open token 12',
  ]);
}

async function pageOf(
  terminal: Terminal,
  id: string | undefined,
  flags: ServerFlags & { current?: true },
): Promise<string> {
  if (flags.current === true) {
    const client = connect(terminal, flags);
    const token = await client.api<TokenAnswer>(CURRENT);
    return client.address + (PAGES[token.kind] ?? fineGrainedPage)(token.id);
  }
  if (id !== undefined && !/^\d{1,15}$/.test(id))
    throw new UsageError(
      `a token's number is made of digits, not ${JSON.stringify(id)}`,
      'latchkey token list shows them',
    );
  return `${serverAddress(terminal, flags)}/settings/personal-access-tokens${id === undefined ? '' : `/${id}`}`;
}
