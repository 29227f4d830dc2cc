/** docs/github-api.md: the commands in it do what it says. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { grant } from './api.ts';
import { type Running, startWorld } from './running.ts';

const run = promisify(execFile);
const DOCUMENT = readFileSync(join(import.meta.dirname, '../../../../../docs/github-api.md'), 'utf8');
const [GRAPHQL, OWN_TOKENS, LEAK] = [...DOCUMENT.matchAll(/```sh\n(.*?)```/gs)].map((match) => match[1]!) as [
  string,
  string,
  string,
];

let world: Running;
beforeAll(async () => {
  world = await startWorld();
  await world.person('ada');
  await world.organization('acme', 'ada');
  await world.repository('acme/site', 'private');
});
afterAll(() => world.close());

/** Runs lines as a shell would, with this server's address; curl fails when it gets an error. */
async function shell(lines: string, env: Record<string, string> = {}): Promise<string> {
  const script = lines.replaceAll('https://HOST', world.server.url).replaceAll('curl ', 'curl -fsS ');
  const { stdout } = await run('bash', ['-euc', script], {
    env: { PATH: process.env['PATH']!, no_proxy: '127.0.0.1', ...env },
  });
  return stdout;
}

it('the example for GraphQL answers with who asks, and what they reach', async () => {
  const { secret } = await world.token('ada', {
    grants: [grant({ owner: 'acme', selection: 'all', permissions: { metadata: 'read' } })],
  });
  const { data } = JSON.parse(await shell(GRAPHQL, { LATCHKEY_TOKEN: secret }));
  expect(data.viewer).toMatchObject({ login: 'ada' });
});

it('the examples for own tokens run as they stand', async () => {
  const permissions = { personal_access_tokens: 'write' };
  const { secret } = await world.token('ada', {
    grants: [grant({ permissions }), grant({ owner: 'acme', selection: 'all', permissions: { contents: 'write' } })],
  });
  const other = await world.token('ada', {
    name: 'other',
    expiresInDays: 7,
    grants: [
      grant({ owner: 'acme', selection: 'selected', repositories: ['site'], permissions: { contents: 'read' } }),
    ],
  });
  const printed = await shell(OWN_TOKENS.replaceAll('/7', `/${other.id}`), { LATCHKEY_TOKEN: secret });
  expect(printed).toContain('"allowed":true');
  expect(printed).toContain('"name":"ci"');
  expect(printed.match(/"token":"lkf_/g)).toHaveLength(2);
  expect(await world.restStatus('GET', '/user', other.secret)).toBe(401);
});

it('the example for a found token revokes it', async () => {
  const { secret } = await world.token('ada');
  expect(await shell(LEAK.replace('lkf_…', secret))).toBe('{}');
  expect(await world.restStatus('GET', '/user', secret)).toBe(401);
});
