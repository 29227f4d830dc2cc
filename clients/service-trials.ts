/** The services of `services.ts`: how each is started, and what its own client does with it. */
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { run } from '../bench/command.ts';
import { cgit, gitweb } from './code-trials.ts';
import { gitea } from './gitea-trial.ts';
import { gitlab } from './gitlab-trial.ts';
import { registry } from './registry-trial.ts';
import { bare, expectAll, freePort, refused, type Service, startOn } from './service-trial.ts';

const npm: Service = {
  name: 'npm',
  title: 'npm registry',
  programs: ['verdaccio', 'npm'],
  map: 'npm.yaml',
  host: 'npm.example.org',
  address: '127.0.2.1',
  permission: 'registry:packages',
  writes: 'admin',
  start: async (given) => {
    const port = await freePort();
    const config = join(given.folder, 'verdaccio.yaml');
    await writeFile(
      config,
      `storage: ${given.folder}/verdaccio\nuplinks: {}\nauth: { htpasswd: { file: ${given.folder}/htpasswd } }\n` +
        "packages: { '**': { access: $all, publish: $all, unpublish: $all } }\nlog: { type: stdout, level: fatal }\n",
    );
    const main = join(given.programs, 'npm/node_modules/verdaccio/bin/verdaccio');
    return startOn(given, port, [process.execPath, main, '--config', config, '--listen', `127.0.0.1:${port}`]);
  },
  use: async ({ folder, at, tokens }) => {
    const env = async (name: string, token: string | null): Promise<NodeJS.ProcessEnv> => {
      const file = join(folder, `npmrc-${name}`);
      const secret = token === null ? '' : `//${at}/:_authToken=${token}\n`;
      await writeFile(file, `registry=http://${at}/\n@acme:registry=http://${at}/\n${secret}audit=false\nfund=false\n`);
      return bare({ npm_config_userconfig: file, npm_config_cache: join(folder, `npm-${name}`) }, folder);
    };
    const [writer, reader, nobody] = [
      await env('writer', tokens.writer),
      await env('reader', tokens.reader),
      await env('nobody', null),
    ];
    for (const name of ['left', '@acme/right']) {
      const cwd = join(folder, 'npm-packages', name);
      await mkdir(cwd, { recursive: true });
      await writeFile(join(cwd, 'package.json'), JSON.stringify({ name, version: '1.0.0' }));
      await refused(run('npm', ['publish'], { cwd, env: reader }), /403|E403|lacks registry:packages: write/);
      await run('npm', ['publish'], { cwd, env: writer });
      await refused(run('npm', ['view', name], { cwd, env: nobody }), /E401|401/);
      await run('npm', ['view', name], { cwd, env: reader });
    }
    const cwd = join(folder, 'npm-user');
    await mkdir(cwd, { recursive: true });
    await writeFile(join(cwd, 'package.json'), '{"name":"user","version":"1.0.0"}');
    await run('npm', ['install', 'left', '@acme/right'], { cwd, env: reader });
    await refused(run('npm', ['dist-tag', 'add', 'left@1.0.0', 'old'], { cwd, env: reader }), /403/);
    await run('npm', ['dist-tag', 'add', 'left@1.0.0', 'old'], { cwd, env: writer });
    await refused(run('npm', ['unpublish', '--force', '@acme/right@1.0.0'], { cwd, env: reader }), /403/);
    await run('npm', ['unpublish', '--force', '@acme/right@1.0.0'], { cwd, env: writer });
    return 'publish, view, install, dist-tag, unpublish; with a scope and without';
  },
};

const pypi: Service = {
  name: 'pypi',
  title: 'Python package index',
  programs: ['pypiserver', 'twine', 'pip'],
  map: 'pypi.yaml',
  host: 'pypi.example.org',
  address: '127.0.2.3',
  permission: 'pypi:packages',
  writes: 'write',
  start: async (given) => {
    const port = await freePort();
    await mkdir(join(given.folder, 'python-packages'));
    return startOn(
      given,
      port,
      [
        'python3',
        '-m',
        'pypiserver',
        'run',
        '-i',
        '127.0.0.1',
        '-p',
        String(port),
        '-P',
        '.',
        '-a',
        '.',
        './python-packages',
      ],
      { PYTHONPATH: join(given.programs, 'python') },
    );
  },
  use: async ({ folder, programs, at, tokens }) => {
    const source = join(folder, 'wheel');
    await mkdir(source);
    await writeFile(join(source, 'wheel.py'), WHEEL);
    await run('python3', ['wheel.py'], { cwd: source });
    const env = bare({ PYTHONPATH: join(programs, 'python'), PIP_CONFIG_FILE: '/dev/null' }, folder);
    const wheel = join(source, 'sixer-1.0-py3-none-any.whl');
    const upload = (token: string): Promise<unknown> =>
      // It says why on the standard output.
      run(
        'sh',
        [
          '-c',
          'exec "$@" >&2',
          'sh',
          'python3',
          '-m',
          'twine',
          'upload',
          '--non-interactive',
          '--repository-url',
          `http://${at}/`,
          '-u',
          '__token__',
          wheel,
        ],
        { env: { ...env, TWINE_PASSWORD: token } },
      );
    const pip = (token: string | null): Promise<unknown> => {
      const index = `http://${token === null ? '' : `__token__:${token}@`}${at}/simple/`;
      const host = at.split(':')[0] ?? '';
      return run(
        'python3',
        [
          '-m',
          'pip',
          'download',
          '--no-input',
          '--no-cache-dir',
          '--disable-pip-version-check',
          '--trusted-host',
          host,
        ].concat('--retries', '0', '-d', join(folder, 'downloaded'), 'sixer'),
        { env: { ...env, PIP_INDEX_URL: index } },
      );
    };
    await refused(upload(tokens.reader), /403/);
    await upload(tokens.writer);
    await pip(tokens.reader);
    await refused(pip(null), /401|No matching distribution|Could not find/);
    return 'upload, download, without a token';
  },
};

/** Writes a wheel by the format's description: pip needs nothing more. */
const WHEEL = `import zipfile
with zipfile.ZipFile('sixer-1.0-py3-none-any.whl', 'w') as z:
    z.writestr('sixer.py', 'six = 6\\n')
    z.writestr('sixer-1.0.dist-info/METADATA', 'Metadata-Version: 2.1\\nName: sixer\\nVersion: 1.0\\n')
    z.writestr('sixer-1.0.dist-info/WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    z.writestr('sixer-1.0.dist-info/RECORD', '')
`;

const prometheus: Service = {
  name: 'prometheus',
  title: 'Prometheus, with promtool',
  programs: ['prometheus'],
  map: 'prometheus.yaml',
  host: 'prometheus.example.org',
  address: '127.0.2.4',
  permission: 'prometheus:metrics',
  writes: 'admin',
  start: async (given) => {
    const port = await freePort();
    const config = join(given.folder, 'prometheus.yml');
    await writeFile(
      config,
      `scrape_configs: [{ job_name: own, static_configs: [{ targets: ['127.0.0.1:${port}'] }] }]\n`,
    );
    return startOn(given, port, [
      join(given.root, 'usr/bin/prometheus'),
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(given.folder, 'prometheus')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--web.enable-lifecycle',
      '--web.enable-admin-api',
    ]);
  },
  use: async ({ root, folder, at, tokens }) => {
    const query = (token: string | null): Promise<unknown> =>
      run(
        join(root, 'usr/bin/promtool'),
        ['query', 'instant', `http://${token === null ? '' : `ada:${token}@`}${at}`, '1 + 1'],
        { env: bare({}, folder) },
      );
    await query(tokens.reader);
    await refused(query(null), /401|unauthorized/i);
    await expectAll(at, [
      ['GET /api/v1/labels', tokens.reader, 200],
      ['GET /api/v1/status/tsdb', tokens.reader, 200],
      ['GET /metrics', tokens.reader, 200],
      ['POST /-/reload', tokens.reader, 403],
      ['POST /-/reload', tokens.writer, 200],
      ['POST /api/v1/admin/tsdb/delete_series?match[]=up', tokens.reader, 403],
      ['POST /api/v1/admin/tsdb/delete_series?match[]=up', tokens.writer, 204],
      ['GET /debug/pprof/cmdline', tokens.reader, 403],
      ['POST /api/v1/write', tokens.writer, 403],
      ['GET /metrics', null, 401],
    ]);
    return 'query, labels, metrics; reload and deletion of series by administrators alone; pprof';
  },
};

const site: Service = {
  name: 'site',
  title: 'static site',
  programs: ['node'],
  map: 'static-site.yaml',
  host: 'docs.example.org',
  address: '127.0.2.5',
  permission: 'docs:pages',
  writes: 'read',
  start: async (given) => {
    const server = createServer((_request, response) => response.end('a page')).listen(0, '127.0.0.1');
    server.unref();
    await once(server, 'listening');
    await mkdir(join(given.folder, 'site'));
    return (server.address() as AddressInfo).port;
  },
  use: async ({ at, tokens }) => {
    await expectAll(at, [
      ['GET /', tokens.reader, 200],
      ['GET /guides/a%20b.html', tokens.reader, 200],
      ['GET /', null, 401],
      ['PUT /a.html', tokens.reader, 403],
      ['GET /../etc/passwd', tokens.reader, 400],
    ]);
    return 'pages, names with spaces, climbing, writing';
  },
};

export const SERVICES: readonly Service[] = [registry, npm, pypi, prometheus, site, cgit, gitweb, gitea, gitlab];
