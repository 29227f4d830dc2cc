/**
 * The attack that WebDAV's second address allows, on the example for nginx with nginx's own WebDAV: a token for one
 * folder plants a file in another one.
 *
 * nginx is a program of the machine, not of the checkout: if it is missing, that suite is not declared, and a line
 * says so. The decisions are tested without it in `doors/forward/second-address.test.ts`.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { addOrganization, addUser } from '../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../src/actions/decision/authorize.ts';
import { addRepository } from '../../src/actions/repositories/repositories.ts';
import { createToken } from '../../src/actions/tokens/tokens.ts';
import { startServer } from '../../src/app.ts';
import { loadSettings } from '../../src/base/settings/settings.ts';
import { freePort } from '../engines/free-port.ts';
import { once, until } from '../waits.ts';
import { EXAMPLES, programNamed } from './example-proxies.ts';

const NGINX = programNamed('nginx');

it('every method that the example for nginx takes has its place in the route map of the example', async () => {
  const conf = await readFile(join(EXAMPLES, 'nginx/webdav.conf'), 'utf8');
  const map = await readFile(join(EXAMPLES, 'route-map/webdav.yaml'), 'utf8');
  const { services } = parse(map) as { services: { routes: { method: string | string[] }[] }[] };
  const decided = services.flatMap(({ routes }) => routes.flatMap(({ method }) => method));
  const taken = /dav_methods ([A-Z ]+);/.exec(conf)?.[1]?.split(' ') ?? [];
  expect(taken).toContain('MOVE');
  expect(taken.filter((method) => !decided.includes(method))).toEqual([]);
});

if (NGINX === null) console.log('nginx is not installed: its WebDAV example was not run');
else webdavSuite(NGINX);

function webdavSuite(nginx: string): void {
  describe('the WebDAV example of nginx', () => {
    let folder: string;
    let port: number;
    let token: string;
    let stop: () => Promise<void>;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'latchkey-webdav-'));
      for (const name of ['share', 'handbook']) await mkdir(join(folder, 'dav/acme', name), { recursive: true });
      const server = await startServer(
        loadSettings({
          flags: {
            data: join(folder, 'data'),
            routeMap: join(EXAMPLES, 'route-map/webdav.yaml'),
            port: 0,
            logLevel: 'silent',
          },
          env: {},
        }),
      );
      token = await tokenForShare(server.context);
      port = await freePort();
      for (const name of ['latchkey.conf', 'webdav.conf']) {
        const text = await readFile(join(EXAMPLES, 'nginx', name), 'utf8');
        await writeFile(
          join(folder, name),
          text
            .replaceAll('127.0.0.1:7070', new URL(server.url).host)
            .replaceAll('8082', `127.0.0.1:${port}`)
            .replaceAll('/srv/dav', join(folder, 'dav')),
        );
      }
      const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
        .map((name) => `${name}_temp_path ${folder}/${name};`)
        .join(' ');
      await writeFile(
        join(folder, 'nginx.conf'),
        `${process.getuid?.() === 0 ? 'user root;' : ''} daemon off; worker_processes 1; pid ${folder}/pid;
         error_log ${folder}/error.log; events { worker_connections 64; }
         http { access_log off; ${temporary} include webdav.conf; }`,
      );
      const child = spawn(nginx, ['-p', folder, '-c', join(folder, 'nginx.conf')], { stdio: 'ignore' });
      stop = async () => {
        child.kill('SIGTERM');
        await once(child, 'exit');
        await server.close();
        await rm(folder, { recursive: true, force: true });
      };
      await until(
        () =>
          fetch(`http://127.0.0.1:${port}/`).then(
            () => true,
            () => false,
          ),
        'nginx answers',
      );
    }, 60_000);
    afterAll(() => stop());

    const dav = async (method: string, path: string, headers: Record<string, string> = {}): Promise<number> => {
      const host = `dav.example.org:${port}`;
      return new Promise((resolve, reject) => {
        const body = method === 'PUT' ? 'hello' : '';
        const sent = request(
          {
            port,
            host: '127.0.0.1',
            method,
            path,
            headers: { Host: host, Authorization: `Bearer ${token}`, 'Content-Length': body.length, ...headers },
          },
          (response) => {
            response.resume();
            resolve(response.statusCode ?? 0);
          },
        );
        sent.on('error', reject);
        sent.end(body);
      });
    };
    const at = (path: string): string => join(folder, 'dav', path);

    it('takes files, copies and moves inside what the token is for', async () => {
      expect(await dav('PUT', '/acme/share/a.txt')).toBe(201);
      expect(await dav('COPY', '/acme/share/a.txt', { Destination: '/acme/share/b.txt' })).toBe(204);
      const full = `http://dav.example.org:${port}/acme/share/c.txt`;
      expect(await dav('MOVE', '/acme/share/b.txt', { Destination: full })).toBe(204);
      expect([existsSync(at('acme/share/b.txt')), existsSync(at('acme/share/c.txt'))]).toEqual([false, true]);
    });

    it('plants no file where the token may not write, by whatever method', async () => {
      await writeFile(at('acme/handbook/rules.txt'), 'be kind');
      expect(await dav('PUT', '/acme/handbook/planted.txt')).toBe(403);
      for (const method of ['COPY', 'MOVE']) {
        for (const destination of [
          '/acme/handbook/planted.txt',
          `http://dav.example.org:${port}/acme/handbook/rules.txt`,
        ])
          expect(await dav(method, '/acme/share/a.txt', { Destination: destination }), method).toBe(403);
      }
      expect(existsSync(at('acme/handbook/planted.txt'))).toBe(false);
      expect(await readFile(at('acme/handbook/rules.txt'), 'utf8')).toBe('be kind');
      expect(existsSync(at('acme/share/a.txt'))).toBe(true);
    });
  });
}

type World = Awaited<ReturnType<typeof startServer>>['context'];

/** Ada owns acme, with two repositories; the token may write to one of them. */
async function tokenForShare(context: World): Promise<string> {
  const permit = operatorPermit();
  await addUser(context, permit, {
    login: 'ada',
    email: 'ada@example.org',
    verified: true,
    admin: true,
    password: null,
  });
  await addOrganization(context, permit, { name: 'acme', owner: 'ada' });
  for (const name of ['share', 'handbook'])
    await addRepository(context, permit, { owner: 'acme', name, visibility: 'private' });
  const made = await createToken(context, permit, {
    userLogin: 'ada',
    kind: 'fine-grained',
    name: 'share',
    description: '',
    scopes: [],
    grants: [
      {
        owner: 'acme',
        selection: 'selected',
        repositories: ['share'],
        permissions: { contents: 'write' },
        justification: null,
      },
    ],
  });
  return made.secret.reveal();
}
