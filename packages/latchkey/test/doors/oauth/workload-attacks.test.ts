/**
 * A second look at workload identity federation, by somebody who didn't write it: what a stranger at a trusted issuer,
 * a stranger at none, and whoever holds an old backup might try.
 */
import { createHash, generateKeyPairSync } from 'node:crypto';
import { SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { addIssuer, removeIssuer } from '../../../src/actions/federation/issuers.ts';
import { KeySets } from '../../../src/actions/federation/key-sets.ts';
import { removeRule } from '../../../src/actions/federation/rules.ts';
import { beginAnew } from '../../../src/actions/instance/restoration.ts';
import { ENGINES } from '../../engines/engines.ts';
import { type Claims, loopbackIssuer, newSigner, type WorkloadWorld, workloadWorld } from './workload-world.ts';

const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]/u;

/** Nothing was given, and neither the answer nor the log has a character that can't be seen. */
async function expectNothing(world: WorkloadWorld, what: string, jwt: string, fields = {}): Promise<string> {
  const { status, body, text } = await world.exchange(jwt, fields);
  expect([what, status === 400 || status === 403, body?.access_token]).toEqual([what, true, undefined]);
  expect([what, UNSEEN.test(body.error_description), text.includes(jwt)]).toEqual([what, false, false]);
  const [entry] = await world.log();
  expect([what, entry?.action]).toEqual([what, 'workload_identity.refuse']);
  for (const value of Object.values(entry!.data)) expect([what, UNSEEN.test(String(value))]).toEqual([what, false]);
  expect(await world.ctx.store.db.selectFrom('derived_tokens').select('id').execute(), what).toEqual([]);
  return entry!.data['reason'] as string;
}

/** A token whose claims are written as they stand, so that JSON may say what no object can. */
async function signedText(world: WorkloadWorld, payload: string, header = '{}'): Promise<string> {
  const { privateKey } = world.signer;
  const jwt = await new SignJWT({}).setProtectedHeader({ alg: 'RS256', kid: 'key-1' }).sign(privateKey);
  const first = header === '{}' ? jwt.split('.')[0]! : Buffer.from(header).toString('base64url');
  const input = `${first}.${Buffer.from(payload).toString('base64url')}`;
  const signature = await crypto.subtle.sign('RSASSA-PKCS1-v1_5', privateKey as CryptoKey, Buffer.from(input));
  return `${input}.${Buffer.from(signature).toString('base64url')}`;
}

describe.each(ENGINES)('a token that says odd things [%s]', (engine) => {
  it('of its issuer, its account or itself is refused in words, and none of it reaches the database', async () => {
    const world = await workloadWorld(engine);
    await world.addRule();
    const { iss } = world.run() as { iss: string };
    for (const odd of [
      `${iss}\0`,
      `${iss}\n"level":60,"msg":"all is well"`,
      `${iss}\u202e`,
      `${iss}\ud800`,
      `${iss}%2f`,
      iss.toUpperCase(),
      iss.replace('a', 'а'),
      `${iss}.`,
      `${iss}:443`,
      iss.replace('https://', 'https://x@'),
    ])
      expect(await expectNothing(world, JSON.stringify(odd), await world.sign(world.run({ iss: odd })))).toBe(
        'issuer_unknown',
      );
    for (const odd of [[iss], { toString: iss }, 7, true, null, ''])
      expect(await expectNothing(world, JSON.stringify(odd), await world.sign(world.run({ iss: odd })))).toBe(
        'issuer_missing',
      );
    const good = (await world.exchange(await world.sign(world.run()), { client_id: 'deploy-bot' })).status;
    expect([good, (await world.exchange(await world.sign(world.run()), { client_id: '\0' })).status]).toEqual([
      200, 403,
    ]);
  });
});

describe('a stranger at a trusted issuer', () => {
  it('meets no condition by another type, another case, another name, or a name of every object', async () => {
    const world = await workloadWorld();
    const conditions = [
      { claim: 'repository_id', values: ['74'] },
      { claim: 'ref', values: ['refs/heads/main', 'refs/tags/v*'] },
      { claim: 'constructor', values: ['x'] },
    ];
    await world.addRule({ conditions });
    const good: Claims = { constructor: 'x' };
    for (const claims of [
      {},
      { ...good, repository_id: { 74: true } },
      { ...good, repository_id: ['74', { a: 1 }] },
      { ...good, repository_id: 74.5 },
      { ...good, repository_id: '74 ' },
      { ...good, repository_id: ' 74' },
      { ...good, repository_id: '７４' },
      { ...good, ref: 'refs/heads/MAIN' },
      { ...good, ref: 'refs/heads/main\0' },
      { ...good, ref: 'refs/heads/mаin' },
      { ...good, ref: 'xrefs/tags/v1' },
      { ...good, ref: null },
      { constructor: { name: 'x' } },
      { ...good, event_name: ['push', 'pull_request'] },
      { ...good, event_name: { toString: 'push' } },
      { ...good, event_name: '' },
    ] as Claims[])
      await expectNothing(world, JSON.stringify(claims), await world.sign(world.run(claims)));
    // What was refused was near: a number and a list of one are the same value.
    const near = { ...good, repository_id: 74, ref: ['refs/heads/main'] };
    expect((await world.exchange(await world.sign(world.run(near)))).status).toBe(200);
  });

  it('gains nothing by saying a thing twice, by a token within a token, or by a header', async () => {
    const world = await workloadWorld();
    await world.addRule();
    const run = world.run({ repository_id: '666' });
    const twice = `${JSON.stringify(run).slice(0, -1)},"repository_id":"74","repository_id":"666"}`;
    const inner = await world.sign(world.run());
    const header = (more: string): string => `{"alg":"RS256","kid":"key-1"${more}}`;
    const near = JSON.stringify(world.run());
    for (const [what, jwt] of [
      ['a claim twice, the last counts', await signedText(world, twice)],
      ['a token within', await signedText(world, inner)],
      ['a text', await signedText(world, '"claims"')],
      ['a list', await signedText(world, `[${near}]`)],
      ['a mark at its beginning', await signedText(world, `\ufeff${near}`)],
      ['alg twice', await signedText(world, near, '{"alg":"RS256","kid":"key-1","alg":"none"}')],
      ['not encoded', await signedText(world, near, header(',"b64":false,"crit":["b64"]'))],
      ['an empty list of demands', await signedText(world, near, header(',"crit":[]'))],
      ['a certificate of its own', `${await signedText(world, near, header(',"x5c":["MIIB"]'))}x`],
      ['a signature in another alphabet', (await signedText(world, near)).replace(/\.([^.]+)$/, '.$1+/')],
      ['four parts', `${await signedText(world, near)}.x`],
      ['kid as a path', await world.sign(world.run(), world.signer, { kid: '../../dev/null' })],
      ['kid as a question', await world.sign(world.run(), world.signer, { kid: "' OR 1=1 --" })],
      ['kid of a prototype', await world.sign(world.run(), world.signer, { kid: '__proto__' })],
      ['kid of 8 KiB', await world.sign(world.run(), world.signer, { kid: 'k'.repeat(8_000) })],
      ['kid that is a list', await signedText(world, near, '{"alg":"RS256","kid":["key-1"]}')],
      ['another hash', await world.sign(world.run(), { ...world.signer, alg: 'PS256' }).catch(() => 'x.y.z')],
    ] as const)
      await expectNothing(world, what, jwt);
  });

  it('is not let in by a clock: each edge on both sides', async () => {
    const world = await workloadWorld();
    await world.addRule();
    const at = world.ctx.clock.now();
    for (const [claims, isGood] of [
      [{ iat: at - 100, exp: at - 59 }, true],
      [{ iat: at - 100, exp: at - 60 }, false],
      [{ iat: at + 60, exp: at + 100, nbf: at + 60 }, true],
      [{ iat: at + 61, exp: at + 100 }, false],
      [{ nbf: at + 61 }, false],
      [{ iat: at, exp: at + 3600 }, true],
      [{ iat: at, exp: at + 3601 }, false],
      [{ iat: at, exp: at }, false],
      [{ iat: at + 10, exp: at + 5 }, false],
      [{ exp: String(at + 300) }, false],
      [{ iat: null }, false],
      [{ nbf: 'now' }, false],
      [{ exp: Number.MAX_VALUE, iat: Number.MAX_VALUE }, false],
    ] as const) {
      const { status } = await world.exchange(await world.sign(world.run(claims)));
      expect([claims, status]).toEqual([claims, isGood ? 200 : 400]);
    }
    for (const wild of ['1e999', '-1e999', '1e-999'])
      expect(
        (
          await world.exchange(
            await signedText(world, JSON.stringify(world.run({ exp: 0 })).replace('"exp":0', `"exp":${wild}`)),
          )
        ).status,
      ).toBe(400);
  });

  it('who exchanges while the rule is removed holds nothing that works afterwards', async () => {
    const world = await workloadWorld();
    const id = await world.addRule();
    const jwts = await Promise.all(Array.from({ length: 8 }, () => world.sign(world.run())));
    const [answers] = await Promise.all([
      Promise.all(jwts.map((jwt) => world.exchange(jwt))),
      removeRule(world.ctx, operatorPermit(), world.place, id),
    ]);
    for (const { body } of answers)
      if (body.access_token !== undefined) expect((await world.rest('GET /user', body.access_token)).status).toBe(401);
  });
});

describe('keys', () => {
  it('that are weak, half, doubled or of another trade sign nothing, and break nothing', async () => {
    const world = await workloadWorld();
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const good = await newSigner('RS256', 'one');
    const tellsAll = { ...good.publicJwk, e: 'AQ' };
    for (const [what, keys] of [
      ['RSA of 1024 bits', [{ ...weak.publicKey.export({ format: 'jwk' }), kid: 'one' }]],
      ['an exponent of 1, by which anybody signs', [tellsAll]],
      ['no modulus', [{ kty: 'RSA', e: 'AQAB', kid: 'one' }]],
      ['an empty modulus', [{ kty: 'RSA', n: '', e: 'AQAB', kid: 'one' }]],
      ['a number as modulus', [{ kty: 'RSA', n: 7, e: 'AQAB', kid: 'one' }]],
      ['a point on no curve', [{ kty: 'EC', crv: 'P-256', x: 'AAAA', y: 'AAAA', kid: 'one' }]],
      ['a key that agrees', [{ kty: 'OKP', crv: 'X25519', x: 'A'.repeat(43), kid: 'one' }]],
      ['one name for two keys', [good.publicJwk, { ...(await newSigner('RS256', 'one')).publicJwk }]],
      ['a key for verifying nothing', [{ ...good.publicJwk, key_ops: ['encrypt'] }]],
    ] as const) {
      const iss = `https://${what.replaceAll(/\W/g, '-').toLowerCase()}.example`;
      const name = `k-${iss.length}-${keys.length}`;
      const draft = { preset: 'other', issuer: iss, name, jwks: JSON.stringify({ keys }) };
      const added = await addIssuer(world.ctx, operatorPermit(), draft).catch((error: Error) => error.message);
      if (typeof added === 'string') continue;
      await world.addRule({ issuer: name, conditions: [{ claim: 'sub', values: ['s'] }], token: { name } as never });
      // What passes for a signature by a key with the exponent 1 is its own padding, which anybody can write.
      const jwt = what.startsWith('an exponent')
        ? forgedByPadding(world, iss)
        : await world.sign(world.run({ iss, sub: 's' }), good);
      await expectNothing(world, what, jwt);
      await removeIssuer(world.ctx, operatorPermit(), name);
    }
  });

  it('of an issuer are not those of the next one that gets its number', async () => {
    const first = await loopbackIssuer('x');
    const keys = new KeySets({ passed: () => 0, networks: ['127.0.0.0/8'] });
    const issuer = { id: 1, name: 'a', issuer: first.issuer, preset: 'other', jwks: null, ca: null } as never;
    expect((await keys.of(issuer)).ids).toHaveLength(1);
    const next = { ...(issuer as object), issuer: 'http://127.0.0.1:1' } as never;
    await expect(keys.of(next)).rejects.toThrow('did not answer');
  });
});

describe('whoever kept a token of a run from before a backup was restored', () => {
  it('exchanges it no more, and a job that asks its platform again gets one', async () => {
    const world = await workloadWorld();
    await world.addRule();
    const { ctx } = world;
    const kept = await world.sign(world.run());
    expect((await world.exchange(kept)).status).toBe(200);
    // The database of the backup knows nothing of that.
    await ctx.store.db.deleteFrom('workload_exchanges').execute();
    await beginAnew(ctx, operatorPermit(), { how: 'end-all-tokens' });
    const id = (await ctx.store.db.selectFrom('workload_rules').select('id').executeTakeFirstOrThrow()).id;
    await removeRule(ctx, operatorPermit(), world.place, id);
    await world.addRule({ token: { name: 'again' } as never });
    const refused = await world.exchange(kept);
    expect([refused.status, refused.body.error_description]).toEqual([
      400,
      expect.stringContaining('restored from a backup after this token was issued'),
    ]);
    expect((await world.log())[0]?.data).toMatchObject({ reason: 'restored', rule: 'again' });
    ctx.clock.advance(61);
    expect((await world.exchange(await world.sign(world.run()))).status).toBe(200);
  });
});

/** PKCS #1 v1.5 padding of the digest, which is the signature itself where the exponent is 1. */
function forgedByPadding(world: WorkloadWorld, iss: string): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const input = `${part({ alg: 'RS256', kid: 'one' })}.${part(world.run({ iss, sub: 's' }))}`;
  const digest = Buffer.concat([
    Buffer.from('3031300d060960864801650304020105000420', 'hex'),
    createHash('sha256').update(input).digest(),
  ]);
  const padding = Buffer.alloc(256 - digest.length - 3, 0xff);
  const signature = Buffer.concat([Buffer.from([0, 1]), padding, Buffer.from([0]), digest]);
  return `${input}.${signature.toString('base64url')}`;
}
