/**
 * The peer: nginx + fcgiwrap + `git http-backend` with `auth_basic`, from Debian's packages nginx-light and fcgiwrap.
 * Says so when they are missing.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { QUIET_GIT, run } from './command.ts';

export interface Peer {
  readonly url: string;
  readonly token: string;
  /** The folder of `ada/work.git`. */
  readonly repository: string;
  /** For nginx and for fcgiwrap, whose children do the work. */
  readonly pids: readonly number[];
  stop(): Promise<void>;
}

const NGINX = '/usr/sbin/nginx';
const FCGIWRAP = '/usr/sbin/fcgiwrap';

/** Why the peer can't be measured here; null when it can. */
export function peerMissing(): string | null {
  const missing = [NGINX, FCGIWRAP].filter((path) => !existsSync(path));
  return missing.length === 0
    ? null
    : `not measured: ${missing.join(' and ')} missing (Debian: apt-get install nginx-light fcgiwrap)`;
}

export async function startPeer(folder: string, history: string): Promise<Peer> {
  const token = 'lkc_000000000000000000000000000000000000';
  const root = join(folder, 'srv');
  await mkdir(join(root, 'ada'), { recursive: true });
  for (const temp of ['body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'])
    await mkdir(join(folder, temp), { recursive: true });
  await cp(history, join(root, 'ada/work.git'), { recursive: true });
  await run('git', ['config', 'http.receivepack', 'true'], { cwd: join(root, 'ada/work.git'), env: QUIET_GIT });
  const { stdout } = await run('openssl', ['passwd', '-apr1', '-stdin'], { input: token });
  await writeFile(join(folder, 'htpasswd'), `ada:${stdout.trim()}\n`);
  const port = await freePort();
  const socket = join(folder, 'fcgi.sock');
  await writeFile(join(folder, 'nginx.conf'), configuration(folder, root, port, socket));
  const env = { ...QUIET_GIT, GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'safe.directory', GIT_CONFIG_VALUE_0: '*' };
  const wrap = spawn(FCGIWRAP, ['-c', '4', '-s', `unix:${socket}`], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env,
    detached: true,
  });
  while (!existsSync(socket)) await new Promise((resolve) => setTimeout(resolve, 20));
  const nginx = spawn(NGINX, ['-c', join(folder, 'nginx.conf'), '-p', folder], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const url = `http://127.0.0.1:${port}`;
  await answering(url);
  return {
    url,
    token,
    repository: join(root, 'ada/work.git'),
    pids: [nginx.pid!, wrap.pid!],
    stop: async () => void (await Promise.all([end(nginx), endGroup(wrap)])),
  };
}

function configuration(folder: string, root: string, port: number, socket: string): string {
  return `daemon off; pid ${folder}/nginx.pid; error_log ${folder}/error.log; worker_processes 1; user root;
events { worker_connections 256; }
http {
  access_log off; client_max_body_size 0;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  server {
    listen 127.0.0.1:${port};
    location / {
      auth_basic "git"; auth_basic_user_file ${folder}/htpasswd;
      fastcgi_pass unix:${socket}; fastcgi_request_buffering off; fastcgi_buffering off;
      fastcgi_param SCRIPT_FILENAME /usr/lib/git-core/git-http-backend;
      fastcgi_param GIT_PROJECT_ROOT ${root}; fastcgi_param GIT_HTTP_EXPORT_ALL 1;
      fastcgi_param PATH_INFO $uri; fastcgi_param QUERY_STRING $query_string;
      fastcgi_param REQUEST_METHOD $request_method; fastcgi_param CONTENT_TYPE $content_type;
      fastcgi_param CONTENT_LENGTH $content_length;
      fastcgi_param REMOTE_USER $remote_user; fastcgi_param REMOTE_ADDR $remote_addr;
      fastcgi_param HTTP_CONTENT_ENCODING $http_content_encoding; fastcgi_param GIT_PROTOCOL $http_git_protocol;
    }
  }
}
`;
}

async function answering(url: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (
      await fetch(url).then(
        () => true,
        () => false,
      )
    )
      return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('nginx does not answer');
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.kill();
  await once(child, 'exit');
}

/** fcgiwrap leaves its children behind when it alone is ended. */
async function endGroup(leader: ChildProcess): Promise<void> {
  const ended = once(leader, 'exit');
  process.kill(-leader.pid!);
  await ended;
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
