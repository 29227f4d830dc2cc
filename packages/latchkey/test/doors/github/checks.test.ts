/** Commit statuses, deploy keys and webhooks over GitHub's API, each answer checked against GitHub's schemas. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { MAX_STATUS_DESCRIPTION_LENGTH } from '../../../src/actions/repositories/statuses.ts';
import { deliverWebhook } from '../../../src/actions/repositories/webhooks/delivery.ts';
import { MAX_WEBHOOKS } from '../../../src/actions/repositories/webhooks/events.ts';
import { revokeToken } from '../../../src/actions/tokens/tokens.ts';
import { forEachEngine } from '../../engines/engines.ts';
import { sshPublicKey } from '../../ssh-keys.ts';
import { type ApiWorld, apiWorld, grant } from './api.ts';
import { validated } from './schema-harness.ts';

const SITE = '/repos/Acme/site';
const EVERYTHING = {
  contents: 'write',
  statuses: 'write',
  administration: 'write',
  repository_hooks: 'write',
} as const;

async function bench(
  engine: 'sqlite' | 'postgres' = 'sqlite',
): Promise<ApiWorld & { ada: string; adaId: number; sha: string }> {
  const world = await apiWorld(engine);
  const { secret: ada, id: adaId } = await world.token('Ada', {
    grants: [grant({ owner: 'Acme', selection: 'all', permissions: EVERYTHING })],
  });
  const ask = validated(world.ask);
  const { body } = await ask(`PUT ${SITE}/contents/a`, { token: ada, body: { message: 'm', content: 'YQ==' } });
  return { ...world, ask, ada, adaId, sha: body.commit.sha };
}

forEachEngine('a commit status', (_open, engine) => {
  it('is said in contexts, of which the newest words make the verdict', async () => {
    const { ask, ada, sha } = await bench(engine);
    const say = (body: object): ReturnType<typeof ask> => ask(`POST ${SITE}/statuses/${sha}`, { token: ada, body });
    const verdict = async (): Promise<string> =>
      (await ask(`GET ${SITE}/commits/main/status`, { token: ada })).body.state;
    expect(await verdict()).toBe('pending');
    expect(await say({ state: 'pending', context: 'ci/build' })).toMatchObject({
      status: 201,
      body: { state: 'pending', context: 'ci/build', creator: { login: 'Ada' } },
    });
    expect(
      await say({ state: 'success', context: 'CI/Build', target_url: 'https://ci.example/1', description: 'fine' }),
    ).toMatchObject({ status: 201 });
    expect(await verdict()).toBe('success');
    await say({ state: 'error' });
    expect(await verdict()).toBe('failure');
    const combined = await ask(`GET ${SITE}/commits/${sha}/status`, { token: ada });
    expect(combined.body).toMatchObject({
      total_count: 2,
      sha,
      statuses: [
        { context: 'default', state: 'error' },
        { context: 'CI/Build', state: 'success' },
      ],
    });
    expect((await ask(`GET ${SITE}/commits/main/statuses`, { token: ada })).body).toHaveLength(3);
    const first = await ask(`GET ${SITE}/commits/main/statuses?per_page=2`, { token: ada });
    await say({ state: 'success', context: 'late' });
    const next = new URL(/<([^>]+)>; rel="next"/.exec(first.headers['link']!)![1]!);
    expect((await ask(`GET ${SITE}/commits/main/statuses${next.search}`, { token: ada })).body).toMatchObject([
      { state: 'pending', context: 'ci/build' },
    ]);
  });
});

describe('a commit status', () => {
  it('is refused with a sentence when it is invalid', async () => {
    const { ask, ada, sha, token } = await bench();
    const say = (body: object, at = sha): ReturnType<typeof ask> =>
      ask(`POST ${SITE}/statuses/${at}`, { token: ada, body });
    expect(await say({ state: 'success' }, '1'.repeat(40))).toMatchObject({
      status: 422,
      body: { message: `No commit found for SHA: ${'1'.repeat(40)}` },
    });
    for (const body of [
      {},
      { state: 'great' },
      { state: 'success', target_url: 'javascript:x' },
      { state: 'success', context: '' },
      { state: 'success', description: 'd'.repeat(MAX_STATUS_DESCRIPTION_LENGTH + 1) },
    ]) {
      expect([body, await say(body)]).toMatchObject([body, { status: 422 }]);
    }
    expect((await say({ state: 'success', description: 'd'.repeat(MAX_STATUS_DESCRIPTION_LENGTH) })).status).toBe(201);
    const weak = await token('Ada', {
      grants: [grant({ owner: 'Acme', selection: 'all', permissions: { contents: 'write' } })],
    });
    expect(await ask(`POST ${SITE}/statuses/${sha}`, { token: weak.secret, body: { state: 'success' } })).toMatchObject(
      { status: 403, body: { missing: { statuses: 'write' } } },
    );
  });
});

describe('a deploy key', () => {
  it('is added once, shown and deleted', async () => {
    const { ask, ada } = await bench();
    const key = sshPublicKey('ed25519');
    const made = await ask(`POST ${SITE}/keys`, { token: ada, body: { title: 'ci', key, read_only: true } });
    expect(made).toMatchObject({
      status: 201,
      body: {
        title: 'ci',
        read_only: true,
        verified: true,
        added_by: 'Ada',
        key: key.split(' ').slice(0, 2).join(' '),
      },
    });
    expect(await ask('POST /repos/Acme/docs/keys', { token: ada, body: { key } })).toMatchObject({
      status: 422,
      body: { errors: [{ message: 'key is already in use' }] },
    });
    expect(await ask(`POST ${SITE}/keys`, { token: ada, body: { key: sshPublicKey('rsa', 2048) } })).toMatchObject({
      status: 201,
      body: { title: 'a comment', read_only: false },
    });
    expect((await ask(`GET ${SITE}/keys`, { token: ada })).body).toHaveLength(2);
    expect(await ask(`GET ${SITE}/keys/${made.body.id}`, { token: ada })).toMatchObject({ status: 200 });
    expect(await ask(`GET /repos/Acme/docs/keys/${made.body.id}`, { token: ada })).toMatchObject({ status: 404 });
    expect(await ask(`DELETE ${SITE}/keys/${made.body.id}`, { token: ada })).toMatchObject({ status: 204 });
    expect(await ask(`DELETE ${SITE}/keys/${made.body.id}`, { token: ada })).toMatchObject({ status: 404 });
  });

  it('is refused when it is none, or weak', async () => {
    const { ask, ada } = await bench();
    const good = sshPublicKey('ed25519');
    const [type, blob] = good.split(' ') as [string, string];
    for (const key of [
      '',
      'hello',
      `${type} AAAA`,
      `ssh-rsa ${blob}`,
      `${type} ${blob}\nssh-ed25519 x`,
      sshPublicKey('rsa', 1024),
      '-----BEGIN OPENSSH PRIVATE KEY-----',
    ]) {
      expect([key, await ask(`POST ${SITE}/keys`, { token: ada, body: { key } })]).toMatchObject([
        key,
        { status: 422, body: { errors: [{ field: 'key' }] } },
      ]);
    }
    for (const [kind, bits] of [
      ['ecdsa', 256],
      ['ecdsa', 384],
      ['ecdsa', 521],
    ] as const)
      expect((await ask(`POST ${SITE}/keys`, { token: ada, body: { key: sshPublicKey(kind, bits) } })).status).toBe(
        201,
      );
  });

  it('goes with the token that it was made with', async () => {
    const { ask, ada, adaId, ctx, token } = await bench();
    const other = await token('Ada', { grants: [grant({ owner: 'Acme', selection: 'all', permissions: EVERYTHING })] });
    await ask(`POST ${SITE}/keys`, { token: ada, body: { title: 'of ada', key: sshPublicKey('ed25519') } });
    await ask(`POST ${SITE}/keys`, { token: other.secret, body: { title: 'of other', key: sshPublicKey('ed25519') } });
    await revokeToken(ctx, operatorPermit(), adaId);
    expect((await ask(`GET ${SITE}/keys`, { token: other.secret })).body).toMatchObject([{ title: 'of other' }]);
  });
});

describe('a webhook', () => {
  const hooks = `${SITE}/hooks`;
  const config = { url: 'https://hooks.example/x', content_type: 'json', secret: 'very secret' };

  it('is made, changed and deleted, and never shows its secret', async () => {
    const { ask, ada } = await bench();
    const made = await ask(`POST ${hooks}`, { token: ada, body: { name: 'web', config, events: ['push', 'status'] } });
    expect(made).toMatchObject({
      status: 201,
      body: {
        type: 'Repository',
        name: 'web',
        active: true,
        events: ['push', 'status'],
        config: { secret: '********', insecure_ssl: '0' },
        last_response: { status: 'unused' },
      },
    });
    expect(made.text).not.toContain('very secret');
    expect(await ask(`POST ${hooks}`, { token: ada, body: { config, events: ['status', 'push'] } })).toMatchObject({
      status: 422,
      body: { errors: [{ message: 'Hook already exists on this repository' }] },
    });
    const hook = `${hooks}/${made.body.id}`;
    expect(
      await ask(`PATCH ${hook}`, {
        token: ada,
        body: { add_events: ['create'], remove_events: ['status'], active: false },
      }),
    ).toMatchObject({ status: 200, body: { events: ['create', 'push'], active: false } });
    expect(
      await ask(`PATCH ${hook}/config`, { token: ada, body: { secret: '********', insecure_ssl: '1' } }),
    ).toMatchObject({ status: 200, body: { secret: '********', insecure_ssl: '1' } });
    expect(await ask(`PATCH ${hook}/config`, { token: ada, body: { secret: '' } })).toMatchObject({ status: 200 });
    expect((await ask(`GET ${hook}/config`, { token: ada })).body).toEqual({
      url: config.url,
      content_type: 'json',
      insecure_ssl: '1',
    });
    expect((await ask(`GET ${hooks}`, { token: ada })).body).toHaveLength(1);
    expect(await ask(`DELETE ${hook}`, { token: ada })).toMatchObject({ status: 204 });
    expect(await ask(`GET ${hook}`, { token: ada })).toMatchObject({ status: 404 });
    expect(await ask(`GET ${hooks}/abc`, { token: ada })).toMatchObject({ status: 404 });
  });

  it('never leads into the network of the server', async () => {
    const { ask, ada } = await bench();
    for (const url of [
      'http://127.0.0.1/',
      'http://[::1]/',
      'http://169.254.169.254/latest/meta-data',
      'http://10.1.2.3/',
      'http://[::ffff:10.0.0.1]/',
      'http://0.0.0.0/',
      'http://2130706433/',
      'http://0x7f.1/',
      'http://[fd00::1]/',
      'http://[64:ff9b::7f00:1]/',
    ]) {
      expect([url, await ask(`POST ${hooks}`, { token: ada, body: { config: { url } } })]).toMatchObject([
        url,
        {
          status: 422,
          body: {
            errors: [
              { field: 'config.url', message: 'This address is not public, and the operator has not allowed it.' },
            ],
          },
        },
      ]);
    }
  });

  it('is refused with a sentence when it is invalid, and past the limit', async () => {
    const { ask, ada } = await bench();
    for (const body of [
      {},
      { config: {} },
      { config: { url: 'ftp://x.example' } },
      { config: { url: 'https://a:b@x.example' } },
      { config: { url: config.url, content_type: 'xml' } },
      { config: { url: config.url, insecure_ssl: '2' } },
      { config, events: ['nope'] },
      { config, events: [] },
      { config, name: 'email' },
    ]) {
      expect([body, await ask(`POST ${hooks}`, { token: ada, body })]).toMatchObject([body, { status: 422 }]);
    }
    for (let i = 0; i < MAX_WEBHOOKS; i++)
      expect(
        (await ask(`POST ${hooks}`, { token: ada, body: { config: { url: `https://hooks.example/${i}` } } })).status,
      ).toBe(201);
    expect(await ask(`POST ${hooks}`, { token: ada, body: { config } })).toMatchObject({
      status: 422,
      body: { errors: [{ message: `A repository has at most ${MAX_WEBHOOKS} webhooks.` }] },
    });
  });

  it('is only for the repository’s administrators', async () => {
    const { ask, token, ada } = await bench();
    const made = await ask(`POST ${hooks}`, { token: ada, body: { config } });
    const member = await token('Bob', { kind: 'classic', scopes: ['repo', 'admin:repo_hook'] });
    expect(await ask(`GET ${hooks}`, { token: member.secret })).toMatchObject({ status: 403 });
    expect(await ask(`GET ${hooks}/${made.body.id}`, { token: (await token('Cy', {})).secret })).toMatchObject({
      status: 404,
    });
    const reader = await token('Ada', {
      grants: [grant({ owner: 'Acme', selection: 'all', permissions: { repository_hooks: 'read' } })],
    });
    expect(await ask(`GET ${hooks}`, { token: reader.secret })).toMatchObject({ status: 200 });
    expect(await ask(`DELETE ${hooks}/${made.body.id}`, { token: reader.secret })).toMatchObject({ status: 403 });
  });
});

describe('a delivery', () => {
  it('does not follow a name into the network of the server, and says so in the log', async () => {
    const { ask, ada, ctx } = await bench();
    let reached = 0;
    const inside = createServer((_request, response) => {
      reached++;
      response.end();
    });
    await new Promise<void>((resolve) => inside.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void inside.close());
    const made = await ask(`POST ${SITE}/hooks`, {
      token: ada,
      body: { config: { url: `http://localhost:${(inside.address() as AddressInfo).port}/` } },
    });
    expect(made.status).toBe(201);
    await deliverWebhook(ctx, { deliveryId: 1 });
    expect((await ask(`GET ${SITE}/hooks/${made.body.id}/deliveries`, { token: ada })).body).toMatchObject([
      { event: 'ping', status_code: 0, status: 'This address is not public, and the operator has not allowed it.' },
    ]);
    expect(reached).toBe(0);
    const failures = 'latchkey_webhook_deliveries_total{outcome="failed"} 1';
    expect(await ctx.metrics.registry.getSingleMetricAsString('latchkey_webhook_deliveries_total')).toContain(failures);
  });

  it('is one of the hook that it was made for', async () => {
    const { ask, ada, ctx } = await bench();
    const [one, other] = await Promise.all(
      ['a', 'b'].map((path) =>
        ask(`POST ${SITE}/hooks`, { token: ada, body: { config: { url: `https://hooks.invalid/${path}` } } }),
      ),
    );
    await Promise.all([1, 2].map((deliveryId) => deliverWebhook(ctx, { deliveryId })));
    const { body } = await ask(`GET ${SITE}/hooks/${one!.body.id}/deliveries?status=failure`, { token: ada });
    expect(body).toMatchObject([{ status: "couldn't resolve host name" }]);
    expect((await ask(`GET ${SITE}/hooks/${one!.body.id}/deliveries?status=success`, { token: ada })).body).toEqual([]);
    expect(await ask(`GET ${SITE}/hooks/${other!.body.id}/deliveries/${body[0].id}`, { token: ada })).toMatchObject({
      status: 404,
    });
    expect(
      await ask(`POST ${SITE}/hooks/${other!.body.id}/deliveries/${body[0].id}/attempts`, { token: ada }),
    ).toMatchObject({ status: 404 });
  });
});
