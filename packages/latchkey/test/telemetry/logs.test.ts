/** The log at a collector for OTLP, which is real and on loopback: what arrives, and what is lost. */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { handOnLines, type Log, type LogFormat, makeLog, writeLines } from '../../src/base/log.ts';
import { Secret } from '../../src/base/secret.ts';
import { duringSpan } from '../../src/base/trace.ts';
import { MAX_LINES_SENT, MAX_WAITING_CHARACTERS, OtlpLogs } from '../../src/telemetry/otlp-logs.ts';
import { openTracer } from '../../src/telemetry/otlp-tracer.ts';
import { readyDatabase } from '../engines/engines.ts';
import { dataOptions, serveUntilReady } from '../scripts/latchkey-process.ts';
import { type OtlpReceiver, otlpReceiver } from '../scripts/otlp-receiver.ts';

interface World {
  readonly collector: OtlpReceiver;
  readonly log: Log;
  readonly logs: OtlpLogs;
  written(): string;
}

/** A log into a file, handed on to a collector. */
async function world(format: LogFormat = 'json'): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-logs-'));
  const path = join(folder, 'log');
  const fd = openSync(path, 'w');
  onTestFinished(() => {
    closeSync(fd);
    rmSync(folder, { recursive: true });
  });
  const collector = await otlpReceiver();
  const log = makeLog('debug', format, fd);
  const logs = new OtlpLogs(collector.endpoint, log);
  handOnLines(log, (lines) => logs.take(lines));
  return { collector, log, logs, written: () => readFileSync(path, 'utf8') };
}

test('each line arrives with its time, level, words and facts, whatever the terminal shows', async () => {
  const { collector, log, logs, written } = await world('text');
  const tracer = openTracer(collector.endpoint, { traceOneIn: 1 }, makeLog('silent'));
  const span = tracer.begin('GET', 'server', null)!;
  duringSpan(span, () => log.warn({ reason: 'busy', ms: 1.5, tokenId: 7, isLast: true }, 'a request must wait'));
  log.child({ job: 'deliver-mail' }).error({ err: new RangeError('out of range') }, 'a job failed');
  writeLines(
    log,
    `${JSON.stringify({ level: 'info', time: '2026-11-29T10:00:00.123Z', path: '/', msg: 'request' })}\n`,
  );
  await logs.close();
  span.end();
  await tracer.close();
  expect(written()).toMatch(/warn {2}a request must wait .*reason=busy ms=1.5 tokenId=7 isLast=true/);
  const [waits, failed, request] = collector.logs;
  expect(waits).toMatchObject({ severity: 13, severityText: 'warn', body: 'a request must wait' });
  expect(waits?.attributes).toEqual({ reason: 'busy', ms: 1.5, tokenId: 7, isLast: true });
  expect(waits?.traceId).toBe(span.traceId);
  expect(waits?.resource).toMatchObject({ 'service.name': 'latchkey', 'process.pid': process.pid });
  expect(failed).toMatchObject({ severity: 17, body: 'a job failed', traceId: null });
  expect(failed?.attributes).toMatchObject({
    job: 'deliver-mail',
    'exception.type': 'RangeError',
    'exception.message': 'out of range',
    'exception.stacktrace': expect.stringContaining('logs.test.ts'),
  });
  expect(request).toMatchObject({ at: '2026-11-29T10:00:00.123Z', severity: 9, body: 'request' });
  expect(collector.logs).toHaveLength(3);
  expect(logs.lost).toBe(0);
});

test('no secret goes along that the log leaves out', async () => {
  const { collector, log, logs } = await world();
  const headers = { authorization: 'Bearer hunter2', cookie: 'session=hunter2', 'private-token': 'hunter2' };
  log.info({ headers, password: 'hunter2', token: 'hunter2', key: new Secret('hunter2') }, 'asked');
  await logs.close();
  expect(collector.logs).toHaveLength(1);
  expect(collector.text()).toContain('[redacted]');
  expect(collector.text()).not.toContain('hunter2');
});

test('what is more than may wait is lost and counted, what waits arrives, and nobody is held up', async () => {
  const { collector, log, logs } = await world();
  const release = collector.hold();
  const words = 'x'.repeat(10_000);
  // One request is under way with what came first; then the queue fills.
  const line = `${JSON.stringify({ level: 'info', time: new Date().toISOString(), msg: words })}\n`;
  const fits = Math.floor(MAX_WAITING_CHARACTERS / (line.length - 1));
  for (let n = 0; n < MAX_LINES_SENT; n++) writeLines(log, line.replace(words, ''));
  for (let n = 0; n < fits; n++) writeLines(log, line);
  expect(logs.lost).toBe(0);
  for (let n = 0; n < 5; n++) writeLines(log, line);
  expect(logs.lost).toBe(5);
  release();
  await logs.close();
  expect(collector.logs).toHaveLength(MAX_LINES_SENT + fits);
  expect(logs.lost).toBe(5);
});

test('lines that the collector refuses are lost and counted, and the log says so once', async () => {
  const { collector, log, logs, written } = await world();
  collector.refuse(400);
  for (let n = 0; n < MAX_LINES_SENT; n++) log.info('one');
  await expect.poll(() => logs.lost).toBe(MAX_LINES_SENT);
  for (let n = 0; n < MAX_LINES_SENT; n++) log.info('two');
  await expect.poll(() => logs.lost).toBeGreaterThan(MAX_LINES_SENT);
  collector.refuse(200);
  log.info('three');
  await logs.close();
  expect(written().match(/logs do not reach the collector/g)).toHaveLength(1);
  expect(written().match(/logs reach the collector again/g)).toHaveLength(1);
  expect(collector.logs.map(({ body }) => body)).toContain('three');
});

test('a server sends what it logs, and no traces unless told; a stop sends the rest', async () => {
  const database = await readyDatabase('sqlite');
  onTestFinished(database.remove);
  const collector = await otlpReceiver();
  const serving = await serveUntilReady([
    ...dataOptions(database),
    '--otlp-endpoint',
    collector.endpoint,
    '--otlp-signal=logs',
    '--request-log=all',
    '--metrics-port=0',
  ]);
  const secret = `lkf_${'A1b2C3'.repeat(6)}`;
  await fetch(`${serving.url}/x/${secret}?token=${secret}`, { headers: { authorization: `Bearer ${secret}` } });
  const metrics = /"url":"([^"]+)","msg":"metrics"/.exec(serving.output().stderr)?.[1] ?? 'no address';
  expect(await (await fetch(metrics)).text()).toContain('\nlatchkey_log_lines_lost_total 0\n');
  expect((await serving.stop('SIGTERM')).code).toBe(0);
  const bodies = collector.logs.map(({ body }) => body);
  expect(bodies).toEqual(expect.arrayContaining(['listening', 'request']));
  const request = collector.logs.find(({ body }) => body === 'request');
  expect(request?.attributes).toMatchObject({ method: 'GET', path: '/x/[redacted]', address: '127.0.0.1' });
  expect(collector.text()).not.toContain(secret);
  expect(collector.spans).toEqual([]);
});
