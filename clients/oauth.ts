/**
 * git-credential-oauth against this server: an application registered on the page, git's helper configured as
 * docs/oauth.md says, a clone and a push by a sign-in in the browser, another by a code, and a refresh. Debian's newest is
 * downloaded, and not installed. Needs apt, dpkg and git.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../bench/command.ts';
import { startWorld } from '../bench/server.ts';
import { newest } from './debian.ts';
import { asAda, enterCode } from './person.ts';

const NAME = 'git';

export async function oauth(): Promise<void> {
  const base = await mkdtemp(join(tmpdir(), 'latchkey-oauth-'));
  const program = await newest(base, 'git-credential-oauth');
  const world = await startWorld(join(base, 'data'), null);
  try {
    await world.admin(['repo', 'add', 'ada/site']);
    let clientId = '';
    await asAda(`${world.url}/settings/applications`, async (page) => {
      await page.getByLabel('Name', { exact: true }).fill(NAME);
      await page
        .getByLabel(/Callback|addresses/i)
        .first()
        .fill('http://127.0.0.1');
      await page.getByRole('button', { name: /Register|Add/ }).click();
      clientId = await page.locator('#client-id').inputValue();
    });
    const home = join(base, 'home');
    await mkdir(home);
    const env: NodeJS.ProcessEnv = {
      PATH: process.env['PATH'],
      HOME: home,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_TERMINAL_PROMPT: '0',
      GIT_AUTHOR_NAME: 'ada',
      GIT_AUTHOR_EMAIL: 'ada@example.org',
      GIT_COMMITTER_NAME: 'ada',
      GIT_COMMITTER_EMAIL: 'ada@example.org',
    };
    const settings: readonly (readonly [string, string])[] = [
      ['oauthClientId', clientId],
      ['oauthScopes', 'contents:write metadata:read'],
      ['oauthAuthURL', '/login/oauth/authorize'],
      ['oauthTokenURL', '/login/oauth/access_token'],
      ['oauthDeviceAuthURL', '/login/device/code'],
    ];
    for (const [name, value] of settings)
      await run('git', ['config', '--global', `credential.${world.url}.${name}`, value], { env });
    const store = `store --file=${join(home, 'kept')}`;
    for (const helper of [store, program])
      await run('git', ['config', '--global', '--add', 'credential.helper', helper], { env });

    const cloned = await signedInBy(
      ['git', 'clone', `${world.url}/ada/site.git`, 'site'],
      { home, env },
      async (said) => {
        const address = /^http\S+$/m.exec(said)?.[0];
        if (address === undefined) return false;
        await asAda(address, async (page) => {
          await page.getByRole('button', { name: 'Let it sign in' }).click();
          await page.getByText('Success').waitFor();
        });
        return true;
      },
    );
    const site = join(home, 'site');
    await run('git', ['commit', '-q', '--allow-empty', '-m', 'first'], { cwd: site, env });
    await run('git', ['push', '-q', 'origin', 'HEAD:main'], { cwd: site, env });
    const pushed = (await run('git', ['ls-remote', 'origin'], { cwd: site, env })).stdout.includes('refs/heads/main');

    const { protocol, host } = new URL(world.url);
    const wanted = `protocol=${protocol.slice(0, -1)}\nhost=${host}\n`;
    let given = '';
    const byCode = await signedInBy(
      [program, '-device', 'get'],
      { home, env },
      async (said) => {
        const code = /enter code (\S+)/.exec(said)?.[1];
        if (code === undefined) return false;
        await enterCode(world.url, code, `${NAME} on another machine`, 'Let it sign in');
        return true;
      },
      wanted,
      (out) => (given = out),
    );
    const refresh = /^oauth_refresh_token=(.+)$/m.exec(given)?.[1] ?? '';
    const again = await run(program, ['get'], { env, input: `${wanted}oauth_refresh_token=${refresh}\n` });
    const renewed = /^password=(.+)$/m.exec(again.stdout)?.[1];
    const isNew = renewed !== undefined && !given.includes(renewed);

    console.log('| what | git-credential-oauth |\n| --- | --- |');
    const rows = {
      'clone, by the browser': cloned,
      'push with what it got': pushed,
      'a code on another machine': byCode,
    };
    for (const [what, works] of Object.entries({ ...rows, refresh: isNew }))
      console.log(`| ${what} | ${works ? 'works' : 'FAILED'} |`);
    if (!(cloned && pushed && byCode && isNew)) process.exitCode = 1;
  } finally {
    await world.stop();
    await rm(base, { recursive: true, force: true });
  }
}

/** Runs a command during which somebody signs in, as soon as it says where. True when it ends well. */
async function signedInBy(
  [command = '', ...args]: readonly string[],
  { home, env }: { home: string; env: NodeJS.ProcessEnv },
  signIn: (said: string) => Promise<boolean>,
  input = '',
  gives: (out: string) => void = () => undefined,
): Promise<boolean> {
  const child = spawn(command, args, { cwd: home, env, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.end(input);
  let [said, out] = ['', ''];
  let signing: Promise<boolean> | null = null;
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (out += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk;
    if (signing === null && said.endsWith('\n')) {
      const trying = signIn(said).then((found) => {
        if (!found) signing = null;
        return found;
      });
      trying.catch(() => child.kill());
      signing = trying;
    }
  });
  const [code] = (await once(child, 'close')) as [number | null];
  gives(out);
  if (code !== 0) console.error(said);
  return code === 0;
}
