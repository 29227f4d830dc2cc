/**
 * Real gh against this server, over TLS: sign-in, and every command that has a feature here. Debian's gh and the newest
 * that Debian has are downloaded, and not installed. Needs apt, dpkg, git, and port 443 of a loopback address, since gh
 * takes no port in a host's name.
 *
 * Prints a table: what each version does with each command.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { run } from '../bench/command.ts';
import { MAIN, startWorld, type World } from '../bench/server.ts';
import { debians, newest } from './debian.ts';
import { enterCode } from './person.ts';

/** An address of this machine alone, so that port 443 is free as a rule. */
const HOST = '127.43.7.1';

/** One command of gh. */
interface Step {
  readonly args: readonly string[];
  readonly input?: string;
  /** In the clone of `ada/site`. */
  readonly inClone?: boolean;
  /** What it prints when it works; what gh says when the server has no such feature. */
  readonly prints: RegExp;
  readonly fails?: boolean;
  /** Debian's version knows no such command. */
  readonly sinceCurrent?: boolean;
}

const STEPS: readonly Step[] = [
  { args: ['auth', 'status'], prints: /Logged in to 127\.43\.7\.1/ },
  { args: ['auth', 'setup-git'], prints: /^/ },
  { args: ['api', 'user', '--jq', '.login'], prints: /^ada$/m },
  { args: ['api', 'graphql', '-f', 'query={viewer{login}}'], prints: /"login":"ada"/ },
  { args: ['repo', 'create', 'ada/site', '--private', '--add-readme', '-d', 'first'], prints: /ada\/site/ },
  { args: ['repo', 'create', 'acme/tool', '--public'], prints: /acme\/tool/ },
  { args: ['repo', 'view', 'ada/site'], prints: /# site/ },
  { args: ['repo', 'view', 'ada/site', '--json', 'JSON'], prints: /"nameWithOwner":"ada\/site"/ },
  { args: ['repo', 'list'], prints: /ada\/site/ },
  { args: ['repo', 'list', 'acme', '--visibility', 'public'], prints: /acme\/tool/ },
  { args: ['repo', 'list', '--archived'], prints: /^/ },
  { args: ['repo', 'clone', 'ada/site', 'site'], prints: /Cloning into/ },
  { args: ['repo', 'set-default', 'ada/site'], inClone: true, prints: /^/ },
  { args: ['repo', 'view'], inClone: true, prints: /site/ },
  { args: ['repo', 'edit', 'ada/site', '-d', 'second', '-h', 'https://example.org'], prints: /ada\/site|^$/ },
  { args: ['repo', 'view', 'ada/site', '--json', 'description'], prints: /second/ },
  { args: ['repo', 'sync'], inClone: true, prints: /^/ },
  { args: ['repo', 'deploy-key', 'add', 'KEY', '--title', 'ci'], inClone: true, prints: /Deploy key added|^$/ },
  { args: ['repo', 'deploy-key', 'list'], inClone: true, prints: /ci/ },
  { args: ['org', 'list'], prints: /acme/, sinceCurrent: true },
  { args: ['api', '--paginate', 'user/repos?per_page=1', '--jq', '.[].full_name'], prints: /ada\/site[^]*|acme\/tool/ },
  { args: ['repo', 'rename', 'place', '-R', 'ada/site', '--yes'], prints: /^/ },
  { args: ['repo', 'archive', 'ada/place', '--yes'], prints: /^/ },
  { args: ['repo', 'unarchive', 'ada/place', '--yes'], prints: /^/, sinceCurrent: true },
  { args: ['api', 'repos/ada/place', '--jq', '.archived'], prints: /^(?:true|false)$/m },
  { args: ['search', 'repos', 'tool'], prints: /acme\/tool/ },
  { args: ['ssh-key', 'list'], prints: /^/ },
  { args: ['repo', 'delete', 'ada/place', '--yes'], prints: /^/ },
  { args: ['issue', 'list', '-R', 'acme/tool'], prints: /disabled issues|doesn't exist/, fails: true },
  { args: ['pr', 'list', '-R', 'acme/tool'], prints: /doesn't exist|no open pull requests/, fails: true },
  { args: ['release', 'list', '-R', 'acme/tool'], prints: /^/ },
  { args: ['gist', 'list'], prints: /doesn't exist/, fails: true },
  { args: ['status'], prints: /HTTP 404|doesn't exist/, fails: true },
  { args: ['auth', 'logout', '--hostname', HOST], prints: /^/ },
];

/** Under `latchkey agent`, which gives gh no token, with a session that may push to `agent/**` alone. */
const AGENT_STEPS: readonly (readonly [script: string, prints: RegExp])[] = [
  ['gh api repos/acme/tool --jq .full_name', /^acme\/tool$/m],
  ['gh repo view acme/tool --json nameWithOwner', /acme\/tool/],
  ['gh repo clone acme/tool agent && cd agent && git push -q origin HEAD:refs/heads/agent/one', /pushed: agent\/one/],
  [
    'cd agent && git push origin HEAD:refs/heads/other || echo refused',
    /refused: other \(ref rules allow agent\/\*\* only\)/,
  ],
];

/** What `repo view --json` may ask for, all at once. */
const EVERY_FIELD = /(?:Specify one or more|available fields)[^]*?:\s*([^]+)$/i;

export async function gh(): Promise<void> {
  const base = await mkdtemp(join(tmpdir(), 'latchkey-gh-'));
  const programs = [await debians(base, 'gh'), process.env['GH_CURRENT'] ?? (await newest(base, 'gh'))];
  const pem = await generate([{ name: 'commonName', value: HOST }], {
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'subjectAltName', altNames: [{ type: 7, ip: HOST }] },
    ],
  });
  await writeFile(join(base, 'cert.pem'), pem.cert);
  await writeFile(join(base, 'key.pem'), pem.private, { mode: 0o600 });
  await writeFile(
    join(base, 'key.pub'),
    'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ci',
  );
  try {
    const columns: string[][] = [];
    for (const [i, program] of programs.entries()) columns.push(await column(base, program, `${i}`));
    const versions = await Promise.all(programs.map(async (program) => (await run(program, ['--version'])).stdout));
    console.log(`| command | ${versions.map((text) => text.split(' ').slice(0, 3).join(' ')).join(' | ')} |`);
    console.log(`| --- |${' --- |'.repeat(programs.length)}`);
    for (const [i, line] of ['auth login --web', 'auth login --with-token'].entries())
      console.log(`| \`${line}\` | ${columns.map((lines) => lines[i]).join(' | ')} |`);
    for (const [i, { args }] of STEPS.entries())
      console.log(`| \`${args.join(' ')}\` | ${columns.map((lines) => lines[i + 2]).join(' | ')} |`);
    for (const [i, [script]] of AGENT_STEPS.entries()) {
      const answers = columns.map((lines) => lines[STEPS.length + 2 + i]);
      console.log(`| \`latchkey agent -- sh -c '${script}'\` | ${answers.join(' | ')} |`);
    }
    if (columns.flat().some((answer) => answer.startsWith('FAILED'))) process.exitCode = 1;
  } finally {
    await rm(base, { recursive: true, force: true });
  }
}

/** One version of gh, in a home and a world of its own: what it does with each command. */
async function column(base: string, program: string, name: string): Promise<string[]> {
  const home = join(base, name);
  await mkdir(home);
  const tls = ['--tls-cert', join(base, 'cert.pem'), '--tls-key', join(base, 'key.pem')];
  const place = ['--host', HOST, '--port', '443', '--public-url', `https://${HOST}`];
  const world = await startWorld(join(home, 'data'), null, [...place, ...tls]);
  try {
    const token = await prepare(world);
    const env: NodeJS.ProcessEnv = {
      PATH: process.env['PATH'],
      HOME: home,
      GH_HOST: HOST,
      GH_PROMPT_DISABLED: '1',
      NO_COLOR: '1',
      SSL_CERT_FILE: join(base, 'cert.pem'),
      GIT_SSL_CAINFO: join(base, 'cert.pem'),
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_TERMINAL_PROMPT: '0',
      GH_NO_UPDATE_NOTIFIER: '1',
    };
    const ask = (step: Step): Promise<string> => tried(program, step, { env, home, keyFile: join(base, 'key.pub') });
    const login: Step = { args: ['auth', 'login', '--hostname', HOST, '--with-token'], input: token, prints: /^/ };
    const answers = [await byWeb(program, join(home, 'web'), env), await ask(login)];
    const isDebians = program.includes('/debian/');
    for (const step of STEPS)
      answers.push(isDebians && step.sinceCurrent === true ? 'no such command' : await ask(step));
    return [...answers, ...(await underAgent(world, program, { env, home }))];
  } finally {
    await world.stop();
  }
}

/** Signs in by gh's own client id: a person enters its code in a browser. Then gh and git work with what it got. */
async function byWeb(program: string, home: string, before: NodeJS.ProcessEnv): Promise<string> {
  await mkdir(home);
  const env = { ...before, HOME: home };
  const child = spawn(program, ['auth', 'login', '--hostname', HOST, '--web', '--git-protocol', 'https'], {
    cwd: home,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  const code = new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        said += chunk;
        const found = /[A-Z]{4}-[A-Z]{4}/.exec(said)?.[0];
        if (found !== undefined) resolve(found);
      });
    child.on('close', () => reject(new Error(`gh ended before it showed a code: ${said}`)));
  });
  code.catch(() => undefined);
  const ended = once(child, 'close');
  try {
    await enterCode(`https://${HOST}`, await code, 'GitHub CLI, or a command that uses its name', 'Give it the token');
    await ended;
    const asked = await run(program, ['api', 'graphql', '-f', 'query={viewer{login}}'], { cwd: home, env });
    const status = await run(program, ['auth', 'status'], { cwd: home, env });
    return asked.stdout.includes('"login":"ada"') && /Logged in/.test(status.stdout + status.stderr)
      ? 'works'
      : `FAILED: ${said.slice(-300)}`;
  } catch (error) {
    child.kill();
    return `FAILED: ${(error as Error).message.slice(-300)}`;
  }
}

/** The same gh behind the broker of `latchkey agent`. */
async function underAgent(world: World, program: string, { env, home }: Omit<Desk, 'keyFile'>): Promise<string[]> {
  const token = await world.admin([
    'token',
    'add',
    'ada',
    '--name',
    'agents',
    '--owner',
    'acme',
    '--all-repos',
    '--permission',
    'contents=write',
  ]);
  await run('git', ['init', '-q', 'first'], { cwd: home, env });
  const [cwd, to] = [join(home, 'first'), `https://ada:${token}@${HOST}/acme/tool.git`];
  const as = ['-c', 'user.name=ada', '-c', 'user.email=ada@example.org'];
  await run('git', [...as, 'commit', '-qm', 'first', '--allow-empty'], { cwd, env });
  await run('git', ['push', '-q', to, 'HEAD:refs/heads/main'], { cwd, env });
  const session = {
    ...env,
    PATH: `${join(program, '..')}:${env['PATH']}`,
    LATCHKEY_URL: `https://${HOST}`,
    LATCHKEY_TOKEN: token,
    NODE_EXTRA_CA_CERTS: env['SSL_CERT_FILE'],
  };
  const answers: string[] = [];
  for (const [script, prints] of AGENT_STEPS) {
    const words = [MAIN, 'agent', '--repo', 'acme/tool', '--ref', 'agent/**', '--', 'sh', '-c', script];
    const text = await run(process.execPath, words, { cwd: home, env: session }).then(
      ({ stdout, stderr }) => stdout + stderr,
      (error: Error) => error.message,
    );
    const isRight = prints.test(text) && /is revoked/.test(text) && !text.includes(token) && !text.includes('lkd_');
    answers.push(isRight ? 'works' : `FAILED: ${text.trim().slice(-300)}`);
  }
  return answers;
}

async function prepare(world: World): Promise<string> {
  await world.admin(['org', 'add', 'acme', '--owner', 'ada']);
  const scopes = ['repo', 'read:org', 'delete_repo', 'admin:public_key'].flatMap((scope) => ['--scope', scope]);
  return world.admin(['token', 'add', 'ada', '--name', 'gh', '--classic', ...scopes]);
}

interface Desk {
  readonly env: NodeJS.ProcessEnv;
  readonly home: string;
  readonly keyFile: string;
}

async function tried(program: string, { args, input, inClone, prints, fails }: Step, desk: Desk): Promise<string> {
  const { env, home, keyFile } = desk;
  const options = { cwd: inClone === true ? join(home, 'site') : home, env, ...(input === undefined ? {} : { input }) };
  const fields = args.includes('JSON') ? await everyField(program, options) : '';
  const given = args.map((arg) => (arg === 'JSON' ? fields : arg === 'KEY' ? keyFile : arg));
  const said = await run(program, given, options).then(
    ({ stdout, stderr }) => ({ works: true, text: stdout + stderr }),
    (error: Error) => ({ works: false, text: error.message }),
  );
  if (prints.test(said.text) && (said.works || fails === true))
    return said.works && fails !== true ? 'works' : 'says that there is none';
  return `FAILED: ${said.text.trim().split('\n').slice(-3).join(' / ').slice(0, 300)}`;
}

/** All fields that `repo view` knows, as it lists them itself. */
async function everyField(program: string, options: { cwd: string; env: NodeJS.ProcessEnv }): Promise<string> {
  const said = await run(program, ['repo', 'view', 'ada/site', '--json'], options).then(
    ({ stderr }) => stderr,
    (error: Error) => error.message,
  );
  const [, list = ''] = EVERY_FIELD.exec(said) ?? [];
  return list.trim().split(/\s+/).join(',');
}
