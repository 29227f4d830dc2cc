/**
 * The image and the composition, as far as that can be tried where nothing builds images: what the Dockerfile copies
 * and runs is there, its health check tells a server that answers from one that doesn't, and the server takes the
 * settings that compose gives it.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join, matchesGlob } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { loadSettings } from '../../src/base/settings/settings.ts';
import { readyDatabase } from '../engines/engines.ts';
import { freePort } from '../engines/free-port.ts';
import { dataOptions, MAIN, runProgram, serveUntilReady } from './latchkey-process.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8');

/** One instruction a line, without comments. */
const DOCKERFILE = read('Dockerfile')
  .replaceAll(/^#.*\n/gm, '')
  .replaceAll('\\\n', '')
  .split('\n')
  .filter((line) => line !== '');
const [BUILD = [], FINAL = []] = stages();
const IMAGE_ROOT = '/usr/lib/latchkey';

function stages(): string[][] {
  const starts = DOCKERFILE.flatMap((line, index) => (line.startsWith('FROM ') ? [index] : []));
  return starts.map((start, which) => DOCKERFILE.slice(start, starts[which + 1]));
}

/** What follows a word at the start of a line, of all lines that have it. */
const all = (lines: readonly string[], word: string): string[] =>
  lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));

interface Service {
  readonly image: string;
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt: readonly string[];
  readonly networks: readonly string[];
  readonly secrets?: readonly string[];
  readonly stop_grace_period?: string;
  readonly volumes: readonly string[];
}
const { services, networks, secrets, volumes } = parse(read('compose.yaml')) as {
  readonly services: Readonly<Record<'front' | 'latchkey' | 'database', Service>>;
  readonly networks: Readonly<Record<string, { internal?: boolean; ipam?: { config: { subnet: string }[] } }>>;
  readonly secrets: Readonly<Record<string, { file: string }>>;
  readonly volumes: Readonly<Record<string, null>>;
};

test('what the image is built from is in the checkout, and none of it is ignored', () => {
  const sources = all(BUILD, 'COPY').flatMap((words) => words.split(' ').slice(0, -1));
  expect(sources).toContain('package-lock.json');
  expect(sources.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  const kept = read('.dockerignore')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1));
  const isKept = (path: string): boolean => kept.some((name) => matchesGlob(path, `{${name},${name}/**}`));
  expect(sources.filter((path) => !isKept(path))).toEqual([]);
  // What the build reads beside the sources.
  for (const name of ['LICENSE', 'docs/latchkey.1']) expect(sources).toContain(name);
});

test('the image runs what the bundle has, where it looks for the one package that it needs', () => {
  const [from = '', to] = all(FINAL, 'COPY')[0]?.replace('--from=build ', '').split(' ') ?? [];
  expect([from, to]).toEqual(['/checkout/packages/latchkey/dist/server', IMAGE_ROOT]);
  expect(all(FINAL, 'COPY')[1]).toMatch(/ \/usr\/lib\/latchkey\/node_modules\/@node-rs$/);
  const [entry] = all(FINAL, 'ENTRYPOINT');
  expect(JSON.parse(entry ?? '')).toEqual(['node', join(IMAGE_ROOT, 'lib/server/main.js')]);
  expect(MAIN).toMatch(/\/lib\/server\/main\.js$/);
  expect(JSON.parse(all(FINAL, 'CMD')[0] ?? '')).toEqual(['serve']);
  const user = all(FINAL, 'USER')[0] ?? '';
  expect(user).toMatch(/^[1-9]\d+:[1-9]\d+$/);
  const [id = ''] = user.split(':');
  expect(FINAL.join('\n')).toContain(`install -d -o ${id} -g ${id} -m 0700 /var/lib/latchkey`);
  expect(read('docs/install.md')).toContain(`chown ${id} secrets/database\n`);
  // PostgreSQL's image speaks no TLS, and the server refuses that unless it is said.
  expect(read('docs/install.md')).toContain("@database/latchkey?sslmode=disable' ");
});

test('the health check ends with 0 while the server answers, and with 1 when it does not', async () => {
  const [words = ''] = all(FINAL, 'HEALTHCHECK');
  const [program = '', ...args] = JSON.parse(words.slice(words.indexOf('['))) as string[];
  expect(program).toBe('node');
  const database = await readyDatabase('sqlite');
  onTestFinished(database.remove);
  const port = String(await freePort());
  const ask = async (): Promise<number | null> => {
    const { code } = await runProgram(
      process.execPath,
      args.map((word) => word.replace('7070', port)),
    );
    return code;
  };
  expect(await ask()).toBe(1);
  const serving = await serveUntilReady([...dataOptions(database), '--port', port]);
  expect(await ask()).toBe(0);
  await serving.stop('SIGTERM');
  expect(await ask()).toBe(1);
});

test('the server takes what compose and the image give it, and trusts the front alone', () => {
  const image = Object.fromEntries(all(FINAL, 'ENV').flatMap((line) => line.split(' ').map((pair) => pair.split('='))));
  const given = Object.entries(services.latchkey.environment ?? {}).filter(([name]) => !name.endsWith('_FILE'));
  const env = Object.fromEntries(
    given.map(([name, value]) => [name, String(value).replace(/\$\{DOMAIN[^}]*\}/, 'git.example.org')]),
  );
  const settings = loadSettings({
    flags: {},
    env: { ...image, ...env, LATCHKEY_DATABASE: 'postgres://u:p@database/l' },
  });
  expect(settings).toMatchObject({
    publicUrl: 'https://git.example.org',
    host: '0.0.0.0',
    trustedProxies: [networks['front']?.ipam?.config[0]?.subnet],
  });
  expect(Number.parseInt(services.latchkey.stop_grace_period ?? '', 10)).toBeGreaterThan(settings.drainSec);
});

test('each part of the composition has the least that it needs', () => {
  for (const [name, service] of Object.entries(services)) {
    expect(service.security_opt, name).toEqual(['no-new-privileges:true']);
    for (const secret of service.secrets ?? []) expect(secrets[secret], secret).toBeDefined();
    for (const network of service.networks) expect(networks, network).toHaveProperty(network);
    for (const volume of service.volumes) expect(volumes).toHaveProperty(volume.split(':')[0] ?? '');
    const secretsInEnvironment = Object.keys(service.environment ?? {}).filter((key) =>
      /PASSWORD$|DATABASE$/.test(key),
    );
    expect(secretsInEnvironment, name).toEqual([]);
  }
  for (const name of ['front', 'latchkey'] as const)
    expect(services[name]).toMatchObject({ read_only: true, cap_drop: ['ALL'] });
  expect(services.database.networks).toEqual(['database']);
  // One network in common: on another one the front would have an address that isn't trusted.
  const { front, latchkey } = services;
  expect(front.networks.filter((network) => latchkey.networks.includes(network))).toEqual(['front']);
  expect([networks['front']?.internal, networks['database']?.internal]).toEqual([true, true]);
});
