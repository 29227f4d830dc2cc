/**
 * The map for Gitea, tried with Gitea, which is built from its module: no other registry has it. It knows people by the
 * header that the proxy sets (reverse proxy authentication), and is reachable by the proxy alone.
 */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../bench/command.ts';
import { bare, expectAll, freePort, refused, type Service, startOn } from './service-trial.ts';

const MODULE = 'code.gitea.io/gitea@v1.26.0';
const PASSWORD = 'a password for this trial alone';

/** Where the sources are, with the templates that it reads when it runs. */
async function sources(): Promise<string> {
  const { stdout } = await run('go', ['mod', 'download', '-json', MODULE]);
  return (JSON.parse(stdout) as { Dir: string }).Dir;
}

async function built(programs: string, from: string): Promise<string> {
  const program = join(programs, 'gitea/gitea');
  const tags = ['-tags', 'sqlite sqlite_unlock_notify', '-ldflags', `-X main.Version=${MODULE.split('@v')[1]}`];
  if (!existsSync(program)) await run('go', ['build', '-mod=readonly', ...tags, '-o', program, '.'], { cwd: from });
  return program;
}

export const gitea: Service = {
  name: 'gitea',
  title: 'Gitea’s API and git',
  programs: ['gitea', 'git'],
  map: 'gitea.yaml',
  host: 'gitea.example.org',
  address: '127.0.2.9',
  permission: 'contents',
  writes: 'write',
  start: async (given) => {
    const [port, from] = [await freePort(), await sources()];
    const home = join(given.folder, 'gitea');
    await mkdir(home);
    const program = await built(given.programs, from);
    const config = join(home, 'app.ini');
    await writeFile(
      config,
      `RUN_USER = ${process.getuid?.() === 0 ? 'root' : process.env['USER']}
[server]
HTTP_ADDR = 127.0.0.1
HTTP_PORT = ${port}
STATIC_ROOT_PATH = ${from}
DISABLE_SSH = true
OFFLINE_MODE = true
[database]
DB_TYPE = sqlite3
PATH = ${home}/gitea.db
[repository]
ROOT = ${home}/repositories
[security]
INSTALL_LOCK = true
SECRET_KEY = of-this-trial-alone
REVERSE_PROXY_AUTHENTICATION_USER = Remote-User
[service]
ENABLE_REVERSE_PROXY_AUTHENTICATION = true
ENABLE_REVERSE_PROXY_AUTHENTICATION_API = true
[log]
LEVEL = Error
`,
      { mode: 0o600 },
    );
    const env = bare({ GITEA_WORK_DIR: home, GITEA_I_AM_BEING_UNSAFE_RUNNING_AS_ROOT: 'true' }, home);
    const admin = (...args: string[]) => run(program, ['--config', config, ...args], { cwd: home, env });
    await admin('migrate');
    const person = ['--username', 'ada', '--password', PASSWORD, '--email', 'ada@example.org'];
    await admin('admin', 'user', 'create', '--admin', '--must-change-password=false', ...person);
    await startOn(given, port, [program, '--config', config, 'web'], { ...env });
    const make = async (path: string, body: object): Promise<void> => {
      const answer = await fetch(`http://127.0.0.1:${port}/api/v1${path}`, {
        method: 'POST',
        headers: { 'Remote-User': 'ada', 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      });
      if (answer.status !== 201) throw new Error(`Gitea: ${path} answered ${answer.status}: ${await answer.text()}`);
    };
    await make('/orgs', { username: 'acme' });
    await make('/orgs/acme/repos', { name: 'site', private: true, auto_init: true, default_branch: 'main' });
    return port;
  },
  use: async ({ folder, at, tokens: { reader, writer } }) => {
    const as = ['-c', 'user.name=ada', '-c', 'user.email=ada@example.org'];
    const env = bare({ GIT_CONFIG_NOSYSTEM: '1', GIT_TERMINAL_PROMPT: '0' }, folder);
    const by = (token: string): string => `http://ada:${token}@${at}/acme/site.git`;
    const work = join(folder, 'gitea-work');
    await run('git', ['clone', '-q', by(reader), work], { env });
    await run('git', [...as, 'commit', '-qm', 'second', '--allow-empty'], { cwd: work, env });
    await refused(run('git', ['push', by(reader), 'HEAD:main'], { cwd: work, env }), /lacks contents: write/);
    await run('git', ['push', '-q', by(writer), 'HEAD:main'], { cwd: work, env });
    await refused(run('git', ['clone', `http://${at}/acme/site.git`, `${work}-2`], { env }), /could not read Username/);

    const send = async (operation: string, token: string, body: object, status: number): Promise<void> => {
      const [method = '', path = ''] = operation.split(' ');
      const answer = await fetch(`http://${at}/api/v1/repos/acme/site${path}`, {
        method,
        headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      });
      if (answer.status !== status)
        throw new Error(`Gitea: ${operation} answered ${answer.status} in place of ${status}: ${await answer.text()}`);
    };
    const file = { content: 'b25l', message: 'a file', branch: 'main' };
    await send('POST /contents/docs/one.txt', reader, file, 403);
    await send('POST /contents/docs/one.txt', writer, file, 201);
    await send('POST /branches', writer, { new_branch_name: 'feature', old_branch_name: 'main' }, 201);
    await send('POST /tags', writer, { tag_name: 'v1', target: 'main' }, 201);
    await send('POST /releases', writer, { tag_name: 'v1', name: 'One' }, 201);
    await send('PUT /collaborators/eve', writer, { permission: 'admin' }, 403);
    await send('POST /hooks', writer, { type: 'gitea', config: {}, events: ['push'] }, 403);
    await send('POST /issues', writer, { title: 'A hole' }, 403);
    await send('POST /transfer', writer, { new_owner: 'ada' }, 403);

    const api = '/api/v1/repos/acme/site';
    await expectAll(at, [
      ['GET /api/v1/version', reader, 200],
      ...[
        '',
        '/contents/docs/one.txt',
        '/raw/README.md',
        '/branches',
        '/branches/main',
        '/tags',
        '/releases',
        '/commits',
      ]
        .concat(['/git/trees/main', '/archive/main.tar.gz'])
        .map((path) => [`GET ${api}${path}`, reader, 200] as const),
      [`GET ${api}`, null, 401],
      [`GET ${api}/issues`, reader, 403],
      [`GET ${api}/hooks`, reader, 403],
      [`GET ${api}/keys`, reader, 403],
      ['GET /api/v1/repos/acme/elsewhere', reader, 403],
      ['GET /api/v1/user', writer, 403],
      ['GET /api/v1/user/tokens', writer, 403],
      ['GET /api/v1/admin/users', writer, 403],
      ['GET /user/settings', writer, 403],
      ['GET /acme/site', writer, 403],
      [`DELETE ${api}`, writer, 403],
    ]);
    return 'clone, push; files, branches, tags, releases, archives; keys, hooks, issues, other repositories, its pages';
  },
};
