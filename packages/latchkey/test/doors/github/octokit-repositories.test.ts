/** GitHub's own client against a real server: files, refs, statuses, and webhooks with a real receiver. */
import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Octokit } from '@octokit/rest';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { createToken } from '../../../src/actions/tokens/tokens.ts';
import { makeWorld, type World } from '../git/server.ts';

let world: World;
let octokit: Octokit;
beforeAll(async () => {
  world = await makeWorld({ webhookNetworks: ['127.0.0.0/8'] });
  const { secret } = await createToken(world.server.context, operatorPermit(), {
    userLogin: 'ada',
    kind: 'classic',
    name: 'octokit',
    description: '',
    scopes: ['repo', 'admin:repo_hook', 'delete_repo', 'user'],
    grants: [],
  });
  octokit = new Octokit({
    baseUrl: `${world.url}/api/v3`,
    auth: secret.reveal(),
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
  });
});
afterAll(() => world.close());

const HERE = { owner: 'ada', repo: 'closed' } as const;
const base64 = (text: string): string => Buffer.from(text).toString('base64');

interface Received {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

async function receiver(
  answer: (request: Received) => number = () => 200,
): Promise<{ url: string; received: Received[]; server: Server }> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request
      .setEncoding('utf8')
      .on('data', (part: string) => {
        body += part;
      })
      .on('end', () => {
        received.push({ headers: request.headers, body });
        response.writeHead(answer(received.at(-1)!), { 'X-Receiver': 'here' }).end('thanks');
      });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, received, server };
}

const soon = <T>(check: () => T | Promise<T>): Promise<T> => vi.waitFor(check, { timeout: 30_000, interval: 100 });

describe('octokit', () => {
  it('writes files, makes branches and tags, and a clone sees it all', async () => {
    const made = await octokit.repos.createOrUpdateFileContents({
      ...HERE,
      path: 'docs/a b.md',
      message: 'first',
      content: base64('hello'),
    });
    const { data } = await octokit.repos.getContent({ ...HERE, path: 'docs/a b.md' });
    expect('content' in data && Buffer.from(data.content, 'base64').toString()).toBe('hello');
    await expect(
      octokit.repos.createOrUpdateFileContents({
        ...HERE,
        path: 'docs/a b.md',
        message: 'x',
        content: base64('x'),
        sha: '1'.repeat(40),
      }),
    ).rejects.toMatchObject({ status: 409 });
    const sha = made.data.commit.sha!;
    await octokit.git.createRef({ ...HERE, ref: 'refs/heads/feature/x', sha });
    await octokit.git.createRef({ ...HERE, ref: 'refs/tags/v1', sha });
    await octokit.repos.createOrUpdateFileContents({
      ...HERE,
      path: 'new',
      message: 'second',
      content: base64('2'),
      branch: 'feature/x',
    });
    await expect(octokit.git.updateRef({ ...HERE, ref: 'heads/feature/x', sha })).rejects.toMatchObject({
      status: 422,
      message: expect.stringContaining('Update is not a fast forward'),
    });
    const root = await octokit.repos.getContent({ ...HERE, path: '', ref: 'feature/x' });
    expect(Array.isArray(root.data) && root.data.map(({ name }) => name)).toEqual(['docs', 'new']);
    await world.ok(['clone', '-q', '-b', 'feature/x', world.remote('ada/closed', world.full), 'seen']);
    expect(await world.ok(['log', '--format=%s', '--decorate-refs=refs/tags/*'], { in: 'seen' })).toBe(
      'second\nfirst\n',
    );
    await octokit.git.deleteRef({ ...HERE, ref: 'tags/v1' });
    expect((await octokit.repos.listTags(HERE)).data).toEqual([]);
    expect(
      (await octokit.paginate(octokit.repos.listBranches, { ...HERE, per_page: 1 })).map(({ name }) => name),
    ).toEqual(['feature/x', 'main']);
    expect(
      (await octokit.paginate(octokit.repos.listCommits, { ...HERE, sha: 'feature/x', per_page: 1 })).map(
        ({ commit }) => commit.message,
      ),
    ).toEqual(['second', 'first']);
    await octokit.repos.createCommitStatus({ ...HERE, sha, state: 'success', context: 'ci' });
    expect((await octokit.repos.getCombinedStatusForRef({ ...HERE, ref: 'main' })).data.state).toBe('success');
    const { data: gone } = await octokit.repos.deleteFile({
      ...HERE,
      path: 'docs/a b.md',
      message: 'away',
      sha: ('sha' in data && data.sha) || '',
    });
    expect(gone.content).toBeNull();
  });

  it('makes a webhook, whose deliveries are signed, logged and sent once more', async () => {
    const secret = 'a shared secret';
    const { url, received, server } = await receiver((request) =>
      request.headers['x-github-event'] === 'status' ? 500 : 200,
    );
    const hook = await octokit.repos.createWebhook({
      ...HERE,
      config: { url, content_type: 'json', secret },
      events: ['push', 'status', 'create'],
    });
    await soon(() => expect(received.map(({ headers }) => headers['x-github-event'])).toEqual(['ping']));
    for (const { headers, body } of received) {
      expect(headers['x-hub-signature-256']).toBe(`sha256=${createHmac('sha256', secret).update(body).digest('hex')}`);
      expect(headers).toMatchObject({
        'content-type': 'application/json',
        'x-github-hook-id': String(hook.data.id),
        'x-github-hook-installation-target-type': 'repository',
      });
      expect(headers['user-agent']).toMatch(/^GitHub-Hookshot\//);
    }
    const { data } = await octokit.repos.createOrUpdateFileContents({
      ...HERE,
      path: 'told',
      message: 'told to hooks',
      content: base64('x'),
    });
    await soon(() => expect(received).toHaveLength(2));
    expect(JSON.parse(received[1]!.body)).toMatchObject({
      ref: 'refs/heads/main',
      after: data.commit.sha,
      created: false,
      forced: false,
      commits: [{ message: 'told to hooks', added: ['told'] }],
      head_commit: { id: data.commit.sha },
      repository: { full_name: 'ada/closed' },
      sender: { login: 'ada' },
      pusher: { name: 'ada' },
    });
    await octokit.repos.createCommitStatus({ ...HERE, sha: data.commit.sha!, state: 'failure' });
    await soon(() => expect(received).toHaveLength(3));
    const log = await soon(async () => {
      const { data: deliveries } = await octokit.repos.listWebhookDeliveries({ ...HERE, hook_id: hook.data.id });
      expect(deliveries.map(({ event, status_code }) => [event, status_code])).toEqual([
        ['status', 500],
        ['push', 200],
        ['ping', 200],
      ]);
      return deliveries;
    });
    const one = await octokit.repos.getWebhookDelivery({ ...HERE, hook_id: hook.data.id, delivery_id: log[0]!.id });
    expect(one.data).toMatchObject({
      status_code: 500,
      redelivery: false,
      response: { payload: 'thanks', headers: { 'x-receiver': 'here' } },
      request: { payload: { state: 'failure' } },
    });
    expect(JSON.stringify(one.data)).not.toContain(secret);
    await octokit.repos.redeliverWebhookDelivery({ ...HERE, hook_id: hook.data.id, delivery_id: log[0]!.id });
    await soon(() => expect(received).toHaveLength(4));
    expect([received[3]!.headers['x-github-delivery'], received[3]!.body]).toEqual([
      received[2]!.headers['x-github-delivery'],
      received[2]!.body,
    ]);
    await octokit.repos.pingWebhook({ ...HERE, hook_id: hook.data.id });
    await octokit.repos.testPushWebhook({ ...HERE, hook_id: hook.data.id });
    await soon(() =>
      expect(
        received
          .slice(4)
          .map(({ headers }) => headers['x-github-event'])
          .toSorted(),
      ).toEqual(['ping', 'push']),
    );
    await octokit.repos.updateWebhook({ ...HERE, hook_id: hook.data.id, active: false });
    await octokit.repos.deleteWebhook({ ...HERE, hook_id: hook.data.id });
    server.close();
  });

  it('tells its webhook what git pushes: commits, branches and tags, and nothing of what was refused', async () => {
    const { url, received, server } = await receiver();
    const hook = await octokit.repos.createWebhook({
      owner: 'ada',
      repo: 'open',
      config: { url, content_type: 'json' },
      events: ['*'],
    });
    await soon(() => expect(received).toHaveLength(1));
    await world.ok(['clone', '-q', world.remote('ada/open', world.full), 'pushed']);
    const here = { in: 'pushed' };
    await world.ok(['commit', '-q', '--allow-empty', '-m', 'one'], here);
    await world.ok(['commit', '-q', '--allow-empty', '-m', 'two'], here);
    await world.ok(['tag', 'v1'], here);
    await world.ok(['push', '-q', 'origin', 'HEAD:main', 'v1'], here);
    const told = (from: number): string[] =>
      received
        .slice(from)
        .map(({ headers, body }) => `${headers['x-github-event']} ${JSON.parse(body).ref}`)
        .toSorted();
    await soon(() =>
      expect(told(1)).toEqual(['create main', 'create v1', 'push refs/heads/main', 'push refs/tags/v1']),
    );
    const push = received
      .map(({ body }) => JSON.parse(body))
      .find(({ ref, commits }) => ref === 'refs/heads/main' && commits !== undefined);
    expect(push).toMatchObject({
      before: '0'.repeat(40),
      created: true,
      commits: [{ message: 'one' }, { message: 'two' }],
      head_commit: { message: 'two' },
      pusher: { name: 'ada' },
    });
    await world.ok(['commit', '-q', '--amend', '--allow-empty', '-m', 'other'], here);
    expect((await world.git(['push', '-q', 'origin', 'HEAD:main'], here)).code).not.toBe(0);
    await world.ok(['push', '-q', '--force', 'origin', 'HEAD:main'], here);
    await soon(() => expect(told(5)).toEqual(['push refs/heads/main']));
    expect(JSON.parse(received[5]!.body)).toMatchObject({
      forced: true,
      created: false,
      commits: [{ message: 'other' }],
    });
    await world.ok(['push', '-q', 'origin', ':v1'], here);
    await soon(() => expect(told(6)).toEqual(['delete v1', 'push refs/tags/v1']));
    await octokit.repos.deleteWebhook({ owner: 'ada', repo: 'open', hook_id: hook.data.id });
    server.close();
  });

  it('has a form-encoded delivery for a hook that asks for it, and a reason logged where nobody answers', async () => {
    const { url, received, server } = await receiver();
    const hook = await octokit.repos.createWebhook({ ...HERE, config: { url }, events: ['push'] });
    await soon(() => expect(received).toHaveLength(1));
    expect(received[0]!.headers['x-hub-signature-256']).toBeUndefined();
    expect(JSON.parse(new URLSearchParams(received[0]!.body).get('payload')!)).toMatchObject({ hook_id: hook.data.id });
    await new Promise((resolve) => server.close(resolve));
    await octokit.repos.pingWebhook({ ...HERE, hook_id: hook.data.id });
    await soon(async () => {
      const { data } = await octokit.repos.listWebhookDeliveries({ ...HERE, hook_id: hook.data.id });
      expect(data[0]).toMatchObject({ status_code: 0, status: 'failed to connect to host' });
    });
    expect((await octokit.repos.getWebhook({ ...HERE, hook_id: hook.data.id })).data.last_response).toMatchObject({
      code: 0,
      message: 'failed to connect to host',
    });
  });
});
