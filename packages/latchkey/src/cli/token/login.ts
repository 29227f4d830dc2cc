/** `latchkey login`: signs in through a browser, and has git use the token. Nobody copies anything. */
import { hostname } from 'node:os';
import { Command } from 'commander';
import { spokenInstant } from '../../base/time.ts';
import { examples } from '../command-help.ts';
import { addressIn } from '../connection.ts';
import { type Terminal, UsageError } from '../terminal.ts';
import type { LoginOptions } from './login-flow.ts';

interface LoginFlags {
  readonly device?: true;
  readonly permission?: readonly string[];
  readonly owner?: readonly string[];
  readonly expiresIn?: string;
  readonly name?: string;
  readonly ref?: readonly string[];
}

export function loginCommand(terminal: Terminal): Command {
  const command = new Command('login')
    .description('sign in with a browser, and let git use the token')
    .argument('<URL>', 'the server, or a repository on it')
    .option('--device', 'show a code to type into a browser on another machine')
    .option('--permission <NAME=LEVEL...>', 'what the token may do; left out: contents=write')
    .option('--owner <LOGIN...>', 'whose repositories it reaches; left out: yours and those of your organizations')
    .option('--expires-in <DAYS>', 'how long it lives, 1 to 366 days; left out: 90')
    .option('--ref <RULE...>', "branches and tags that it may push to, such as 'agent/**'; the first match decides")
    .option('--name <NAME>', 'its name; left out: that of this machine')
    .action(async (url: string, flags: LoginFlags) =>
      login(addressIn(url), optionsOf(flags), flags.device === true, terminal),
    );
  return examples(command, [
    'latchkey login https://git.example.org',
    'latchkey login https://git.example.org --device',
    'latchkey login https://git.example.org --permission contents=read --expires-in 7',
    "latchkey login https://git.example.org --ref 'agent/**'",
  ]);
}

async function login(named: string, options: LoginOptions, byDevice: boolean, terminal: Terminal): Promise<void> {
  const [
    { keptOrEnded },
    { browserLogin, deviceLogin },
    { demandInstallable, installFor },
    { CredentialStore, placeOf },
  ] = await Promise.all([
    import('./own-token.ts'),
    import('./login-flow.ts'),
    import('../credential/install.ts'),
    import('../credential/store.ts'),
  ]);
  await demandInstallable(terminal);
  const result = await (byDevice ? deviceLogin : browserLogin)(named, options, terminal);
  const credentialStore = new CredentialStore(terminal.env);
  const { address } = result;
  await keptOrEnded({ address, secret: result.secret }, terminal, async () => {
    await installFor(address, terminal);
    await credentialStore.save(placeOf(address), result);
  });
  const until =
    result.expiresAt === null ? '' : ` until ${spokenInstant(result.expiresAt)}; it renews itself when git uses it`;
  terminal.say(`signed in at ${address} as ${result.username}${until}`);
  if ((terminal.env['LATCHKEY_TOKEN'] ?? '') !== '')
    terminal.say('hint: latchkey commands use LATCHKEY_TOKEN before this sign-in: unset LATCHKEY_TOKEN');
}

function optionsOf({ permission, owner, expiresIn, name, ref }: LoginFlags): LoginOptions {
  if (expiresIn !== undefined && !/^\d{1,3}$/.test(expiresIn))
    throw new UsageError(
      `--expires-in takes a number of days, not ${JSON.stringify(expiresIn)}`,
      'for example: --expires-in 30',
    );
  for (const pair of permission ?? []) {
    if (!/^[a-z_:]+=(?:read|write|admin)$/.test(pair))
      throw new UsageError(
        `--permission takes NAME=LEVEL, not ${JSON.stringify(pair)}`,
        'for example: --permission contents=read',
      );
  }
  return {
    name: name ?? hostname().slice(0, 40),
    ...(permission === undefined ? {} : { permissions: permission.map((pair) => pair.replace('=', ':')) }),
    ...(owner === undefined ? {} : { owners: owner }),
    ...(expiresIn === undefined ? {} : { expiresInDays: Number(expiresIn) }),
    ...(ref === undefined ? {} : { refRules: ref }),
  };
}
