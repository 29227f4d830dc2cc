/**
 * `latchkey route explain`: which route map a request to a service belongs to, what it needs, and whether a token may.
 *
 * Never: a secret on the command line. `--token` takes the number or the name of one's own token.
 */
import { Command } from 'commander';
import { examples } from '../command-help.ts';
import { connect, type ServerFlags, URL_OPTION } from '../connection.ts';
import { collect } from '../option-values.ts';
import { type ServerClient, ServerRefusal } from '../server-client.ts';
import { type Terminal, UsageError } from '../terminal.ts';
import { CURRENT, type TokenAnswer } from './own-token.ts';
import { everyToken, TOKENS } from './token-list.ts';

interface Flags extends ServerFlags {
  readonly token?: string;
  readonly destination?: string;
  readonly header?: readonly string[];
  readonly body?: string;
  readonly from?: string;
  readonly json?: true;
}

interface Explained {
  readonly allowed: boolean;
  readonly accepted_permissions: string | null;
  readonly target: string | null;
  readonly route: {
    readonly service: string;
    readonly method: string;
    readonly path: string;
    readonly line: number;
    readonly when: string | null;
  } | null;
  readonly reason: string | null;
  readonly reasons: readonly string[];
  readonly fix: { readonly url: string | null; readonly command: string | null } | null;
}

export function routeCommand(terminal: Terminal): Command {
  const command = new Command('route').description('show what requests to services behind a proxy need');
  command.addCommand(explainCommand(terminal));
  return examples(command, ['latchkey route explain PUT https://deploy.example.org/apps/acme/site/releases/v1']);
}

function explainCommand(terminal: Terminal): Command {
  const command = new Command('explain')
    .description('show which route a request takes, what it needs, and whether a token may make it; nothing is sent')
    .argument('<METHOD>', 'GET, PUT, …')
    .argument('<ADDRESS>', 'in full: https://deploy.example.org/apps/acme/site')
    .option('--token <ID|NAME>', 'one of your tokens; left out: the one used here')
    .option('--destination <ADDRESS>', 'where COPY and MOVE lead')
    .option('--header <NAME: VALUE>', 'a header that the route map looks at; may be repeated', collect)
    .option('--body <JSON>', 'the body, if the route map looks at it')
    .option('--from <ADDRESS>', 'the address that the token is used from; left out: this machine')
    .option(...URL_OPTION)
    .option('--json', 'as JSON')
    .action(async (method: string, address: string, flags: Flags) => {
      const question = { ...requestIn(method, address), ...limitsIn(flags) };
      const client = connect(terminal, flags);
      const path = flags.token === undefined ? CURRENT : `${TOKENS}/${await idOf(client, flags.token)}`;
      const answer = await client.api<Explained>(`${path}/check`, { method: 'POST', body: question });
      if (flags.json === true) terminal.print(JSON.stringify(answer, null, 2));
      else for (const line of linesOf(answer)) terminal.print(line);
      if (!answer.allowed)
        throw new ServerRefusal(
          403,
          answer.reasons.join(' '),
          answer.reason,
          answer.fix?.command ?? answer.fix?.url ?? null,
        );
    });
  return examples(command, [
    'latchkey route explain PUT https://deploy.example.org/apps/acme/site/releases/v1',
    'latchkey route explain GET https://npm.example.org/@acme%2fsite --token ci',
    `latchkey route explain POST https://tools.example.org/mcp --body '{"method": "tools/list"}'`,
    'latchkey route explain MOVE https://files.example.org/acme/a --destination https://files.example.org/acme/b',
  ]);
}

/** @throws UsageError */
function requestIn(method: string, address: string): object {
  if (!/^[A-Za-z]{1,20}$/.test(method))
    throw new UsageError(`${JSON.stringify(method)} is no HTTP method`, 'for example: GET');
  const [, host, path] = /^https?:\/\/([^/?#@]+)(\/[^#]*)?$/is.exec(address) ?? [];
  if (host === undefined)
    throw new UsageError(
      `${JSON.stringify(address)} is no address in full`,
      'for example: https://deploy.example.org/apps/acme/site',
    );
  return { method: method.toUpperCase(), host, path: path ?? '/' };
}

/** @throws UsageError */
function limitsIn({ destination, header = [], body, from }: Flags): object {
  return {
    ...(destination === undefined ? {} : { destination }),
    ...(header.length === 0 ? {} : { headers: Object.fromEntries(header.map(headerIn)) }),
    ...(body === undefined ? {} : { body: jsonIn(body) }),
    ...(from === undefined ? {} : { address: from }),
  };
}

function headerIn(text: string): readonly [string, string] {
  const [, name, value] = /^([A-Za-z][A-Za-z0-9-]{0,59}):\s*(.*?)\s*$/.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw new UsageError(`${JSON.stringify(text)} is no header`, "for example: --header 'Mcp-Method: tools/call'");
  return [name, value];
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UsageError('the body is no valid JSON', `for example: --body '{"method": "tools/list"}'`);
  }
}

/** @throws UsageError when no token, or more than one, has that name */
async function idOf(client: ServerClient, named: string): Promise<number> {
  if (/^\d{1,15}$/.test(named)) return Number(named);
  const found = (await everyToken(client)).filter(({ name }: TokenAnswer) => name === named);
  const [only, ...others] = found;
  if (only === undefined || others.length > 0)
    throw new UsageError(
      only === undefined
        ? `none of your tokens is named ${JSON.stringify(named)}`
        : `${found.length} of your tokens are named ${JSON.stringify(named)}`,
      'latchkey token list shows their numbers',
    );
  return only.id;
}

/** `map`, `route`, `about`, `needs` and `answer`, in columns. */
function linesOf({ allowed, route, target, accepted_permissions: needs }: Explained): string[] {
  const where = route === null || route.line === 0 ? '' : `, line ${route.line} of the route map`;
  const facts: readonly (readonly [string, string])[] = [
    ['map', route === null ? 'none' : `${route.service}${where}`],
    ['route', route === null ? 'none' : `${route.method} ${route.path}`],
    ...(route?.when == null ? [] : [['when', route.when] as const]),
    ['about', aboutIn(target)],
    ['needs', needs === null ? 'unknown' : needs === ANY ? 'any token that works' : needs.replaceAll('; ', ' or ')],
    ['answer', allowed ? 'yes' : 'no'],
  ];
  return facts.map(([name, value]) => `${name.padEnd(8)}${value}`);
}

function aboutIn(target: string | null): string {
  if (target === null) return 'unknown';
  if (target === '*') return 'an organization by its number, so every one here';
  return target === '' ? 'your account, or nobody in particular' : target;
}

const ANY = 'allows_permissionless_access=true';
