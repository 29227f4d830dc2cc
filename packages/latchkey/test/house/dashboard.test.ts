import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Context } from '../../src/actions/ground/context.ts';
import { gaugesOf } from '../../src/actions/instance/gauges.ts';
import { Metrics } from '../../src/telemetry/metrics.ts';

it('the dashboard asks only for series that there are', async () => {
  const metrics = new Metrics();
  const names = new Set(metrics.registry.getMetricsAsArray().map((metric) => metric.name));
  for (const { name } of gaugesOf({} as Context)) names.add(name);
  const text = readFileSync(join(import.meta.dirname, '../../../../examples/grafana/latchkey.json'), 'utf8');
  const asked = new Set(
    [...text.matchAll(/\b(?:latchkey|process|nodejs)_[a-z0-9_]+/g)].map(([name]) =>
      name.replace(/_(?:bucket|sum|count)$/, ''),
    ),
  );
  expect(asked.size).toBeGreaterThan(10);
  expect([...asked].filter((name) => !names.has(name))).toEqual([]);
});
