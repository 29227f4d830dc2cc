/** The dashboard, the alert rules and the runbook against the metrics that there are. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Context } from '../../src/actions/ground/context.ts';
import { gaugesOf } from '../../src/actions/instance/gauges.ts';
import { Metrics } from '../../src/telemetry/metrics.ts';

const read = (path: string): string => readFileSync(join(import.meta.dirname, '../../../..', path), 'utf8');

/** Added where a server listens: of its own TLS, of its places, of its jobs, of its log at a collector. */
const LISTENERS = [
  { name: 'latchkey_certificate_ends_seconds', type: 'gauge' },
  { name: 'latchkey_connections', type: 'gauge' },
  { name: 'latchkey_connections_turned_away_total', type: 'counter' },
  { name: 'latchkey_jobs_running', type: 'gauge' },
  { name: 'latchkey_log_lines_lost_total', type: 'counter' },
];

function ours(): { name: string; type: string }[] {
  const metrics = new Metrics();
  const settings = { auditStreams: [] } as unknown as Context['settings'];
  for (const series of gaugesOf({ settings } as Context)) metrics.add(series);
  const known = metrics.registry.getMetricsAsArray().map(({ name, type }) => ({ name, type: String(type) }));
  return [...LISTENERS, ...known].filter(({ name }) => name.startsWith('latchkey_'));
}

it('counters end with _total, and nothing else does', () => {
  const wrong = ours().filter(({ name, type }) => (type === 'counter') !== name.endsWith('_total'));
  expect(wrong).toEqual([]);
});

it('the table in docs/operations.md names every series, and no other', () => {
  const section = /## Metrics\n([^]*?)\n## /.exec(read('docs/operations.md'))?.[1] ?? '';
  const named = [...section.matchAll(/`(latchkey_[a-z0-9_]+)`/g)].map(([, name]) => name);
  expect(named.toSorted()).toEqual(
    ours()
      .map(({ name }) => name)
      .toSorted(),
  );
});

it.each(['examples/grafana/latchkey.json', 'examples/prometheus/alerts.yml', 'examples/prometheus/alerts-test.yml'])(
  '%s asks only for series that there are',
  (path) => {
    const metrics = new Metrics();
    const names = new Set([
      ...LISTENERS.map(({ name }) => name),
      ...metrics.registry.getMetricsAsArray().map((metric) => metric.name),
    ]);
    for (const { name } of gaugesOf({} as Context)) names.add(name);
    const asked = new Set(
      [...read(path).matchAll(/\b(?:latchkey|process|nodejs)_[a-z0-9_]+/g)].map(([name]) =>
        name.replace(/_(?:bucket|sum|count)$/, ''),
      ),
    );
    expect(asked.size).toBeGreaterThan(9);
    expect([...asked].filter((name) => !names.has(name))).toEqual([]);
  },
);

it('the runbook has a section for each alert, no other, and each alert is tried', () => {
  const namesIn = (path: string, pattern: RegExp): string[] =>
    [...read(path).matchAll(pattern)].map(([, name = '']) => name);
  const alerts = namesIn('examples/prometheus/alerts.yml', /- alert: (\w+)/g);
  expect(alerts.length).toBeGreaterThan(9);
  expect(namesIn('docs/runbook.md', /^## (\w+)$/gm)).toEqual(alerts);
  expect([...new Set(namesIn('examples/prometheus/alerts-test.yml', /alertname: (\w+)/g))]).toEqual(alerts);
});
