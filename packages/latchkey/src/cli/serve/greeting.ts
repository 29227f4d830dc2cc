/**
 * What a server prints when it is ready: its address, its data folder, and what to do next.
 *
 * Invariant: every line that starts with two spaces can be pasted into another terminal in the same folder.
 * Invariant: the set-up link, which makes whoever opens it the administrator, is printed where a person reads, and
 * nowhere else: a journal keeps what it gets, for others to read. There it is kept in a file for the server's user.
 * Never: a secret, except a new demo's tokens, once, the sign-in links of a demo, and the set-up link while nobody has
 * an account.
 */
import { rm, writeFile } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { makeSetUpLink } from '../../actions/accounts/sign-up.ts';
import { readOnboarding } from '../../actions/instance/onboarding.ts';
import type { RunningServer } from '../../app.ts';
import { hostKeyFingerprint } from '../../base/machine/ssh-place.ts';
import { SETTING_ROWS } from '../../base/settings/rows.ts';
import { atPort, type Settings } from '../../base/settings/settings.ts';
import { sshCloneAddress } from '../../base/settings/values.ts';
import type { Terminal } from '../terminal.ts';
import type { DemoTokens } from './demo.ts';
import { DEMO_PEOPLE } from './demo-world.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** In the data folder, while nobody has an account. */
const SET_UP_FILE = 'set-up-link';

/** For one's own server. */
export async function greeting(server: RunningServer, { env, isWatched }: Terminal): Promise<string[]> {
  const { settings } = server.context;
  const { hasUser, hasRepository } = await readOnboarding(server.context);
  const setUpFile = join(settings.data, SET_UP_FILE);
  await rm(setUpFile, { force: true }).catch(() => undefined);
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
          ...(await setUpLines(publicUrl(server) + setUp, isWatched === true ? null : setUpFile)),
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

/** @param file where to keep the link; null = a person reads what is printed */
async function setUpLines(link: string, file: string | null): Promise<string[]> {
  const words = 'Nobody has an account yet. Make the first one, which administers the instance, with';
  if (file === null) return [`${words} this link; it works once:`, link];
  try {
    await writeFile(file, `${link}\n`, { mode: 0o600, flag: 'wx' });
    return [`${words} the link in this file; it works once:`, `  cat ${shellWord(file)}`];
  } catch {
    return [`${words} a link, which ${file} can't hold: start the server in a terminal, which shows it.`];
  }
}

/** For a demo: just made when there are tokens, otherwise made earlier. `doors`: paths of sign-in links by login. */
export function demoGreeting(
  server: RunningServer,
  { tokens, doors }: { tokens: DemoTokens | null; doors: ReadonlyMap<string, string> },
  env: Environment,
): string[] {
  const url = publicUrl(server);
  const admin = adminCommandLine(server.context.settings, env);
  const entrances = DEMO_PEOPLE.flatMap(({ login, is }) => {
    const path = doors.get(login);
    return path === undefined ? [] : [`${login}, ${is}:`, url + path];
  });
  const lines = [
    ...whereabouts(server),
    '',
    'The demo has the organization acme, some repositories, and four people. Open a link to be one of them; it works ' +
      'once, on this machine:',
    ...entrances,
    '',
  ];
  const list = ["See ada's tokens, and what each can do:", `  ${admin('token list ada')}`];
  if (tokens === null)
    return [
      ...lines,
      'It was made here before, and its tokens were shown then. Make another on its pages, or in another terminal:',
      `  ${admin('token add ada --name another --classic --scope repo')}`,
      ...list,
    ];
  const clone = (login: string, secret: string, repository: string): string =>
    `  git clone ${withUser(url, `${login}:${secret}`)}/${repository}.git`;
  return [
    ...lines,
    'Or clone, in another terminal. The token in this line may push, too:',
    clone('ada', tokens.write.reveal(), 'acme/site'),
    'This one may only read, so a push with it is refused, with the reason:',
    clone('grace', tokens.read.reveal(), 'acme/ledger'),
    ...list,
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
    ...sshLines(settings),
    ...(settings.smtp === null
      ? [`  # mail:         kept in ${join(settings.data, 'outbox')}, since no mail server is configured (--smtp)`]
      : []),
    'Stop it with Ctrl-C.',
  ];
}

/** Where the server has SSH: what to clone, and by which key its own sshd is known. */
function sshLines({ sshAddress, sshPort, data }: Settings): string[] {
  if (sshAddress === null) return [];
  const key = sshPort === null ? null : hostKeyFingerprint(data);
  return [`  # ssh:          ${sshCloneAddress(sshAddress, 'OWNER/NAME')}${key === null ? '' : `, host key ${key}`}`];
}

/** How to run the administration commands from where the server was started, on the same data. */
function adminCommandLine(settings: Settings, env: Environment): (command: string) => string {
  const program = env['npm_lifecycle_event'] === undefined ? 'latchkey' : 'npm run -s latchkey --';
  const options = [
    ...(settings.data === resolve(SETTING_ROWS.data.default) ? [] : ['--data', shellWord(fromHere(settings.data))]),
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

/** A path as somebody in this folder would write it. Who reads what a service printed isn't in `/`, as that was. */
function fromHere(path: string): string {
  const short = relative('', path);
  return short === '' || short.startsWith('..') || isAbsolute(short) || resolve('') === resolve('/') ? path : short;
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
