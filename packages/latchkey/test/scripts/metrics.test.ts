/** What Prometheus reads from one process and from several. */
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { freshDatabase } from '../engines/engines.ts';
import { latchkeyInside, type Serving, serveUntilReady } from './latchkey-process.ts';

async function start(...more: string[]): Promise<{ serving: Serving; metrics: () => Promise<string>; token: string }> {
  const database = await freshDatabase('sqlite');
  onTestFinished(database.remove);
  const data = ['--data', database.dataDir];
  const serving = await serveUntilReady([...data, '--metrics-port', '0', ...more]);
  for (const line of ['user add ada --email ada@example.org --verified', 'repo add ada/notes'])
    expect((await latchkeyInside(['admin', ...line.split(' '), ...data])).code).toBe(0);
  const { stdout } = await latchkeyInside([
    'admin',
    ...'token add ada --name laptop --classic --scope repo'.split(' '),
    ...data,
  ]);
  const url = await vi.waitFor(() => /(http:\/\/127\.0\.0\.1:\d+\/metrics)/.exec(serving.output().stderr)![1]!, {
    timeout: 20_000,
  });
  return { serving, token: stdout.trim(), metrics: async () => (await fetch(url)).text() };
}

const clone = (url: string, secret: string): Promise<Response> =>
  fetch(`${url}/ada/notes.git/info/refs?service=git-upload-pack`, {
    headers: { authorization: `Basic ${Buffer.from(`ada:${secret}`).toString('base64')}`, 'git-protocol': 'version=2' },
  });

function valueOf(text: string, series: string): number | undefined {
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

describe('metrics', () => {
  test('count requests and decisions by door and reason, and stay off the public port', {
    timeout: 60_000,
  }, async () => {
    const { serving, metrics, token } = await start();
    for (let n = 0; n < 3; n++) expect((await clone(serving.url, token)).status).toBe(200);
    expect((await clone(serving.url, `${token.slice(0, -1)}${token.endsWith('0') ? '1' : '0'}`)).status).toBe(401);
    const text = await metrics();
    expect(valueOf(text, 'latchkey_checks_total{door="git",reason="allowed"}')).toBe(3);
    expect(valueOf(text, 'latchkey_checks_total{door="git",reason="token_mistyped"}')).toBe(1);
    expect(valueOf(text, 'latchkey_requests_total{door="git",status="2xx"}')).toBe(3);
    expect(valueOf(text, 'latchkey_requests_total{door="git",status="4xx"}')).toBe(1);
    expect(valueOf(text, 'latchkey_request_seconds_count{door="git"}')).toBe(4);
    expect(valueOf(text, 'latchkey_request_seconds_bucket{door="git",le="+Inf"}')).toBe(4);
    expect(valueOf(text, 'latchkey_memory_hits_total')).toBeGreaterThan(0);
    expect(valueOf(text, 'latchkey_jobs_dead')).toBe(0);
    expect(text).toContain('process_resident_memory_bytes');
    expect(text).not.toContain(token.slice(-8));
    expect((await fetch(`${serving.url}/metrics`)).status).toBe(404);
  });

  test('of several workers are added up', { timeout: 60_000 }, async () => {
    const { serving, metrics, token } = await start('--workers', '2');
    for (let n = 0; n < 8; n++) expect((await clone(serving.url, token)).status).toBe(200);
    expect(valueOf(await metrics(), 'latchkey_checks_total{door="git",reason="allowed"}')).toBe(8);
  });
});

describe('a request', () => {
  test('has an id of its own', { timeout: 60_000 }, async () => {
    const { serving } = await start();
    const ids = await Promise.all(
      [1, 2, 3].map(async () => (await fetch(`${serving.url}/healthz`)).headers.get('x-request-id')),
    );
    expect(new Set(ids).size).toBe(3);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-z]+$/);
  });
});
