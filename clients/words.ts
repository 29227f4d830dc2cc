/**
 * Where git clients print what the server says: each is refused in four ways, and what it prints is shown. Its table is
 * the one of docs/clients.md, and `catalogue/git-clients.ts` goes by it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startWorld } from '../bench/server.ts';
import { CLIENTS, type GitClient } from './git-clients.ts';

/** A refused clone, and words that say why. */
interface Refused {
  readonly status: number;
  readonly repository: string;
  readonly password: string;
  readonly says: RegExp;
}

const TIMEOUT_MS = 60_000;

/** Prints the table, including which clients can't be installed. */
export async function words(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-clients-'));
  const world = await startWorld(join(folder, 'data'), null);
  try {
    await world.admin(['org', 'add', 'acme', '--owner', 'ada']);
    await world.admin(['repo', 'add', 'acme/site']);
    await world.admin(['user', 'add', 'bob', '--email', 'bob@example.org', '--verified']);
    await world.admin(['org', 'member', 'add', 'acme', 'bob']);
    const asked = ['--owner', 'acme', '--all-repos', '--permission', 'contents=read'];
    const waits = await world.admin(['token', 'add', 'bob', '--name', 'waits', ...asked]);
    const refusals: readonly Refused[] = [
      { status: 400, repository: 'acme/site', password: `"${world.token}"`, says: /in double quotes/ },
      { status: 401, repository: 'acme/site', password: `lkc_${'a1B2c3'.repeat(6)}`, says: /is damaged/ },
      { status: 403, repository: 'acme/site', password: waits, says: /waits until an owner of acme approves it/ },
      { status: 404, repository: 'acme/nowhere', password: world.token, says: /does not exist/ },
    ];
    for (const client of CLIENTS)
      await show(client, join(folder, client.name.split(' ')[0] ?? ''), world.url, refusals);
  } finally {
    await world.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function show(client: GitClient, folder: string, url: string, refusals: readonly Refused[]): Promise<void> {
  let version: string;
  try {
    version = await client.install(folder);
  } catch (error) {
    console.log(
      `${client.name}: can't be installed here: ${error instanceof Error ? error.message.split('\n')[0] : ''}`,
    );
    return;
  }
  console.log(`${client.name} ${version}`);
  for (const { status, repository, password, says } of refusals) {
    const to = join(folder, `clone-${status}`);
    const said = await output(client.clone(folder, [`${url}/${repository}.git`, 'ada', password, to]));
    const shown = said
      .replaceAll(/^SLF4J:.*\n/gm, '')
      .replaceAll(password, '[token]')
      .replaceAll(/\s*\n\s*/g, ' | ')
      .slice(0, 300);
    console.log(`  ${status} ${says.test(said) ? 'prints the words' : 'drops the words'}: ${shown}`);
  }
}

async function output([program = '', ...args]: readonly string[]): Promise<string> {
  const child = spawn(program, args, { timeout: TIMEOUT_MS, env: { ...process.env, GIT_TERMINAL_PROMPT: '0' } });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => (said += part));
  await once(child, 'close');
  return said.trim();
}
