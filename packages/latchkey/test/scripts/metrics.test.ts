/** What operators read of a running server: metrics, and the lines of its log. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { readyDatabase } from '../engines/engines.ts';
import { latchkeyInside, type Serving, serveUntilReady } from './latchkey-process.ts';

async function start(...more: string[]): Promise<{ serving: Serving; metrics: () => Promise<string>; token: string }> {
  const database = await readyDatabase('sqlite');
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

const mistyped = (token: string): string => `${token.slice(0, -1)}${token.endsWith('0') ? '1' : '0'}`;

/** The addresses that fail2ban would find in a log, by the example's filter. It takes the time out of a line first. */
function banned(log: string): string[] {
  const filter = readFileSync(join(import.meta.dirname, '../../../../examples/fail2ban/latchkey.conf'), 'utf8');
  const rules = [...filter.matchAll(/^(?:failregex =|  +) *(\^.*\$)$/gm)].map(
    ([, rule = '']) => new RegExp(rule.replace('<ADDR>', '([0-9a-f.:]+)')),
  );
  expect(rules).toHaveLength(2);
  const lines = log.split('\n').map((line) => line.replace(/"time":"[0-9T:.-]+Z/, ''));
  return lines.flatMap((line) => rules.map((rule) => rule.exec(line)?.[1] ?? '')).filter((address) => address !== '');
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
    expect((await clone(serving.url, mistyped(token))).status).toBe(401);
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

  test('have a log beside them, with a line for each request: who, from where, for what, and how it ended', {
    timeout: 60_000,
  }, async () => {
    const { serving, token } = await start('--request-log', 'all');
    const [address, version] = ['203.0.113.7', expect.stringMatching(/^\d+\.\d+\.\d+/)];
    const headers = { 'x-forwarded-for': address };
    expect((await clone(serving.url, token)).status).toBe(200);
    await fetch(`${serving.url}/api/v3/user?page=${token}`, {
      headers: { ...headers, authorization: `Bearer ${mistyped(token)}` },
    });
    await fetch(`${serving.url}/settings/${token}`, { headers, redirect: 'manual' });
    await fetch(`${serving.url}/healthz`);
    const lines = await vi.waitFor(
      () => {
        const all = serving
          .output()
          .stderr.split('\n')
          .filter((line) => line.startsWith('{'));
        const told = all.map((line) => JSON.parse(line) as Record<string, unknown>);
        expect(told.filter(({ msg }) => msg === 'request')).toHaveLength(3);
        return told;
      },
      { timeout: 20_000 },
    );
    const request = {
      level: 'info',
      time: expect.stringMatching(/Z$/),
      ms: expect.any(Number),
      bytes: expect.any(Number),
      msg: 'request',
    };
    const from = { ...request, address: '127.0.0.1', method: 'GET' };
    const [git, api, page] = lines.filter(({ msg }) => msg === 'request');
    const path = '/ada/notes.git/info/refs';
    expect(git).toEqual({ ...from, door: 'git', account: 'ada', tokenId: 1, path, status: 200 });
    expect(git?.['bytes']).toBeGreaterThan(100);
    const requestId = expect.any(String);
    const reason = 'token_mistyped';
    expect(api).toEqual({ ...from, address, requestId, door: 'github', path: '/api/v3/user', status: 401, reason });
    expect(page).toMatchObject({ address, door: 'web', path: '/settings/[redacted]', status: expect.any(Number) });
    expect(lines.find(({ msg }) => msg === 'listening')).toMatchObject({ level: 'info', version });
    expect(serving.output().stderr).not.toContain(token.slice(-8));
    expect(banned(serving.output().stderr)).toEqual([address]);
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
