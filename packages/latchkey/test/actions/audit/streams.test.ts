/**
 * The audit log streamed to real receivers on loopback: some refuse, hang, die in the middle, and come back. In every
 * case they get every entry, in order.
 */
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { generate } from 'selfsigned';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { addUser } from '../../../src/actions/accounts/accounts.ts';
import { chainAll } from '../../../src/actions/audit/chain.ts';
import { streamHealth, wakeStreams } from '../../../src/actions/audit/streams.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { gaugesOf } from '../../../src/actions/instance/gauges.ts';
import { JOB_HANDLERS } from '../../../src/actions/instance/job-handlers.ts';
import { JobRunner } from '../../../src/actions/instance/job-runner.ts';
import { startServer } from '../../../src/app.ts';
import { loadSettings } from '../../../src/base/settings/settings.ts';
import { appendAudit } from '../../../src/store/audit.ts';
import { setStreamCursor, streamState } from '../../../src/store/audit-streams.ts';
import { once } from '../../waits.ts';
import { contextWith, type TestContext } from '../context.ts';
import { NOTHING } from './entries.ts';

const SECRET = 'a secret of the receiver';
const GO = new AbortController().signal;

/** Writes entries of this length. */
async function write(ctx: TestContext, count: number, length = 1): Promise<void> {
  const data = { fields: ['x'.repeat(length)] };
  await ctx.store.transaction(async (tx) => {
    for (let n = 0; n < count; n++)
      await appendAudit(tx, { ...NOTHING, actorLogin: 'ada', at: ctx.clock.now(), action: 'org.update_profile', data });
  });
}

type StreamName = 'webhook' | 'syslog' | 'file';
/** Runs the job once, after the pause that follows a failure. */
async function run(ctx: TestContext, stream: StreamName, signal = GO): Promise<void> {
  ctx.clock.advance(60);
  await JOB_HANDLERS['stream-audit'](ctx, { stream }, signal);
}

interface Line {
  readonly _document_id?: string;
  readonly number?: number;
}
const linesOf = (text: string): Line[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
const idsOf = (lines: readonly Line[]): number[] =>
  lines.flatMap(({ _document_id: id }) => (id === undefined ? [] : [Number(id)]));
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

interface Receiver {
  readonly url: string;
  readonly bodies: { readonly text: string; readonly signature: string | undefined }[];
  /** What it does with the next requests, before it accepts later ones. */
  readonly moods: ((request: IncomingMessage, response: ServerResponse) => void)[];
}

/** A receiver of webhooks. It has read and answered everything it accepted. */
async function webhookReceiver(): Promise<Receiver> {
  const receiver = { bodies: [] as Receiver['bodies'], moods: [] as Receiver['moods'] };
  const server = createServer((request, response) => {
    const mood = receiver.moods.shift();
    if (mood !== undefined) return mood(request, response);
    void buffer(request).then((body) => {
      const signature = request.headers['x-hub-signature-256'] as string | undefined;
      receiver.bodies.push({ text: body.toString(), signature });
      response.writeHead(204).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { ...receiver, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/in?key=k` };
}

describe('a stream to a webhook', () => {
  it('sends every entry in order, signed, however often the receiver refuses, breaks off or is away', async () => {
    const receiver = await webhookReceiver();
    const ctx = await contextWith({ auditWebhook: receiver.url, auditWebhookSecret: SECRET });
    await write(ctx, 450);
    receiver.moods.push(
      (_request, response) => void response.writeHead(503).end(),
      (request) => void request.once('data', () => request.socket.destroy()),
      (_request, response) => void response.writeHead(302, { Location: 'http://127.0.0.1:1/' }).end(),
    );
    for (const [failures, reason] of [
      [1, 'the receiver answered 503'],
      [2, 'the receiver closed the connection'],
      [3, 'the receiver answered 302'],
    ] as const) {
      await run(ctx, 'webhook');
      expect(await streamState(ctx.store.db, 'webhook')).toMatchObject({ afterId: 0, failures, lastError: reason });
    }
    // Nothing is tried before the pause is over.
    await JOB_HANDLERS['stream-audit'](ctx, { stream: 'webhook' }, GO);
    expect(receiver.bodies).toEqual([]);
    await run(ctx, 'webhook');
    await write(ctx, 5);
    await chainAll(ctx);
    await run(ctx, 'webhook');
    const lines = receiver.bodies.flatMap(({ text }) => linesOf(text));
    expect(idsOf(lines)).toEqual(upTo(455));
    expect(lines.at(-1)).toMatchObject({ action: 'audit_log.checkpoint', last_id: 455 });
    expect(receiver.bodies.map(({ text }) => linesOf(text).length)).toEqual([200, 200, 50, 6]);
    for (const { text, signature } of receiver.bodies)
      expect(signature).toBe(`sha256=${createHmac('sha256', SECRET).update(text).digest('hex')}`);
    expect(await streamHealth(ctx, 'webhook')).toMatchObject({ afterId: 455, behind: 0, behindSec: 0, failures: 0 });
    const before = receiver.bodies.length;
    await run(ctx, 'webhook');
    expect(receiver.bodies).toHaveLength(before);
  });

  it('keeps no writer waiting while the receiver hangs, and shows how far it is behind', async () => {
    const receiver = await webhookReceiver();
    const ctx = await contextWith({ auditWebhook: receiver.url });
    await write(ctx, 1);
    const [asked, stop] = [Promise.withResolvers<void>(), new AbortController()];
    receiver.moods.push(() => asked.resolve());
    const hanging = run(ctx, 'webhook', stop.signal);
    await asked.promise;
    await write(ctx, 3);
    ctx.clock.advance(30);
    const gauges = gaugesOf(ctx).filter(({ name }) => name.startsWith('latchkey_audit_stream'));
    const values = await Promise.all(gauges.map(async ({ name, read }) => [name, ...(await read())]));
    expect(values).toEqual([
      ['latchkey_audit_stream_behind_entries', { labels: { stream: 'webhook' }, value: 4 }],
      ['latchkey_audit_stream_behind_seconds', { labels: { stream: 'webhook' }, value: 90 }],
      ['latchkey_audit_stream_failures', { labels: { stream: 'webhook' }, value: 0 }],
    ]);
    stop.abort();
    await hanging;
    expect(await streamState(ctx.store.db, 'webhook')).toMatchObject({ afterId: 0, failures: 0 });
    await run(ctx, 'webhook');
    expect(receiver.bodies.flatMap(({ text }) => idsOf(linesOf(text)))).toEqual(upTo(4));
  });

  it('limits memory: long entries make small batches', async () => {
    const receiver = await webhookReceiver();
    const ctx = await contextWith({ auditWebhook: receiver.url });
    await write(ctx, 30, 100_000);
    await run(ctx, 'webhook');
    expect(receiver.bodies.map(({ text }) => idsOf(linesOf(text)).length)).toEqual([11, 11, 8]);
  });
});

interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** A certificate for 127.0.0.1 and its key, as files; it is its own authority. */
async function certificateIn(folder: string): Promise<Pair> {
  await mkdir(folder, { recursive: true });
  const pem = await generate([{ name: 'commonName', value: 'logs.example.org' }], {
    keySize: 2048,
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] },
    ],
  });
  const files = { cert: join(folder, 'receiver.pem'), key: join(folder, 'receiver.key') };
  await writeFile(files.cert, pem.cert);
  await writeFile(files.key, pem.private);
  return files;
}

interface SyslogProcess {
  readonly port: number;
  /** Resolves with the signal that ended it. */
  readonly ended: Promise<NodeJS.Signals | null>;
  stop(): Promise<void>;
}

async function syslogReceiver(pair: Pair, output: string, port = 0, dieAfter = 0): Promise<SyslogProcess> {
  const args = [pair.cert, pair.key, output, String(port), String(dieAfter)];
  const child = spawn(process.execPath, [join(import.meta.dirname, 'syslog-receiver.ts'), ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const ended = once(child, 'close').then(([, signal]) => signal as NodeJS.Signals | null);
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  return {
    port: Number(said.toString()),
    ended,
    stop: async () => {
      child.stdin.end();
      await ended;
    },
  };
}

const MESSAGE = /^<110>1 (\S+) 127\.0\.0\.1 latchkey - (\S+) (\[meta sequenceId="(\d+)"\]|-) \ufeff(\{.*\})$/;

describe('a stream to syslog over TLS', () => {
  it('loses nothing when the receiver is killed in the middle of a batch, is away, and comes back', async () => {
    const folder = (await contextWith()).settings.data;
    const pair = await certificateIn(folder);
    const output = join(folder, 'syslog');
    const first = await syslogReceiver(pair, output, 0, 10);
    const address = `tls://127.0.0.1:${first.port}`;
    const ctx = await contextWith({ auditSyslog: address, auditCa: pair.cert });
    await write(ctx, 40, 20_000);
    await chainAll(ctx);
    await run(ctx, 'syslog');
    expect(await first.ended).toBe('SIGKILL');
    expect(await streamState(ctx.store.db, 'syslog')).toMatchObject({ afterId: 0, failures: 1 });
    await run(ctx, 'syslog');
    expect(await streamState(ctx.store.db, 'syslog')).toMatchObject({
      failures: 2,
      lastError: "the receiver can't be reached (ECONNREFUSED)",
    });
    const second = await syslogReceiver(pair, output, first.port);
    await run(ctx, 'syslog');
    expect(await streamState(ctx.store.db, 'syslog')).toMatchObject({ afterId: 40, failures: 0, afterCheckpoint: 1 });
    await second.stop();
    const messages = (await readFile(output, 'utf8')).trimEnd().split('\n');
    const parsed = messages.map((message) => MESSAGE.exec(message)!);
    const lines = parsed.map(([, , , , , json = '']) => JSON.parse(json) as Line);
    expect(idsOf(lines)).toEqual([...upTo(10), ...upTo(40)]);
    expect(parsed.map(([, , , , sequence]) => sequence)).toEqual(
      [...upTo(10), ...upTo(40), undefined].map((id) => id?.toString()),
    );
    expect(parsed[0]!.slice(1, 3)).toEqual(['2026-09-21T14:13:20.000Z', 'org.update_profile']);
    expect(parsed.at(-1)!.slice(2, 4)).toEqual(['audit_log.checkpoint', '-']);
  });

  it('takes an end that comes before its own for a failure, though every byte was read', async () => {
    const folder = (await contextWith()).settings.data;
    const pair = await certificateIn(folder);
    let taken: ((socket: TLSSocket) => void) | null = (socket) => void socket.once('data', () => socket.end());
    const server = createTlsServer({ cert: await readFile(pair.cert), key: await readFile(pair.key) }, (socket) => {
      socket.on('error', () => {});
      (taken ?? ((each: TLSSocket) => void each.resume()))(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.close();
    });
    const address = `tls://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const ctx = await contextWith({ auditSyslog: address, auditCa: pair.cert });
    await write(ctx, 1);
    await run(ctx, 'syslog');
    expect(await streamState(ctx.store.db, 'syslog')).toMatchObject({
      afterId: 0,
      lastError: 'the receiver closed the connection too early',
    });
    taken = null;
    await run(ctx, 'syslog');
    expect(await streamState(ctx.store.db, 'syslog')).toMatchObject({ afterId: 1, failures: 0 });
    // A receiver with an untrusted certificate gets nothing.
    const trusting = await contextWith({ auditSyslog: address });
    await write(trusting, 1);
    taken = () => expect.unreachable();
    await run(trusting, 'syslog');
    expect(await streamState(trusting.store.db, 'syslog')).toMatchObject({
      afterId: 0,
      lastError: expect.stringMatching(/^the receiver's certificate could not be verified: /),
    });
  });
});

describe('a receiver that asks who sends the log', () => {
  /** It speaks both: what it was sent, by whoever showed the certificate that it knows. */
  async function askingReceiver(folder: string) {
    const own = await certificateIn(folder);
    const client = await certificateIn(join(folder, 'client'));
    const [cert, key, ca] = await Promise.all([readFile(own.cert), readFile(own.key), readFile(client.cert)]);
    const asks = { cert, key, ca, requestCert: true, rejectUnauthorized: true };
    const taken: string[] = [];
    const syslog = createTlsServer(asks, (socket) => {
      socket.on('error', () => {});
      socket.on('data', (chunk) => void taken.push(chunk.toString()));
    });
    const webhook = createHttpsServer(asks, (request, response) => {
      void buffer(request).then((body) => {
        taken.push(body.toString());
        response.writeHead(204).end();
      });
    });
    for (const server of [syslog, webhook]) {
      server.on('tlsClientError', () => {});
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      onTestFinished(() => {
        server.close();
      });
    }
    const portOf = (server: { address(): unknown }): number => (server.address() as AddressInfo).port;
    return {
      flags: {
        syslog: { auditSyslog: `tls://127.0.0.1:${portOf(syslog)}`, auditCa: own.cert },
        webhook: { auditWebhook: `https://127.0.0.1:${portOf(webhook)}/`, auditCa: own.cert },
      },
      client: { auditClientCert: client.cert, auditClientKey: client.key },
      stranger: { auditClientCert: own.cert, auditClientKey: own.key },
      mixed: { auditClientCert: own.cert, auditClientKey: client.key },
      taken,
    };
  }

  it.each(['syslog', 'webhook'] as const)('is shown our certificate, and takes the log by %s', async (stream) => {
    const folder = (await contextWith()).settings.data;
    const receiver = await askingReceiver(folder);
    const failing = async (more: object): Promise<string | null> => {
      const ctx = await contextWith({ ...receiver.flags[stream], ...more });
      await write(ctx, 1);
      await run(ctx, stream);
      const { afterId, lastError } = await streamState(ctx.store.db, stream);
      expect(afterId).toBe(0);
      return lastError;
    };
    // Whether the alert of TLS arrives before the end of the connection is up to the network.
    const refused = /^the receiver (?:asks for a certificate that it accepts: ERR_SSL_|closed|can't be reached \(E)/;
    expect(await failing({})).toMatch(refused);
    expect(await failing(receiver.stranger)).toMatch(refused);
    expect(await failing(receiver.mixed)).toMatch(/^certificate and key can't be used \(ERR_/);
    const gone = { ...receiver.client, auditClientKey: join(folder, 'gone.key') };
    expect(await failing(gone)).toBe("the key of the client certificate can't be read (ENOENT)");
    expect(receiver.taken).toEqual([]);
    const ctx = await contextWith({ ...receiver.flags[stream], ...receiver.client });
    await write(ctx, 2);
    await run(ctx, stream);
    expect(await streamState(ctx.store.db, stream)).toMatchObject({ afterId: 2, failures: 0 });
    expect(receiver.taken.join('')).toContain('"_document_id":"2"');
  });
});

describe('a stream to a file', () => {
  it('continues after a crash before the cursor moved, or in the middle of a line, and repeats no line', async () => {
    const path = join((await contextWith()).settings.data, 'audit.jsonl');
    const ctx = await contextWith({ auditFile: path });
    await write(ctx, 4);
    await run(ctx, 'file');
    await chainAll(ctx);
    await run(ctx, 'file');
    const whole = await readFile(path, 'utf8');
    expect(linesOf(whole).map(({ _document_id: id, number }) => id ?? number)).toEqual(['1', '2', '3', '4', 1]);
    await ctx.store.transaction((tx) => setStreamCursor(tx, 'file', { afterId: 2, afterCheckpoint: 0 }));
    await truncate(path, whole.indexOf('"_document_id":"4"'));
    await run(ctx, 'file');
    expect(await readFile(path, 'utf8')).toBe(whole);
    // When it is rotated away, a new file is made.
    await writeFile(path, '');
    await write(ctx, 1);
    await run(ctx, 'file');
    expect(idsOf(linesOf(await readFile(path, 'utf8')))).toEqual([5]);
  });

  it('says why when it can not be written, and loses nothing', async () => {
    const folder = (await contextWith()).settings.data;
    const path = join(folder, 'not', 'there.jsonl');
    const ctx = await contextWith({ auditFile: path });
    await write(ctx, 1);
    await run(ctx, 'file');
    expect(existsSync(path)).toBe(false);
    expect(await streamState(ctx.store.db, 'file')).toMatchObject({
      afterId: 0,
      lastError: "the file can't be written (ENOENT)",
    });
  });
});

describe('a server', () => {
  it('streams what it records, by itself', async () => {
    const { settings } = await contextWith();
    const path = join(settings.data, 'audit.jsonl');
    const server = await startServer(
      loadSettings({
        flags: { data: join(settings.data, 'server'), port: 0, auditFile: path, logLevel: 'silent' },
        env: {},
      }),
    );
    onTestFinished(() => server.close());
    const ada = { login: 'ada', email: 'ada@example.org', verified: true, admin: false, password: null };
    await addUser(server.context, operatorPermit(), ada);
    const read = (): Promise<string> => readFile(path, 'utf8').catch(() => '');
    await vi.waitFor(async () => expect(await read()).toContain('"action":"user.create"'), { timeout: 60_000 });
  });
});

describe('streams of several nodes', () => {
  it('are sent by one at a time: in order, though both look and both write', async () => {
    const receiver = await webhookReceiver();
    const here = await contextWith({ auditWebhook: receiver.url }, 'postgres');
    const shared = { database: here.settings.database?.reveal(), secretKeyFile: here.keys.path };
    const there = await contextWith({ auditWebhook: receiver.url, ...shared }, 'postgres');
    for (const ctx of [here, there]) {
      const runner = new JobRunner(ctx, { pollMs: 20, schedules: [], wake: wakeStreams });
      onTestFinished(() => runner.close(1_000));
    }
    for (let n = 0; n < 6; n++) await Promise.all([write(here, 3), write(there, 4)]);
    const received = (): number[] => receiver.bodies.flatMap(({ text }) => idsOf(linesOf(text)));
    const written = async (): Promise<number[]> =>
      (await here.store.db.selectFrom('audit').select('id').orderBy('id').execute()).map(({ id }) => id);
    expect(await written()).toHaveLength(42);
    await vi.waitFor(async () => expect([...new Set(received())]).toEqual(await written()), {
      timeout: 60_000,
      interval: 50,
    });
  });
});
