/**
 * Workload identity federation: the way of a job that has no stored secret, and the ways of somebody who has a token of
 * the same issuer, a part of one, or nothing at all, and wants one of ours.
 */
import { createHmac } from 'node:crypto';
import dns from 'node:dns';
import { createServer } from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { clearExchanges } from '../../../src/actions/federation/exchange.ts';
import {
  addIssuer,
  editIssuer,
  type IssuerDraft,
  removeIssuer,
  tryIssuer,
} from '../../../src/actions/federation/issuers.ts';
import { readKeys } from '../../../src/actions/federation/key-sets.ts';
import { editRule, listGiven, listRules, removeRule } from '../../../src/actions/federation/rules.ts';
import { tryWorkloadToken } from '../../../src/actions/federation/trial.ts';
import { deleteMachine } from '../../../src/actions/organizations/machines.ts';
import { regenerateToken } from '../../../src/actions/tokens/secrets.ts';
import { revokeToken } from '../../../src/actions/tokens/tokens.ts';
import { DAY_SEC, HOUR_SEC } from '../../../src/base/time.ts';
import type { ClaimCondition } from '../../../src/rules/workload-claims.ts';
import {
  BEARER,
  type Claims,
  EXCHANGE,
  jwksOf,
  loopbackIssuer,
  newSigner,
  type WorkloadWorld,
  workloadWorld,
} from './workload-world.ts';

const SITE = 'GET /repos/Acme/site';

async function given(world: WorkloadWorld, claims: Claims = {}, fields: Record<string, string> = {}): Promise<string> {
  const { status, body } = await world.exchange(await world.sign(world.run(claims)), fields);
  expect([status, body.error_description]).toEqual([200, undefined]);
  return body.access_token;
}

describe('a run without a stored secret', () => {
  it('gets a token that works at once, says who runs, is listed under its rule, and ends within the hour', async () => {
    const world = await workloadWorld();
    const id = await world.addRule();
    const answer = await world.exchange(await world.sign(world.run()));
    expect([answer.status, answer.headers['cache-control'], answer.body]).toEqual([
      200,
      'no-store',
      {
        access_token: expect.stringMatching(/^lkd_/),
        issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        token_type: 'Bearer',
        expires_in: HOUR_SEC,
        scope: 'contents:write metadata:read',
      },
    ]);
    const token = answer.body.access_token;
    expect((await world.rest(SITE, token)).status).toBe(200);
    expect((await world.rest('GET /repos/Bob/notes', token)).status).toBe(404);
    expect((await world.rest('GET /user', token)).body.login).toBe('Deploy-Bot');
    expect(await listGiven(world.ctx, world.place, id)).toEqual([
      expect.objectContaining({
        agent: 'github-actions',
        session: '9001/2',
        workload: expect.objectContaining({
          subject: 'repo:octo-org/octo-repo:ref:refs/heads/main',
          claims: expect.objectContaining({ repository_id: '74', event_name: 'push' }),
        }),
      }),
    ]);
    const [entry] = await world.log();
    expect(entry).toMatchObject({
      action: 'workload_identity.exchange',
      data: { rule: 'deploy', issuer: 'https://token.actions.githubusercontent.com', agent: 'github-actions' },
    });
    expect(JSON.stringify(entry)).not.toContain(token);
    world.ctx.clock.advance(HOUR_SEC + 1);
    expect((await world.rest(SITE, token)).body.reason).toBe('token_expired');
  });

  it('has a second spelling (RFC 7523), asks for less, and names the account that it means', async () => {
    const world = await workloadWorld();
    await world.addRule({ maxLifeSec: 900 });
    const assertion = await world.sign(world.run());
    const asked = {
      scope: 'contents:read',
      resource: `${world.ctx.settings.publicUrl}/Acme/site.git`,
      expires_in: '60',
    };
    const { status, body } = await world.post({ grant_type: BEARER, assertion, client_id: 'deploy-bot', ...asked });
    expect([status, body]).toEqual([
      200,
      { access_token: expect.any(String), token_type: 'Bearer', expires_in: 60, scope: 'contents:read' },
    ]);
    const wider = { scope: 'issues:write' };
    const refused = await world.exchange(await world.sign(world.run()), wider);
    expect([refused.status, refused.body.error]).toEqual([400, 'invalid_scope']);
    const long = await world.exchange(await world.sign(world.run()), { expires_in: '3600' });
    expect([long.status, long.body.expires_in]).toEqual([200, 900]);
  });

  it('can derive a narrower token once more, which says the same of the run, and dies with it', async () => {
    const world = await workloadWorld();
    await world.addRule();
    const token = await given(world);
    const subject_token_type = 'urn:ietf:params:oauth:token-type:access_token';
    const child = await world.post({
      grant_type: EXCHANGE,
      subject_token: token,
      subject_token_type,
      session: 'forged',
    });
    expect([child.status, child.body.error_description]).toEqual([
      400,
      'The token that asks was derived for another session, which stays.',
    ]);
    const narrower = await world.post({ grant_type: EXCHANGE, subject_token: token, subject_token_type });
    expect((await world.rest(SITE, narrower.body.access_token)).status).toBe(200);
    expect((await world.rest('POST /user/personal-access-tokens', token)).status).toBe(403);
  });

  it.each([
    ['Kubernetes', 'kubernetes', [{ claim: 'sub', values: ['system:serviceaccount:prod:deployer'] }]],
    [
      'GitLab',
      'gitlab',
      [
        { claim: 'project_id', values: ['22'] },
        { claim: 'ref_path', values: ['refs/heads/main'] },
      ],
    ],
  ] as const)('is known by the claims of %s, too', async (_label, preset, conditions) => {
    const world = await workloadWorld();
    const signer = await newSigner('ES256', 'k8s');
    const issuer = 'https://issuer.example.org';
    await world.addIssuer({ preset, issuer, jwks: jwksOf(signer) });
    await world.addRule({ issuer: preset, conditions });
    const claims: Record<string, Claims> = {
      kubernetes: {
        aud: [world.ctx.settings.publicUrl],
        sub: 'system:serviceaccount:prod:deployer',
        'kubernetes.io': {
          namespace: 'prod',
          node: { name: 'n-1', uid: 'u-1' },
          pod: { name: 'deployer-0', uid: 'b5a2c9d0' },
          serviceaccount: { name: 'deployer', uid: 'u-2' },
        },
      },
      gitlab: {
        sub: 'project_path:my-group/my-project:ref_type:branch:ref:main',
        project_id: '22',
        namespace_id: '72',
        ref_path: 'refs/heads/main',
        pipeline_source: 'push',
        pipeline_id: '1212',
        job_id: '3434',
        runner_id: 1,
      },
    };
    const at = world.ctx.clock.now();
    const common = { iss: issuer, aud: world.ctx.settings.publicUrl, iat: at, exp: at + 3600, jti: 'one' };
    const jwt = await world.sign({ ...common, ...claims[preset] }, signer);
    const first = await world.exchange(jwt);
    expect([first.status, first.body.error_description]).toEqual([200, undefined]);
    const [entry] = await world.log();
    expect(entry?.data['session']).toBe(preset === 'gitlab' ? '1212/3434' : 'b5a2c9d0');
    // A pod's token is the same file for most of an hour; a pipeline's is made for one job.
    expect((await world.exchange(jwt)).status).toBe(preset === 'gitlab' ? 400 : 200);
  });
});

describe('a token of a workload dies', () => {
  it.each<[string, (world: WorkloadWorld, rule: number) => Promise<unknown>]>([
    ['its rule', ({ ctx, place }, rule) => removeRule(ctx, operatorPermit(), place, rule)],
    ['its issuer', ({ ctx }) => removeIssuer(ctx, operatorPermit(), 'github')],
    ['its machine', ({ ctx, place }) => deleteMachine(ctx, operatorPermit(), place.owner, 'deploy-bot')],
    [
      'the token behind its rule',
      async ({ ctx, place }) => revokeToken(ctx, operatorPermit(), (await listRules(ctx, place))[0]!.tokenId),
    ],
  ])('with %s, at the next request, and nothing more is given', async (_what, end) => {
    const world = await workloadWorld();
    const rule = await world.addRule();
    const token = await given(world);
    expect((await world.rest(SITE, token)).status).toBe(200);
    await end(world, rule);
    expect((await world.rest(SITE, token)).status).toBe(401);
    const again = await world.exchange(await world.sign(world.run()));
    expect(again.status).toBeGreaterThanOrEqual(400);
    expect((await world.log())[0]?.action).toBe('workload_identity.refuse');
  });

  it('and nobody gets the secret of the token behind the rule', async () => {
    const world = await workloadWorld();
    await world.addRule();
    const [rule] = await listRules(world.ctx, world.place);
    await expect(regenerateToken(world.ctx, operatorPermit(), rule!.tokenId)).rejects.toThrow('Nobody gets its secret');
  });
});

/** Changes to a good token, and what its sender and the log hear. */
const FORGED: readonly [string, (world: WorkloadWorld) => Promise<string>, number, string, string][] = [
  ['no algorithm', (world) => unsigned(world, { alg: 'none' }), 400, 'algorithm', 'alg is none'],
  [
    'the public key taken for a shared secret',
    (world) => unsigned(world, { alg: 'HS256', kid: 'key-1' }, JSON.stringify(world.signer.publicJwk)),
    400,
    'algorithm',
    'alg is HS256',
  ],
  [
    'a kid that is not there',
    (w) => w.sign(w.run(), w.signer, { kid: 'other' }),
    400,
    'key_unknown',
    'has no key other',
  ],
  [
    "a stranger's key under the right kid",
    async (w) => w.sign(w.run(), await newSigner()),
    400,
    'signature',
    'is not that of a key of',
  ],
  [
    'a key of its own in the header',
    async (w) => {
      const own = await newSigner();
      return w.sign(w.run(), own, { jwk: own.publicJwk, jku: 'https://evil.example/jwks', kid: 'key-1' });
    },
    400,
    'signature',
    'is not that of a key of',
  ],
  ['a claim changed after signing', (w) => tampered(w), 400, 'signature', 'is not that of a key of'],
  ['another type', (w) => w.sign(w.run(), w.signer, { typ: 'logout+jwt' }), 400, 'type', 'typ is logout+jwt'],
  ['an extension', (w) => unsigned(w, { alg: 'RS256', crit: ['exp'] }, 'x'), 400, 'malformed', 'crit'],
  ['encryption', async () => 'a.b.c.d.e', 400, 'encrypted', 'encrypted (JWE)'],
  ['no form', async () => 'not a token', 400, 'malformed', 'not a JWT'],
  [
    'one part in plain',
    async (w) => `${JSON.stringify({ alg: 'RS256' })}.${(await w.sign(w.run())).split('.')[1]}.x`,
    400,
    'malformed',
    'not a JWT',
  ],
  ['16 KiB and more', (w) => w.sign(w.run({ long: 'x'.repeat(13_000) })), 400, 'too_long', 'longer than 16384'],
  [
    'two audiences',
    (w) => w.sign(w.run({ aud: [w.ctx.settings.publicUrl, 'https://other.example'] })),
    400,
    'claim',
    'and nothing else',
  ],
  [
    'our address with a slash as audience',
    (w) => w.sign(w.run({ aud: `${w.ctx.settings.publicUrl}/` })),
    400,
    'claim',
    'aud must be',
  ],
  [
    "its owner's address as audience",
    (w) => w.sign(w.run({ aud: 'https://github.com/octo-org' })),
    400,
    'claim',
    'aud must be',
  ],
  ['no audience', (w) => w.sign(w.run({ aud: undefined })), 400, 'claim', 'the token has none'],
  ['no end', (w) => w.sign(w.run({ exp: undefined })), 400, 'claim', 'exp must be a time'],
  ['no beginning', (w) => w.sign(w.run({ iat: undefined })), 400, 'claim', 'iat must be a time'],
  [
    'a life of a year',
    (w) => w.sign(w.run({ exp: w.ctx.clock.now() + 365 * DAY_SEC })),
    400,
    'claim',
    'exp - iat must be at most 3600',
  ],
  [
    'an end in the past',
    (w) => w.sign(w.run({ exp: w.ctx.clock.now() - 61, iat: w.ctx.clock.now() - 300 })),
    400,
    'claim',
    'exp must be a time after',
  ],
  [
    'a beginning ahead',
    (w) => w.sign(w.run({ iat: w.ctx.clock.now() + 61 })),
    400,
    'claim',
    'iat must be a time up to',
  ],
  [
    'a time before which it counts for nothing',
    (w) => w.sign(w.run({ nbf: w.ctx.clock.now() + 61 })),
    400,
    'claim',
    'nbf must be a time up to',
  ],
  ['no subject', (w) => w.sign(w.run({ sub: '' })), 400, 'claim', 'sub must be'],
  ['a subject that is no text', (w) => w.sign(w.run({ sub: 7 as never })), 400, 'claim', 'sub must be'],
  ['no issuer', (w) => w.sign(w.run({ iss: undefined })), 400, 'issuer_missing', 'no iss'],
  [
    'an issuer that differs by a slash',
    (w) => w.sign(w.run({ iss: 'https://token.actions.githubusercontent.com/' })),
    400,
    'issuer_unknown',
    'look for a slash',
  ],
  [
    'an issuer in capitals',
    (w) => w.sign(w.run({ iss: 'https://TOKEN.actions.githubusercontent.com' })),
    400,
    'issuer_unknown',
    'does not trust',
  ],
  ['no jti', (w) => w.sign(w.run({ jti: undefined })), 403, 'condition', 'jti must be'],
  [
    'a pull request',
    (w) => w.sign(w.run({ event_name: 'pull_request_target' })),
    403,
    'condition',
    'event_name must be none of',
  ],
  [
    'an event that it does not name',
    (w) => w.sign(w.run({ event_name: undefined })),
    403,
    'condition',
    'event_name must be none of',
  ],
  [
    'another branch',
    (w) => w.sign(w.run({ ref: 'refs/heads/main2' })),
    403,
    'condition',
    'ref must be refs/heads/main or refs/tags/v*; the token has refs/heads/main2',
  ],
  ['another case', (w) => w.sign(w.run({ ref: 'refs/heads/Main' })), 403, 'condition', 'ref must be'],
];

function unsigned(world: WorkloadWorld, header: Claims, secret = ''): Promise<string> {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ typ: 'JWT', ...header })}.${part(world.run())}`;
  const signature = secret === '' ? '' : createHmac('sha256', secret).update(text).digest('base64url');
  return Promise.resolve(`${text}.${signature}`);
}

async function tampered(world: WorkloadWorld): Promise<string> {
  const [header, , signature] = (await world.sign(world.run({ ref: 'refs/heads/dev' }))).split('.');
  return `${header}.${Buffer.from(JSON.stringify(world.run())).toString('base64url')}.${signature}`;
}

describe('a forged token', () => {
  it('is refused in words with nothing given, and the log says why', async () => {
    const world = await workloadWorld();
    await world.addRule();
    for (const [what, make, status, reason, words] of FORGED) {
      const answer = await world.exchange(await make(world));
      expect([what, answer.status, answer.body.access_token]).toEqual([what, status, undefined]);
      expect(answer.body.error_description, what).toContain(words);
      const [entry] = await world.log();
      expect([what, entry?.action, entry?.data['reason']]).toEqual([what, 'workload_identity.refuse', reason]);
    }
    const derived = await world.ctx.store.db.selectFrom('derived_tokens').select('id').execute();
    expect(derived).toEqual([]);
    // All of them were near misses: the token that they were made from is good.
    await given(world);
  });

  it('of a megabyte is not read, and the log says so', async () => {
    const world = await workloadWorld();
    const answer = await world.exchange('x'.repeat(1024 * 1024));
    expect([answer.status, answer.body.error]).toEqual([413, 'invalid_request']);
    expect((await world.log())[0]?.data).toMatchObject({ reason: 'too_large' });
  });

  it('is good for one exchange, even at once, and a day later it is forgotten', async () => {
    const world = await workloadWorld();
    await world.addRule();
    const jwt = await world.sign(world.run());
    const answers = await Promise.all(Array.from({ length: 10 }, () => world.exchange(jwt)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array<number>(9).fill(400)]);
    expect(answers.find(({ status }) => status === 400)?.body.error_description).toContain('was exchanged before');
    const marks = () => world.ctx.store.db.selectFrom('workload_exchanges').select('digest').execute();
    await clearExchanges(world.ctx);
    expect(await marks()).toHaveLength(1);
    world.ctx.clock.advance(2 * DAY_SEC);
    await clearExchanges(world.ctx);
    expect(await marks()).toHaveLength(0);
  });

  it('fills the log no further than a limit, and a good one passes beside it', async () => {
    const world = await workloadWorld();
    await world.addRule();
    for (let count = 0; count < 105; count += 1) await world.exchange('not a token');
    expect(await world.log()).toHaveLength(102);
    await given(world);
  });
});

describe('whoever has a token of the same issuer', () => {
  it('learns what a rule expects only if it is from the repository that the rule is for', async () => {
    const world = await workloadWorld();
    await world.addRule();
    const stranger = await world.exchange(await world.sign(world.run({ repository_id: '666', ref: 'refs/heads/x' })));
    expect(stranger.body.error_description).toBe(
      'No rule takes this token. To hear what it lacks, name the machine account in client_id.',
    );
    const named = await world.exchange(await world.sign(world.run({ repository_id: '666' })), {
      client_id: 'deploy-bot',
    });
    expect(named.body.error_description).toBe(
      'The rule does not take this token: of repository_id the token has 666, which is not what it expects.',
    );
    expect((await world.log())[0]?.data['explanation']).toBe('repository_id must be 74; the token has 666.');
    const nobody = await world.exchange(await world.sign(world.run()), { client_id: 'no-bot' });
    expect(nobody.body.error_description).toContain('No rule of a machine account no-bot');
  });

  it('gets what the first rule gives that takes it; pull requests only by a rule that says so', async () => {
    const world = await workloadWorld();
    const id = await world.addRule();
    const { ctx, place } = world;
    await editRule(ctx, operatorPermit(), place, id, { takesPullRequests: true, isSingleUse: false });
    await given(world, { event_name: 'pull_request', jti: undefined });
    await editRule(ctx, operatorPermit(), place, id, { takesPullRequests: false });
    const refused = await world.exchange(await world.sign(world.run({ event_name: 'pull_request' })));
    expect(refused.status).toBe(403);
  });

  it('sees each condition met or not on the page of whoever writes rules, and nothing is given or marked', async () => {
    const world = await workloadWorld();
    await world.addRule();
    const jwt = await world.sign(world.run({ ref: 'refs/heads/dev', aud: 'https://elsewhere.example' }));
    const trial = await tryWorkloadToken(world.ctx, world.place, `  ${jwt}\n`);
    expect(trial.checks.filter(({ isMet }) => !isMet).map(({ claim }) => claim)).toEqual(['aud']);
    expect(trial.rules[0]?.checks.map(({ claim, isMet }) => [claim, isMet])).toEqual([
      ['repository_id', true],
      ['ref', false],
      ['event_name', true],
      ['jti', true],
    ]);
    expect((await tryWorkloadToken(world.ctx, world.place, 'x')).flaw).toContain('not a JWT');
    const tables = ['derived_tokens', 'workload_exchanges'] as const;
    for (const table of tables) expect(await world.ctx.store.db.selectFrom(table).selectAll().execute()).toEqual([]);
  });
});

const TOO_WIDE: readonly [string, readonly ClaimCondition[], string][] = [
  ['names alone', [{ claim: 'repository', values: ['octo-org/octo-repo'] }], 'repository_id or repository_owner_id'],
  ['a beginning of an id', [{ claim: 'repository_id', values: ['7*'] }], 'with whole values'],
  [
    'a star alone',
    [
      { claim: 'repository_id', values: ['74'] },
      { claim: 'ref', values: ['*'] },
    ],
    'which anything is',
  ],
  [
    'a star within',
    [
      { claim: 'repository_id', values: ['74'] },
      { claim: 'ref', values: ['refs/*/x'] },
    ],
    'only at the end',
  ],
  ['nothing', [], 'repository_id or repository_owner_id'],
  [
    'a claim that the server judges',
    [
      { claim: 'repository_id', values: ['74'] },
      { claim: 'aud', values: ['x'] },
    ],
    'judges aud itself',
  ],
  [
    'a claim twice',
    [
      { claim: 'repository_id', values: ['74'] },
      { claim: 'repository_id', values: ['75'] },
    ],
    'named twice',
  ],
  ['21 conditions', Array.from({ length: 21 }, (_, n) => ({ claim: `c${n}`, values: ['x'] })), 'at most 20'],
];

describe('a rule that is too wide', () => {
  it('is not taken, in words', async () => {
    const world = await workloadWorld();
    for (const [what, conditions, words] of TOO_WIDE)
      await expect(world.addRule({ conditions }), what).rejects.toThrow(words);
    expect(await listRules(world.ctx, world.place)).toEqual([]);
  });

  it('gives an hour at most', async () => {
    const world = await workloadWorld();
    await expect(world.addRule({ maxLifeSec: HOUR_SEC + 1 })).rejects.toThrow('60 to 3600');
    await expect(world.addRule({ maxLifeSec: 59 })).rejects.toThrow('60 to 3600');
    await world.addRule({ maxLifeSec: HOUR_SEC });
  });
});

const UNLISTED: readonly [IssuerDraft, string][] = [
  [{ preset: 'nobody' }, 'A preset is one of'],
  [{ preset: 'other', issuer: 'http://issuer.example.org' }, 'begins with https://'],
  [{ preset: 'other', issuer: 'https://user@issuer.example.org' }, 'no user'],
  [{ preset: 'other', issuer: 'https://issuer.example.org/../x' }, 'no user'],
  [{ preset: 'other', issuer: 'https://issuer.example.org/?a=b' }, 'no user'],
  [{ preset: 'other', issuer: 'https://10.0.0.1' }, 'is not public'],
  [{ preset: 'other', issuer: `https://issuer.example.org/${'x'.repeat(255)}` }, 'at most 255'],
  [{ preset: 'other', issuer: '' }, 'as its tokens name it'],
  [{ preset: 'github', name: 'second' }, 'is listed already'],
  [{ preset: 'other', issuer: 'https://a.example', name: 'Not a name' }, 'letters, digits and hyphens'],
  [{ preset: 'other', issuer: 'https://a.example', jwks: '{"keys":[]}' }, 'no public key'],
  [{ preset: 'other', issuer: 'https://a.example', jwks: 'nonsense' }, 'not a JSON object'],
  [{ preset: 'other', issuer: 'https://a.example', ca: 'nonsense' }, 'not a certificate'],
  [{ preset: 'other', issuer: 'https://a.example', maxLifeSec: 299 }, '300 to 86400'],
  [{ preset: 'other', issuer: 'https://a.example', maxLifeSec: 86_401 }, '300 to 86400'],
];

describe('an issuer', () => {
  it('is found by its discovery document, and its keys may change in the middle', async () => {
    const world = await workloadWorld();
    const { ctx } = world;
    ctx.clock.set(Math.floor(Date.now() / 1000));
    const provider = await loopbackIssuer(ctx.settings.publicUrl);
    await world.addIssuer({ preset: 'other', name: 'loopback', issuer: provider.issuer });
    await world.addRule({ issuer: 'loopback', conditions: [{ claim: 'sub', values: ['job-1'] }] });
    const token = async (jti: string) =>
      provider.idToken(ctx.settings.publicUrl, { sub: 'job-1', jti }, ctx.clock.now() + 300);
    expect((await world.exchange(await token('1'))).body.error_description).toBeUndefined();
    expect((await world.exchange(await token('2'))).status).toBe(200);
    expect(provider.asked).toEqual(['/.well-known/openid-configuration', '/jwks']);
    const old = await token('3');
    await provider.rotate();
    ctx.clock.advance(60);
    expect((await world.exchange(await token('4'))).status).toBe(200);
    expect(provider.asked).toHaveLength(4);
    // The key that was taken out is out, and nobody makes the server ask for it again and again.
    for (let count = 0; count < 5; count += 1)
      expect((await world.exchange(old)).body.error_description).toContain('has no key');
    expect(provider.asked).toHaveLength(4);
  });

  it('whose answer is late, elsewhere, another, too long or a secret gives nothing, and says why', async () => {
    const world = await workloadWorld();
    const { ctx } = world;
    const provider = await loopbackIssuer(ctx.settings.publicUrl);
    await world.addIssuer({ preset: 'other', name: 'loopback', issuer: provider.issuer });
    const answers: [string, NonNullable<typeof provider.instead>][] = [
      [
        'leads elsewhere (302)',
        (_, response) => void response.writeHead(302, { location: `${provider.issuer}/x` }).end(),
      ],
      ['answered 500', (_, response) => void response.writeHead(500).end()],
      ['names the issuer http', (_, response) => void response.end(JSON.stringify({ issuer: `${provider.issuer}/` }))],
      ['more than 102400 bytes', (_, response) => void response.end('x'.repeat(103_000))],
      ['is not a JSON object', (_, response) => void response.end('[]')],
      [
        'names no jwks_uri with https://',
        (_, response) =>
          void response.end(JSON.stringify({ issuer: provider.issuer, jwks_uri: 'http://192.0.2.1/keys' })),
      ],
      [
        'is not public',
        (_, response) =>
          void response.end(JSON.stringify({ issuer: provider.issuer, jwks_uri: 'https://10.0.0.1/keys' })),
      ],
      [
        'a private or a shared key',
        (request, response) =>
          void response.end(
            JSON.stringify(
              request.url === '/keys'
                ? { keys: [{ kty: 'oct', k: 'c2VjcmV0' }] }
                : { issuer: provider.issuer, jwks_uri: `${provider.issuer}/keys` },
            ),
          ),
      ],
    ];
    for (const [words, answer] of answers) {
      provider.instead = answer;
      await expect(tryIssuer(ctx, operatorPermit(), 'loopback'), words).rejects.toThrow(words);
    }
    // Nothing at all: the connection is held open.
    provider.instead = () => undefined;
    const late = readKeys({ issuer: provider.issuer, jwks: null, ca: null }, ['127.0.0.0/8'], 0.1);
    await expect(late).rejects.toThrow('did not answer: timed out');
    await expect(readKeys({ issuer: provider.issuer, jwks: null, ca: null }, [])).rejects.toThrow('is not public');
    provider.instead = (_, response) => void response.writeHead(500).end();
    const jwt = await world.sign(world.run({ iss: provider.issuer }));
    const refused = await world.exchange(jwt);
    expect([refused.status, refused.body.error]).toEqual([503, 'temporarily_unavailable']);
    const before = provider.asked.length;
    expect((await world.exchange(jwt)).status).toBe(503);
    expect(provider.asked).toHaveLength(before);
  });

  it('whose name answers with an address inside after one outside is asked nowhere inside', async () => {
    // Outside is what the operator allows here, 127.0.0.2; the issuer itself answers what the name says.
    const asked: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      asked.push(request.socket.localAddress);
      const issuer = `http://${request.headers.host}`;
      response.end(JSON.stringify({ issuer, jwks_uri: `${issuer}/keys`, keys: [] }));
    });
    await new Promise<void>((done) => server.listen(0, '0.0.0.0', done));
    const said: string[][] = [];
    const real = dns.lookup;
    const answer = ((_name: string, _options: object, done: (error: null, found: dns.LookupAddress[]) => void) =>
      done(
        null,
        (said.shift() ?? []).map((address) => ({ address, family: 4 })),
      )) as unknown as typeof dns.lookup;
    dns.lookup = answer;
    syncBuiltinESMExports();
    onTestFinished(async () => {
      dns.lookup = real;
      syncBuiltinESMExports();
      await new Promise((done) => server.close(done));
    });
    const issuer = `http://localhost:${(server.address() as AddressInfo).port}`;
    for (const [answers, words, reached] of [
      [[['127.0.0.2'], ['127.0.0.1']], 'keys did not answer: This address is not public', ['127.0.0.2']],
      [[['127.0.0.1'], ['127.0.0.2']], 'openid-configuration did not answer: This address is not public', []],
      [[['127.0.0.2', '127.0.0.1']], 'openid-configuration did not answer: This address is not public', []],
      [[['127.0.0.2'], ['127.0.0.2']], 'contains no public key', ['127.0.0.2', '127.0.0.2']],
    ] as const) {
      said.splice(0, said.length, ...answers.map((each) => [...each]));
      asked.length = 0;
      await expect(readKeys({ issuer, jwks: null, ca: null }, ['127.0.0.2/32'])).rejects.toThrow(words);
      expect([answers, asked]).toEqual([answers, reached]);
    }
    expect(said, 'each name was asked for once for each connection').toEqual([]);
  });

  it('keeps its last keys for a day while it can not be asked', async () => {
    const world = await workloadWorld();
    const { ctx } = world;
    ctx.clock.set(Math.floor(Date.now() / 1000));
    const provider = await loopbackIssuer(ctx.settings.publicUrl);
    await world.addIssuer({ preset: 'other', name: 'loopback', issuer: provider.issuer });
    await world.addRule({ issuer: 'loopback', conditions: [{ claim: 'sub', values: ['job-1'] }] });
    const at = ctx.clock.now();
    const token = async (jti: string) => provider.idToken(ctx.settings.publicUrl, { sub: 'job-1', jti }, at + 300);
    expect((await world.exchange(await token('1'))).status).toBe(200);
    provider.instead = (_, response) => void response.writeHead(503).end();
    const jwt = await token('2');
    for (const [passed, status] of [
      [HOUR_SEC, 200],
      [DAY_SEC, 503],
    ] as const) {
      ctx.clock.advance(passed);
      ctx.clock.set(at);
      expect((await world.exchange(jwt)).status).toBe(status);
    }
  });

  it('is not listed when anything about it is wrong', async () => {
    const { ctx } = await workloadWorld();
    for (const [draft, words] of UNLISTED)
      await expect(addIssuer(ctx, operatorPermit(), draft), words).rejects.toThrow(words);
  });

  it('with pasted keys takes the next set at once', async () => {
    const world = await workloadWorld();
    await world.addRule();
    await given(world);
    const next = await newSigner('EdDSA', 'key-2');
    await editIssuer(world.ctx, operatorPermit(), 'github', { jwks: jwksOf(next) });
    expect((await world.exchange(await world.sign(world.run()))).body.error_description).toContain('has no key key-1');
    expect((await world.exchange(await world.sign(world.run(), next))).status).toBe(200);
  });

  it('with several keys wants to know which, and one alone needs no name', async () => {
    const world = await workloadWorld();
    await world.addRule();
    const jwt = await world.sign(world.run(), world.signer, { kid: undefined });
    expect((await world.exchange(jwt)).status).toBe(200);
    const other = await newSigner('RS256', 'key-2');
    await editIssuer(world.ctx, operatorPermit(), 'github', { jwks: jwksOf(world.signer, other) });
    const unnamed = await world.sign(world.run(), world.signer, { kid: undefined });
    expect((await world.exchange(unnamed)).body.error_description).toContain('names no key (kid)');
  });
});
