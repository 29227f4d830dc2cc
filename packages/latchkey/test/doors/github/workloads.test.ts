/**
 * Issuers and rules over REST: the way of an administrator and an owner, and of somebody who would like to write a rule
 * for a machine, or with a token, that isn't theirs.
 */
import { generateKeyPairSync } from 'node:crypto';
import { expect, it } from 'vitest';
import { DAY_SEC } from '../../../src/base/time.ts';
import type { Answer } from '../small-world.ts';
import { type ApiWorld, apiWorld, grant } from './api.ts';

const ISSUERS = '/enterprise/workload-issuers';
const RULES = '/orgs/Acme/machines/deploy-bot/workload-rules';
const JWKS = {
  keys: [{ ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }), kid: 'one' }],
};
const RULE = {
  name: 'deploy',
  issuer: 'github',
  conditions: { repository_id: '74', ref: ['refs/heads/main', 'refs/tags/v*'] },
  repositories: ['site'],
  permissions: { contents: 'write' },
  ref_rules: [{ pattern: 'release/**' }],
  max_life: 900,
};

async function world(): Promise<ApiWorld & { admin: string; owner: string }> {
  const api = await apiWorld();
  const admin = (
    await api.token('Root', { grants: [grant({ owner: 'instance', permissions: { instance_policies: 'write' } })] })
  ).secret;
  const owner = (await ownersToken(api)).secret;
  await api.ask('POST /orgs/Acme/machines', { token: owner, body: { login: 'deploy-bot' } });
  await api.ask('PUT /repos/Acme/site/collaborators/deploy-bot', { token: owner, body: { permission: 'push' } });
  return { ...api, admin, owner };
}

function ownersToken(api: ApiWorld) {
  const permissions = {
    contents: 'write',
    administration: 'write',
    members: 'write',
    organization_personal_access_tokens: 'write',
  } as const;
  const grants = [grant({ owner: 'Acme', selection: 'all', permissions })];
  return api.token('Ada', { expiresInDays: 30, grants });
}

const said = ({ status, body }: Answer): [number, string | undefined] => [status, body?.message];

it('an administrator trusts an issuer, changes its keys, and stops trusting it', async () => {
  const { ask, admin: token } = await world();
  const made = await ask(`POST ${ISSUERS}`, { token, body: { preset: 'github', jwks: JWKS } });
  expect(made).toMatchObject({
    status: 201,
    body: {
      name: 'github',
      issuer: 'https://token.actions.githubusercontent.com',
      preset: 'github',
      jwks: JWKS,
      max_life: 3600,
      rules: 0,
    },
  });
  expect((await ask(`GET ${ISSUERS}`, { token })).body).toHaveLength(1);
  expect((await ask(`POST ${ISSUERS}/github/test`, { token })).body).toEqual({ keys: ['one'] });
  const edited = await ask(`PATCH ${ISSUERS}/github`, { token, body: { max_life: 600 } });
  expect(edited.body).toMatchObject({ max_life: 600, jwks: JWKS });
  const wrong = await ask(`PATCH ${ISSUERS}/github`, { token, body: { jwks: { keys: [{ kty: 'oct', k: 'x' }] } } });
  expect([wrong.status, wrong.body.errors[0].field]).toEqual([422, 'jwks']);
  expect((await ask(`DELETE ${ISSUERS}/github`, { token })).status).toBe(204);
  expect((await ask(`GET ${ISSUERS}/github`, { token })).status).toBe(404);
});

it('an owner writes a rule, sees what it gives, tries a token on it, changes and removes it', async () => {
  const { ask, admin, owner: token } = await world();
  await ask(`POST ${ISSUERS}`, { token: admin, body: { preset: 'github', jwks: JWKS } });
  const made = await ask(`POST ${RULES}`, { token, body: RULE });
  expect([made.status, made.body.errors]).toEqual([201, undefined]);
  expect(made.body).toMatchObject({
    name: 'deploy',
    issuer: 'github',
    conditions: { repository_id: ['74'], ref: ['refs/heads/main', 'refs/tags/v*'] },
    max_life: 900,
    single_use: true,
    pull_requests: false,
    gives: { name: 'deploy', ref_rules: [{ pattern: 'refs/heads/release/**', allow: ['create', 'update'] }] },
  });
  expect(made.text).not.toContain('"token":"');
  const path = `${RULES}/${made.body.id}`;
  expect((await ask(`GET ${RULES}`, { token })).body).toEqual([(await ask(`GET ${path}`, { token })).body]);
  expect((await ask(`GET ${path}/tokens`, { token })).body).toEqual([]);
  const trial = await ask(`POST ${RULES}/check`, { token, body: { token: 'x.y.z' } });
  expect(trial.body).toMatchObject({ flaw: expect.stringContaining('not a JWT'), rules: [] });
  const edited = await ask(`PATCH ${path}`, {
    token,
    body: { conditions: { repository_id: '75' }, single_use: false },
  });
  expect(edited.body).toMatchObject({ conditions: { repository_id: ['75'] }, single_use: false, max_life: 900 });
  expect((await ask(`PATCH ${path}`, { token, body: { conditions: { ref: 'x' } } })).status).toBe(422);
  const narrowed = await ask(`PATCH ${path}`, {
    token,
    body: { name: 'reads', repositories: ['site'], permissions: { contents: 'read' }, ref_rules: null, max_life: 60 },
  });
  expect(narrowed.body).toMatchObject({
    name: 'reads',
    max_life: 60,
    conditions: { repository_id: ['75'] },
    gives: { name: 'reads' },
  });
  // One that is refused changes nothing, its demands included.
  const half = await ask(`PATCH ${path}`, { token, body: { max_life: 120, repositories: ['nowhere'] } });
  expect([half.status, (await ask(`GET ${path}`, { token })).body]).toEqual([422, narrowed.body]);
  expect((await ask(`DELETE ${path}`, { token })).status).toBe(204);
  expect((await ask(`GET ${path}`, { token })).status).toBe(404);
});

it('nobody else does, and no token gives by a rule what it has not, or longer than it lives', async () => {
  const api = await world();
  const { ask, admin, owner } = api;
  await ask(`POST ${ISSUERS}`, { token: admin, body: { preset: 'github', jwks: JWKS } });
  // An owner of an organization doesn't trust issuers for the whole server.
  expect((await ask(`POST ${ISSUERS}`, { token: owner, body: { preset: 'gitlab' } })).status).toBe(403);
  const wider = await ask(`POST ${RULES}`, { token: owner, body: { ...RULE, permissions: { issues: 'write' } } });
  expect([wider.status, JSON.stringify(wider.body)]).toEqual([
    422,
    expect.stringContaining('that it does not have itself'),
  ]);
  const member = await api.token('Bob', {
    grants: [grant({ owner: 'Acme', selection: 'all', permissions: { members: 'write' } as never })],
  });
  expect((await ask(`POST ${RULES}`, { token: member.secret, body: RULE })).status).toBe(403);
  const derived = await ask('POST /user/personal-access-tokens/current/derive', { token: owner, body: {} });
  expect((await ask(`POST ${RULES}`, { token: derived.body.token, body: RULE })).body.reason).toBe('token_derived');
  const elsewhere = await ask(`POST /user/machines/deploy-bot/workload-rules`, { token: owner, body: RULE });
  expect(elsewhere.status).toBe(403);
  const unknown = await ask(`POST ${RULES}`, { token: owner, body: { ...RULE, issuer: 'gitlab' } });
  expect(JSON.stringify(unknown.body)).toContain('There is no issuer gitlab. Listed are github.');
  // The rule ends with the token that wrote it.
  const made = await ask(`POST ${RULES}`, { token: owner, body: RULE });
  const end = Date.parse(made.body.gives.expires_at) / 1000;
  expect(end - api.ctx.clock.now()).toBeLessThanOrEqual(30 * DAY_SEC);
  expect(said(await ask(`POST ${RULES}`, { token: owner, body: RULE }))[0]).toBe(422);
});

it('somebody whose token has less lets themselves into no rule by changing whom it lets in', async () => {
  const api = await world();
  const { ask, admin, owner } = api;
  await ask(`POST ${ISSUERS}`, { token: admin, body: { preset: 'github', jwks: JWKS } });
  const { body: rule } = await ask(`POST ${RULES}`, { token: owner, body: RULE });
  // Ada's token for an inventory may manage machines, and touches no repository.
  const permissions = { members: 'write', organization_personal_access_tokens: 'write' } as const;
  const inventory = await api.token('Ada', {
    name: 'inventory',
    grants: [grant({ owner: 'Acme', selection: 'all', permissions })],
  });
  const mine = { conditions: { repository_id: '666' } };
  for (const token of [inventory.secret, await derivedFrom(api, owner)])
    for (const body of [mine, { pull_requests: true }, { single_use: false }, { permissions: { contents: 'write' } }]) {
      const answer = await ask(`PATCH ${RULES}/${rule.id}`, { token, body });
      expect([body, answer.status >= 400]).toEqual([body, true]);
    }
  expect((await ask(`GET ${RULES}/${rule.id}`, { token: owner })).body).toMatchObject(rule);
});

async function derivedFrom({ ask }: ApiWorld, token: string): Promise<string> {
  return (await ask('POST /user/personal-access-tokens/current/derive', { token, body: {} })).body.token;
}
