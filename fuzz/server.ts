/** The real server that requests are thrown at, its small world, and what it holds that must never be in its log. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, openSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../bench/command.ts';
import { MAIN } from '../bench/server.ts';
import { Visitor } from '../chaos/visitor.ts';
import type { Loot } from './requests.ts';

const PASSWORD = 'a long enough password 4711';
/** Requests must not end at a limit of calls. */
const FLAGS = ['--log-level', 'trace', '--trusted-proxy', '127.0.0.1'];
const NO_LIMITS = ['--api-rate-limit', '0', '--anonymous-rate-limit', '0', '--failed-credential-limit', '0'];
const SESSIONS = 3;

export interface FuzzedServer {
  readonly port: number;
  readonly loot: Loot;
  /** Resident memory now, in MiB; 0 when the server is gone. */
  memory(): number;
  /** Ends it. Gives the secrets that are in its log, the lines of faults, and how many bytes it has written. */
  stop(): Promise<{ readonly secrets: string[]; readonly faults: string[]; readonly bytes: number }>;
}

/** Starts it in a folder of its own, with two people, an organization, repositories, tokens and sessions. */
export async function startFuzzed(): Promise<FuzzedServer> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-fuzz-'));
  const data = join(folder, 'data');
  const admin = async (line: string, input = ''): Promise<string> =>
    (await run(process.execPath, [MAIN, 'admin', ...line.split(' '), '--data', data], { input })).stdout.trim();
  await admin('user add ada --email ada@example.org --verified --admin --password-stdin', PASSWORD);
  await admin('user add eve --email eve@example.org --verified --password-stdin', PASSWORD);
  await admin('org add acme --owner ada');
  for (const repository of ['ada/notes', 'ada/site', 'acme/notes', 'acme/site', 'eve/notes', 'eve/site'])
    await admin(`repo add ${repository}`);
  const token = async (login: string, options: string): Promise<Loot['tokens'][number]> => ({
    login,
    token: await admin(`token add ${login} ${options}`),
  });
  // Made first: the numbers that requests try are theirs.
  const victims = [
    await token('ada', '--name victim --classic --scope repo --scope user'),
    await token('eve', '--name victim --classic --scope repo --scope user'),
  ];
  const tokens = [
    await token('ada', '--name reader --classic --scope repo'),
    await token('ada', '--name wide --all-repos --permission contents=write --permission emails=write'),
    await token('ada', '--name root --owner instance --all-repos --permission instance_audit_log=read'),
    await token('eve', '--name owner --classic --scope repo --scope user --scope delete_repo'),
    await token('eve', '--name other --classic --scope repo --scope admin:repo_hook'),
  ];
  const logFile = join(folder, 'log');
  const child = spawn(process.execPath, [MAIN, 'serve', '--data', data, '--port', '0', ...FLAGS, ...NO_LIMITS], {
    stdio: ['ignore', 'pipe', openSync(logFile, 'w')],
  });
  process.once('exit', () => child.kill('SIGKILL'));
  const url = await new Promise<string>((resolve, reject) => {
    let said = '';
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk;
      const found = /ready at (\S+)/.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${readFileSync(logFile, 'utf8')}`)));
  });
  const sessions = await Promise.all(
    Array.from({ length: SESSIONS }, (_, i) => signedIn(url, i === 0 ? 'ada' : 'eve')),
  );
  const memory = (): number =>
    child.exitCode === null && child.signalCode === null
      ? Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
      : 0;
  return {
    port: Number(new URL(url).port),
    loot: { tokens, victims, sessions },
    memory,
    stop: async () => {
      if (memory() > 0) {
        child.kill('SIGTERM');
        await once(child, 'exit');
      }
      try {
        return await lookThrough(logFile, secretsOf([...tokens, ...victims], sessions));
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

async function signedIn(url: string, login: string): Promise<Loot['sessions'][number]> {
  const visitor = new Visitor(url);
  await visitor.signIn(login, PASSWORD);
  const formToken = / name="token" value="([^"]+)"/.exec(await visitor.see('/settings/profile'))?.[1] ?? '';
  return { cookie: visitor.cookie, formToken };
}

/** By what they are called. Parts of secrets are looked for, too: a cut or wrapped one gives it away as well. */
function secretsOf(tokens: Loot['tokens'], sessions: Loot['sessions']): ReadonlyMap<string, string> {
  return new Map([
    ...tokens.map(({ token }, i) => [`token ${i + 1}`, token.slice(4, -8)] as const),
    ...tokens.map(({ login, token }, i) => {
      const pair = Buffer.from(`${login}:${token}`).toString('base64');
      return [`token ${i + 1} in base64`, pair.slice(8, -12)] as const;
    }),
    ...sessions.map(({ cookie }, i) => [`session ${i + 1}`, cookie.split('=').at(-1) ?? cookie] as const),
    ...sessions.map(({ formToken }, i) => [`form token ${i + 1}`, formToken] as const),
    ['the password', PASSWORD],
  ]);
}

/** Reads a log line by line: it may be larger than memory should be. */
async function lookThrough(
  logFile: string,
  secrets: ReadonlyMap<string, string>,
): Promise<{ secrets: string[]; faults: string[]; bytes: number }> {
  const found = new Set<string>();
  const faults: string[] = [];
  let [bytes, rest] = [0, ''];
  for await (const chunk of createReadStream(logFile, 'utf8') as AsyncIterable<string>) {
    bytes += Buffer.byteLength(chunk);
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      for (const [name, secret] of secrets) if (line.includes(secret)) found.add(`${name}: ${line.slice(0, 300)}`);
      if (/"level":"(?:error|fatal)"/.test(line) && faults.length < 20) faults.push(line.slice(0, 600));
    }
  }
  return { secrets: [...found].slice(0, 20), faults, bytes };
}
