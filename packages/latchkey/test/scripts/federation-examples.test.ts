/**
 * The examples of workload identity federation by their own lines, with a shell, real git and a real server: GitHub's
 * token service is played by an address on loopback, since only GitHub can sign for it.
 */

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { expect, onTestFinished, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { operatorPermit } from '../../src/actions/decision/authorize.ts';
import { addIssuer } from '../../src/actions/federation/issuers.ts';
import { addRule } from '../../src/actions/federation/rules.ts';
import { machineOwner, makeMachine } from '../../src/actions/organizations/machines.ts';
import { setCollaborator } from '../../src/actions/repositories/repositories.ts';
import { causesWorld } from '../causes/world.ts';
import { jwksOf, newSigner } from '../doors/oauth/workload-world.ts';

const FOLDER = join(import.meta.dirname, '../../../../examples/federation');
const read = (name: string): Promise<string> => readFile(join(FOLDER, name), 'utf8');

const CLAIMS = {
  github: { repository_id: '74', event_name: 'push', run_id: '1', run_attempt: '1' },
  gitlab: { project_id: '22', pipeline_source: 'push', pipeline_id: '1', job_id: '2' },
  kubernetes: { 'kubernetes.io': { namespace: 'prod', pod: { name: 'p', uid: 'u' } } },
} as const;
const SUB = {
  github: 'repo:o/r:ref:refs/heads/main',
  gitlab: 'project_path:g/p',
  kubernetes: 'system:serviceaccount:prod:deployer',
};
const CONDITION = {
  github: ['repository_id', '74'],
  gitlab: ['project_id', '22'],
  kubernetes: ['sub', SUB.kubernetes],
};
type Platform = keyof typeof CLAIMS;

/** A server that trusts the platforms, and signs as they do. */
async function place() {
  const world = await causesWorld();
  const { context: ctx } = world.server;
  const permit = operatorPermit();
  const owner = await machineOwner(ctx, permit, 'acme');
  const machine = await makeMachine(ctx, permit, owner, { login: 'deploy-bot', purpose: '' });
  await setCollaborator(ctx, permit, { owner: 'acme', name: 'site', login: 'deploy-bot', role: 'read' });
  const writer = await world.token({ name: 'writer' });
  await world.git({ username: 'bob', secret: writer.secret, repository: 'acme/site', operation: 'push' });
  const signer = await newSigner('ES256');
  const grant = {
    owner: '',
    selection: 'all',
    repositories: [],
    permissions: { contents: 'read' },
    justification: null,
  } as const;
  const issuerOf = (preset: Platform): string => `https://${preset}.example.org`;
  for (const preset of ['github', 'gitlab', 'kubernetes'] as const) {
    await addIssuer(ctx, permit, { preset, issuer: issuerOf(preset), jwks: jwksOf(signer) });
    const [claim, value] = CONDITION[preset] as [string, string];
    await addRule(
      ctx,
      permit,
      { owner, machine },
      {
        issuer: preset,
        conditions: [{ claim, values: [value] }],
        token: { name: preset, description: '', grants: [grant] },
      },
    );
  }
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-federation-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  let jti = 0;
  const sign = (preset: Platform, audience: string): Promise<string> =>
    new SignJWT({ ...CLAIMS[preset], sub: SUB[preset], iss: issuerOf(preset), aud: audience, jti: String((jti += 1)) })
      .setProtectedHeader({ alg: 'ES256', kid: 'key-1' })
      .setIssuedAt()
      .setExpirationTime('5 minutes')
      .sign(signer.privateKey);
  const env = { HOME: folder, LATCHKEY_URL: world.url, LATCHKEY_ACCOUNT: 'deploy-bot', LATCHKEY_SCOPE: '' };
  const shell = (lines: string, more: Record<string, string>, program = 'sh'): Promise<string> =>
    new Promise((done) => {
      const path = process.env['PATH'] ?? '';
      const options = { cwd: folder, env: { PATH: path, GIT_TERMINAL_PROMPT: '0', ...env, ...more } };
      execFile(program, ['-ec', lines], options, (error, out, err) =>
        done(`${error === null ? 'ok' : 'failed'}\n${out}${err}`),
      );
    });
  return { world, sign, shell, folder };
}

const LIST = 'git ls-remote --exit-code "$LATCHKEY_URL/acme/site.git"';

test('each example gets a token and clones with it, and says why when it is refused', async () => {
  const { world, sign, shell, folder } = await place();

  const asked: string[] = [];
  const service = createServer((request, response) => {
    const audience = new URL(request.url ?? '', 'http://x').searchParams.get('audience') ?? '';
    asked.push(`${request.headers.authorization} ${audience}`);
    void sign('github', audience).then((value) => response.end(JSON.stringify({ count: 1, value })));
  });
  await new Promise<void>((listening) => service.listen(0, '127.0.0.1', listening));
  onTestFinished(() => void service.close());
  const action = parse(await read('github/action.yml')) as { runs: { steps: { run: string }[] } };
  const github = {
    ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${(service.address() as AddressInfo).port}/?api=1`,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'of the runner',
    GITHUB_ACTION_PATH: join(FOLDER, 'github'),
    GITHUB_ENV: join(folder, 'env'),
  };
  const step = action.runs.steps[0]?.run ?? '';
  const ran = await shell(`${step}\n. "$GITHUB_ENV"; export LATCHKEY_TOKEN; ${LIST}`, github, 'bash');
  expect(ran).toMatch(/^ok\n::add-mask::lkd_\w+\n[0-9a-f]{40}\t/);
  expect(asked).toEqual([`bearer of the runner ${world.url}`]);
  expect(await readFile(join(folder, '.gitconfig'), 'utf8')).not.toContain('lkd_');

  const bare = await shell(step, { GITHUB_ACTION_PATH: join(FOLDER, 'github') }, 'bash');
  expect(bare).toMatch(/^failed\n::error::The job needs "permissions: \{ id-token: write \}"/);

  const [, component] = parseAllDocuments(await read('gitlab/latchkey.yml')).map((each) => each.toJS());
  const before = (component as { '.latchkey': { before_script: string[] } })['.latchkey'].before_script.join('\n');
  // A component has no files beside it.
  const script = await read('exchange.sh');
  expect(before).toContain(script.slice(script.indexOf('set -eu')).trimEnd());
  const gitlab = await shell(`${before}\n${LIST}`, { LATCHKEY_JWT: await sign('gitlab', world.url) });
  expect(gitlab).toMatch(/^ok\n[0-9a-f]{40}\t/);

  const manifest = parse(await read('kubernetes.yaml')) as {
    spec: { template: { spec: { containers: { command: string[] }[] } } };
  };
  const command = (manifest.spec.template.spec.containers[0]?.command[2] ?? '')
    .replace('/opt/latchkey/exchange.sh', join(FOLDER, 'exchange.sh'))
    .replace('< /var/run/latchkey/token', `<<< ${await sign('kubernetes', world.url)}`);
  expect(await shell(command, {}, 'bash')).toMatch(/^ok\n[\s\S]*Cloning into 'site'/);

  const wrong = await sign('gitlab', 'https://elsewhere.example.org');
  const refused = await shell(before, { LATCHKEY_JWT: wrong });
  expect(refused).toContain('failed\nLatchkey gave no token: aud must be');
});
