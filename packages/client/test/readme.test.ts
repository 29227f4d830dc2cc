/** The examples of the README, compiled as strictly as anybody does, and run in front of a real Latchkey. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../latchkey/test/engines/free-port.ts';
import { once } from '../../latchkey/test/waits.ts';
import { startWorld, type World } from './world.ts';

const CLIENT = join(import.meta.dirname, '..');
const TSC = join(CLIENT, '../../node_modules/typescript/bin/tsc');
/** Inside the checkout, so that packages are found; outside of `node_modules`, where Node strips no types. */
const FOLDER = join(CLIENT, `dist/readme-${process.pid}`);

const COMPILER_OPTIONS = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  module: 'nodenext',
  target: 'es2024',
  verbatimModuleSyntax: true,
  noEmit: true,
  types: ['node'],
};

beforeAll(async () => {
  await mkdir(FOLDER, { recursive: true });
  const readme = await readFile(join(CLIENT, 'README.md'), 'utf8');
  for (const [, name = '', text = ''] of readme.matchAll(/^```ts (\S+)\n(.*?)^```$/gms))
    await writeFile(join(FOLDER, name), text);
  await writeFile(
    join(FOLDER, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: COMPILER_OPTIONS, include: ['*.ts'] }),
  );
});
afterAll(() => rm(FOLDER, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

async function ended(child: ChildProcess): Promise<Ended> {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += String(chunk)));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}

const envOf = (world: World, more: Record<string, string>): NodeJS.ProcessEnv => ({
  PATH: process.env['PATH'],
  NODE_NO_WARNINGS: '1',
  LATCHKEY_URL: world.server.url,
  LATCHKEY_SECRET: world.secret,
  ...more,
});

describe('the README', () => {
  it('has examples that compile in strict TypeScript', async () => {
    const { code, output } = await ended(spawn(process.execPath, [TSC, '-p', FOLDER]));
    expect(output).toBe('');
    expect(code).toBe(0);
  });

  it('says what each option does', async () => {
    const readme = await readFile(join(CLIENT, 'README.md'), 'utf8');
    const source = await readFile(join(CLIENT, 'src/client.ts'), 'utf8');
    const options = /interface ClientOptions \{(.*?)^\}/ms.exec(source)?.[1] ?? '';
    const names = Array.from(options.matchAll(/^ {2}readonly (\w+)/gm), ([, name]) => name);
    expect(names).toHaveLength(4);
    for (const name of names) expect(readme).toMatch(new RegExp(`^\\| \`${name}\` \\|`, 'm'));
    for (const [, ms = ''] of source.matchAll(/^const DEFAULT_\w+ = ([\d_]+);$/gm))
      expect(readme).toMatch(new RegExp(ms.replace('_', '[_,]')));
  });

  it('asks about a token in a few lines, and then ends by itself', async () => {
    const world = await startWorld();
    const run = (token: string): Promise<Ended> =>
      ended(spawn(process.execPath, [join(FOLDER, 'verify.ts')], { env: envOf(world, { TOKEN: token }) }));
    expect(await run(world.reader)).toEqual({ code: 0, output: 'yes, for ada\n' });
    expect((await run(world.stranger)).output).toMatch(/^403 /);
  });

  it.each(['express.ts', 'fastify.ts'])('guards the routes of the app in %s', async (name) => {
    const world = await startWorld();
    const port = await freePort();
    const child = spawn(process.execPath, [join(FOLDER, name)], { env: envOf(world, { PORT: String(port) }) });
    onTestFinished(async () => {
      child.kill();
      await once(child, 'exit');
    });
    await once(child.stdout, 'data');
    await guards(world, (path, headers) => fetch(`http://127.0.0.1:${port}${path}`, { headers }));
  });

  it('guards the routes of the app in hono.ts', async () => {
    const world = await startWorld();
    Object.assign(process.env, { LATCHKEY_URL: world.server.url, LATCHKEY_SECRET: world.secret });
    const { default: app } = (await import(pathToFileURL(join(FOLDER, 'hono.ts')).href)) as {
      default: { request(url: string, init: RequestInit): Promise<Response> };
    };
    await guards(world, (path, headers) => app.request(`http://api.example.org${path}`, { headers }));
  });
});

async function guards(
  world: World,
  ask: (path: string, headers: Record<string, string>) => Promise<Response>,
): Promise<void> {
  const bearer = (token: string): Record<string, string> => ({ Authorization: `Bearer ${token}` });
  for (const path of ['/apps/acme/site', '/api/v3/repos/acme/site']) {
    const allowed = await ask(path, bearer(world.reader));
    expect([allowed.status, await allowed.text()], path).toEqual([200, 'Hello ada\n']);
    expect((await ask(path, bearer(world.stranger))).status, path).toBe(403);
    expect((await ask(path, {})).status, path).toBe(401);
  }
}
