/** `latchkey mcp`: tools about the token that is used here, for a coding agent, over stdio or HTTP on loopback. */
import { Command } from 'commander';
import { examples } from '../command-help.ts';
import { connect, type ServerFlags, URL_OPTION } from '../connection.ts';
import { type Terminal, UsageError } from '../terminal.ts';

export function mcpCommand(terminal: Terminal): Command {
  const command = new Command('mcp')
    .description('serve tools about the token used here, for a coding agent (Model Context Protocol)')
    .option(...URL_OPTION)
    .option('--http [PORT]', 'over HTTP on loopback instead of stdio; left out, the port is any free one')
    .action(async (flags: ServerFlags & { http?: true | string }) => {
      const client = connect(terminal, flags);
      const port = flags.http === true ? '0' : (flags.http ?? null);
      if (port !== null && !(/^\d{1,5}$/.test(port) && Number(port) < 65_536))
        throw new UsageError(`--http takes a port, not ${JSON.stringify(port)}`, 'for example: --http 8765');
      const { serveMcp } = await import('./serve.ts');
      await serveMcp(terminal, client, port === null ? null : Number(port));
    });
  return examples(command, ['latchkey mcp', 'latchkey mcp --http 8765', 'latchkey mcp --url https://git.example.org']);
}
