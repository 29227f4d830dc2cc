/**
 * What a server prints when it is ready: its address, its data folder, and what to do next.
 *
 * Invariant: every line that starts with two spaces can be pasted into another terminal in the same folder.
 * Never: a secret, except a new demo's tokens, once, and the set-up link while nobody has an account.
 */
import { join, resolve } from 'node:path';
import { makeSetUpLink } from '../../actions/accounts/sign-up.ts';
import { readOnboarding } from '../../actions/instance/onboarding.ts';
import type { RunningServer } from '../../app.ts';
import { SETTING_ROWS } from '../../base/settings/rows.ts';
import { atPort, type Settings } from '../../base/settings/settings.ts';
import type { DemoTokens } from './demo.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** For one's own server. */
export async function greeting(server: RunningServer, env: Environment): Promise<string[]> {
  const { settings } = server.context;
  const { hasUser, hasRepository } = await readOnboarding(server.context);
  const admin = adminCommandLine(settings, env);
  const clone = withUser(publicUrl(server), 'ada');
  const steps = [
    ...(hasUser ? [] : [`  ${admin('user add ada --email ada@example.org --verified --admin')}`]),
    ...(hasRepository ? [] : [`  ${admin('repo add ada/notes')}`]),
    `  ${admin('token add ada --name laptop --repo notes --permission contents=write')}`,
    `  git clone ${clone}/ada/notes.git`,
  ];
  const lines = whereabouts(server);
  if (hasUser && hasRepository) return lines;
  const setUp = await makeSetUpLink(server.context);
  const lacking =
    setUp === null
      ? ['There is no repository yet. In another terminal, with your own names:']
      : [
          'Nobody has an account yet. Make the first one, which administers the instance, with this link; it ' +
            'works once:',
          publicUrl(server) + setUp,
          'Or in another terminal, with your own names:',
        ];
  return [
    ...lines,
    '',
    ...lacking,
    ...steps,
    'Git asks for a password then: that is the token, which is printed once.',
  ];
}

/** For a demo: just made when there are tokens, otherwise made earlier. */
export function demoGreeting(server: RunningServer, tokens: DemoTokens | null, env: Environment): string[] {
  const lines = whereabouts(server);
  const admin = adminCommandLine(server.context.settings, env);
  if (tokens === null) {
    return [
      ...lines,
      '',
      'The demo is the one that was made here before; its tokens were shown then. For another one:',
      `  ${admin('token add ada --name another --classic --scope repo')}`,
    ];
  }
  const url = publicUrl(server);
  const clone = (login: string, secret: string, repository: string): string =>
    `  git clone ${withUser(url, `${login}:${secret}`)}/${repository}.git`;
  return [
    ...lines,
    '',
    'The demo has the people ada, grace, mori and teodor, the organization acme, and some repositories. Try, in ' +
      'another terminal:',
    clone('ada', tokens.write.reveal(), 'acme/site'),
    'That token may push, too. This one may only read, so a push with it is refused, with the reason:',
    clone('grace', tokens.read.reveal(), 'acme/ledger'),
    "See everybody's tokens:",
    `  ${admin('token list ada')}`,
    'The two tokens above are shown this once.',
  ];
}

function whereabouts(server: RunningServer): string[] {
  const { settings } = server.context;
  const url = publicUrl(server);
  return [
    `Latchkey is ready at ${url}${url === server.url ? '' : ` (listening on ${server.url})`}`,
    `  # data:         ${settings.data}`,
    `  # database:     ${settings.database === null ? 'SQLite, in the data folder' : 'PostgreSQL'}`,
    `  # repositories: ${settings.repositories}`,
    ...(settings.smtp === null
      ? [`  # mail:         kept in ${join(settings.data, 'outbox')}, since no mail server is configured (--smtp)`]
      : []),
    'Stop it with Ctrl-C.',
  ];
}

/** How to run the administration commands from where the server was started, on the same data. */
function adminCommandLine(settings: Settings, env: Environment): (command: string) => string {
  const program = env['npm_lifecycle_event'] === undefined ? 'latchkey' : 'npm run -s latchkey --';
  const options = [
    ...(settings.data === resolve(SETTING_ROWS.data.default) ? [] : ['--data', shellWord(settings.data)]),
    ...(settings.config === null || settings.config === resolve(settings.data, 'latchkey.yaml')
      ? []
      : ['--config', shellWord(settings.config)]),
    ...(settings.repositories === resolve(settings.data, 'repositories')
      ? []
      : ['--repositories', shellWord(settings.repositories)]),
    ...(settings.database === null ? [] : ['--database', '"$LATCHKEY_DATABASE"']),
  ];
  return (command) => [program, 'admin', command, ...options].join(' ');
}

function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** The public address, with the actual port of the server. */
function publicUrl({ url, context }: RunningServer): string {
  return atPort(context.settings, Number(new URL(url).port) || context.settings.port).publicUrl;
}

function withUser(url: string, user: string): string {
  return url.replace('://', `://${user}@`);
}
