/** Traces: a real server, a real git, and a collector for OTLP. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SMTPServer } from 'smtp-server';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Engine } from '../../src/store/db.ts';
import { ENGINES, readyDatabase } from '../engines/engines.ts';
import { once } from '../waits.ts';
import { dataOptions, latchkeyInside, runProgram, type Serving, serveUntilReady } from './latchkey-process.ts';
import { type OtlpReceiver, otlpReceiver, type ReceivedSpan } from './otlp-receiver.ts';

const SERVER = 2;
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const PARENT_ID = 'b7ad6b7169203331';
const TRACEPARENT = `00-${TRACE_ID}-${PARENT_ID}-01`;

interface World {
  readonly serving: Serving;
  readonly collector: OtlpReceiver;
  readonly token: string;
  readonly basic: string;
  readonly folder: string;
  git(...args: string[]): Promise<void>;
}

async function start(
  options: { engine?: Engine; endpoint?: string; scope?: string; more?: readonly string[] } = {},
): Promise<World> {
  const database = await readyDatabase(options.engine ?? 'sqlite');
  onTestFinished(database.remove);
  const collector = await otlpReceiver();
  const data = dataOptions(database);
  const serving = await serveUntilReady([
    ...data,
    '--otlp-endpoint',
    options.endpoint ?? collector.endpoint,
    ...(options.more ?? []),
  ]);
  for (const line of ['user add ada --email ada@example.org --verified', 'repo add ada/notes'])
    expect((await latchkeyInside(['admin', ...line.split(' '), ...data])).code).toBe(0);
  const scopes = (options.scope ?? 'repo').split(',').flatMap((scope) => ['--scope', scope]);
  const { stdout } = await latchkeyInside([
    'admin',
    ...'token add ada --name laptop --classic'.split(' '),
    ...scopes,
    ...data,
  ]);
  const token = stdout.trim();
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-traces-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const git = async (...args: string[]): Promise<void> => {
    const ended = await runProgram('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', ...args], {
      cwd: folder,
    });
    expect(ended.code, ended.stderr).toBe(0);
  };
  return { serving, collector, token, folder, git, basic: `Basic ${Buffer.from(`ada:${token}`).toString('base64')}` };
}

const advertisement = ({ serving, basic }: World, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
  fetch(`${serving.url}/ada/notes.git/info/refs?service=git-upload-pack`, {
    headers: { authorization: basic, 'git-protocol': 'version=2', ...headers },
  });

const childrenOf = (spans: readonly ReceivedSpan[], parent: ReceivedSpan): string[] =>
  spans.filter(({ parentSpanId }) => parentSpanId === parent.spanId).map(({ name }) => name);

async function stop({ serving, collector }: World): Promise<readonly ReceivedSpan[]> {
  expect((await serving.stop('SIGTERM')).code).toBe(0);
  return collector.spans;
}

describe.each(ENGINES)('a clone and a push, traced [%s]', (engine) => {
  test('are spans below the one that the trusted proxy names, with what each request waited for', {
    timeout: 90_000,
  }, async () => {
    const world = await start({ engine });
    const url = world.serving.url.replace('//', `//ada:${world.token}@`);
    await world.git(
      '-c',
      `http.extraHeader=traceparent: ${TRACEPARENT}`,
      'clone',
      '-q',
      `${url}/ada/notes.git`,
      'clone',
    );
    await world.git('-C', 'clone', 'commit', '-q', '--allow-empty', '-m', 'a');
    await world.git(
      '-C',
      'clone',
      '-c',
      `http.extraHeader=traceparent: ${TRACEPARENT}`,
      'push',
      '-q',
      'origin',
      'HEAD',
    );
    await expect.poll(() => world.collector.spans.map(({ name }) => name)).toContain('job clear-jobs');
    const spans = await stop(world);

    const requests = spans.filter(({ kind, traceId }) => kind === SERVER && traceId === TRACE_ID);
    expect(requests.every(({ parentSpanId, name }) => parentSpanId === PARENT_ID && name.endsWith(' git'))).toBe(true);
    const push = requests.find(({ attributes }) => attributes['url.path'] === '/ada/notes.git/git-receive-pack')!;
    expect(push.attributes).toMatchObject({
      'http.request.method': 'POST',
      'url.scheme': 'http',
      'http.response.status_code': 200,
      'latchkey.door': 'git',
      'latchkey.request_id': expect.stringMatching(/^[0-9a-f]{8}-/),
      'user_agent.original': expect.stringMatching(/^git\//),
    });
    expect(push.resource).toMatchObject({ 'service.name': 'latchkey', 'process.pid': world.serving.child.pid });
    expect(childrenOf(spans, push)).toEqual(expect.arrayContaining(['git receive-pack', 'transaction']));
    expect(spans.find(({ name }) => name === 'transaction')!.attributes['db.system.name']).toBe(
      engine === 'sqlite' ? 'sqlite' : 'postgresql',
    );
    const ran = spans.find(({ name }) => name === 'git receive-pack')!;
    expect(ran.attributes).toMatchObject({
      'latchkey.git.service': 'receive-pack',
      'process.exit.code': 0,
      'latchkey.git.stopped': false,
    });
    expect(ran.ms).toBeGreaterThan(0);
    // The first time, the store had to be asked.
    const decisions = spans.filter(({ name, traceId }) => name === 'decide' && traceId === TRACE_ID);
    expect(requests.map(({ spanId }) => spanId)).toEqual(
      expect.arrayContaining(decisions.map(({ parentSpanId }) => parentSpanId!)),
    );
    expect(decisions.length).toBeGreaterThan(0);

    const jobs = spans.filter(({ name }) => name.startsWith('job '));
    expect(jobs.length).toBeGreaterThan(0);
    expect(jobs.every(({ parentSpanId }) => parentSpanId === null)).toBe(true);
    expect(new Set(jobs.map(({ traceId }) => traceId)).size).toBe(jobs.length);
    const cleared = jobs.find(({ name }) => name === 'job clear-jobs')!;
    expect(cleared.attributes).toMatchObject({ 'latchkey.job.kind': 'clear-jobs', 'latchkey.job.attempts': 1 });
    expect(childrenOf(spans, cleared)).toEqual(['transaction']);
    for (const secret of [world.token, world.basic.slice(6), 'service='])
      expect(world.collector.text()).not.toContain(secret);
  });
});

describe('a trace', () => {
  test('of a refused request says why, and the log names it', { timeout: 60_000 }, async () => {
    const world = await start({ more: ['--log-level', 'debug'] });
    const status = async (path: string, headers: Record<string, string>): Promise<number> =>
      (await fetch(`${world.serving.url}${path}`, { headers })).status;
    expect(
      await status('/ada/notes.git/info/refs?service=git-upload-pack', {
        authorization: `Basic ${Buffer.from('ada:nothing').toString('base64')}`,
        traceparent: TRACEPARENT,
      }),
    ).toBe(401);
    expect(
      await status('/ada/none.git/info/refs?service=git-receive-pack', {
        authorization: world.basic,
        traceparent: TRACEPARENT,
      }),
    ).toBe(404);
    const { stderr } = world.serving.output();
    const refused = stderr
      .split('\n')
      .filter((line) => line.includes('"msg":"refused"'))
      .map((line) => JSON.parse(line) as Record<string, string>);
    const spans = await stop(world);
    const [unknown, missing] = spans.filter(({ kind, traceId }) => kind === SERVER && traceId === TRACE_ID);
    expect(unknown!.attributes).toMatchObject({
      'http.response.status_code': 401,
      'latchkey.reason': 'password_not_accepted',
    });
    expect(unknown!.failed).toBe(false);
    expect(missing!.attributes).toMatchObject({
      'http.response.status_code': 404,
      'latchkey.reason': refused[0]!.reason,
    });
    expect(refused[0]).toMatchObject({ trace_id: TRACE_ID, requestId: missing!.attributes['latchkey.request_id'] });
  });

  test('holds no secret, wherever somebody put one', { timeout: 60_000 }, async () => {
    const world = await start();
    const { token } = world;
    const link = randomBytes(32).toString('base64url');
    const thirdParty = `ghp_${'a1B2'.repeat(9)}`;
    const places = [
      `/verify/${link}`,
      `/x/${token}/y?token=${token}`,
      `/${token.slice(0, 20)}`,
      `/x/${encodeURIComponent(`lkc_${thirdParty}`).replaceAll('_', '%5F')}`,
      `/api/v3/user?access_token=${token}`,
      `/${thirdParty}`,
      `/api/v4/user?private_token=${token}`,
      `/forward-auth/hooks/hunter2`,
    ];
    for (const place of places) {
      const headers = {
        authorization: `token ${token}`,
        'private-token': token,
        cookie: `session=${link}`,
        'user-agent': `tool ${token}`,
        'x-forwarded-uri': '/hooks/hunter2',
        'x-forwarded-host': 'behind.example',
        traceparent: TRACEPARENT,
        tracestate: `x=${token}`,
      };
      await (await fetch(`${world.serving.url}${place}`, { headers, redirect: 'manual' })).text();
    }
    const spans = (await stop(world)).filter(({ kind }) => kind === SERVER);
    expect(spans.map(({ attributes }) => attributes['url.path'])).toEqual([
      '/verify/[redacted]',
      '/x/[redacted]/y',
      '/[redacted]',
      '/x/[redacted]',
      '/api/v3/user',
      '/[redacted]',
      '/api/v4/user',
      '/forward-auth',
    ]);
    for (const { attributes } of spans) expect(attributes['user_agent.original']).toBe('tool [redacted]');
    for (const secret of [token, token.slice(0, 20), link, thirdParty, 'hunter2', 'access_token'])
      expect(world.collector.text()).not.toContain(secret);
  });

  test('of a caller who is no trusted proxy is not believed', { timeout: 60_000 }, async () => {
    const world = await start({ more: ['--trusted-proxy', '192.0.2.1'] });
    expect((await advertisement(world, { traceparent: TRACEPARENT })).status).toBe(200);
    const [request] = (await stop(world)).filter(({ kind }) => kind === SERVER);
    expect(request).toMatchObject({ parentSpanId: null });
    expect(request!.traceId).not.toBe(TRACE_ID);
  });

  test('of a job has the webhook that left and the mail that was sent, without where in them a secret may stand', {
    timeout: 60_000,
  }, async () => {
    const heard: string[] = [];
    const receiver = createServer((request, response) => {
      heard.push(request.url!, JSON.stringify(request.headers));
      response.writeHead(202).end();
    }).listen(0, '127.0.0.1');
    const mails: string[] = [];
    const smtp = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      onRcptTo: ({ address }, _session, done) => {
        mails.push(address);
        done();
      },
      onData: (stream, _session, done) => {
        stream.resume().once('end', () => done());
      },
    }).listen(0, '127.0.0.1');
    await Promise.all([once(receiver, 'listening'), once(smtp, 'listening')]);
    onTestFinished(() => {
      receiver.close();
      smtp.close();
    });
    const portOf = (server: { address(): unknown }): number => (server.address() as AddressInfo).port;
    const world = await start({
      scope: 'repo,admin:repo_hook',
      more: ['--webhook-network', '127.0.0.0/8', '--smtp', `smtp://127.0.0.1:${portOf(smtp)}`],
    });
    const body = JSON.stringify({
      config: { url: `http://127.0.0.1:${portOf(receiver)}/hooks/hunter2`, secret: 'hunter2' },
    });
    const made = await fetch(`${world.serving.url}/api/v3/repos/ada/notes/hooks`, {
      method: 'POST',
      body,
      headers: { authorization: `token ${world.token}`, 'content-type': 'application/json' },
    });
    expect([made.status, await made.text()]).toMatchObject([201, expect.any(String)]);
    // A span is sent after it ends, so a job's span comes after those of its work.
    const jobOf = (what: string): string | undefined => {
      const { spans } = world.collector;
      const { parentSpanId } = spans.find(({ name }) => name === what) ?? {};
      return spans.find(({ spanId }) => spanId === parentSpanId)?.name;
    };
    await expect.poll(() => ['POST', 'send mail'].map(jobOf)).toEqual(['job deliver-webhook', 'job deliver-mail']);
    expect([heard.length, mails.length]).toEqual([2, expect.toSatisfy((count: number) => count > 0)]);
    const spans = await stop(world);
    const posted = spans.find(({ name }) => name === 'POST')!;
    expect(posted.attributes).toEqual({
      'http.request.method': 'POST',
      'server.address': '127.0.0.1',
      'http.response.status_code': 202,
    });
    expect(world.collector.text()).not.toMatch(/hunter2|ada@example\.org/);
    // Their receivers are strangers.
    expect(heard[1]).not.toContain('traceparent');
  });

  test('is made of one request in so many, and of each that a trusted proxy says is traced', {
    timeout: 60_000,
  }, async () => {
    const world = await start({ more: ['--trace-one-in', '1000000'] });
    for (let n = 0; n < 5; n++) expect((await advertisement(world)).status).toBe(200);
    expect((await advertisement(world, { traceparent: TRACEPARENT })).status).toBe(200);
    expect((await advertisement(world, { traceparent: `00-${TRACE_ID}-${PARENT_ID}-00` })).status).toBe(200);
    const requests = (await stop(world)).filter(({ kind }) => kind === SERVER);
    expect(requests.map(({ traceId, parentSpanId }) => [traceId, parentSpanId])).toEqual([[TRACE_ID, PARENT_ID]]);
  });

  test('comes from each of several workers', { timeout: 90_000 }, async () => {
    const world = await start({ more: ['--workers', '2'] });
    const requests = (): ReceivedSpan[] => world.collector.spans.filter(({ kind }) => kind === SERVER);
    // The second worker may be ready later than the first.
    let sent = 0;
    const ask = async (): Promise<number> => {
      expect((await advertisement(world, { connection: 'close' })).status).toBe(200);
      sent++;
      return new Set(requests().map(({ resource }) => resource['process.pid'])).size;
    };
    await expect.poll(ask, { interval: 100 }).toBe(2);
    await stop(world);
    expect(requests()).toHaveLength(sent);
  });
});

describe('a collector', () => {
  test('that is not there harms no request, is told of once, and holds up no stop', { timeout: 60_000 }, async () => {
    const world = await start({ endpoint: 'http://127.0.0.1:1' });
    for (let n = 0; n < 20; n++) expect((await advertisement(world)).status).toBe(200);
    await vi.waitFor(() => expect(world.serving.output().stderr).toContain('traces do not reach the collector'), {
      timeout: 20_000,
    });
    const beganAt = performance.now();
    const { code, stderr } = await world.serving.stop('SIGTERM');
    expect(code).toBe(0);
    expect(performance.now() - beganAt).toBeLessThan(12_000);
    expect(stderr.split('traces do not reach the collector')).toHaveLength(2);
  });

  test('is spoken to by no part of a server that was not told of it, whatever other variables say', {
    timeout: 60_000,
  }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-loaded-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const collector = await otlpReceiver();
    vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', collector.endpoint);
    // V8 writes down every script that was loaded.
    vi.stubEnv('NODE_V8_COVERAGE', join(folder, 'loaded'));
    onTestFinished(() => void vi.unstubAllEnvs());
    const serving = await serveUntilReady(['--data', join(folder, 'data')]);
    expect((await fetch(`${serving.url}/healthz`)).status).toBe(200);
    const { code, stderr } = await serving.stop('SIGTERM');
    expect(code).toBe(0);
    expect(stderr).toContain('OTEL_EXPORTER_OTLP_ENDPOINT is set, but traces are sent only where --otlp-endpoint says');
    const loaded = readdirSync(join(folder, 'loaded'))
      .map((name) => readFileSync(join(folder, 'loaded', name), 'utf8'))
      .join('');
    expect(loaded).toMatch(/\/app-[\w-]+\.js/);
    expect(loaded).not.toMatch(/@opentelemetry\/(?!api\/)|otlp-tracer/);
    expect(collector.spans).toEqual([]);
  });
});
